/* Messages: building them, and keeping one per calling thread.
 *
 * Thread-local storage would need the dynamic loader's help (or a static TLS slot that not every libc grants to a
 * dlopen'ed file), so a context keeps a list of records keyed by thread. A record belongs to its thread from a
 * failed run until that thread's next good one; the list only grows. */
#include "internal.h"

static nncrt_error *find_record(const nncrt_context *ctx) {
  uintptr_t self = pthread_self();
  for (nncrt_error *e = atomic_load_explicit(&ctx->errors, memory_order_acquire); e; e = e->next)
    if (atomic_load_explicit(&e->thread, memory_order_relaxed) == self)
      return e;
  return NULL;
}

/* A free record, or a new one. */
static nncrt_error *claim_record(nncrt_context *ctx) {
  uintptr_t self = pthread_self();
  for (nncrt_error *e = atomic_load_explicit(&ctx->errors, memory_order_acquire); e; e = e->next) {
    uintptr_t nobody = 0;
    if (atomic_compare_exchange_strong_explicit(&e->thread, &nobody, self, memory_order_acquire,
                                                memory_order_relaxed))
      return e;
  }
  nncrt_error *e = nncrt_allocate(sizeof *e);
  if (!e)
    return NULL;
  e->thread = self;
  nncrt_error *head = atomic_load_explicit(&ctx->errors, memory_order_relaxed);
  do
    e->next = head;
  while (!atomic_compare_exchange_weak_explicit(&ctx->errors, &head, e, memory_order_release,
                                                memory_order_relaxed));
  return e;
}

void nncrt_error_set(nncrt_context *ctx, const char *message) {
  nncrt_error *e = find_record(ctx);
  if (!e && !(e = claim_record(ctx)))
    return; /* out of memory: the status alone has to say it */
  nncrt_text text = nncrt_text_begin(e->message);
  nncrt_text_string(&text, message);
}

void nncrt_error_clear(nncrt_context *ctx) {
  if (!atomic_load_explicit(&ctx->errors, memory_order_relaxed))
    return; /* the usual case: no run of this context ever failed */
  nncrt_error *e = find_record(ctx);
  if (e)
    atomic_store_explicit(&e->thread, 0, memory_order_release);
}

const char *nncrt_error_text(const nnc_context *base) {
  const nncrt_error *e = base ? find_record((const nncrt_context *)base) : NULL;
  return e ? e->message : "";
}

void nncrt_errors_destroy(nncrt_context *ctx) {
  for (nncrt_error *e = ctx->errors, *next; e; e = next) {
    next = e->next;
    nncrt_release(e);
  }
}

nncrt_text nncrt_text_begin(char buffer[NNCRT_MESSAGE_SIZE]) {
  buffer[0] = 0;
  return (nncrt_text){buffer, 0};
}

void nncrt_text_string(nncrt_text *text, const char *s) {
  while (*s && text->length < NNCRT_MESSAGE_SIZE - 1)
    text->text[text->length++] = *s++;
  text->text[text->length] = 0;
}

void nncrt_text_int(nncrt_text *text, int64_t value) {
  char digits[24];
  int32_t at = sizeof digits - 1;
  digits[at] = 0;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do
    digits[--at] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (value < 0)
    digits[--at] = '-';
  nncrt_text_string(text, digits + at);
}

static const char *dtype_name(uint8_t code) {
  switch (code) {
  case kDLInt:
    return "int";
  case kDLUInt:
    return "uint";
  case kDLFloat:
    return "float";
  case kDLBfloat:
    return "bfloat";
  case kDLComplex:
    return "complex";
  case kDLBool:
    return "bool";
  case kDLFloat8_e4m3fn:
    return "float8_e4m3fn/";
  case kDLFloat8_e4m3fnuz:
    return "float8_e4m3fnuz/";
  case kDLFloat8_e5m2:
    return "float8_e5m2/";
  case kDLFloat8_e5m2fnuz:
    return "float8_e5m2fnuz/";
  case kDLFloat8_e8m0fnu:
    return "float8_e8m0fnu/";
  case kDLFloat4_e2m1fn:
    return "float4_e2m1fn/";
  default:
    return "unknown";
  }
}

void nncrt_text_dtype(nncrt_text *text, DLDataType type) {
  nncrt_text_string(text, dtype_name(type.code));
  nncrt_text_int(text, type.bits);
  if (type.lanes != 1) {
    nncrt_text_string(text, "x");
    nncrt_text_int(text, type.lanes);
  }
}
