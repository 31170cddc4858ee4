/* nncrt_launch_swinging: every other run of a context takes the items from the last to the first, one by one, on one
 * thread and on several; other launches of the same runs do not. */
#include "runtime/internal.h"

int printf(const char *format, ...);

enum { ITEMS = 6 };

/* In which order the items of the run came. */
typedef struct {
  _Atomic int32_t calls, place[ITEMS];
} order;
static order swinging, plain;

static void record(void *args, int64_t begin, int64_t end, char *workspace) {
  (void)workspace;
  order *o = args;
  for (int64_t item = begin; item < end; ++item)
    o->place[item] = atomic_fetch_add(&o->calls, 1);
}

static int32_t entry(nncrt_run *run) {
  nncrt_launch_swinging(run, 0, record, &swinging, ITEMS, 1);
  nncrt_launch(run, 1, record, &plain, ITEMS, 1);
  return 0;
}

static const nncrt_level level = {"any", 0, entry};
static const nncrt_model_data data = {.num_levels = 1, .levels = &level};
extern const nnc_api nncrt_api;
static const char *const levels[] = {"any", NULL};
static const nnc_group_info groups[] = {{"first", "packed_matmul", "k0", 10, 20}, {"second", "elementwise", "k1", 1, 1}};
static const nnc_model model = {.abi_version = NNC_ABI_VERSION,
                                .minor_version = NNC_ABI_MINOR_VERSION,
                                .name = "swing",
                                .cpu_levels = levels,
                                .api = &nncrt_api,
                                .internal = &data,
                                .num_groups = 2,
                                .groups = groups};

/* Whether each of so many threads has met its items in this order. */
static int32_t is_in_order(const order *o, int32_t threads, bool backwards) {
  for (int32_t item = 1; item < ITEMS; ++item)
    if (item % (ITEMS / threads) != 0 && (o->place[item] < o->place[item - 1]) != backwards)
      return 0;
  return o->calls == ITEMS;
}

int main(void) {
  for (int32_t threads = 1; threads <= 3; ++threads) {
    nnc_options options = {.threads = threads};
    nnc_context *ctx;
    if (nnc_create(&model, &options, &ctx) != NNC_OK)
      return printf("no context\n"), 1;
    for (int32_t run = 0; run < 4; ++run) {
      swinging.calls = plain.calls = 0;
      if (nnc_run(ctx, NULL, NULL) != NNC_OK)
        return printf("no run\n"), 1;
      bool backwards = run % 2 == 1;
      if (!is_in_order(&swinging, threads, backwards) || !is_in_order(&plain, threads, false))
        return printf("a wrong order in run %d on %d threads\n", run, threads), 1;
    }
    nnc_destroy(ctx);
  }
  return 0;
}
