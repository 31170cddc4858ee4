// nnc.hpp - nnc.h for C++17: contexts that free themselves, tensors that know their types, exceptions.
//
//     extern "C" const nnc_model resnet_model;
//     nnc::Context ctx(resnet_model, /*threads=*/4);
//     std::vector<float> image(3 * 224 * 224);
//     nnc::Outputs out = ctx.run({nnc::tensor(image, {1, 3, 224, 224})});
//     const float *scores = out[0].data<float>();
//
// or, with a library that is opened at run time (POSIX):
//
//     nnc::Library library("resnet.so", "resnet");
//     nnc::Context ctx(library.model());
#ifndef NNC_NNC_HPP
#define NNC_NNC_HPP

#include <nnc/nnc.h>

#include <complex>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__unix__)
#include <dlfcn.h>
#endif

namespace nnc {

/// What a failed call throws: the status and the runtime's message.
class Error : public std::runtime_error {
public:
  Error(nnc_status status, const std::string &message) : std::runtime_error(message), status_(status) {}
  nnc_status status() const { return status_; }

private:
  nnc_status status_;
};

/// The element type of a C++ type. 16-bit floats have none in C++17: give their DLDataType explicitly.
template <typename T> constexpr DLDataType dtypeOf() {
  constexpr auto bits = static_cast<std::uint8_t>(sizeof(T) * 8);
  if constexpr (std::is_same_v<T, bool>)
    return {kDLBool, 8, 1};
  else if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>)
    return {kDLComplex, bits, 1};
  else if constexpr (std::is_floating_point_v<T>)
    return {kDLFloat, bits, 1};
  else {
    static_assert(std::is_integral_v<T>, "no tensor has elements of this type");
    return {std::is_signed_v<T> ? std::uint8_t(kDLInt) : std::uint8_t(kDLUInt), bits, 1};
  }
}

inline bool operator==(DLDataType a, DLDataType b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}
inline bool operator!=(DLDataType a, DLDataType b) { return !(a == b); }

/// A view of a dense tensor in memory that someone else owns. An empty one, as an output, asks the context for
/// memory.
class Tensor {
public:
  Tensor() = default;
  Tensor(void *data, DLDataType type, std::vector<std::int64_t> shape)
      : data_(data), type_(type), shape_(std::move(shape)) {}

  DLDataType dtype() const { return type_; }
  const std::vector<std::int64_t> &shape() const { return shape_; }
  std::int64_t size() const {
    std::int64_t n = 1;
    for (std::int64_t dim : shape_)
      n *= dim;
    return n;
  }
  void *raw() const { return data_; }

  /// The elements; throws when T is not their type.
  template <typename T> T *data() const {
    if (type_ != dtypeOf<std::remove_const_t<T>>())
      throw Error(NNC_INVALID_ARGUMENT, "the tensor has elements of another type");
    return static_cast<T *>(data_);
  }
  template <typename T> T *begin() const { return data<T>(); }
  template <typename T> T *end() const { return data<T>() + size(); }

  /// For the C interface; valid as long as this tensor is.
  DLTensor dl() const {
    DLTensor t{};
    t.data = data_;
    t.device.device_type = kDLCPU;
    t.ndim = static_cast<std::int32_t>(shape_.size());
    t.dtype = type_;
    t.shape = const_cast<std::int64_t *>(shape_.data());
    return t;
  }

private:
  void *data_ = nullptr;
  DLDataType type_{};
  std::vector<std::int64_t> shape_;
};

/// A tensor over the elements of a container with data() and size(); throws when the shape has another number.
template <typename Container> Tensor tensor(Container &elements, std::vector<std::int64_t> shape) {
  using T = std::remove_const_t<std::remove_pointer_t<decltype(elements.data())>>;
  Tensor result(const_cast<T *>(elements.data()), dtypeOf<T>(), std::move(shape));
  if (result.size() != static_cast<std::int64_t>(elements.size()))
    throw Error(NNC_INVALID_ARGUMENT, "the shape does not have as many elements as the container");
  return result;
}

/// A tensor over a plain pointer.
template <typename T> Tensor tensor(T *data, std::vector<std::int64_t> shape) {
  using Element = std::remove_const_t<T>;
  return Tensor(const_cast<Element *>(data), dtypeOf<Element>(), std::move(shape));
}

using Outputs = std::vector<Tensor>;

