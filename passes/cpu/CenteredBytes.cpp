#include "passes/cpu/CenteredBytes.h"

#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "passes/graph/Constants.h"

using namespace mlir;

namespace nnc {

static RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

std::optional<CenteredBytes> CenteredBytes::find(Value value) {
  CenteredBytes found;
  RankedTensorType type = typeOf(value);
  if (auto sub = value.getDefiningOp<nn::BinaryOp>(); sub && sub.getKind() == nn::BinaryKind::sub) {
    auto cast = sub.getB().getDefiningOp<nn::CastOp>();
    if (auto number = uniformNumber(sub.getB())) {
      found.zero = static_cast<int64_t>(*number);
    } else if (cast && typeOf(cast.getX()) && typeOf(cast.getX()).getRank() == 0) {
      found.zeroByte = cast.getX();
      found.zeroNumber = sub.getB();
    } else {
      return std::nullopt;
    }
    value = sub.getA();
  }
  auto cast = value.getDefiningOp<nn::CastOp>();
  if (!cast || !typeOf(cast.getX()) || !nn::isByte(typeOf(cast.getX()).getElementType()))
    return std::nullopt;
  found.bytes = cast.getX();
  Type element = typeOf(found.bytes).getElementType();
  if (!type || typeOf(found.bytes).getShape() != type.getShape() ||
      (found.zeroByte && typeOf(found.zeroByte).getElementType() != element))
    return std::nullopt;
  // Padding is the zero point, as a byte.
  int64_t least = element.isUnsignedInteger() ? 0 : -128;
  if (found.zero < least || found.zero > least + 255)
    return std::nullopt;
  return found;
}

Type byteTypeOf(const Elements &weight, int64_t count, MLIRContext *context) {
  int64_t low = 0, high = 0;
  for (int64_t i = 0; i < (weight.isSplat ? 1 : count); ++i) {
    low = std::min<int64_t>(low, weight.i32(i));
    high = std::max<int64_t>(high, weight.i32(i));
  }
  if (low >= -128 && high <= 127)
    return IntegerType::get(context, 8);
  return low >= 0 && high <= 255 ? IntegerType::get(context, 8, IntegerType::Unsigned) : Type();
}

} // namespace nnc
