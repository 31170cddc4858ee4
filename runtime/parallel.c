/* nncrt_parallel: splits a range and hands the parts to the pool, to the application's threads, or to the caller. */
#include "internal.h"

void nncrt_part(int64_t items, int32_t parts, int32_t index, int64_t *begin, int64_t *end) {
  int64_t each = items / parts, longer = items % parts; /* the first `longer` parts get one item more */
  *begin = index * each + (index < longer ? index : longer);
  *end = *begin + each + (index < longer);
}

/* What a task of the application's parallel_for needs to find its range. */
typedef struct {
  nncrt_body fn;
  void *args;
  int64_t items;
  int32_t parts;
} split;

static void run_part(void *arg, int64_t index) {
  const split *s = arg;
  int64_t begin, end;
  nncrt_part(s->items, s->parts, (int32_t)index, &begin, &end);
  s->fn(s->args, begin, end);
}

static int32_t available_threads(const nncrt_run *run) {
  const nncrt_context *ctx = run->context;
  if (atomic_load_explicit(&run->forked, memory_order_relaxed))
    return 1;
  if (ctx->parallel_for)
    return ctx->threads;
  return run->owns_pool ? nncrt_pool_threads(ctx->pool) : 1;
}

void nncrt_parallel(nncrt_run *run, nncrt_body fn, void *args, int64_t items, int64_t grain) {
  /* After a failure tensors may be the page of zeros, which is no place to write to or read from. */
  if (items <= 0 || atomic_load_explicit(&run->status, memory_order_relaxed))
    return;
  int64_t parts = grain > 1 ? items / grain : items;
  int32_t threads = available_threads(run);
  if (parts > threads)
    parts = threads;
  if (parts < 2) {
    fn(args, 0, items);
    return;
  }
  nncrt_context *ctx = run->context;
  atomic_store_explicit(&run->forked, 1, memory_order_relaxed);
  if (ctx->parallel_for) {
    split s = {fn, args, items, (int32_t)parts};
    ctx->parallel_for(ctx->parallel_for_user, run_part, &s, parts);
  } else {
    nncrt_pool_run(ctx->pool, fn, args, items, (int32_t)parts);
  }
  atomic_store_explicit(&run->forked, 0, memory_order_relaxed);
}
