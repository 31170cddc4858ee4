/* internal.h - what compiled code, the compiler and the files of the runtime agree on.
 *
 * The runtime is C11 without a host libc header: clang compiles it to bitcode once per target triple when nnc is
 * built, nnc embeds the bitcode, and every model carries a copy whose symbols are hidden and prefixed by the
 * model's name. What it needs of libc is declared at the end and listed in libc/ for the link.
 *
 * Life of a run. nnc_run takes a slot (arena, context-owned outputs, recycled temporaries), checks every input and
 * output against the descriptor, fills an `nncrt_run` and calls the entry function of the chosen CPU level. That is
 * compiled code: it loads the public head of `nncrt_run` directly, and calls the functions below it. */
#ifndef NNCRT_INTERNAL_H
#define NNCRT_INTERNAL_H

#include "nnc/nnc.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct nncrt_run nncrt_run;
typedef struct nncrt_slot nncrt_slot;
typedef struct nncrt_pool nncrt_pool;
typedef struct nncrt_context nncrt_context;
typedef struct nncrt_split nncrt_split;

enum { NNCRT_ALIGN = 64, NNCRT_MESSAGE_SIZE = 256, NNCRT_MAX_THREADS = 1024 };

/* ---- what the compiler emits beside the public descriptor (nnc_model.internal) ---- */

/* The code of one CPU level. `features` is a mask over the bits of cpu_features.def. */
typedef struct {
  const char *name;
  uint64_t features;
  int32_t (*entry)(nncrt_run *);
} nncrt_level;

typedef struct {
  int32_t num_levels;
  int32_t num_symbols;                   /* symbolic dims that the inputs and outputs name */
  const nncrt_level *levels;             /* best last */
  const char *weights;                   /* NULL where the model has none */
  const char *const *symbol_names;       /* [num_symbols] */
  const int32_t *const *input_symbols;   /* [num_inputs][ndim]: index of the dim's symbol, or -1 */
  const int32_t *const *output_symbols;  /* [num_outputs][ndim] */
} nncrt_model_data;

/* ---- what compiled code calls ---- */

/* One run. Compiled code reads the first five fields; their order is fixed. */
struct nncrt_run {
  void *const *in_data;           /* [num_inputs], byte_offset applied */
  const int64_t *const *in_dims;  /* [num_inputs][ndim] */
  char *arena;                    /* scratch_bytes, aligned to 64 */
  const char *weights;
  _Atomic int32_t status;         /* 0 until something failed */

  _Atomic int32_t failing;        /* claimed by the first failure */
  _Atomic int32_t forked;         /* inside a parallel region: no second one */
  nncrt_context *context;
  nncrt_slot *slot;
  DLTensor *outputs;
  bool owns_pool;
  bool is_odd;    /* of the slot's runs this is the second, the fourth .. */
  bool backwards; /* ranges are walked from their last item to the first */
  char message[NNCRT_MESSAGE_SIZE];
};

/* After a failure compiled code runs on to its end without checks: launches and copies do nothing then, and what it
 * asks memory for is this page of zeros, from which it may load extents and conditions. */
enum { NNCRT_DUMMY_BYTES = 4096 };
void *nncrt_dummy(nncrt_run *run);

/* Where to write output `index` of this shape: the caller's buffer, or one of the context; the dummy on failure. */
void *nncrt_output(nncrt_run *run, int32_t index, int32_t rank, const int64_t *dims);

/* Temporary memory of a size known only at run time, aligned to 64; recycled between runs. NULL: failed. */
void *nncrt_alloc(nncrt_run *run, int64_t bytes);
/* The same for a tensor, checked against negative dims and overflow; the dummy on failure. */
void *nncrt_alloc_tensor(nncrt_run *run, int64_t element_bytes, int64_t rank, const int64_t *dims);
void nncrt_free(nncrt_run *run, void *p);

/* Copies bytes, or nothing after a failure. */
void nncrt_copy(nncrt_run *run, void *to, const void *from, int64_t bytes);

/* A buffer that grows: compiled code starts it with zeros and reads `data` after the last append. */
typedef struct {
  char *data;
  int64_t capacity, used;
} nncrt_stack;
void nncrt_append(nncrt_run *run, nncrt_stack *stack, const void *from, int64_t bytes);

