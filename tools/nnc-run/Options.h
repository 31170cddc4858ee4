//===- Options.h - nnc-run's command line -----------------------------------------------------------------------===//
#ifndef NNC_TOOLS_NNCRUN_OPTIONS_H
#define NNC_TOOLS_NNCRUN_OPTIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nnc::run {

struct Options {
  std::string model;
  std::vector<std::string> inputs;
  std::string save;
  std::string compare;
  double rtol = 1e-3;
  double atol = 1e-7;
  std::optional<double> relToMax;
  int threads = 1;
  std::optional<double> benchSeconds, profileSeconds;
  std::vector<std::pair<std::string, int64_t>> dims;
  uint64_t seed = 0;
  bool info = false;
  bool peak = false;
  bool help = false;
  bool version = false;
};

/// Reads the command line. `--inputs` and `--dim` take every word up to the next option; all other options take one,
/// also as `--option=value`.
llvm::Expected<Options> parseCommandLine(llvm::ArrayRef<const char *> arguments);

/// What --help prints.
extern const char *const kHelp;

} // namespace nnc::run

#endif
