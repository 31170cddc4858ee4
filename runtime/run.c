/* One run of the model, from the application's tensors to a status. */
#include "internal.h"

bool nncrt_reject(nncrt_run *run, nnc_status status) {
  atomic_store_explicit(&run->status, (int32_t)status, memory_order_release);
  return false;
}

/* Only one run at a time has the pool; the others use their caller's thread. */
static bool take_pool(nncrt_context *ctx) {
  int32_t idle = 0;
  return ctx->pool && atomic_compare_exchange_strong_explicit(&ctx->pool_busy, &idle, 1, memory_order_acquire,
                                                              memory_order_relaxed);
}

static nnc_status execute(nncrt_context *ctx, nncrt_run *run, const DLTensor *inputs, DLTensor *outputs) {
  run->status = NNC_OK;
  run->failing = 0;
  run->forked = 0;
  run->outputs = outputs;
  run->message[0] = 0;
  if (!nncrt_bind_inputs(run->slot, inputs) || !nncrt_check_outputs(run->slot, inputs, outputs))
    return (nnc_status)run->status;

  run->owns_pool = take_pool(ctx);
  int32_t returned = ctx->entry(run);
  if (run->owns_pool) {
    nncrt_pool_end_run(ctx->pool);
    atomic_store_explicit(&ctx->pool_busy, 0, memory_order_release);
  }
  nncrt_recycle(run->slot);
  run->is_odd = !run->is_odd;

  int32_t status = atomic_load_explicit(&run->status, memory_order_acquire);
  return (nnc_status)(status != NNC_OK ? status : returned);
}

nnc_status nncrt_run_model(nnc_context *base, const DLTensor *inputs, DLTensor *outputs) {
  if (!base)
    return NNC_INVALID_ARGUMENT;
  nncrt_context *ctx = (nncrt_context *)base;
  nncrt_slot *slot = nncrt_slot_acquire(ctx);
  if (!slot) {
    nncrt_error_set(ctx, "out of memory for the scratch space of a concurrent run");
    return NNC_OUT_OF_MEMORY;
  }
  nnc_status status = execute(ctx, &slot->run, inputs, outputs);
  if (status == NNC_OK)
    nncrt_error_clear(ctx);
  else
    nncrt_error_set(ctx, slot->run.message[0] ? slot->run.message : "the model failed");
  nncrt_slot_release(slot);
  return status;
}

void nncrt_fail(nncrt_run *run, const char *message, int64_t a, int64_t b) {
  if (atomic_exchange_explicit(&run->failing, 1, memory_order_acq_rel))
    return;
  nncrt_text text = nncrt_text_begin(run->message);
  for (const char *p = message; *p; ++p) {
    if (p[0] == '%' && (p[1] == '0' || p[1] == '1')) {
      nncrt_text_int(&text, *++p == '0' ? a : b);
    } else {
      const char one[2] = {*p, 0};
      nncrt_text_string(&text, one);
    }
  }
  nncrt_reject(run, NNC_RUNTIME_ERROR);
}
