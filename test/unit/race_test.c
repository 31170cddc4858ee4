/* The runtime under ThreadSanitizer: several threads run one context at once, with the pool and with an application's
 * own parallel_for, on a hand-written model whose entry uses every function that compiled code calls. The sanitizer
 * makes the program fail on a race. */
#include "runtime/internal.h"

int printf(const char *format, ...);
int usleep(unsigned microseconds);

enum { CALLERS = 4, RUNS = 300, LENGTH = 10000, WORKSPACE = 100 };

typedef struct {
  const float *from;
  float *to;
} add_args;

static void add_one(void *args, int64_t begin, int64_t end, char *workspace) {
  for (int64_t i = 0; i < WORKSPACE; ++i)
    workspace[i] = (char)begin; /* a range has it to itself */
  const add_args *a = args;
  for (int64_t i = begin; i < end; ++i)
    a->to[i] = a->from[i] + 1;
}

/* y = x + 1 + 1, by way of a temporary and a growing buffer. */
static int32_t entry(nncrt_run *run) {
  const int64_t *dims = run->in_dims[0];
  float *middle = nncrt_alloc_tensor(run, sizeof(float), 1, dims);
  add_args first = {run->in_data[0], middle};
  nncrt_launch(run, 0, add_one, &first, dims[0], 64);
  nncrt_stack stack = {0};
  nncrt_append(run, &stack, middle, dims[0] * (int64_t)sizeof(float));
  nncrt_free(run, middle);
  float *copy = nncrt_alloc_tensor(run, sizeof(float), 1, dims);
  nncrt_copy(run, copy, stack.data, dims[0] * (int64_t)sizeof(float));
  add_args second = {copy, nncrt_output(run, 0, 1, dims)};
  nncrt_cost(run, 1, dims[0], 8 * dims[0]);
  nncrt_launch_swinging(run, 1, add_one, &second, dims[0], 64);
  return atomic_load(&run->status);
}

static const int64_t dims[] = {-1};
static const char *const symbols[] = {"n"};
static const nnc_value_info value = {"x", {kDLFloat, 32, 1}, 1, dims, symbols};
static const nncrt_level level = {"any", 0, entry};
static const int32_t symbol_numbers[] = {0};
static const int32_t *const value_symbols[] = {symbol_numbers};
static const nncrt_model_data data = {1, 1, &level, NULL, symbols, value_symbols, value_symbols};
extern const nnc_api nncrt_api;
static const char *const levels[] = {"any", NULL};
static const nnc_group_info groups[] = {{"first", "elementwise", "k0", 10, 20}, {"second", "elementwise", "k0", -1, -1}};
static const nnc_model model = {NNC_ABI_VERSION, NNC_ABI_MINOR_VERSION, "race", 1, 1, &value, &value, 0, 0, levels,
                                "race_test", &nncrt_api, &data, WORKSPACE, 2, groups};

static _Atomic int32_t wrong;

static void *call_repeatedly(void *arg) {
  static __thread float x[LENGTH], y[LENGTH];
  nnc_context *ctx = arg;
  for (int32_t r = 0; r < RUNS; ++r) {
    if (r % 100 == 99)
      usleep(5000); /* the workers fall asleep, and are moved when they are woken */
    int64_t shape[] = {LENGTH - r};
    for (int64_t i = 0; i < shape[0]; ++i)
      x[i] = (float)(i + r);
    DLTensor in = {x, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, shape, NULL, 0}, out = in;
    out.data = y;
    if (nnc_run(ctx, &in, &out) != NNC_OK)
      atomic_fetch_add(&wrong, 1);
    for (int64_t i = 0; i < shape[0]; ++i)
      if (y[i] != x[i] + 2)
        atomic_fetch_add(&wrong, 1);
  }
  return NULL;
}

/* An application's threads, the simplest there are: none of its own. */
static void serial(void *user, nnc_task body, void *arg, int64_t tasks) {
  (void)user;
  for (int64_t i = 0; i < tasks; ++i)
    body(arg, i);
}

int main(void) {
  nnc_options pool = {0}, own = {0};
  pool.threads = own.threads = 3;
  own.parallel_for = serial;
  const nnc_options *const options[] = {&pool, &own, NULL};
  for (int32_t i = 0; i < 3; ++i) {
    nnc_context *ctx;
    if (nnc_create(&model, options[i], &ctx) != NNC_OK)
      return printf("no context\n"), 1;
    /* Every other context takes a profile, which all of its runs add to. */
    nnc_group_profile profile[2] = {{0}};
    if (i % 2 == 0)
      nnc_profile(ctx, profile);
    uintptr_t callers[CALLERS];
    for (int32_t c = 0; c < CALLERS; ++c)
      pthread_create(&callers[c], NULL, call_repeatedly, ctx);
    for (int32_t c = 0; c < CALLERS; ++c)
      pthread_join(callers[c], NULL);
    uint64_t runs = i % 2 ? 0 : CALLERS * RUNS, elements = 0;
    for (uint64_t r = 0; r < RUNS; ++r)
      elements += i % 2 ? 0 : CALLERS * (LENGTH - r);
    if (profile[0].calls != runs || profile[1].calls != runs || profile[0].flops != 10 * runs ||
        profile[0].bytes != 20 * runs || profile[1].flops != elements || profile[1].bytes != 8 * elements ||
        (profile[0].nanoseconds > 0) != (runs > 0))
      return printf("a wrong profile\n"), 1;
    nnc_destroy(ctx);
  }
  printf("%d wrong results\n", wrong);
  return wrong != 0;
}
