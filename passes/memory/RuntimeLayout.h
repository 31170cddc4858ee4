//===- RuntimeLayout.h - fields of nncrt_run that compiled code reads ---------===//
//
// Byte offsets into the runtime's `nncrt_run` (runtime/internal.h asserts the same numbers).
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_MEMORY_RUNTIMELAYOUT_H
#define NNC_PASSES_MEMORY_RUNTIMELAYOUT_H

#include <cstdint>

namespace nnc::runtime_layout {

inline constexpr int64_t inputData = 0;  ///< void *const *, one per input
inline constexpr int64_t inputDims = 8;  ///< const int64_t *const *, one per input
inline constexpr int64_t arena = 16;     ///< char *, 64-aligned
inline constexpr int64_t weights = 24;   ///< const char *
inline constexpr int64_t status = 32;    ///< int32_t

} // namespace nnc::runtime_layout

#endif
