// The conversions of runtime/narrow_float.c against LLVM's APFloat. The test compiles them under other names, so that
// it does not call the ones of the compiler's own support library.

#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"

#include <cstring>
#include <random>

using llvm::APFloat;

extern "C" {
float test_extendhfsf2(_Float16);
_Float16 test_truncsfhf2(float);
_Float16 test_truncdfhf2(double);
__bf16 test_truncsfbf2(float);
__bf16 test_truncdfbf2(double);
}

namespace {

template <typename To, typename From> To bitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

/// What APFloat rounds `value` to; NaNs are only compared for being NaN.
void expectRounded(APFloat value, uint16_t got, const llvm::fltSemantics &semantics) {
  bool losesInfo;
  bool isNaN = value.isNaN();
  value.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  if (isNaN)
    EXPECT_TRUE(APFloat(semantics, llvm::APInt(16, got)).isNaN());
  else
    EXPECT_EQ(got, value.bitcastToAPInt().getZExtValue());
}

void checkFloat(float f) {
  expectRounded(APFloat(f), bitsAs<uint16_t>(test_truncsfhf2(f)), APFloat::IEEEhalf());
  expectRounded(APFloat(f), bitsAs<uint16_t>(test_truncsfbf2(f)), APFloat::BFloat());
}

void checkDouble(double d) {
  expectRounded(APFloat(d), bitsAs<uint16_t>(test_truncdfhf2(d)), APFloat::IEEEhalf());
  expectRounded(APFloat(d), bitsAs<uint16_t>(test_truncdfbf2(d)), APFloat::BFloat());
}

TEST(NarrowFloat, EveryHalfExtends) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    APFloat expected(APFloat::IEEEhalf(), llvm::APInt(16, bits));
    float got = test_extendhfsf2(bitsAs<_Float16>(uint16_t(bits)));
    if (expected.isNaN())
      EXPECT_TRUE(got != got);
    else
      EXPECT_EQ(bitsAs<uint32_t>(got), bitsAs<uint32_t>(expected.convertToFloat())) << bits;
  }
}

TEST(NarrowFloat, RoundingAroundEveryHalf) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    uint32_t f = bitsAs<uint32_t>(test_extendhfsf2(bitsAs<_Float16>(uint16_t(bits))));
    for (uint32_t step : {0u, 1u, 0xfffu, 0x1000u, 0x1001u, 0x1fffu})
      checkFloat(bitsAs<float>(f + step));
  }
}

TEST(NarrowFloat, RandomBits) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) {
    uint64_t bits = random();
    checkFloat(bitsAs<float>(uint32_t(bits)));
    checkDouble(bitsAs<double>(bits));
    // Ties and near ties: a narrow value, or half of its last place more, nudged or not.
    double tie = bitsAs<float>(uint32_t(bits) & 0xfffff000);
    checkDouble(tie);
    checkDouble(bitsAs<double>(bitsAs<uint64_t>(tie) + 1));
    checkDouble(bitsAs<double>(bitsAs<uint64_t>(tie) - 1));
  }
}

TEST(NarrowFloat, Edges) {
  for (double d : {0.0, -0.0, 1.0, 65504.0, 65519.99, 65520.0, 65536.0, 1e-8, 5.9604644775390625e-8, 2.98e-8, 1e-40,
                   1e-45, 1e-60, 4.9e-324, 3.4e38, 3.3961e38, 1e300, HUGE_VAL, -HUGE_VAL}) {
    checkDouble(d);
    checkFloat(float(d));
  }
}

} // namespace
