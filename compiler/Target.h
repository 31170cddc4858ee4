//===- Target.h - what code is made for -------------------------------------===//
//
// A target is a triple and the CPU levels that one output file holds code for, worst first. The runtime inside the
// file picks the best level that the CPU has (runtime/cpu_level.c).
//
//===----------------------------------------------------------------------===//
#ifndef NNC_COMPILER_TARGET_H
#define NNC_COMPILER_TARGET_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace nnc {

/// Registers the code generators that nnc uses. Cheap to call again, from any thread.
void initializeTargets();

/// One set of CPU features that code is generated for.
struct CpuLevel {
  /// What users see, e.g. "x86-64-v3".
  std::string name;
  /// What symbols end in, e.g. "v3".
  std::string suffix;
  /// LLVM's CPU and feature string.
  std::string cpu, features;
  /// Width of the widest vector register that code should use.
  unsigned vectorBits = 128;
  /// How many products of bytes one instruction sums (KernelTarget in passes/lower/KernelBuilder.h).
  unsigned byteSums = 1;
  /// Whether one instruction sums two products of bf16.
  bool brainPairs = false;
  /// Whether two multiply-adds of 512 bits start in every cycle (KernelTarget).
  bool twoMultipliers = false;
  /// Whether a unit multiplies matrices of bytes (KernelTarget).
  bool matrixUnit = false;
  /// The suffix of the level whose kernels it takes where its own would be the same; "": none has such kernels.
  std::string lender;
  /// Whether it has instructions that multiply and add with one rounding.
  bool fuses = true;
  /// LLVM's prefer-vector-width; 0: its default.
  unsigned preferVectorWidth = 0;
  /// What the runtime must find on the CPU: bits of runtime/cpu_features.def.
  uint64_t requiredFeatures = 0;
  /// Every LLVM feature name that is on, sorted.
  std::vector<std::string> enabledFeatures;

  /// True when this level has the LLVM feature, e.g. "avx512vnni".
  bool has(llvm::StringRef feature) const;
};

/// What a model multiplies that some levels have code of their own for.
struct Products {
  bool bytes = false;
  /// bf16
  bool brains = false;
  /// Some kernels are others where two multiply-adds start in a cycle (KernelLowering::differsOnIntel).
  bool dense = false;
};

struct Target {
  llvm::Triple triple;
  std::vector<CpuLevel> levels;

  /// Reads --target and --cpu. `target`: a triple such as aarch64-linux-gnu; "" is the host's architecture.
  /// `cpu`: "", for the default levels; "native"; or a comma-separated list of level names and LLVM CPU names,
  /// worst first. x86 levels that end in -vnni have the instructions for products of bytes, x86-64-v4-bf16 those
  /// for products of bf16 too, x86-64-v4-intel is planned for two multiply-adds of 512 bits a cycle, and x86-64-v4-amx
  /// has all of that and AMX's products of bytes; they are among the default levels of models with such `products`.
  static llvm::Expected<Target> parse(llvm::StringRef target, llvm::StringRef cpu, Products products = {});

  /// The code generator for a level, or for any CPU of the architecture where `level` is null (the runtime).
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createMachine(const CpuLevel *level,
                                                                     llvm::CodeGenOptLevel optLevel) const;
};

} // namespace nnc

#endif
