/* The thread pool of a context: static partition, one fork/join at a time.
 *
 * Each worker has a cache line of its own with a ticket, a futex word, and the part it is to do, so that the part is
 * there as soon as the ticket is. Odd: nothing to do. The caller posts part i by
 * making worker i's ticket even; whoever turns it odd again, by compare-and-swap, owns the part. Normally that is
 * the worker. But a worker that slept may wake late, or on the caller's own core, where it would have to wait for a
 * time slice: so a caller that has finished its own part takes over the parts that no worker has claimed yet. The
 * partition stays static, the results do not depend on who ran a part, and a late worker costs nothing.
 *
 * Both sides spin for a bounded time (some tens of microseconds) and then sleep in the kernel. To wake a thread costs
 * its waker some ten microseconds, and it runs some ten later. In runs as short as that the caller does all parts
 * itself, unless they follow each other at once. */
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

/* In nanoseconds. Of a run that has lasted longer than NNCRT_LONG_RUN the rest is worth waking threads for, and if the run
 * before took very long, all of it; after a shorter pause they are awake, or soon paid for. */
enum { VERY_LONG_RUN = 250000, SHORT_PAUSE = 40000 };

typedef struct {
  _Alignas(64) _Atomic uint32_t ticket;
  _Atomic int32_t asleep; /* the number of the thread, from when it may sleep until it has claimed a part */
  nncrt_part part; /* without a function: the worker is to end */
  nncrt_pool *pool;
  uintptr_t thread;
} worker;
_Static_assert(sizeof(worker) == 64, "a worker has one cache line");

struct nncrt_pool {
  _Alignas(64) _Atomic uint32_t pending; /* posted parts that are not done; the caller waits on it */
  _Atomic uint32_t caller_asleep;
  _Alignas(64) int32_t num_workers;
  bool expects_long;
  bool wakes;            /* in this run */
  uint64_t began, ended; /* nanoseconds: this run, if it has used the pool, or 0, and the one before */
  uint64_t lasted;       /* the one before */
  nncrt_cores *cores;    /* where workers that are kept off a core may run; behind the workers */
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
 * `asleep` again: one of the two sees the other, so no wake-up is lost. Who sleeps cannot go on before the ticket is
 * written, and once it has claimed the part nothing is posted before that is done: so poster and worker take turns with
 * the worker's cores. */
static void post(worker *w, nncrt_cores *cores) {
  int32_t sleeper = atomic_load(&w->asleep);
  if (sleeper)
    nncrt_keep_off_own_core(sleeper, cores);
  atomic_fetch_add(&w->ticket, 1);
  if (atomic_load(&w->asleep))
    futex_wake(&w->ticket);
}

/* Returns when a part was posted and this worker has claimed it. */
static void claim_next(worker *w, nncrt_cores *cores) {
  for (int32_t i = 0; i < SPINS; ++i) {
    if (claim(w))
      return;
    relax();
  }
  atomic_store(&w->asleep, nncrt_thread_id());
  for (;;) {
    uint32_t ticket = atomic_load(&w->ticket);
    if (ticket % 2 == 1)
      futex_wait(&w->ticket, ticket);
    else if (claim(w))
      break;
  }
  nncrt_allow_all_cores(cores);
  atomic_store_explicit(&w->asleep, 0, memory_order_relaxed);
}

static void finish_part(nncrt_pool *pool) {
  if (atomic_fetch_sub(&pool->pending, 1) == 1 && atomic_load(&pool->caller_asleep))
    futex_wake(&pool->pending);
}

static void *work(void *arg) {
  worker *w = arg;
  nncrt_cores *cores = &w->pool->cores[w - w->pool->workers];
  for (;;) {
    claim_next(w, cores);
    if (!w->part.fn)
      return NULL;
    nncrt_part_run(&w->part);
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

static bool is_worth_waking(nncrt_pool *pool) {
  if (pool->wakes)
    return true;
  uint64_t now = nncrt_nanoseconds();
  if (!pool->began)
    pool->began = now;
  /* Those of a new pool have not fallen asleep for long. */
  pool->wakes = !pool->ended || pool->lasted > VERY_LONG_RUN || now - pool->ended < SHORT_PAUSE ||
                now - pool->began > NNCRT_LONG_RUN;
  return pool->wakes;
}

void nncrt_pool_run(nncrt_pool *pool, const nncrt_split *split) {
  int32_t parts = split->parts;
  if (!is_worth_waking(pool)) {
    for (int32_t i = 0; i < parts; ++i) {
      nncrt_part part = nncrt_part_of(split, i);
      nncrt_part_run(&part);
    }
    return;
  }
  atomic_store_explicit(&pool->pending, (uint32_t)parts - 1, memory_order_relaxed);
  for (int32_t i = 0; i < parts - 1; ++i) {
    pool->workers[i].part = nncrt_part_of(split, i + 1);
    post(&pool->workers[i], &pool->cores[i]);
  }
  nncrt_part own = nncrt_part_of(split, 0);
  nncrt_part_run(&own);
  for (int32_t i = 0; i < parts - 1; ++i)
    if (claim(&pool->workers[i])) {
      nncrt_part_run(&pool->workers[i].part);
      atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_acq_rel);
    }
  join(pool);
}

void nncrt_pool_end_run(nncrt_pool *pool) {
  if (pool->began) {
    pool->ended = nncrt_nanoseconds();
    pool->lasted = pool->ended - pool->began;
  }
  pool->began = 0;
  pool->wakes = pool->expects_long;
}

int32_t nncrt_pool_threads(const nncrt_pool *pool) { return pool->num_workers + 1; }

nncrt_pool *nncrt_pool_create(int32_t threads, bool expects_long) {
  if (!pthread_create || !pthread_join)
    return NULL;
  uint64_t workers = (uint64_t)(threads - 1);
  uint64_t bytes = sizeof(nncrt_pool) + workers * (sizeof(worker) + sizeof(nncrt_cores));
  nncrt_pool *pool = nncrt_allocate(bytes);
  if (!pool)
    return NULL;
  memset(pool, 0, bytes);
  pool->cores = (nncrt_cores *)&pool->workers[workers];
  pool->expects_long = pool->wakes = expects_long;
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
    post(&pool->workers[i], &pool->cores[i]);
  }
  for (int32_t i = 0; i < pool->num_workers; ++i)
    pthread_join(pool->workers[i].thread, NULL);
  nncrt_release(pool);
}
