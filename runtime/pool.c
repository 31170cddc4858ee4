/* The thread pool of a context: static partition, one fork/join at a time.
 *
 * Each worker has a cache line of its own with a ticket, a futex word, and the part it is to do, so that the part is
 * there as soon as the ticket is. Odd: nothing to do. The caller posts part i by
 * making worker i's ticket even; whoever turns it odd again, by compare-and-swap, owns the part. Normally that is
 * the worker. But a worker that slept may wake late, or on the caller's own core, where it would have to wait for a
 * time slice: so a caller that has finished its own part takes over the parts that no worker has claimed yet. The
 * partition stays static, the results do not depend on who ran a part, and a late worker costs nothing.
 *
 * Both sides spin for a bounded time (some tens of microseconds) and then sleep in the kernel. */
#include "internal.h"

#if defined(__x86_64__)
enum { SYS_futex = 202, SPINS = 2000 };
static inline void relax(void) { __asm__ volatile("pause"); }
#elif defined(__aarch64__)
enum { SYS_futex = 98, SPINS = 20000 };
static inline void relax(void) { __asm__ volatile("yield"); }
#elif defined(__riscv) && __riscv_xlen == 64
enum { SYS_futex = 98, SPINS = 20000 };
static inline void relax(void) { __asm__ volatile(".4byte 0x0100000f"); } /* pause, a hint on older cores */
#else
#error "no futex for this target"
#endif
enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

typedef struct {
  _Alignas(64) _Atomic uint32_t ticket;
  _Atomic uint32_t asleep;
  nncrt_part part; /* without a function: the worker is to end */
  nncrt_pool *pool;
  uintptr_t thread;
} worker;
_Static_assert(sizeof(worker) == 64, "a worker has one cache line");

struct nncrt_pool {
  _Alignas(64) _Atomic uint32_t pending; /* posted parts that are not done; the caller waits on it */
  _Atomic uint32_t caller_asleep;
  _Alignas(64) int32_t num_workers;
  worker workers[];
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

/* True for the one thread that gets to run what is posted to `w`. */
static bool claim(worker *w) {
  uint32_t ticket = atomic_load_explicit(&w->ticket, memory_order_relaxed);
  return ticket % 2 == 0 && atomic_compare_exchange_strong_explicit(&w->ticket, &ticket, ticket + 1,
                                                                    memory_order_acquire, memory_order_relaxed);
}

/* `asleep` is written before the ticket is looked at once more, and the poster writes the ticket before it looks at
 * `asleep`: one of the two sees the other, so no wake-up is lost. */
static void post(worker *w) {
  atomic_fetch_add(&w->ticket, 1);
  if (atomic_load(&w->asleep))
    futex_wake(&w->ticket);
}

static void wait_for_post(worker *w) {
  for (int32_t i = 0; i < SPINS; ++i) {
    if (atomic_load_explicit(&w->ticket, memory_order_relaxed) % 2 == 0)
      return;
    relax();
  }
  atomic_store(&w->asleep, 1);
  for (uint32_t ticket; (ticket = atomic_load(&w->ticket)) % 2 == 1;)
    futex_wait(&w->ticket, ticket);
  atomic_store_explicit(&w->asleep, 0, memory_order_relaxed);
}

static void run_part(const nncrt_part *p) { p->fn(p->args, p->begin, p->end, p->workspace); }

static void finish_part(nncrt_pool *pool) {
  if (atomic_fetch_sub(&pool->pending, 1) == 1 && atomic_load(&pool->caller_asleep))
    futex_wake(&pool->pending);
}

static void *work(void *arg) {
  worker *w = arg;
  for (;;) {
    wait_for_post(w);
    if (!claim(w))
      continue;
    if (!w->part.fn)
      return NULL;
    run_part(&w->part);
    finish_part(w->pool);
  }
}

static void join(nncrt_pool *pool) {
  for (int32_t i = 0; i < SPINS; ++i) {
    if (!atomic_load_explicit(&pool->pending, memory_order_acquire))
      return;
    relax();
  }
  atomic_store(&pool->caller_asleep, 1);
  for (uint32_t pending; (pending = atomic_load(&pool->pending));)
    futex_wait(&pool->pending, pending);
  atomic_store_explicit(&pool->caller_asleep, 0, memory_order_relaxed);
}

void nncrt_pool_run(nncrt_pool *pool, const nncrt_split *split) {
  int32_t parts = split->parts;
  atomic_store_explicit(&pool->pending, (uint32_t)parts - 1, memory_order_relaxed);
  for (int32_t i = 0; i < parts - 1; ++i) {
    pool->workers[i].part = nncrt_part_of(split, i + 1);
    post(&pool->workers[i]);
  }
  nncrt_part own = nncrt_part_of(split, 0);
  run_part(&own);
  for (int32_t i = 0; i < parts - 1; ++i)
    if (claim(&pool->workers[i])) {
      run_part(&pool->workers[i].part);
      atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_acq_rel);
    }
  join(pool);
}

int32_t nncrt_pool_threads(const nncrt_pool *pool) { return pool->num_workers + 1; }

nncrt_pool *nncrt_pool_create(int32_t threads) {
  if (!pthread_create || !pthread_join)
    return NULL;
  uint64_t bytes = sizeof(nncrt_pool) + (uint64_t)(threads - 1) * sizeof(worker);
  nncrt_pool *pool = nncrt_allocate(bytes);
  if (!pool)
    return NULL;
  memset(pool, 0, bytes);
  for (int32_t i = 0; i < threads - 1; ++i) {
    worker *w = &pool->workers[i];
    w->ticket = 1;
    w->pool = pool;
    if (pthread_create(&w->thread, NULL, work, w))
      break;
    ++pool->num_workers;
  }
  return pool;
}

void nncrt_pool_destroy(nncrt_pool *pool) {
  if (!pool)
    return;
  for (int32_t i = 0; i < pool->num_workers; ++i) {
    pool->workers[i].part.fn = NULL;
    post(&pool->workers[i]);
  }
  for (int32_t i = 0; i < pool->num_workers; ++i)
    pthread_join(pool->workers[i].thread, NULL);
  nncrt_release(pool);
}
