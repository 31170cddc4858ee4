/* nnc.h - the whole contract between a compiled model and an application (C11, C++17).
 *
 * A compiled model is one constant, `<name>_model`, exported by the .so or .a that nnc wrote. Everything an
 * application does goes through it, so two models link into one program without clashing:
 *
 *     extern const nnc_model resnet_model;                       // or dlsym(handle, "resnet_model")
 *     nnc_context *ctx = NULL;
 *     nnc_create(&resnet_model, NULL, &ctx);                     // one thread, memory owned by the context
 *     DLTensor in[] = {image}, out[1] = {0};                     // out[0].data == NULL: the context provides it
 *     if (nnc_run(ctx, in, out) != NNC_OK) puts(nnc_error(ctx));
 *     nnc_destroy(ctx);
 *
 * Threads. A context may be used by several threads at once: each concurrent nnc_run takes a scratch slot of its
 * own, the first one gets the thread pool and the others run on their caller. Context-provided outputs belong to
 * the slot that ran, so concurrent callers pass output buffers of their own.
 */
#ifndef NNC_NNC_H
#define NNC_NNC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tensors cross the border as DLPack's DLTensor (https://dmlc.github.io/dlpack). The declarations below are used
 * unless dlpack.h itself was included before; both describe the same bytes. */
#ifndef DLPACK_DLPACK_H_
#define DLPACK_DLPACK_H_
typedef enum { kDLCPU = 1, kDLCUDA = 2 } DLDeviceType;
typedef struct {
  DLDeviceType device_type;
  int32_t device_id;
} DLDevice;
typedef enum {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLBfloat = 4,
  kDLComplex = 5,
  kDLBool = 6,
  kDLFloat8_e4m3fn = 10,
  kDLFloat8_e4m3fnuz = 11,
  kDLFloat8_e5m2 = 12,
  kDLFloat8_e5m2fnuz = 13,
  kDLFloat8_e8m0fnu = 14,
  kDLFloat4_e2m1fn = 17
} DLDataTypeCode;
typedef struct {
  uint8_t code;  /* DLDataTypeCode */
  uint8_t bits;  /* of one element; types narrower than a byte take a whole byte each:
                    signed integers sign-extended, unsigned ones zero-extended, floats in the low bits */
  uint16_t lanes;
} DLDataType;
typedef struct {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;       /* [ndim] */
  int64_t *strides;     /* NULL, or [ndim] in elements and describing a dense row-major tensor */
  uint64_t byte_offset;
} DLTensor;
#endif

#define NNC_ABI_VERSION 1
#define NNC_ABI_MINOR_VERSION 1

typedef enum {
  NNC_OK = 0,
  NNC_INVALID_ARGUMENT = 1,  /* a null pointer, a wrong dtype, rank, dim, device or layout */
  NNC_OUT_OF_MEMORY = 2,
  NNC_RUNTIME_ERROR = 3,     /* the model itself failed on these values, e.g. an index out of range */
  NNC_UNSUPPORTED_CPU = 4    /* the file holds no code for this CPU */
} nnc_status;

typedef struct nnc_context nnc_context;
typedef struct nnc_model nnc_model;

/* One input or output. dims[i] is -1 where the size is only known at run time; symbols[i] is then its name, or
 * NULL where it has none. Dims that share a symbol must be equal in one run. */
typedef struct {
  const char *name;
  DLDataType dtype;
  int32_t ndim;
  const int64_t *dims;          /* [ndim] */
  const char *const *symbols;   /* [ndim] */
} nnc_value_info;

/* Runs body(arg, i) once for every i in [0, tasks), in any order and on any threads, and returns when all are done. */
typedef void (*nnc_task)(void *arg, int64_t index);
typedef void (*nnc_parallel_for)(void *user, nnc_task body, void *arg, int64_t tasks);

/* How a context behaves; zero-initialize it for the defaults. */
typedef struct {
  int32_t threads;                /* 0 and 1: the caller's thread alone, no pool; at most 1024. Where the system
                                     grants fewer threads, the context works with those */
  nnc_parallel_for parallel_for;  /* the application's own threads instead of a pool; `threads` tasks per call */
  void *parallel_for_user;
  void *scratch;                  /* scratch_bytes() of memory aligned to 64, owned by the caller, or NULL; it serves
                                     one run at a time */
  size_t scratch_size;            /* bytes at `scratch` */
} nnc_options;

/* One group: nodes of the network that run as one kernel. The order is that of the code; under control flow a group
 * may run any number of times. */
