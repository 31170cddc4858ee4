/* Conversions that LLVM calls by name on CPUs without an instruction for them. Weak: two models in one program, or
 * the compiler's own support library, may bring them too. */
#include "internal.h"

#define HELPER __attribute__((weak, visibility("hidden")))

static inline uint32_t bits_of(float f) {
  union {
    float f;
    uint32_t u;
  } b = {f};
  return b.u;
}

static inline uint64_t bits_of_double(double d) {
  union {
    double d;
    uint64_t u;
  } b = {d};
  return b.u;
}

static inline float float_of(uint32_t u) {
  union {
    uint32_t u;
    float f;
  } b = {u};
  return b.f;
}

static inline _Float16 half_of(uint16_t u) {
  union {
    uint16_t u;
    _Float16 h;
  } b = {u};
  return b.h;
}

static inline __bf16 bfloat_of(uint16_t u) {
  union {
    uint16_t u;
    __bf16 b;
  } b = {u};
  return b.b;
}

/* Rounds a double's bits to the nearest float that is exact or odd in its last place, so that a second rounding to
 * 16 bits gives what a single one would. */
static float round_to_odd(double d) {
  uint64_t u = bits_of_double(d), magnitude = u & INT64_MAX;
  uint32_t sign = (uint32_t)(u >> 32) & 0x80000000u;
  if (magnitude > UINT64_C(0x7ff0000000000000))
    return float_of(sign | 0x7fc00000u);
  if (magnitude == UINT64_C(0x7ff0000000000000))
    return float_of(sign | 0x7f800000u);
  int64_t exponent = (int64_t)(magnitude >> 52) - 1023 + 127;
  if (exponent >= 255)
    return float_of(sign | 0x7f7fffffu); /* too large for a float: any 16-bit type rounds this to infinity */
  if (exponent <= 0) { /* a subnormal float; doubles that are subnormal themselves end up as its last bit */
    uint64_t significand = (magnitude & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    int64_t shift = 30 - exponent;
    if (shift > 53)
      return float_of(sign | (magnitude != 0));
    uint64_t lost = significand & ((UINT64_C(1) << shift) - 1);
    return float_of(sign | (uint32_t)(significand >> shift) | (lost != 0));
  }
  uint32_t mantissa = (uint32_t)(magnitude >> 29) & 0x7fffff;
  uint32_t sticky = (magnitude & ((1u << 29) - 1)) != 0;
  return float_of(sign | (uint32_t)exponent << 23 | mantissa | sticky);
}

static uint16_t to_half(float f) {
  uint32_t u = bits_of(f), magnitude = u & 0x7fffffff;
  uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
  if (magnitude > 0x7f800000)
    return sign | 0x7e00 | (uint16_t)(magnitude >> 13 & 0x3ff);
  if (magnitude >= 0x477ff000)
    return sign | 0x7c00; /* at least 65520 rounds to infinity */
  if (magnitude >= 0x38800000) {
    uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return sign | (uint16_t)((rounded - 0x38000000) >> 13);
  }
  if (magnitude < 0x33000000)
    return sign;
  uint32_t shift = 126 - (magnitude >> 23);
  uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
  uint32_t result = mantissa >> shift, rest = mantissa & ((1u << shift) - 1), half = 1u << (shift - 1);
  result += rest > half || (rest == half && (result & 1));
  return sign | (uint16_t)result;
}

static uint16_t to_bfloat(float f) {
  uint32_t u = bits_of(f);
  if ((u & 0x7fffffff) > 0x7f800000)
    return (uint16_t)(u >> 16) | 0x40;
  return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

HELPER float __extendhfsf2(_Float16 h) {
  union {
    _Float16 h;
    uint16_t u;
  } b = {h};
  uint32_t sign = (uint32_t)(b.u & 0x8000) << 16, magnitude = b.u & 0x7fff;
  if (magnitude >= 0x7c00)
    return float_of(sign | 0x7f800000 | magnitude << 13);
  if (magnitude >= 0x400)
    return float_of(sign | ((magnitude << 13) + 0x38000000));
  /* Subnormal: magnitude * 2^-24, exact in a float. */
  return float_of(sign | bits_of((float)(int32_t)magnitude * 0x1p-24f));
}

HELPER _Float16 __truncsfhf2(float f) { return half_of(to_half(f)); }
HELPER _Float16 __truncdfhf2(double d) { return half_of(to_half(round_to_odd(d))); }
HELPER __bf16 __truncsfbf2(float f) { return bfloat_of(to_bfloat(f)); }
HELPER __bf16 __truncdfbf2(double d) { return bfloat_of(to_bfloat(round_to_odd(d))); }
