/* A model of dynamic shape: y[n,3] = 2 * x[n,3] + 1, and the sum of the positive k[n], whose output `kept` has a
 * length that depends on the data. A negative x[0,0] fails at run time. */
#include "fake_model.h"

static nnc_status run(nnc_context *base, const DLTensor *inputs, DLTensor *outputs) {
  fake_context *ctx = (fake_context *)base;
  ctx->message[0] = '\0';
  for (int i = 0; i < 2; ++i) {
    nnc_status status = check_input(ctx, &inputs[i], &ctx->model->inputs[i]);
    if (status)
      return status;
  }
  int64_t n = inputs[0].shape[0], kept = 0;
  if (inputs[1].shape[0] != n)
    return fail(ctx, "dim 'n' of input '%s' differs", "k");
  const float *x = (const float *)((const char *)inputs[0].data + inputs[0].byte_offset);
  const int64_t *k = (const int64_t *)((const char *)inputs[1].data + inputs[1].byte_offset);
  if (n > 0 && x[0] < -100) {
    fail(ctx, "%s is out of range", "x[0,0]");
    return NNC_RUNTIME_ERROR;
  }
  for (int64_t i = 0; i < n; ++i)
    kept += k[i] > 0;
  int64_t shape[2] = {n, 3};
  float *y = get_output(ctx, outputs, 0, shape);
  int64_t *positive = get_output(ctx, outputs, 1, &kept);
  if (!y || !positive)
    return NNC_INVALID_ARGUMENT;
  for (int64_t i = 0; i < n * 3; ++i)
    y[i] = 2 * x[i] + 1;
  for (int64_t i = 0; i < n; ++i)
    if (k[i] > 0)
      *positive++ = k[i];
  return NNC_OK;
}

static const nnc_api api = {fake_create, fake_destroy, run, fake_error, fake_cpu_level};

static const int64_t matrix[] = {-1, 3}, vector[] = {-1};
static const char *const matrix_symbols[] = {"n", NULL}, *const vector_symbols[] = {"n"}, *const unnamed[] = {NULL};
static const nnc_value_info ins[] = {{"x", {kDLFloat, 32, 1}, 2, matrix, matrix_symbols},
                                     {"k", {kDLInt, 64, 1}, 1, vector, vector_symbols}};
static const nnc_value_info outs[] = {{"y", {kDLFloat, 32, 1}, 2, matrix, matrix_symbols},
                                      {"kept", {kDLInt, 64, 1}, 1, vector, unnamed}};
static const char *not_exported_model = "";

const nnc_model affine_model = {NNC_ABI_VERSION, 0,      "affine",     2,            2,    ins,  outs, 4096,
                                3 << 20,         fake_levels, "nnc 0.0.0", &api, &not_exported_model};
