#include "passes/lower/LanePlaces.h"

#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

Value positionsOf(KernelBuilder &k, const Spot &at) {
  Value position = spread(k, k.fromIndex(at.position, k.b.getI64Type()), at.shape);
  auto type = dyn_cast<VectorType>(position.getType());
  if (!type || !at.alongLane)
    return position;
  SmallVector<int64_t> steps = llvm::to_vector(llvm::seq<int64_t>(0, type.getNumElements()));
  Value step = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(type, ArrayRef<int64_t>(steps)));
  return arith::AddIOp::create(k.b, k.loc, position, step);
}

Value placeOf(KernelBuilder &k, Lane &lane, const FlatTensor &x, Value value, bool isLast) {
  Accumulator places = accumulator(isLast ? Join::max : Join::min, k.b.getI64Type(), /*isUnsigned=*/false);
  return lane.fold(places, [&](Spot at) -> Value {
    Value element = x.load(at.shape, at.offset), wanted = spread(k, value, at.shape), found;
    if (isa<FloatType>(getElementTypeOrSelf(element.getType()))) {
      Value equal = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::OEQ, element, wanted);
      Value isNan = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::UNO, element, element);
      found = arith::OrIOp::create(k.b, k.loc, equal, isNan);
    } else {
      found = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq, element, wanted);
    }
    Value none = spread(k, arith::ConstantOp::create(k.b, k.loc, places.neutral), at.shape);
    return arith::SelectOp::create(k.b, k.loc, found, positionsOf(k, at), none);
  });
}

} // namespace nnc
