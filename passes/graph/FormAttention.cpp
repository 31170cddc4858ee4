// Attention as exporters write it: two products with elementwise ops and a softmax between them, heads split
// off by reshapes and transposes around. What is recognized becomes one nn.attention.
#include "dialects/nn/ShapeAnalysis.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/graph/CausalMask.h"
#include "passes/graph/Constants.h"
#include "passes/graph/DeadOps.h"
#include "passes/graph/Group.h"
#include "passes/graph/Movement.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FORMATTENTION
#include "passes/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

/// The operand of a transpose with these axes, or null.
Value untransposed(Value value, ArrayRef<int64_t> perm) {
  auto op = value.getDefiningOp<nn::TransposeOp>();
  return op && op.getPerm() == perm ? op.getX() : Value();
}

/// One attention on its way from separate ops.
class Match {
public:
  Match(nn::MatMulOp product, nn::ShapeAnalysis &shapes) : product(product), shapes(shapes) {}

  /// Finds the parts. Nothing is changed.
  bool find() {
    if (product.getTransposeA() || product.getTransposeB())
      return false;
    Value weights = product.getA();
    if (!findDroppedRows(weights))
      return false;
    softmax = weights.getDefiningOp<nn::SoftmaxOp>();
    if (!softmax || !softmax->hasOneUse() || softmax.getKind() != nn::SoftmaxKind::softmax)
      return false;
    RankedTensorType type = typeOf(softmax.getX());
    if (!type || !type.getElementType().isF32() || (type.getRank() != 4 && type.getRank() != 3) ||
        static_cast<int64_t>(softmax.getAxis()) != type.getRank() - 1)
      return false;
    return findScores() && findOperands();
  }

  /// Replaces the ops by one.
  void replace() {
    OpBuilder b(product);
    Location loc = product.getLoc();
    SmallVector<Value> extras(outside.getArrayRef());
    if (dropped)
      extras.push_back(dropped);
    RankedTensorType scores = typeOf(scoreProduct.getY()), y = typeOf(product.getY());
    bool isSplit = y.getRank() == 3;
    // [N,S,D] as [1,N,S,D]: a batch of products is heads.
    auto raised = [&](Value x) -> Value {
      RankedTensorType type = typeOf(x);
      if (!isSplit || type.getRank() == 4)
        return x;
      SmallVector<int64_t> shape(type.getShape());
      shape.insert(shape.begin(), 1);
      return nn::UnsqueezeOp::create(b, loc, RankedTensorType::get(shape, type.getElementType()), x,
                                     ArrayRef<int64_t>{0});
    };
    auto raisedType = [&](RankedTensorType type) {
      SmallVector<int64_t> shape(type.getShape());
      if (isSplit)
        shape.insert(shape.begin(), 1);
      return RankedTensorType::get(shape, type.getElementType());
    };
    if (needsKeyTranspose)
      k.value = exchangeLastDims(b, k.value.getLoc(), k.value);
    for (Operand *operand : {&q, &k, &v})
      if (operand->byRow)
        takePart(*operand);
    IntegerAttr diagonal;
    if (auto known = causalDiagonal(softmax.getX(), outside.size() == 1))
      diagonal = b.getI64IntegerAttr(*known);
    nn::TransposeOp after = isSplit ? nullptr : rowsFirst();
    Type result = after ? after.getType() : Type(raisedType(y));
    SmallVector<Value> operands = {raised(q.value), raised(k.value), raised(v.value)};
    auto attention = nn::AttentionOp::create(b, loc, result, operands[0], operands[1], operands[2], extras,
                                             heads, kvHeads, ArrayRef<int64_t>{q.first, k.first, v.first},
                                             q.byRow, k.byRow, v.byRow, after != nullptr, dropped != nullptr,
                                             diagonal);
    buildRegion(b, attention, raisedType(scores));
    b.setInsertionPointAfter(attention);
    if (after) {
      after.replaceAllUsesWith(attention.getY());
      return;
    }
    Value value = attention.getY();
    if (isSplit)
      value = nn::SqueezeOp::create(b, loc, y, value, ArrayRef<int64_t>{0});
    product.replaceAllUsesWith(value);
  }

private:
  /// An operand and how its heads lie in it.
  struct Operand {
    Value value;
    bool byRow = false;
    int64_t first = 0;
  };

