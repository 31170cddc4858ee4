//===- Report.h - what a compilation did, as one HTML page --------------------===//
//
// The page shows the groups with their kernels and costs, how they feed each other, and where their results
// lie in the arena over time. It needs no other file, no network and no script, and depends on nothing but
// the model and the options: the same input gives the same bytes.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_COMPILER_REPORT_H
#define NNC_COMPILER_REPORT_H

#include "compiler/ModelInfo.h"
#include "llvm/Support/MemoryBufferRef.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace nnc {

/// A tensor in the arena. Times are numbers of groups.
struct ReportTensor {
  int64_t offset, bytes, begin, end;
};

/// A group as one CPU level has it.
struct ReportGroup {
  GroupInfo info;
  /// What its lowering says about tiles, "" where it says nothing.
  std::string plan;
  /// The groups whose results it reads.
  std::vector<int64_t> inputs;
};

/// The code of one CPU level.
struct ReportLevel {
  std::string name;
  uint64_t codeBytes = 0, arenaBytes = 0, liveBytes = 0, workspaceBytes = 0;
  std::vector<ReportGroup> groups;
  std::vector<ReportTensor> tensors;
};

struct Report {
  std::string file;
  ModelInfo model;
  std::vector<ReportLevel> levels;
};

/// Reads what the memory stage left on the module.
ReportLevel reportLevel(mlir::ModuleOp module, llvm::StringRef name);

/// Bytes of machine code in an object file; 0 where it is none.
uint64_t codeBytes(llvm::MemoryBufferRef object);

/// Writes the page.
void writeReport(const Report &report, llvm::raw_ostream &os);

// What the page is made of (ReportCharts.cpp).
/// Text that means itself in HTML: markup, control characters and what is not UTF-8 are escaped.
std::string htmlText(llvm::StringRef text);
/// 1234567 -> "1.23 M".
std::string quantity(double number, llvm::StringRef unit);
std::string byteCount(double bytes);
/// The arena over time as rectangles.
void drawArena(const ReportLevel &level, llvm::raw_ostream &os);
/// The groups and what flows between them.
void drawGroups(const ReportLevel &level, llvm::raw_ostream &os);

} // namespace nnc

#endif
