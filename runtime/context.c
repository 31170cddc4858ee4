/* Creation and destruction of contexts, and the table of functions behind nnc.h. */
#include "internal.h"

static nnc_status create_context(const nnc_model *model, const nnc_options *options, nnc_context **result);
static void destroy_context(nnc_context *base);
static const char *cpu_level(const nnc_model *model);

const nnc_api nncrt_api = {create_context, destroy_context, nncrt_run_model, nncrt_error_text, cpu_level,
                           nncrt_set_profile};

static bool options_are_valid(const nnc_model *model, const nnc_options *o) {
  if (o->threads < 0 || o->threads > NNCRT_MAX_THREADS)
    return false;
  if (!o->scratch)
    return true;
  return (uintptr_t)o->scratch % NNCRT_ALIGN == 0 && o->scratch_size >= model->scratch_bytes;
}

/* Whether a run of everything once takes one fast thread longer than NNCRT_LONG_RUN, as far as the table tells. What it
 * does not know may be as much. */
static bool expects_long_runs(const nnc_model *model) {
  enum { FLOPS_PER_NS = 100, BYTES_PER_NS = 50 };
  int64_t nanoseconds = 0;
  for (int32_t i = 0; i < model->num_groups && nanoseconds <= NNCRT_LONG_RUN; ++i) {
    const nnc_group_info *group = &model->groups[i];
    if (group->flops < 0 || group->bytes < 0)
      return true;
    int64_t arithmetic = group->flops / FLOPS_PER_NS, movement = group->bytes / BYTES_PER_NS;
    nanoseconds += arithmetic > movement ? arithmetic : movement;
  }
  return nanoseconds > NNCRT_LONG_RUN;
}

static nnc_status create_context(const nnc_model *model, const nnc_options *options, nnc_context **result) {
  if (!result)
    return NNC_INVALID_ARGUMENT;
  *result = NULL;
  nnc_options defaults = {0};
  if (!options)
    options = &defaults;
  if (!model || !options_are_valid(model, options))
    return NNC_INVALID_ARGUMENT;
  const nncrt_model_data *data = model->internal;
  const nncrt_level *level = nncrt_best_level(data);
  if (!level)
    return NNC_UNSUPPORTED_CPU;

  nncrt_context *ctx = nncrt_allocate(sizeof *ctx);
  if (!ctx)
    return NNC_OUT_OF_MEMORY;
  memset(ctx, 0, sizeof *ctx);
  ctx->base.api = &nncrt_api;
  ctx->model = model;
  ctx->data = data;
  ctx->entry = level->entry;
  ctx->threads = options->threads < 1 ? 1 : options->threads;
  ctx->parallel_for = options->parallel_for;
  ctx->parallel_for_user = options->parallel_for_user;
  nncrt_slot *slot = nncrt_slot_create(ctx, options);
  if (!slot) {
    nncrt_release(ctx);
    return NNC_OUT_OF_MEMORY;
  }
  ctx->slots = slot;
  /* A system that refuses threads leaves fewer workers, or none: the model still runs. */
  if (ctx->threads > 1 && !ctx->parallel_for)
    ctx->pool = nncrt_pool_create(ctx->threads, expects_long_runs(model));
  *result = &ctx->base;
  return NNC_OK;
}

static void destroy_context(nnc_context *base) {
  if (!base)
    return;
  nncrt_context *ctx = (nncrt_context *)base;
  nncrt_pool_destroy(ctx->pool);
  for (nncrt_slot *slot = ctx->slots, *next; slot; slot = next) {
    next = slot->next;
    nncrt_slot_destroy(ctx, slot);
  }
  nncrt_errors_destroy(ctx);
  nncrt_release(ctx);
}

static const char *cpu_level(const nnc_model *model) {
  const nncrt_level *level = model ? nncrt_best_level(model->internal) : NULL;
  return level ? level->name : NULL;
}