  /// Weights of rows that attend to nothing are replaced by zeros.
  bool findDroppedRows(Value &weights) {
    auto select = weights.getDefiningOp<nn::SelectOp>();
    if (!select)
      return true;
    auto zero = uniformNumber(select.getA());
    RankedTensorType flags = typeOf(select.getCond()), type = typeOf(weights);
    if (!select->hasOneUse() || !zero || *zero != 0 || !flags || !type || type.getRank() != 4 ||
        flags.getRank() > 4 || flags.getRank() < 1 || flags.getShape().back() != 1 ||
        !broadcastsTo(select.getCond(), weights))
      return false;
    dropped = select.getCond();
    weights = select.getB();
    return true;
  }

  /// Whether each dim certainly is 1 or the target's.
  bool broadcastsTo(Value x, Value target) {
    RankedTensorType type = typeOf(x);
    int64_t missing = typeOf(target).getRank() - (type ? type.getRank() : 0);
    if (!type || missing < 0)
      return false;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.getDimSize(i) != 1 && !shapes.sameDim(x, i, target, missing + i))
        return false;
    return true;
  }

  /// The product and the elementwise ops that nothing but the softmax uses.
  bool findScores() {
    Value scores = softmax.getX();
    members.insert(softmax);
    SmallVector<Value> pending = {scores};
    // An op is looked at again whenever one more of its users is in.
    for (size_t i = 0; i < pending.size(); ++i) {
      Operation *op = pending[i].getDefiningOp();
      if (!op || members.contains(op) || op->getBlock() != product->getBlock() || op->getNumResults() != 1 ||
          !llvm::all_of(op->getUsers(), [&](Operation *user) { return members.contains(user); }) ||
          !shapes.sameShape(op->getResult(0), scores))
        continue;
      if (auto matmul = dyn_cast<nn::MatMulOp>(op)) {
        if (scoreProduct)
          return false;
        scoreProduct = matmul;
        members.insert(op);
      } else if (isElementwiseOp(op)) {
        members.insert(op);
        llvm::append_range(pending, op->getOperands());
      }
    }
    if (!scoreProduct || !typeOf(scoreProduct.getY()).getElementType().isF32())
      return false;
    for (Operation *op : members)
      if (op != scoreProduct.getOperation() && op != softmax.getOperation())
        for (Value operand : op->getOperands()) {
          Operation *producer = operand.getDefiningOp();
          if (producer && members.contains(producer))
            continue;
          auto constant = operand.getDefiningOp<nn::ConstantOp>();
          if (constant && constant.getValue().getNumElements() == 1)
            continue;
          if (!broadcastsTo(operand, scores))
            return false;
          outside.insert(operand);
        }
    return true;
  }

  bool findOperands() {
    if (scoreProduct.getTransposeA())
      return false;
    q.value = withoutScale(scoreProduct.getA());
    k.value = withoutScale(scoreProduct.getB());
    v.value = product.getB();
    RankedTensorType qType = typeOf(q.value), kType = typeOf(k.value), vType = typeOf(v.value);
    int64_t rank = typeOf(softmax.getX()).getRank();
    for (RankedTensorType type : {qType, kType, vType})
      if (!type || type.getRank() != rank || !type.getElementType().isF32())
        return false;
    if (qType.isDynamicDim(rank - 1) || vType.isDynamicDim(rank - 1) || qType.isDynamicDim(rank - 3) ||
        qType.getDimSize(rank - 1) == 0 || vType.getDimSize(rank - 1) == 0)
      return false;
    // Leading dims that broadcast are left to the products.
    for (int64_t i = 0; i < rank - 3; ++i)
      if (!shapes.sameDim(q.value, i, k.value, i) || !shapes.sameDim(k.value, i, v.value, i))
        return false;
    heads = qType.getDimSize(rank - 3);
    kvHeads = kType.getDimSize(rank - 3);
    if (vType.getDimSize(rank - 3) != kvHeads || (kvHeads != heads && kvHeads != 1))
      return false;
    bool isKeyTransposed = !scoreProduct.getTransposeB();
    SmallVector<int64_t> swapped = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    std::swap(swapped[rank - 1], swapped[rank - 2]);
    if (Value keys = isKeyTransposed ? untransposed(k.value, swapped) : Value()) {
      k.value = keys;
      isKeyTransposed = false;
    }
    if (isKeyTransposed) {
      Value rows = rank == 4 ? untransposed(k.value, {0, 2, 3, 1}) : Value();
      k.byRow = rows != nullptr;
      needsKeyTranspose = !rows;
      if (rows)
        k.value = rows;
    }
    if (rank != 4)
      return true;
    if (!isKeyTransposed && kvHeads == heads)
      shareHeads();
    takeRows(q);
    if (!isKeyTransposed)
      takeRows(k);
    takeRows(v);
    return true;
  }

  /// A factor on one of the operands goes with the other factors of the scores.
  Value withoutScale(Value x) {
    auto op = x.getDefiningOp<nn::BinaryOp>();
    if (!op || op.getKind() != nn::BinaryKind::mul)
      return x;
    for (auto [scaled, factor] : {std::pair(op.getA(), op.getB()), std::pair(op.getB(), op.getA())}) {
      auto constant = factor.getDefiningOp<nn::ConstantOp>();
      auto type = typeOf(factor);
      auto number = uniformNumber(factor);
      if (!constant || !number || constant.getValue().getNumElements() != 1 ||
          scaled.getType() != x.getType() || !type || !std::isfinite(*number))
        continue;
      scales.push_back(constant);
      return scaled;
    }
    return x;
  }

  /// Keys and values that are repeated for the heads that share them.
  void shareHeads() {
    auto shared = [&](Value x) -> Value {
      auto reshape = x.getDefiningOp<nn::ReshapeOp>();
      auto repeat = reshape ? reshape.getX().getDefiningOp<nn::BroadcastToOp>() : nullptr;
      if (!repeat)
        return {};
      RankedTensorType wide = typeOf(repeat.getY()), narrow = typeOf(repeat.getX());
      Value source;
      if (auto unsqueeze = repeat.getX().getDefiningOp<nn::UnsqueezeOp>())
        source = unsqueeze.getX();
      else if (auto view = repeat.getX().getDefiningOp<nn::ReshapeOp>())
        source = view.getX();
      RankedTensorType type = source ? typeOf(source) : nullptr, y = typeOf(x);
      if (!wide || !narrow || !type || wide.getRank() != 5 || narrow.getRank() != 5 || type.getRank() != 4 ||
          narrow.getDimSize(2) != 1 || type.isDynamicDim(1) || wide.getDimSize(1) != type.getDimSize(1) ||
          narrow.getDimSize(1) != type.getDimSize(1) || y.isDynamicDim(1))
        return {};
      for (int64_t i : {0, 2, 3})
        if (!shapes.sameDim(source, i, x, i) || !shapes.sameDim(repeat.getY(), i == 0 ? 0 : i + 1, x, i))
          return {};
      return y.getDimSize(1) % type.getDimSize(1) == 0 ? source : Value();
    };
    Value sharedK = shared(k.value), sharedV = shared(v.value);
    if (!sharedK || !sharedV || typeOf(sharedK).getDimSize(1) != typeOf(sharedV).getDimSize(1))
      return;
    k.value = sharedK;
    v.value = sharedV;
    kvHeads = typeOf(sharedK).getDimSize(1);
  }

  /// Heads are read where the projection has left them.
  void takeRows(Operand &operand) {
    if (Value rows = untransposed(operand.value, {0, 2, 1, 3})) {
      operand.value = rows;
      operand.byRow = true;
    }
  }

  /// One of several parts of a projection, split along its last dim: [B,S,H*D] of [B,S,3*H*D] is some of its
  /// heads.
  void takePart(Operand &operand) {
    auto reshape = operand.value.getDefiningOp<nn::ReshapeOp>();
    auto split = reshape ? reshape.getX().getDefiningOp<nn::SplitOp>() : nullptr;
    RankedTensorType type = typeOf(operand.value), part = split ? typeOf(reshape.getX()) : nullptr;
    RankedTensorType whole = split ? typeOf(split.getX()) : nullptr;
    if (!split || !whole || whole.getRank() != 3 || static_cast<int64_t>(split.getAxis()) != 2 ||
        !whole.hasStaticShape() || !type.hasStaticShape() || !part.hasStaticShape())
      return;
    int64_t size = type.getDimSize(3), from = 0;
    for (Value result : split.getResults()) {
      if (result == reshape.getX())
        break;
      auto before = typeOf(result);
      if (!before || before.isDynamicDim(2))
        return;
      from += before.getDimSize(2);
    }
    if (type.getDimSize(0) != whole.getDimSize(0) || type.getDimSize(1) != whole.getDimSize(1) ||
        from % size != 0 || whole.getDimSize(2) % size != 0)
      return;
    OpBuilder b(split);
    SmallVector<int64_t> shape = {whole.getDimSize(0), whole.getDimSize(1), whole.getDimSize(2) / size, size};
    operand.value = createReshape(b, split.getLoc(), split.getX(), shape);
    operand.first = from / size;
  }

  /// The transpose that brings rows before heads, if it is the only use of the result.
  nn::TransposeOp rowsFirst() {
    if (!product->hasOneUse())
      return nullptr;
    auto op = dyn_cast<nn::TransposeOp>(*product->user_begin());
    return op && op.getPerm() == ArrayRef<int64_t>{0, 2, 1, 3} ? op : nullptr;
  }

  void buildRegion(OpBuilder &b, nn::AttentionOp attention, RankedTensorType scores) {
    Location loc = attention.getLoc();
    Block *block = b.createBlock(&attention.getScore());
    IRMapping map;
    Value start = block->addArgument(scores, loc);
    for (nn::ConstantOp scale : scales) {
      Value factor = b.clone(*scale.getOperation())->getResult(0);
      start = nn::BinaryOp::create(b, loc, scores, nn::BinaryKind::mul, start, factor);
    }
    map.map(scoreProduct.getY(), start);
    for (Value extra : outside)
      map.map(extra, block->addArgument(extra.getType(), loc));
    SmallVector<Operation *> ordered(members.begin(), members.end());
    llvm::sort(ordered, [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
    for (Operation *op : ordered) {
      if (op == scoreProduct.getOperation() || op == softmax.getOperation())
        continue;
      for (Value operand : op->getOperands())
        if (!map.contains(operand))
          map.map(operand, b.clone(*operand.getDefiningOp())->getResult(0));
      Operation *copy = b.clone(*op, map);
      auto type = typeOf(copy->getResult(0));
      copy->getResult(0).setType(RankedTensorType::get(scores.getShape(), type.getElementType()));
    }
    nn::YieldOp::create(b, loc, map.lookup(softmax.getX()));
  }

  nn::MatMulOp product, scoreProduct;
  nn::ShapeAnalysis &shapes;
  nn::SoftmaxOp softmax;
  llvm::SmallSetVector<Operation *, 8> members;
  /// What the elementwise ops read beside the scores.
  llvm::SmallSetVector<Value, 4> outside;
  SmallVector<nn::ConstantOp> scales;
  Value dropped;
  Operand q, k, v;
  int64_t heads = 1, kvHeads = 1;
  bool needsKeyTranspose = false;
};

struct FormAttention : impl::FormAttentionBase<FormAttention> {
  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp function) {
      if (function.isExternal())
        return;
      nn::ShapeAnalysis shapes(&getContext());
      nn::declareSymbols(shapes, function);
      if (failed(shapes.inferAll(function.getBody())))
        return signalPassFailure();
      SmallVector<nn::MatMulOp> products;
      function.walk([&](nn::MatMulOp op) { products.push_back(op); });
      for (nn::MatMulOp product : products) {
        Match match(product, shapes);
        if (match.find())
          match.replace();
      }
      eraseDeadOps(function);
    });
  }
};

} // namespace
} // namespace nnc
