/* Where compiled code writes the outputs: buffers of the caller, or of the slot. */
#include "internal.h"

uint64_t nncrt_element_bytes(DLDataType type) { return ((uint64_t)type.bits * type.lanes + 7) / 8; }

bool nncrt_tensor_bytes(DLDataType type, int32_t rank, const int64_t *dims, uint64_t *bytes) {
  uint64_t total = nncrt_element_bytes(type);
  for (int32_t d = 0; d < rank; ++d)
    if (dims[d] == 0)
      total = 0;
  for (int32_t d = 0; d < rank; ++d)
    if (__builtin_mul_overflow(total, (uint64_t)dims[d], &total))
      return false;
  *bytes = total;
  return total <= INT64_MAX;
}

static void *fail(nncrt_run *run, int32_t index, const char *message, int64_t a, int64_t b) {
  char with_name[NNCRT_MESSAGE_SIZE];
  nncrt_text text = nncrt_text_begin(with_name);
  nncrt_text_string(&text, "output '");
  nncrt_text_string(&text, run->context->model->outputs[index].name);
  nncrt_text_string(&text, "': ");
  nncrt_text_string(&text, message);
  nncrt_fail(run, with_name, a, b);
  return NULL;
}

static void *caller_buffer(nncrt_run *run, int32_t index, int32_t rank, const int64_t *dims) {
  const DLTensor *t = &run->outputs[index];
  for (int32_t d = 0; d < rank; ++d)
    if (t->shape[d] != dims[d]) {
      fail(run, index, "a dim of the buffer is %0, but the result has %1", t->shape[d], dims[d]);
      return nncrt_reject(run, NNC_INVALID_ARGUMENT), NULL;
    }
  return (char *)t->data + t->byte_offset;
}

static void *owned_buffer(nncrt_run *run, int32_t index, int32_t rank, const int64_t *dims, uint64_t bytes) {
  nncrt_owned_output *owned = &run->slot->outputs[index];
  if (!owned->data || owned->capacity < bytes) {
    void *data = nncrt_allocate(bytes);
    if (!data) {
      fail(run, index, "out of memory for %0 bytes", (int64_t)bytes, 0);
      return nncrt_reject(run, NNC_OUT_OF_MEMORY), NULL;
    }
    nncrt_release(owned->data);
    owned->data = data;
    owned->capacity = bytes;
  }
  for (int32_t d = 0; d < rank; ++d)
    owned->shape[d] = dims[d];
  DLTensor *t = &run->outputs[index];
  memset(t, 0, sizeof *t);
  t->data = owned->data;
  t->device.device_type = kDLCPU;
  t->ndim = rank;
  t->dtype = run->context->model->outputs[index].dtype;
  t->shape = owned->shape;
  return owned->data;
}

static void *find_output(nncrt_run *run, int32_t index, int32_t rank, const int64_t *dims) {
  const nnc_value_info *info = &run->context->model->outputs[index];
  if (rank != info->ndim)
    return fail(run, index, "the result has rank %0, the model declares %1", rank, info->ndim);
  for (int32_t d = 0; d < rank; ++d)
    if (dims[d] < 0 || (info->dims[d] >= 0 && dims[d] != info->dims[d]))
      return fail(run, index, "a dim of the result is %0, the model declares %1", dims[d], info->dims[d]);
  uint64_t bytes;
  if (!nncrt_tensor_bytes(info->dtype, rank, dims, &bytes))
    return fail(run, index, "the result is larger than the address space", 0, 0);
  return run->outputs[index].data ? caller_buffer(run, index, rank, dims)
                                  : owned_buffer(run, index, rank, dims, bytes);
}

void *nncrt_output(nncrt_run *run, int32_t index, int32_t rank, const int64_t *dims) {
  void *data = find_output(run, index, rank, dims);
  return data ? data : nncrt_dummy(run);
}