/* Calls fn(args, begin, end, workspace) over a static partition of [0, items) into at most `threads` ranges of at least
 * `grain` items each, and returns when all are done. With less than two ranges, or inside another call, the caller does
 * it alone. Each range has a workspace of its own, of workspace_bytes aligned to 64, with nothing particular in it. */
typedef void (*nncrt_body)(void *args, int64_t begin, int64_t end, char *workspace);
void nncrt_parallel(nncrt_run *run, nncrt_body fn, void *args, int64_t items, int64_t grain);

/* nncrt_parallel for one group of the model's table (nnc_model.groups); with a profile being taken, its time counts. */
void nncrt_launch(nncrt_run *run, int32_t group, nncrt_body fn, void *args, int64_t items, int64_t grain);
/* The same for a kernel of few, long items that reads weights once: every other run takes them from the last to the
 * first, and so begins with those weights that the run before has left in a cache. */
void nncrt_launch_swinging(nncrt_run *run, int32_t group, nncrt_body fn, void *args, int64_t items, int64_t grain);
/* What the next launch of the group costs, where the table does not know (-1). */
void nncrt_cost(nncrt_run *run, int32_t group, int64_t flops, int64_t bytes);

/* Makes the run fail with a message in which %0 and %1 stand for a and b. The first failure of a run wins. */
void nncrt_fail(nncrt_run *run, const char *message, int64_t a, int64_t b);
/* The same, unless the condition holds. */
void nncrt_check(nncrt_run *run, int32_t holds, const char *message, int64_t a, int64_t b);

/* ---- the runtime's own ---- */

/* A context-owned output: its buffer lives until the slot's next run needs a larger one. */
typedef struct {
  void *data;
  uint64_t capacity;
  int64_t *shape; /* [ndim], where DLTensor.shape points */
} nncrt_owned_output;

/* A recyclable temporary; the memory that compiled code sees follows this header at NNCRT_ALIGN. */
typedef struct nncrt_block {
  struct nncrt_block *next;      /* of all */
  struct nncrt_block *next_free; /* of its size class */
  uint64_t size;
  bool used_in_run;
} nncrt_block;

/* What one run at a time works in. A context has as many slots as it ever had concurrent runs. */
struct nncrt_slot {
  nncrt_run run;
  nncrt_slot *next;
  _Atomic int32_t busy;
  _Atomic int32_t block_lock;
  nncrt_block *blocks;
  nncrt_block *free_blocks[64];     /* at n: those of 2^n to 2^(n+1) - 1 bytes */
  char *arena;
  bool owns_arena;
  char *workspaces;                 /* one for each thread of the context */
  void **in_data;
  const int64_t **in_dims;
  int64_t *symbol_values;           /* [num_symbols], -1 while unknown */
  int32_t *symbol_source;           /* [num_symbols]: the input that fixed it */
  nncrt_owned_output *outputs;      /* [num_outputs] */
};

/* The message of one calling thread's last failed run; `thread` is 0 while the record is free. */
typedef struct nncrt_error {
  struct nncrt_error *next;
  _Atomic uintptr_t thread;
  char message[NNCRT_MESSAGE_SIZE];
} nncrt_error;

struct nncrt_context {
  nnc_context base; /* first: the application holds a pointer to it */
  const nnc_model *model;
  const nncrt_model_data *data;
  int32_t (*entry)(nncrt_run *);
  int32_t threads;
  nnc_parallel_for parallel_for;
  void *parallel_for_user;
  nncrt_pool *pool;             /* NULL without one */
  _Atomic int32_t pool_busy;    /* a run owns the pool */
  nncrt_slot *_Atomic slots;
  nncrt_error *_Atomic errors;
  nnc_group_profile *_Atomic profile; /* [num_groups], the application's; NULL while nobody asks */
};

/* A message under construction; always terminated, cut where it is full. */
typedef struct {
  char *text;
  int32_t length;
} nncrt_text;
nncrt_text nncrt_text_begin(char buffer[NNCRT_MESSAGE_SIZE]);
void nncrt_text_string(nncrt_text *text, const char *s);
void nncrt_text_int(nncrt_text *text, int64_t value);
void nncrt_text_dtype(nncrt_text *text, DLDataType type);

/* slots.c */
nncrt_slot *nncrt_slot_create(nncrt_context *ctx, const nnc_options *options);
nncrt_slot *nncrt_slot_acquire(nncrt_context *ctx);
void nncrt_slot_release(nncrt_slot *slot);
void nncrt_slot_destroy(const nncrt_context *ctx, nncrt_slot *slot);