typedef struct {
  const char *nodes;              /* what it was made from, "conv1 + relu1" */
  const char *op;                 /* the op that the others are fused around, "nn.conv"; "elementwise" without one */
  const char *kernel;             /* its code: equal names are one function */
  int64_t flops, bytes;           /* of one launch: arithmetic, and bytes of operands and results, each counted once;
                                     -1 where they depend on the shapes of the run */
} nnc_group_info;

/* What the launches of one group came to. */
typedef struct {
  uint64_t calls, nanoseconds;
  uint64_t flops, bytes;          /* sums over the launches */
} nnc_group_profile;

/* The functions of the runtime that is inside the model's own file. Call them through the wrappers below. */
typedef struct {
  nnc_status (*create)(const nnc_model *, const nnc_options *, nnc_context **);
  void (*destroy)(nnc_context *);
  nnc_status (*run)(nnc_context *, const DLTensor *inputs, DLTensor *outputs);
  const char *(*error)(const nnc_context *);
  const char *(*cpu_level)(const nnc_model *);
  nnc_status (*profile)(nnc_context *, nnc_group_profile *groups); /* since minor version 1 */
} nnc_api;

/* The descriptor of a compiled model. Fields are only ever appended; check abi_version first. */
struct nnc_model {
  uint32_t abi_version;             /* NNC_ABI_VERSION */
  uint32_t minor_version;           /* counts what was appended: 1: groups and nnc_profile */
  const char *name;
  int32_t num_inputs, num_outputs;
  const nnc_value_info *inputs;     /* [num_inputs] */
  const nnc_value_info *outputs;    /* [num_outputs] */
  uint64_t scratch_bytes;           /* one run's planned arena; tensors whose shape is only known at run time and the
                                       workspaces of threads come on top, from the context */
  uint64_t weight_bytes;            /* constants in the file */
  const char *const *cpu_levels;    /* NULL-terminated, best last, e.g. {"x86-64-v3", "x86-64-v4", NULL} */
  const char *producer;             /* "nnc <version>" */
  const nnc_api *api;
  const void *internal;             /* the runtime's own */
  uint64_t workspace_bytes;         /* what each thread of a context works in, besides scratch_bytes */
  int64_t num_groups;
  const nnc_group_info *groups;     /* [num_groups] */
};

/* Makes a context. On failure *ctx is NULL; the status says why (there is no context to ask for a message). */
static inline nnc_status nnc_create(const nnc_model *model, const nnc_options *options, nnc_context **ctx) {
  if (ctx)
    *ctx = NULL;
  return model ? model->api->create(model, options, ctx) : NNC_INVALID_ARGUMENT;
}

/* Frees the context, its threads and every output that it provided. NULL is fine. */
static inline void nnc_destroy(nnc_context *ctx);

/* Runs the model once. inputs: [num_inputs]; outputs: [num_outputs], each either with `data` set to a dense buffer
 * of the right dtype and shape, or with `data` NULL: then dtype, ndim, shape and data are filled in and belong to
 * the context until its next run. Output buffers overlap neither an input nor each other. Re-entrant. On static
 * shapes it allocates nothing after the first run. */
static inline nnc_status nnc_run(nnc_context *ctx, const DLTensor *inputs, DLTensor *outputs);

/* One line on why the calling thread's last nnc_run on this context failed; "" if it did not. */
static inline const char *nnc_error(const nnc_context *ctx);

/* The level of this model's code that this CPU runs, e.g. "x86-64-v3"; NULL where there is none. */
static inline const char *nnc_cpu_level(const nnc_model *model) { return model->api->cpu_level(model); }

/* From now on every run of the context adds what it costs to `groups`, of the application's, [num_groups]; NULL ends
 * that. Not to be changed while a run is under way. Only for models whose minor_version is 1 or more. */
static inline nnc_status nnc_profile(nnc_context *ctx, nnc_group_profile *groups);

/* The first member of every context, so that the wrappers find the functions of the file that made it. */
struct nnc_context {
  const nnc_api *api;
};

static inline void nnc_destroy(nnc_context *ctx) {
  if (ctx)
    ctx->api->destroy(ctx);
}
static inline nnc_status nnc_run(nnc_context *ctx, const DLTensor *inputs, DLTensor *outputs) {
  return ctx ? ctx->api->run(ctx, inputs, outputs) : NNC_INVALID_ARGUMENT;
}
static inline nnc_status nnc_profile(nnc_context *ctx, nnc_group_profile *groups) {
  return ctx ? ctx->api->profile(ctx, groups) : NNC_INVALID_ARGUMENT;
}
static inline const char *nnc_error(const nnc_context *ctx) { return ctx ? ctx->api->error(ctx) : ""; }

#ifdef __cplusplus
}
#endif
#endif
