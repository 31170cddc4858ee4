//===- Peak.h - What this machine can do at most
//----------------------------------------------------------------===//
#ifndef NNC_TOOLS_NNCRUN_PEAK_H
#define NNC_TOOLS_NNCRUN_PEAK_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

namespace nnc::run {

/// Measured on so many threads at once; 0 where nothing could be measured.
struct Peak {
  double flops = 0; ///< of f32 per second, by a loop of independent multiply-adds in registers
  double bytes = 0; ///< read from memory per second, by a loop that streams through more than the caches hold
  unsigned vectorBits = 0;
};

/// Takes about a third of a second. `level` is the CPU level that the model runs, which decides the vectors.
Peak measurePeak(llvm::StringRef level, int threads);

/// Prints the peak for each width of vectors that this CPU has.
void printPeak(int threads, llvm::raw_ostream &os);

} // namespace nnc::run

#endif
