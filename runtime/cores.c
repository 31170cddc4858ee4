/* On which core a worker wakes up.
 *
 * Linux wakes a thread on the core of the one that wakes it where it takes the others for unavailable, and in a
 * virtual machine these are all that were halted for some milliseconds. There the worker waits for a time slice of the
 * very thread that waits for it, until the scheduler gets around to moving it: two threads are then slower than one.
 * So a thread that is about to be woken is kept off the waker's core, and allowed on all of them again when it is awake.
 * Where the system refuses any of this nothing is lost but that. */
#include "internal.h"

#if defined(__x86_64__)
enum { SYS_gettid = 186, SYS_sched_setaffinity = 203, SYS_sched_getaffinity = 204, SYS_getcpu = 309 };
#else /* the numbers that all newer architectures share */
enum { SYS_sched_setaffinity = 122, SYS_sched_getaffinity = 123, SYS_getcpu = 168, SYS_gettid = 178 };
#endif

int32_t nncrt_thread_id(void) { return (int32_t)syscall(SYS_gettid); }

void nncrt_keep_off_own_core(int32_t thread, nncrt_cores *allowed) {
  uint32_t core = 0;
  if (syscall(SYS_getcpu, &core, NULL, NULL) || core >= 8 * sizeof allowed->mask)
    return;
  /* It may have been kept off another core and not have been awake since. */
  if (allowed->bytes <= 0)
    allowed->bytes = syscall(SYS_sched_getaffinity, thread, sizeof allowed->mask, allowed->mask);
  if (allowed->bytes <= 0)
    return;
  nncrt_cores others = *allowed;
  others.mask[core / 64] &= ~((uint64_t)1 << core % 64);
  uint64_t any = 0;
  for (int32_t i = 0; i < (int32_t)(others.bytes / 8); ++i)
    any |= others.mask[i];
  if (any)
    syscall(SYS_sched_setaffinity, thread, others.bytes, others.mask);
}

void nncrt_allow_all_cores(nncrt_cores *allowed) {
  if (allowed->bytes > 0)
    syscall(SYS_sched_setaffinity, 0, allowed->bytes, allowed->mask);
  allowed->bytes = 0;
}
