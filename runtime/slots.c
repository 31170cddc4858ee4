/* Scratch slots: a lock-free list that only grows. One concurrent run uses one slot. */
#include "internal.h"

/* The slot, its arrays and the shapes of context-owned outputs are one allocation; the arena is another. */
nncrt_slot *nncrt_slot_create(nncrt_context *ctx, const nnc_options *options) {
  const nnc_model *model = ctx->model;
  uint64_t inputs = (uint64_t)model->num_inputs, outputs = (uint64_t)model->num_outputs;
  uint64_t symbols = (uint64_t)ctx->data->num_symbols, ranks = 0;
  for (uint64_t i = 0; i < outputs; ++i)
    ranks += (uint64_t)model->outputs[i].ndim;
  uint64_t bytes = sizeof(nncrt_slot) + inputs * (sizeof(void *) + sizeof(int64_t *)) +
                   outputs * sizeof(nncrt_owned_output) + (ranks + symbols) * sizeof(int64_t) +
                   symbols * sizeof(int32_t);
  nncrt_slot *slot = nncrt_allocate(bytes);
  if (!slot)
    return NULL;
  memset(slot, 0, bytes);
  char *p = (char *)(slot + 1);
  slot->in_data = (void **)p;
  slot->in_dims = (const int64_t **)(slot->in_data + inputs);
  slot->outputs = (nncrt_owned_output *)(slot->in_dims + inputs);
  slot->symbol_values = (int64_t *)(slot->outputs + outputs);
  int64_t *shapes = slot->symbol_values + symbols;
  for (uint64_t i = 0; i < outputs; ++i) {
    slot->outputs[i].shape = shapes;
    shapes += model->outputs[i].ndim;
  }
  slot->symbol_source = (int32_t *)shapes;

  if (options && options->scratch) {
    slot->arena = options->scratch;
  } else {
    slot->arena = nncrt_allocate(model->scratch_bytes);
    slot->owns_arena = true;
    if (!slot->arena) {
      nncrt_slot_destroy(ctx, slot);
      return NULL;
    }
  }
  slot->workspaces = nncrt_allocate(nncrt_workspace_bytes(model) * (uint64_t)ctx->threads);
  if (!slot->workspaces) {
    nncrt_slot_destroy(ctx, slot);
    return NULL;
  }
  slot->run.in_data = slot->in_data;
  slot->run.in_dims = slot->in_dims;
  slot->run.arena = slot->arena;
  slot->run.weights = ctx->data->weights;
  slot->run.context = ctx;
  slot->run.slot = slot;
  return slot;
}

nncrt_slot *nncrt_slot_acquire(nncrt_context *ctx) {
  for (nncrt_slot *slot = atomic_load_explicit(&ctx->slots, memory_order_acquire); slot; slot = slot->next) {
    int32_t idle = 0;
    if (atomic_compare_exchange_strong_explicit(&slot->busy, &idle, 1, memory_order_acquire, memory_order_relaxed))
      return slot;
  }
  nncrt_slot *slot = nncrt_slot_create(ctx, NULL);
  if (!slot)
    return NULL;
  slot->busy = 1;
  nncrt_slot *head = atomic_load_explicit(&ctx->slots, memory_order_relaxed);
  do
    slot->next = head;
  while (!atomic_compare_exchange_weak_explicit(&ctx->slots, &head, slot, memory_order_release,
                                                memory_order_relaxed));
  return slot;
}

void nncrt_slot_release(nncrt_slot *slot) { atomic_store_explicit(&slot->busy, 0, memory_order_release); }

void nncrt_slot_destroy(const nncrt_context *ctx, nncrt_slot *slot) {
  for (int32_t i = 0; i < ctx->model->num_outputs; ++i)
    nncrt_release(slot->outputs[i].data);
  nncrt_blocks_destroy(slot);
  nncrt_release(slot->workspaces);
  if (slot->owns_arena)
    nncrt_release(slot->arena);
  nncrt_release(slot);
}