/// Owns an nnc_context. Several threads may use one at once (see nnc.h); moving one is not such a use.
class Context {
public:
  explicit Context(const nnc_model &model, int threads = 1) {
    nnc_options options{};
    options.threads = threads;
    create(model, options);
  }
  Context(const nnc_model &model, const nnc_options &options) { create(model, options); }
  Context(Context &&other) noexcept
      : model_(other.model_), context_(std::exchange(other.context_, nullptr)) {}
  Context &operator=(Context &&other) noexcept {
    std::swap(model_, other.model_);
    std::swap(context_, other.context_);
    return *this;
  }
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;
  ~Context() { nnc_destroy(context_); }

  const nnc_model &model() const { return *model_; }
  nnc_context *get() const { return context_; }

  /// Runs the model; the outputs are the context's memory until the next run. Throws on failure.
  Outputs run(const std::vector<Tensor> &inputs) const { return run(inputs, Outputs(count(model_->num_outputs))); }

  /// The same into memory of the caller; empty tensors among `outputs` come from the context.
  Outputs run(const std::vector<Tensor> &inputs, const Outputs &outputs) const {
    expect(inputs.size(), model_->num_inputs, "inputs");
    expect(outputs.size(), model_->num_outputs, "outputs");
    std::vector<DLTensor> in, out;
    for (const Tensor &t : inputs)
      in.push_back(t.dl());
    for (const Tensor &t : outputs)
      out.push_back(t.dl());
    nnc_status status = nnc_run(context_, in.data(), out.data());
    if (status != NNC_OK)
      throw Error(status, nnc_error(context_));
    Outputs result;
    for (const DLTensor &t : out)
      result.emplace_back(t.data, t.dtype, std::vector<std::int64_t>(t.shape, t.shape + t.ndim));
    return result;
  }

  /// From now on runs add what they cost to `groups`, which gets an entry for each of model().groups; nullptr ends that.
  /// Throws where the model was made by an nnc without profiles.
  void profile(std::vector<nnc_group_profile> *groups) const {
    if (model_->minor_version < 1)
      throw Error(NNC_INVALID_ARGUMENT, std::string("model '") + model_->name + "' has no profiles");
    if (groups)
      groups->resize(static_cast<std::size_t>(model_->num_groups));
    nnc_profile(context_, groups ? groups->data() : nullptr);
  }

private:
  static std::size_t count(std::int32_t n) { return static_cast<std::size_t>(n); }

  void create(const nnc_model &model, const nnc_options &options) {
    model_ = &model;
    switch (nnc_status status = nnc_create(&model, &options, &context_)) {
    case NNC_OK:
      return;
    case NNC_UNSUPPORTED_CPU:
      throw Error(status, std::string("model '") + model.name + "' has no code for this CPU; it needs at least " +
                              model.cpu_levels[0]);
    case NNC_OUT_OF_MEMORY:
      throw Error(status, std::string("out of memory for model '") + model.name + "'");
    default:
      throw Error(status, std::string("invalid options for model '") + model.name + "'");
    }
  }

  void expect(std::size_t given, std::int32_t wanted, const char *what) const {
    if (given != count(wanted))
      throw Error(NNC_INVALID_ARGUMENT, std::string("model '") + model_->name + "' has " + std::to_string(wanted) +
                                            " " + what + ", not " + std::to_string(given));
  }

  const nnc_model *model_ = nullptr;
  nnc_context *context_ = nullptr;
};

#if defined(__unix__)
/// A shared library opened at run time; it must outlive the contexts of its models.
class Library {
public:
  Library(const std::string &path, const std::string &name) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_)
      model_ = static_cast<const nnc_model *>(dlsym(handle_, (name + "_model").c_str()));
    if (model_ && model_->abi_version == NNC_ABI_VERSION)
      return;
    const char *reason = model_ ? "it was compiled for another version of the interface" : dlerror();
    std::string message = path + ": " + (reason ? reason : "no such model");
    close();
    throw Error(NNC_INVALID_ARGUMENT, message);
  }
  Library(Library &&other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), model_(std::exchange(other.model_, nullptr)) {}
  Library &operator=(Library &&other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(model_, other.model_);
    return *this;
  }
  ~Library() { close(); }

  const nnc_model &model() const { return *model_; }

private:
  void close() {
    if (handle_)
      dlclose(handle_);
  }
  void *handle_ = nullptr;
  const nnc_model *model_ = nullptr;
};
#endif

} // namespace nnc

#endif
