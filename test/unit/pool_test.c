/* Who does the parts of a pool's work, and where: the caller alone while waking threads is not worth it, else all of
 * them at once, on cores of their own. */
#include "runtime/internal.h"

int printf(const char *format, ...);
int usleep(unsigned microseconds);
int sched_getcpu(void);
int sched_getaffinity(int thread, size_t bytes, void *mask);

enum { THREADS = 2, PAUSE = 20000 /* us, enough for a halted core to count as unavailable */ };

static uintptr_t doers[THREADS];
static int32_t cores[THREADS];
static uint64_t masks[THREADS][16];
static _Atomic int32_t arrived;

static int failures;
static void expect(bool condition, const char *what) {
  if (!condition) {
    printf("not so: %s\n", what);
    ++failures;
  }
}

static void note(void *args, int64_t begin, int64_t end, char *workspace) {
  (void)args, (void)end, (void)workspace;
  doers[begin] = pthread_self();
}

static void last_long(void *args, int64_t begin, int64_t end, char *workspace) {
  note(args, begin, end, workspace);
  for (uint64_t start = nncrt_nanoseconds(); nncrt_nanoseconds() - start < 300000;)
    ;
}

/* Goes on when all parts have begun, which no single thread gets done. */
static void meet(void *args, int64_t begin, int64_t end, char *workspace) {
  note(args, begin, end, workspace);
  atomic_fetch_add(&arrived, 1);
  uint64_t start = nncrt_nanoseconds();
  while (atomic_load(&arrived) < THREADS && nncrt_nanoseconds() - start < 5000000000u)
    ;
  cores[begin] = sched_getcpu();
  sched_getaffinity(0, sizeof masks[begin], masks[begin]);
}

static void run(nncrt_pool *pool, nncrt_body fn) {
  memset(doers, 0, sizeof doers);
  atomic_store(&arrived, 0);
  nncrt_split split = {fn, NULL, THREADS, THREADS, NULL, 0};
  nncrt_pool_run(pool, &split);
}

static bool is_alone(void) { return doers[0] == pthread_self() && doers[1] == pthread_self(); }

static void test_short_runs(void) {
  nncrt_pool *pool = nncrt_pool_create(THREADS, /*expects_long=*/false);
  run(pool, meet);
  nncrt_pool_end_run(pool);
  expect(!is_alone(), "the first run is shared");
  /* The system may stop the caller in the middle of any run, which makes it a long one. */
  int32_t alone = 0;
  enum { ROUNDS = 20 };
  for (int32_t i = 0; i < ROUNDS; ++i) {
    usleep(1000);
    run(pool, note);
    run(pool, note);
    nncrt_pool_end_run(pool);
    alone += is_alone();
  }
  expect(alone > ROUNDS / 2, "a short run after a pause wakes nobody");
  /* A worker that falls asleep just then may be late for once. */
  bool shared = false;
  for (int32_t i = 0; i < 100000 && !shared; ++i) {
    run(pool, note);
    nncrt_pool_end_run(pool);
    shared = !is_alone();
  }
  expect(shared, "short runs that follow each other are shared");
  alone = 0;
  for (int32_t i = 0; i < ROUNDS && !alone; ++i) {
    usleep(1000);
    run(pool, note);
    nncrt_pool_end_run(pool);
    usleep(1000);
    run(pool, last_long);
    alone = is_alone();
    run(pool, meet);
    nncrt_pool_end_run(pool);
  }
  expect(alone, "what begins after a pause is begun alone");
  expect(!is_alone(), "the rest of what lasts long is shared");
  usleep(1000);
  run(pool, meet);
  expect(!is_alone(), "after a run that took long the next one is shared at once");
  nncrt_pool_end_run(pool);
  nncrt_pool_destroy(pool);
}

static void test_long_runs(void) {
  uint64_t all[16] = {0};
  sched_getaffinity(0, sizeof all, all);
  int32_t number = 0;
  for (int32_t i = 0; i < 16; ++i)
    number += __builtin_popcountll(all[i]);
  nncrt_pool *pool = nncrt_pool_create(THREADS, /*expects_long=*/true);
  int32_t together = 0;
  enum { ROUNDS = 25 };
  for (int32_t i = 0; i < ROUNDS; ++i) {
    usleep(PAUSE);
    run(pool, meet);
    nncrt_pool_end_run(pool);
    expect(!is_alone(), "a run that will be long is shared at once");
    together += cores[0] == cores[1];
    for (int32_t t = 0; t < THREADS; ++t)
      expect(!__builtin_memcmp(masks[t], all, sizeof all), "all threads may run on all cores while they work");
  }
  /* Between waking up and asking, the system may have moved a thread for a reason of its own. */
  expect(number < THREADS || together <= ROUNDS / 5, "no worker wakes up on its caller's core");
  nncrt_pool_destroy(pool);
}

int main(void) {
  test_short_runs();
  test_long_runs();
  return failures != 0;
}