/* run.c, validate.c, errors.c: the functions behind nnc_api */
nnc_status nncrt_run_model(nnc_context *ctx, const DLTensor *inputs, DLTensor *outputs);
bool nncrt_bind_inputs(nncrt_slot *slot, const DLTensor *inputs);
bool nncrt_check_outputs(nncrt_slot *slot, const DLTensor *inputs, const DLTensor *outputs);
bool nncrt_reject(nncrt_run *run, nnc_status status); /* sets the status; false, for `return` */
const char *nncrt_error_text(const nnc_context *ctx);
void nncrt_error_set(nncrt_context *ctx, const char *message);
void nncrt_error_clear(nncrt_context *ctx);
void nncrt_errors_destroy(nncrt_context *ctx);

/* profile.c */
nnc_status nncrt_set_profile(nnc_context *ctx, nnc_group_profile *groups);

/* outputs.c */
uint64_t nncrt_element_bytes(DLDataType type);
bool nncrt_tensor_bytes(DLDataType type, int32_t rank, const int64_t *dims, uint64_t *bytes); /* false: overflow */

/* memory.c */
void *nncrt_allocate(uint64_t bytes); /* zero bytes are fine; aligned to NNCRT_ALIGN; NULL: out of memory */
void nncrt_release(void *p);
void nncrt_recycle(nncrt_slot *slot); /* after a run: frees what it did not use, takes back the rest */
void nncrt_blocks_destroy(nncrt_slot *slot);

/* clock.c */
uint64_t nncrt_nanoseconds(void); /* since some moment in the past */

/* cores.c */
typedef struct {
  uint64_t mask[16]; /* a bit for each core */
  long bytes;        /* of the mask that the system uses; not above 0: nothing is known */
} nncrt_cores;
int32_t nncrt_thread_id(void);
/* Keeps a sleeping thread off the caller's core, if it may run on others; `allowed` remembers where it may. */
void nncrt_keep_off_own_core(int32_t thread, nncrt_cores *allowed);
/* Undoes that for the calling thread. */
void nncrt_allow_all_cores(nncrt_cores *allowed);

/* pool.c. `expects_long`: runs last longer than this, in nanoseconds, and are worth waking threads for. */
enum { NNCRT_LONG_RUN = 100000 };
nncrt_pool *nncrt_pool_create(int32_t threads, bool expects_long);
void nncrt_pool_destroy(nncrt_pool *pool);
int32_t nncrt_pool_threads(const nncrt_pool *pool);
void nncrt_pool_run(nncrt_pool *pool, const nncrt_split *split);
void nncrt_pool_end_run(nncrt_pool *pool);

/* parallel.c: a range cut into parts, and the run of one of them */
struct nncrt_split {
  nncrt_body fn;
  void *args;
  int64_t items;
  int32_t parts;
  bool backwards;
  char *workspaces;
  uint64_t workspace_bytes;
};
/* Items of a split that run as one call. */
typedef struct {
  nncrt_body fn;
  void *args;
  int64_t begin, end; /* begin > end: item by item from begin - 1 down to end */
  char *workspace;
} nncrt_part;
nncrt_part nncrt_part_of(const nncrt_split *split, int32_t part);
void nncrt_part_run(const nncrt_part *part);
/* Of one thread, a multiple of NNCRT_ALIGN. */
static inline uint64_t nncrt_workspace_bytes(const nnc_model *model) {
  return (model->workspace_bytes + NNCRT_ALIGN - 1) & ~(uint64_t)(NNCRT_ALIGN - 1);
}

/* cpu_level.c */
const nncrt_level *nncrt_best_level(const nncrt_model_data *data); /* NULL: none fits this CPU */

/* ---- libc, as listed in libc/ ---- */

void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);
int posix_memalign(void **, size_t, size_t);
void free(void *);
typedef struct {
  long seconds, nanoseconds;
} nncrt_timespec; /* struct timespec of every 64-bit Linux */
int clock_gettime(int clock, nncrt_timespec *);
long syscall(long, ...);
uintptr_t pthread_self(void);
/* Weak: a glibc before 2.34 has them in libpthread only; a context then has no pool. */
__attribute__((weak)) int pthread_create(uintptr_t *, const void *, void *(*)(void *), void *);
__attribute__((weak)) int pthread_join(uintptr_t, void **);
unsigned long getauxval(unsigned long);

#endif
