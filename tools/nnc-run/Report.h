//===- Report.h - What nnc-run prints ---------------------------------------------------------------------------===//
#ifndef NNC_TOOLS_NNCRUN_REPORT_H
#define NNC_TOOLS_NNCRUN_REPORT_H

#include "tools/nnc-run/Model.h"
#include "tools/nnc-run/Options.h"

#include "llvm/Support/raw_ostream.h"

namespace nnc::run {

/// The model's inputs, outputs, memory and CPU levels.
void printInfo(const Model &model, llvm::raw_ostream &os);

/// Each output's shape, range, mean and first values.
void printOutputs(llvm::ArrayRef<io::TensorView> outputs, llvm::raw_ostream &os);

/// Compares each output with what is expected and prints a line about it. True when all are right.
bool compareOutputs(llvm::ArrayRef<io::TensorView> outputs, llvm::ArrayRef<io::Tensor> expected,
                    const Options &options, llvm::raw_ostream &os);

/// Runs the model again and again and prints the times.
llvm::Error benchmark(Model &model, llvm::ArrayRef<io::Tensor> inputs, double seconds, llvm::raw_ostream &os);

/// Runs the model again and again with its groups' times taken, and prints what each takes against what the machine can
/// do on so many threads.
llvm::Error profile(Model &model, llvm::ArrayRef<io::Tensor> inputs, double seconds, int threads,
                    llvm::raw_ostream &os);

} // namespace nnc::run

#endif
