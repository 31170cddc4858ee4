#include "passes/lower/SortKeys.h"

#include "passes/lower/ElementTypes.h"
#include "passes/lower/Lanes.h"

using namespace mlir;

namespace nnc {

/// An i32 that is the greater the earlier a value comes, and the same for equal ones.
static Value placeInOrder(KernelBuilder &k, Value value, SortOrder order) {
  Type type = getElementTypeOrSelf(value.getType()), i32 = withShapeOf(value.getType(), k.b.getI32Type());
  auto c = [&](int64_t number) { return integerLike(k.b, k.loc, i32, number); };
  Value place = value;
  if (isa<FloatType>(type)) {
    // Bits of negative floats run the other way; both zeros are one; every NaN is beyond the numbers.
    Value isNan = arith::CmpFOp::create(k.b, k.loc, arith::CmpFPredicate::UNO, value, value);
    Value sum = arith::AddFOp::create(k.b, k.loc, value, constantLike(k.b, k.loc, value.getType(), 0.0));
    Value bits = arith::BitcastOp::create(k.b, k.loc, i32, sum);
    Value sign = arith::ShRSIOp::create(k.b, k.loc, bits, c(31));
    place = arith::XOrIOp::create(k.b, k.loc, bits, arith::AndIOp::create(k.b, k.loc, sign, c(INT32_MAX)));
    place = arith::SelectOp::create(k.b, k.loc, isNan, c(INT32_MAX), place);
  } else if (!type.isInteger(32)) {
    place = order.isUnsigned ? arith::ExtUIOp::create(k.b, k.loc, i32, value).getResult()
                             : arith::ExtSIOp::create(k.b, k.loc, i32, value).getResult();
  } else if (order.isUnsigned) {
    place = arith::XOrIOp::create(k.b, k.loc, value, c(INT32_MIN));
  }
  return order.largestFirst ? place : arith::XOrIOp::create(k.b, k.loc, place, c(-1)).getResult();
}

bool fitsSortKey(Type computeType) { return computeType.getIntOrFloatBitWidth() <= 32; }

Value sortKey(KernelBuilder &k, Value value, Value index, SortOrder order) {
  Type number = k.b.getI64Type(), keys = withShapeOf(value.getType(), number);
  Value place = arith::ExtSIOp::create(k.b, k.loc, keys, placeInOrder(k, value, order));
  Value upper = arith::ShLIOp::create(k.b, k.loc, place, integerLike(k.b, k.loc, keys, 32));
  Value following = arith::SubIOp::create(k.b, k.loc, integerLike(k.b, k.loc, number, kGreatestKeyIndex),
                                          k.fromIndex(index, number));
  return arith::OrIOp::create(k.b, k.loc, upper, spread(k, following, keys));
}

Value indexOfKey(KernelBuilder &k, Value key) {
  Value mask = integerLike(k.b, k.loc, key.getType(), kGreatestKeyIndex);
  Value following = arith::AndIOp::create(k.b, k.loc, key, mask);
  return k.toIndex(arith::SubIOp::create(k.b, k.loc, mask, following));
}

} // namespace nnc
