//===- InputRules.h - the inputs of operators without a schema ----------------===//
#ifndef NNC_FRONTENDS_ONNX_OPS_INPUTRULES_H
#define NNC_FRONTENDS_ONNX_OPS_INPUTRULES_H

#include "frontends/onnx/NodeImporter.h"

namespace nnc::onnx {

enum class Takes { real, integer, longInteger };

struct InputRule {
  Takes what;
  bool isOptional = false;
};

/// Checks the inputs of an operator of com.microsoft: those it needs are there, those of `real` have one type, integers
/// are int32 and long ones int64, all have a known rank, and there are no others.
llvm::LogicalResult checkInputs(NodeImporter &node, llvm::ArrayRef<InputRule> rules);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_OPS_INPUTRULES_H
