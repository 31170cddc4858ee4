/* Which of a model's code levels this CPU, as its operating system lets it, can run. */
#include "internal.h"

#if defined(__x86_64__)

typedef struct {
  uint32_t A, B, C, D;
} registers;

static registers cpuid(uint32_t leaf, uint32_t subleaf) {
  registers r;
  __asm__ volatile("cpuid" : "=a"(r.A), "=b"(r.B), "=c"(r.C), "=d"(r.D) : "a"(leaf), "c"(subleaf));
  return r;
}

/* Zero where the CPU does not know the leaf: cpuid would answer with the data of another one. */
static registers cpuid_or_zero(uint32_t leaf, uint32_t subleaf) {
  if (cpuid(leaf & 0x80000000u, 0).A < leaf)
    return (registers){0, 0, 0, 0};
  if (subleaf > 0 && cpuid(leaf, 0).A < subleaf)
    return (registers){0, 0, 0, 0};
  return cpuid(leaf, subleaf);
}

static uint32_t enabled_states(void) {
  if (!(cpuid_or_zero(1, 0).C & (1u << 27))) /* OSXSAVE */
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

enum { STATE_NONE = 0, STATE_YMM = 0x6, STATE_ZMM = 0xe6, STATE_TILE = 0x60000 };

static uint64_t cpu_features(void) {
  uint32_t states = enabled_states();
  uint64_t features = 0;
  registers r = {0, 0, 0, 0};
  uint64_t current = UINT64_MAX;
#define NNCRT_X86(bit, name, leaf, subleaf, reg, regbit, state)                                             \
  if (current != ((uint64_t)(leaf) << 32 | (subleaf))) {                                                    \
    current = (uint64_t)(leaf) << 32 | (subleaf);                                                           \
    r = cpuid_or_zero(leaf, subleaf);                                                                       \
  }                                                                                                         \
  if ((r.reg >> (regbit) & 1) && (states & STATE_##state) == STATE_##state)                                 \
    features |= UINT64_C(1) << (bit);
#include "cpu_features.def"
  r = cpuid(0, 0);
  if (r.B == 0x756e6547 && r.D == 0x49656e69 && r.C == 0x6c65746e) /* GenuineIntel */
    features |= UINT64_C(1) << NNCRT_X86_INTEL_BIT;
  return features;
}

#define TILES (UINT64_C(1) << NNCRT_X86_TILE_BIT)

/* Tiles take 8 KiB of every thread's state: Linux lets a process use them once it has asked. */
static bool may_use_tiles(void) {
  enum { SYS_arch_prctl = 158, ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

#else

#define TILES 0

static bool may_use_tiles(void) { return false; }

static uint64_t cpu_features(void) {
  enum { HWCAP = 16, HWCAP2 = 26 }; /* AT_HWCAP, AT_HWCAP2 */
  uint64_t features = 0;
#define NNCRT_WORD(bit, word, hwcap)                                                                        \
  if (getauxval((word) == 1 ? HWCAP : HWCAP2) >> (hwcap) & 1)                                               \
    features |= UINT64_C(1) << (bit);
#if defined(__aarch64__)
#define NNCRT_AARCH64(bit, name, word, hwcap) NNCRT_WORD(bit, word, hwcap)
#else
#define NNCRT_RISCV(bit, name, word, hwcap) NNCRT_WORD(bit, word, hwcap)
#endif
#include "cpu_features.def"
  return features;
}

#endif

const nncrt_level *nncrt_best_level(const nncrt_model_data *data) {
  uint64_t features = cpu_features();
  for (int32_t i = data->num_levels - 1; i >= 0; --i) {
    uint64_t needed = data->levels[i].features;
    if ((needed & ~features) == 0 && (!(needed & TILES) || may_use_tiles()))
      return &data->levels[i];
  }
  return NULL;
}
