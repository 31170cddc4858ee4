/* Checks every tensor of a run against the descriptor before compiled code sees it. */
#include "internal.h"

/* What a message is about: "input 'image': ". */
typedef struct {
  nncrt_run *run;
  const char *kind;
  const nnc_value_info *info;
} subject;

static nncrt_text begin_message(const subject *s) {
  nncrt_text text = nncrt_text_begin(s->run->message);
  nncrt_text_string(&text, s->kind);
  nncrt_text_string(&text, " '");
  nncrt_text_string(&text, s->info->name);
  nncrt_text_string(&text, "': ");
  return text;
}

static bool reject(const subject *s, const char *message) {
  nncrt_text text = begin_message(s);
  nncrt_text_string(&text, message);
  return nncrt_reject(s->run, NNC_INVALID_ARGUMENT);
}

static bool reject_pair(const subject *s, const char *before, int64_t got, const char *between, int64_t want) {
  nncrt_text text = begin_message(s);
  nncrt_text_string(&text, before);
  nncrt_text_int(&text, got);
  nncrt_text_string(&text, between);
  nncrt_text_int(&text, want);
  return nncrt_reject(s->run, NNC_INVALID_ARGUMENT);
}

/* "dim 1 is 7, expected 8 (batch, as in input 'ids')" */
static bool reject_dim(const subject *s, int32_t dim, int64_t got, int64_t want, const char *symbol,
                       const char *source) {
  nncrt_text text = begin_message(s);
  nncrt_text_string(&text, "dim ");
  nncrt_text_int(&text, dim);
  nncrt_text_string(&text, " is ");
  nncrt_text_int(&text, got);
  nncrt_text_string(&text, ", expected ");
  nncrt_text_int(&text, want);
  if (symbol) {
    nncrt_text_string(&text, " (");
    nncrt_text_string(&text, symbol);
    nncrt_text_string(&text, ", as in input '");
    nncrt_text_string(&text, source);
    nncrt_text_string(&text, "')");
  }
  return nncrt_reject(s->run, NNC_INVALID_ARGUMENT);
}

