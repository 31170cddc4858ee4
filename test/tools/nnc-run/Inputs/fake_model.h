/* What the hand-written models share: a context that owns output buffers and one line of error text. They stand in
 * for compiled models where the tools are tested, so they follow nnc.h and check what the real runtime checks. */
#ifndef FAKE_MODEL_H
#define FAKE_MODEL_H

#include "nnc/nnc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OUTPUTS = 32, MAX_RANK = 4 };

typedef struct {
  nnc_context base;
  const nnc_model *model;
  char message[200];
  void *buffers[MAX_OUTPUTS];
  int64_t shapes[MAX_OUTPUTS][MAX_RANK];
} fake_context;

static size_t byte_width(DLDataType type) { return (type.bits + 7u) / 8u; }

static nnc_status fail(fake_context *ctx, const char *message, const char *name) {
  snprintf(ctx->message, sizeof ctx->message, message, name);
  return NNC_INVALID_ARGUMENT;
}

/* Checks an input's data, dtype, rank and static dims. */
static nnc_status check_input(fake_context *ctx, const DLTensor *tensor, const nnc_value_info *info) {
  if (!tensor->data)
    return fail(ctx, "input '%s': null data", info->name);
  if (tensor->dtype.code != info->dtype.code || tensor->dtype.bits != info->dtype.bits)
    return fail(ctx, "input '%s': wrong element type", info->name);
  if (tensor->ndim != info->ndim)
    return fail(ctx, "input '%s': wrong rank", info->name);
  for (int i = 0; i < info->ndim; ++i)
    if (info->dims[i] >= 0 && tensor->shape[i] != info->dims[i])
      return fail(ctx, "input '%s': wrong shape", info->name);
  return NNC_OK;
}

/* Where to write output `index`: the caller's buffer, if its shape is right, or one of the context's. */
static void *get_output(fake_context *ctx, DLTensor *outputs, int index, const int64_t *shape) {
  const nnc_value_info *info = &ctx->model->outputs[index];
  DLTensor *tensor = &outputs[index];
  size_t bytes = byte_width(info->dtype);
  for (int i = 0; i < info->ndim; ++i)
    bytes *= (size_t)shape[i];
  if (tensor->data) {
    for (int i = 0; i < info->ndim; ++i)
      if (tensor->ndim != info->ndim || tensor->shape[i] != shape[i]) {
        fail(ctx, "output '%s': wrong shape", info->name);
        return NULL;
      }
    return (char *)tensor->data + tensor->byte_offset;
  }
  ctx->buffers[index] = realloc(ctx->buffers[index], bytes + 1);
  memcpy(ctx->shapes[index], shape, sizeof(int64_t) * (size_t)info->ndim);
  tensor->data = ctx->buffers[index];
  tensor->device.device_type = kDLCPU;
  tensor->device.device_id = 0;
  tensor->ndim = info->ndim;
  tensor->dtype = info->dtype;
  tensor->shape = ctx->shapes[index];
  tensor->strides = NULL;
  tensor->byte_offset = 0;
  return tensor->data;
}

static nnc_status fake_create(const nnc_model *model, const nnc_options *options, nnc_context **ctx) {
  (void)options;
  fake_context *result = calloc(1, sizeof *result);
  result->base.api = model->api;
  result->model = model;
  *ctx = &result->base;
  return NNC_OK;
}

static void fake_destroy(nnc_context *base) {
  fake_context *ctx = (fake_context *)base;
  for (int i = 0; i < MAX_OUTPUTS; ++i)
    free(ctx->buffers[i]);
  free(ctx);
}

static const char *fake_error(const nnc_context *base) { return ((const fake_context *)base)->message; }

static const char *fake_cpu_level(const nnc_model *model) { return model->cpu_levels[0]; }

static const char *const fake_levels[] = {"x86-64-v3", "x86-64-v4", NULL};

#endif
