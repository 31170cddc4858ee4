//===- InputRules.cpp - the inputs of operators without a schema --------------===//
#include "frontends/onnx/ops/InputRules.h"

using namespace mlir;

namespace nnc::onnx {

LogicalResult checkInputs(NodeImporter &node, ArrayRef<InputRule> rules) {
  Type real;
  for (unsigned i = 0; i < std::max<size_t>(node.numInputs(), rules.size()); ++i) {
    if (!node.hasInput(i)) {
      if (i < rules.size() && !rules[i].isOptional)
        return node.error("input " + Twine(i) + " is missing");
      continue;
    }
    if (i >= rules.size())
      return node.error("unsupported: input " + Twine(i));
    if (!isa<RankedTensorType>(node.input(i).getType()))
      return node.error("input " + Twine(i) + " has no known rank");
    Type type = node.elementType(i);
    switch (rules[i].what) {
    case Takes::real:
      if (!isa<FloatType>(type))
        return node.error("input " + Twine(i) + " is no tensor of floats");
      if (real && type != real)
        return node.error("the inputs have different element types");
      real = type;
      break;
    case Takes::integer:
    case Takes::longInteger: {
      int64_t width = rules[i].what == Takes::integer ? 32 : 64;
      if (!type.isSignlessInteger(width))
        return node.error("input " + Twine(i) + " is no tensor of int" + Twine(width));
    }
    }
  }
  return node.status();
}

} // namespace nnc::onnx
