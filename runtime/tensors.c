/* Tensors of sizes known only at run time, for the host code of a model. */
#include "internal.h"

/* Compiled code stores the extents of small tensors here after a failure; nobody reads them for a result. */
static _Alignas(64) char dummy[NNCRT_DUMMY_BYTES];

void *nncrt_dummy(nncrt_run *run) {
  (void)run;
  return dummy;
}

static bool has_failed(nncrt_run *run) { return atomic_load_explicit(&run->status, memory_order_relaxed) != 0; }

void *nncrt_alloc_tensor(nncrt_run *run, int64_t element_bytes, int64_t rank, const int64_t *dims) {
  if (has_failed(run))
    return nncrt_dummy(run);
  int64_t bytes = element_bytes;
  for (int64_t d = 0; d < rank; ++d) {
    if (dims[d] < 0) {
      nncrt_fail(run, "dim %0 of a tensor is %1", d, dims[d]);
      return nncrt_dummy(run);
    }
    if (__builtin_mul_overflow(bytes, dims[d], &bytes)) {
      nncrt_fail(run, "a tensor is larger than the address space", 0, 0);
      return nncrt_dummy(run);
    }
  }
  void *p = nncrt_alloc(run, bytes);
  return p ? p : nncrt_dummy(run);
}

void nncrt_copy(nncrt_run *run, void *to, const void *from, int64_t bytes) {
  if (!has_failed(run) && bytes > 0)
    memcpy(to, from, (uint64_t)bytes);
}

void nncrt_check(nncrt_run *run, int32_t holds, const char *message, int64_t a, int64_t b) {
  if (!holds)
    nncrt_fail(run, message, a, b);
}

void nncrt_append(nncrt_run *run, nncrt_stack *stack, const void *from, int64_t bytes) {
  if (!stack->data)
    stack->data = nncrt_dummy(run); /* what a loop without iterations leaves */
  if (has_failed(run) || bytes <= 0)
    return;
  if (stack->used + bytes > stack->capacity) {
    int64_t capacity = stack->capacity < bytes ? 4 * bytes : 2 * stack->capacity;
    char *grown = nncrt_alloc(run, capacity);
    if (!grown)
      return;
    if (stack->capacity) {
      memcpy(grown, stack->data, (uint64_t)stack->used);
      nncrt_free(run, stack->data);
    }
    stack->data = grown;
    stack->capacity = capacity;
  }
  memcpy(stack->data + stack->used, from, (uint64_t)bytes);
  stack->used += bytes;
}
