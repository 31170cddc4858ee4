#include "passes/graph/SpentConstants.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace nnc {

SpentConstants::SpentConstants(Operation *root) {
  root->walk([&](nn::ConstantOp op) { ++owners[op.getValue()]; });
}

void SpentConstants::release(nn::ConstantOp constant) {
  if (!constant || !constant->use_empty())
    return;
  auto owner = owners.find(constant.getValue());
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  constant.erase();
  if (owner == owners.end() || --owner->second > 0 || !resource)
    return;
  DenseResourceElementsHandle handle = resource.getRawHandle();
  DenseResourceElementsHandle::getManagerInterface(resource.getContext())
      .getBlobManager()
      .update(handle.getKey(), AsmResourceBlob());
}

} // namespace nnc
