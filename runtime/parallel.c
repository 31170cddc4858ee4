/* nncrt_parallel: splits a range and hands the parts to the pool, to the application's threads, or to the caller. */
#include "internal.h"

nncrt_part nncrt_part_of(const nncrt_split *s, int32_t part) {
  int64_t each = s->items / s->parts, longer = s->items % s->parts; /* the first `longer` parts get one item more */
  int64_t begin = part * each + (part < longer ? part : longer);
  int64_t end = begin + each + (part < longer);
  char *workspace = s->workspaces + (uint64_t)part * s->workspace_bytes;
  return s->backwards ? (nncrt_part){s->fn, s->args, end, begin, workspace}
                      : (nncrt_part){s->fn, s->args, begin, end, workspace};
}

void nncrt_part_run(const nncrt_part *p) {
  if (p->begin <= p->end) {
    p->fn(p->args, p->begin, p->end, p->workspace);
    return;
  }
  for (int64_t item = p->begin; item-- > p->end;)
    p->fn(p->args, item, item + 1, p->workspace);
}

static void run_task(void *arg, int64_t index) {
  nncrt_part part = nncrt_part_of(arg, (int32_t)index);
  nncrt_part_run(&part);
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
  nncrt_context *ctx = run->context;
  nncrt_split split = {fn,
                       args,
                       items,
                       parts < 2 ? 1 : (int32_t)parts,
                       run->backwards,
                       run->slot->workspaces,
                       nncrt_workspace_bytes(ctx->model)};
  if (parts < 2) {
    run_task(&split, 0);
    return;
  }
  atomic_store_explicit(&run->forked, 1, memory_order_relaxed);
  if (ctx->parallel_for) {
    ctx->parallel_for(ctx->parallel_for_user, run_task, &split, parts);
  } else {
    nncrt_pool_run(ctx->pool, &split);
  }
  atomic_store_explicit(&run->forked, 0, memory_order_relaxed);
}
