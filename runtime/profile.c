/* Launches of groups, and what they cost where a profile is being taken. */
#include "internal.h"

/* Runs of one context may be concurrent, and all of them count. */
static void count(uint64_t *counter, uint64_t by) { __atomic_fetch_add(counter, by, __ATOMIC_RELAXED); }

void nncrt_launch(nncrt_run *run, int32_t group, nncrt_body fn, void *args, int64_t items, int64_t grain) {
  nnc_group_profile *profile = atomic_load_explicit(&run->context->profile, memory_order_relaxed);
  if (__builtin_expect(!profile, 1)) {
    nncrt_parallel(run, fn, args, items, grain);
    return;
  }
  profile += group;
  const nnc_group_info *info = &run->context->model->groups[group];
  uint64_t begin = nncrt_nanoseconds();
  nncrt_parallel(run, fn, args, items, grain);
  count(&profile->nanoseconds, nncrt_nanoseconds() - begin);
  count(&profile->calls, 1);
  if (info->flops > 0)
    count(&profile->flops, (uint64_t)info->flops);
  if (info->bytes > 0)
    count(&profile->bytes, (uint64_t)info->bytes);
}

void nncrt_launch_swinging(nncrt_run *run, int32_t group, nncrt_body fn, void *args, int64_t items, int64_t grain) {
  run->backwards = run->is_odd;
  nncrt_launch(run, group, fn, args, items, grain);
  run->backwards = false;
}

void nncrt_cost(nncrt_run *run, int32_t group, int64_t flops, int64_t bytes) {
  nnc_group_profile *profile = atomic_load_explicit(&run->context->profile, memory_order_relaxed);
  if (__builtin_expect(!profile, 1))
    return;
  const nnc_group_info *info = &run->context->model->groups[group];
  if (info->flops < 0)
    count(&profile[group].flops, (uint64_t)flops);
  if (info->bytes < 0)
    count(&profile[group].bytes, (uint64_t)bytes);
}

nnc_status nncrt_set_profile(nnc_context *base, nnc_group_profile *groups) {
  if (!base)
    return NNC_INVALID_ARGUMENT;
  atomic_store_explicit(&((nncrt_context *)base)->profile, groups, memory_order_release);
  return NNC_OK;
}
