// The C++ wrapper nnc.hpp, on models that the test compiles. This file alone is built with exceptions.

#include <nnc/nnc.hpp>

#include "gtest/gtest.h"

#include <string>

/// Builds the add-one model and returns the path of its library (AddOneLibrary.cpp).
std::string addOneLibrary(const char *name);

namespace {

template <typename F> std::string errorOf(F function) {
  try {
    function();
  } catch (const nnc::Error &error) {
    return error.what();
  }
  return "";
}

TEST(Hpp, RunsWithOwnAndGivenOutputs) {
  nnc::Library library(addOneLibrary("tiny"), "tiny");
  nnc::Context context(library.model(), 2);
  std::vector<float> x = {1, 2, 3};
  nnc::Outputs out = context.run({nnc::tensor(x, {3})});
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].shape(), std::vector<std::int64_t>{3});
  EXPECT_EQ(std::vector<float>(out[0].begin<float>(), out[0].end<float>()), (std::vector<float>{2, 3, 4}));

  std::vector<float> y(3);
  nnc::Context moved = std::move(context);
  moved.run({nnc::tensor(x, {3})}, {nnc::tensor(y, {3})});
  EXPECT_EQ(y, (std::vector<float>{2, 3, 4}));
}

TEST(Hpp, Profile) {
  nnc::Library library(addOneLibrary("tiny"), "tiny");
  nnc::Context context(library.model());
  std::vector<float> x = {1, 2, 3};
  std::vector<nnc_group_profile> groups;
  context.run({nnc::tensor(x, {3})});
  context.profile(&groups);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].calls, 0u);
  for (int i = 0; i < 3; ++i)
    context.run({nnc::tensor(x, {3})});
  context.profile(nullptr);
  context.run({nnc::tensor(x, {3})});
  EXPECT_EQ(groups[0].calls, 3u);
  EXPECT_EQ(groups[0].flops, 15u);
  EXPECT_EQ(groups[0].bytes, 0u);
  EXPECT_GT(groups[0].nanoseconds, 0u);
}

TEST(Hpp, ErrorsAreExceptions) {
  std::string path = addOneLibrary("tiny");
  nnc::Library library(path, "tiny");
  nnc::Context context(library.model());
  std::vector<float> x = {1, 2, 3};
  std::vector<int> wrong = {1, 2, 3};
  EXPECT_EQ(errorOf([&] { context.run({}); }), "model 'tiny' has 1 inputs, not 0");
  EXPECT_EQ(errorOf([&] { context.run({nnc::tensor(wrong, {3})}); }),
            "input 'x': the element type is int32, expected float32");
  EXPECT_EQ(errorOf([&] { nnc::tensor(x, {4}); }), "the shape does not have as many elements as the container");
  EXPECT_EQ(errorOf([&] { context.run({nnc::tensor(x, {3})})[0].data<double>(); }),
            "the tensor has elements of another type");
  EXPECT_EQ(errorOf([&] { nnc::Context(library.model(), -1); }), "invalid options for model 'tiny'");
  EXPECT_NE(errorOf([&] { nnc::Library(path, "other"); }), "");
  EXPECT_NE(errorOf([&] { nnc::Library("/nonexistent.so", "tiny"); }), "");
}

} // namespace