static bool same_dtype(DLDataType a, DLDataType b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

static bool reject_dtype(const subject *s, DLDataType got) {
  nncrt_text text = begin_message(s);
  nncrt_text_string(&text, "the element type is ");
  nncrt_text_dtype(&text, got);
  nncrt_text_string(&text, ", expected ");
  nncrt_text_dtype(&text, s->info->dtype);
  return nncrt_reject(s->run, NNC_INVALID_ARGUMENT);
}

/* Strides may say anything for dims of size 1 and for empty tensors. */
static bool is_dense(const DLTensor *t) {
  if (!t->strides)
    return true;
  int64_t expected = 1;
  bool dense = true;
  for (int32_t d = t->ndim - 1; d >= 0; --d) {
    if (t->shape[d] == 0)
      return true;
    if (t->shape[d] != 1 && t->strides[d] != expected)
      dense = false;
    expected = (int64_t)((uint64_t)expected * (uint64_t)t->shape[d]);
  }
  return dense;
}

/* Natural alignment of an element, at most 8 bytes: a complex128 is two doubles. */
static uint64_t element_alignment(DLDataType type) {
  uint64_t bytes = nncrt_element_bytes(type);
  return bytes > 8 ? 8 : bytes;
}

/* Everything but the sizes that symbols decide. Fixed dims are compared with the descriptor. */
static bool check_tensor(const subject *s, const DLTensor *t) {
  const nnc_value_info *info = s->info;
  if (t->device.device_type != kDLCPU)
    return reject(s, "the tensor is not in CPU memory");
  if (!same_dtype(t->dtype, info->dtype))
    return reject_dtype(s, t->dtype);
  if (t->ndim != info->ndim)
    return reject_pair(s, "the rank is ", t->ndim, ", expected ", info->ndim);
  if (t->ndim > 0 && !t->shape)
    return reject(s, "the shape is a null pointer");
  for (int32_t d = 0; d < t->ndim; ++d) {
    if (t->shape[d] < 0)
      return reject_pair(s, "dim ", d, " has the negative size ", t->shape[d]);
    if (info->dims[d] >= 0 && t->shape[d] != info->dims[d])
      return reject_dim(s, d, t->shape[d], info->dims[d], NULL, NULL);
  }
  uint64_t bytes;
  if (!nncrt_tensor_bytes(t->dtype, t->ndim, t->shape, &bytes))
    return reject(s, "the tensor is larger than the address space");
  if (!is_dense(t))
    return reject(s, "the strides do not describe a dense row-major tensor");
  if (bytes && !t->data)
    return reject(s, "the data is a null pointer");
  uint64_t alignment = element_alignment(t->dtype);
  if (((uintptr_t)t->data + t->byte_offset) % alignment)
    return reject_pair(s, "the data at offset ", (int64_t)t->byte_offset, " is not aligned to bytes: ",
                       (int64_t)alignment);
  return true;
}

/* Symbols get their value from the first input that has them; all later dims must agree. Outputs may also name
 * symbols that no input has: those are known only when the model says so. */
static bool check_symbols(const subject *s, const DLTensor *t, const int32_t *symbols, int32_t input) {
  nncrt_slot *slot = s->run->slot;
  const nncrt_context *ctx = s->run->context;
  for (int32_t d = 0; d < t->ndim; ++d) {
    int32_t symbol = symbols[d];
    if (symbol < 0)
      continue;
    if (slot->symbol_values[symbol] < 0) {
      if (input < 0)
        continue;
      slot->symbol_values[symbol] = t->shape[d];
      slot->symbol_source[symbol] = input;
    } else if (slot->symbol_values[symbol] != t->shape[d]) {
      return reject_dim(s, d, t->shape[d], slot->symbol_values[symbol], ctx->data->symbol_names[symbol],
                        ctx->model->inputs[slot->symbol_source[symbol]].name);
    }
  }
  return true;
}

static bool reject_array(nncrt_run *run, const char *message) {
  nncrt_text text = nncrt_text_begin(run->message);
  nncrt_text_string(&text, message);
  return nncrt_reject(run, NNC_INVALID_ARGUMENT);
}

bool nncrt_bind_inputs(nncrt_slot *slot, const DLTensor *inputs) {
  nncrt_run *run = &slot->run;
  const nncrt_context *ctx = run->context;
  if (!inputs && ctx->model->num_inputs > 0)
    return reject_array(run, "the array of inputs is a null pointer");
  for (int32_t i = 0; i < ctx->data->num_symbols; ++i)
    slot->symbol_values[i] = -1;
  for (int32_t i = 0; i < ctx->model->num_inputs; ++i) {
    const subject s = {run, "input", &ctx->model->inputs[i]};
    const DLTensor *t = &inputs[i];
    if (!check_tensor(&s, t) || !check_symbols(&s, t, ctx->data->input_symbols[i], i))
      return false;
    slot->in_data[i] = (char *)t->data + t->byte_offset;
    slot->in_dims[i] = t->shape;
  }
  return true;
}

/* Compiled code assumes that an output is no other tensor's memory. Checked tensors only. */
static bool check_disjoint(const subject *s, const DLTensor *output, const char *kind, const char *name,
                           const DLTensor *other) {
  uint64_t bytes, other_bytes;
  nncrt_tensor_bytes(output->dtype, output->ndim, output->shape, &bytes);
  nncrt_tensor_bytes(other->dtype, other->ndim, other->shape, &other_bytes);
  uintptr_t begin = (uintptr_t)output->data + output->byte_offset;
  uintptr_t other_begin = (uintptr_t)other->data + other->byte_offset;
  if (begin >= other_begin + other_bytes || other_begin >= begin + bytes)
    return true;
  nncrt_text text = begin_message(s);
  nncrt_text_string(&text, "the buffer overlaps ");
  nncrt_text_string(&text, kind);
  nncrt_text_string(&text, " '");
  nncrt_text_string(&text, name);
  nncrt_text_string(&text, "'");
  return nncrt_reject(s->run, NNC_INVALID_ARGUMENT);
}

bool nncrt_check_outputs(nncrt_slot *slot, const DLTensor *inputs, const DLTensor *outputs) {
  nncrt_run *run = &slot->run;
  const nncrt_context *ctx = run->context;
  if (!outputs && ctx->model->num_outputs > 0)
    return reject_array(run, "the array of outputs is a null pointer");
  for (int32_t i = 0; i < ctx->model->num_outputs; ++i) {
    if (!outputs[i].data)
      continue;
    const subject s = {run, "output", &ctx->model->outputs[i]};
    if (!check_tensor(&s, &outputs[i]) || !check_symbols(&s, &outputs[i], ctx->data->output_symbols[i], -1))
      return false;
    for (int32_t j = 0; j < ctx->model->num_inputs; ++j)
      if (!check_disjoint(&s, &outputs[i], "input", ctx->model->inputs[j].name, &inputs[j]))
        return false;
    for (int32_t j = 0; j < i; ++j)
      if (outputs[j].data && !check_disjoint(&s, &outputs[i], "output", ctx->model->outputs[j].name, &outputs[j]))
        return false;
  }
  return true;
}
