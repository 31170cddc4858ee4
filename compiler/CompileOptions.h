//===- CompileOptions.h - what a user can say about a compilation -------------===//
#ifndef NNC_COMPILER_COMPILEOPTIONS_H
#define NNC_COMPILER_COMPILEOPTIONS_H

#include "compiler/Target.h"
#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace nnc {

/// The stages of the pipeline, in order. What `--emit` and `--until` name.
enum class Stage { Import, Graph, Loops, Memory, Llvm };

/// What a compilation produces.
enum class OutputKind { Nothing, Ir, LlvmIr, Assembly, Object, Archive, Header, SharedLibrary };

struct CompileOptions {
  std::string input, output;
  OutputKind kind = OutputKind::SharedLibrary;
  /// The last stage to run, for OutputKind::Ir (whose IR is printed) and OutputKind::Nothing.
  Stage until = Stage::Llvm;
  /// A C identifier; "" takes it from the input's file name.
  std::string name;
  std::string target, cpu;
  unsigned optLevel = 2;
  /// Allow Winograd's algorithm for convolutions.
  bool winograd = true;
  /// Allow Strassen's algorithm for matrix products.
  bool strassen = true;
  /// Threads that compile; 0: one per core. The output does not depend on it.
  unsigned threads = 0;
  /// `name=N` and `input:AxBxC`, as written.
  std::vector<std::string> dims;
  /// Where to write the report; "": nowhere.
  std::string report;
  /// Whether the IR is verified between passes: a mistake of ours then is an error, not wrong code.
  bool verify = false;
  /// Whether to say how large things are.
  bool verbose = false;
};

} // namespace nnc

#endif
