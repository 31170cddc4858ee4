/* A model with one input and one equal output of every element type, all of shape [5]. */
#include "fake_model.h"

#define TYPES(X)                                                                                                      \
  X("b", kDLBool, 8) X("i2", kDLInt, 2) X("u2", kDLUInt, 2) X("i4", kDLInt, 4) X("u4", kDLUInt, 4) X("i8", kDLInt, 8) \
  X("u8", kDLUInt, 8) X("i16", kDLInt, 16) X("u16", kDLUInt, 16) X("i32", kDLInt, 32) X("u32", kDLUInt, 32)           \
  X("i64", kDLInt, 64) X("u64", kDLUInt, 64) X("f16", kDLFloat, 16) X("bf16", kDLBfloat, 16) X("f32", kDLFloat, 32)   \
  X("f64", kDLFloat, 64) X("e4m3fn", kDLFloat8_e4m3fn, 8) X("e4m3fnuz", kDLFloat8_e4m3fnuz, 8)                        \
  X("e5m2", kDLFloat8_e5m2, 8) X("e5m2fnuz", kDLFloat8_e5m2fnuz, 8) X("e8m0fnu", kDLFloat8_e8m0fnu, 8)                \
  X("e2m1fn", kDLFloat4_e2m1fn, 4) X("c64", kDLComplex, 64) X("c128", kDLComplex, 128)

static const int64_t dims[] = {5};
static const char *const symbols[] = {NULL};
#define INPUT(NAME, CODE, BITS) {NAME, {CODE, BITS, 1}, 1, dims, symbols},
#define OUTPUT(NAME, CODE, BITS) {"out_" NAME, {CODE, BITS, 1}, 1, dims, symbols},
static const nnc_value_info ins[] = {TYPES(INPUT)}, outs[] = {TYPES(OUTPUT)};
enum { COUNT = sizeof ins / sizeof ins[0] };

static nnc_status run(nnc_context *base, const DLTensor *inputs, DLTensor *outputs) {
  fake_context *ctx = (fake_context *)base;
  for (int i = 0; i < COUNT; ++i) {
    nnc_status status = check_input(ctx, &inputs[i], &ins[i]);
    if (status)
      return status;
    void *to = get_output(ctx, outputs, i, dims);
    if (!to)
      return NNC_INVALID_ARGUMENT;
    memcpy(to, (const char *)inputs[i].data + inputs[i].byte_offset, 5 * byte_width(ins[i].dtype));
  }
  return NNC_OK;
}

static const nnc_api api = {fake_create, fake_destroy, run, fake_error, fake_cpu_level};
const nnc_model alltypes_model = {NNC_ABI_VERSION, 0, "alltypes",     COUNT,       COUNT, ins, outs, 0,
                               0,               fake_levels, "nnc 0.0.0", &api, NULL};
