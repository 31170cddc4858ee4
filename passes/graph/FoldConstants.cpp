#include "dialects/nn/NNDialect.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/graph/ConstantEvaluator.h"
#include "passes/graph/Constants.h"
#include "passes/graph/Group.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace nnc {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/Passes.h.inc"

namespace {

/// Results up to this size may become constants however small their operands are.
constexpr int64_t kSmallBytes = 16 << 10;
/// Results that are larger than their operands allow may become constants if they are dear, up to this part of all
/// constants, or to some bytes in all.
constexpr int64_t kDearPart = 4, kDearBytes = 2 << 20;
/// Intermediate results on the way there.
constexpr int64_t kMostBetween = 16 << 20;
/// The evaluator compiles what it runs; this many ops take it about a second.
constexpr size_t kMaxOps = 4096;

/// Bytes of a static tensor, or nothing.
std::optional<int64_t> bytesOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || !tensor.getElementType().isIntOrFloat())
    return std::nullopt;
  int64_t bytes = llvm::divideCeil(tensor.getElementType().getIntOrFloatBitWidth(), 8);
  for (int64_t extent : tensor.getShape())
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      return std::nullopt;
  return bytes;
}

/// The same constant under another shape; null where it cannot be.
ElementsAttr reshaped(ElementsAttr value, RankedTensorType type) {
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return dense.reshape(type);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return nullptr;
}

/// A rough count of scalar operations: products for contractions, bytes moved and touched for the rest.
int64_t estimateWork(Operation *op) {
  int64_t elements = 0, depth = 2;
  for (Value value : op->getResults())
    elements += bytesOf(value.getType()).value_or(0);
  for (Value value : op->getOperands())
    elements = std::max(elements, bytesOf(value.getType()).value_or(0));
  if (isa<nn::MatMulOp, nn::EinsumOp, nn::ConvOp, nn::ConvTransposeOp>(op)) {
    // Every result element meets at most every element of the smaller operand.
    int64_t smaller = INT64_MAX;
    for (Value value : op->getOperands().take_front(2))
      smaller = std::min(smaller, bytesOf(value.getType()).value_or(0));
    depth = smaller;
    if (auto matmul = dyn_cast<nn::MatMulOp>(op)) {
      auto a = cast<RankedTensorType>(matmul.getA().getType());
      depth = a.getDimSize(a.getRank() - (matmul.getTransposeA() && a.getRank() > 1 ? 2 : 1));
    }
  }
  int64_t work;
  return __builtin_mul_overflow(elements, depth, &work) ? INT64_MAX : work;
}

/// Whether computing it takes far longer than reading the result.
bool isDear(Operation *op) {
  return isa<nn::MatMulOp, nn::EinsumOp, nn::ConvOp, nn::ConvTransposeOp, nn::SoftmaxOp, nn::ScatterNdOp>(op);
}

struct FoldConstants : impl::FoldConstantsBase<FoldConstants> {
  using FoldConstantsBase::FoldConstantsBase;

  void runOnOperation() override {
    getOperation().walk([&](Operation *op) { renameView(op); });
    auto *dialect = getContext().getLoadedDialect<nn::NNDialect>();
    auto *evaluator = dialect ? dialect->getRegisteredInterface<ConstantEvaluator>() : nullptr;
    if (!evaluator)
      return;
    collect(*evaluator);
    if (!roots.empty())
      replaceRoots(*evaluator);
  }

private:
  void renameView(Operation *op) {
    ElementsAttr value = isView(op) ? constantValue(op->getOperand(0)) : nullptr;
    auto type = value ? dyn_cast<RankedTensorType>(op->getResult(0).getType()) : nullptr;
    if (!type || !type.hasStaticShape() || type.getNumElements() != value.getNumElements())
      return;
    ElementsAttr renamed = reshaped(value, type);
    if (!renamed)
      return;
    OpBuilder b(op);
    op->getResult(0).replaceAllUsesWith(nn::ConstantOp::create(b, op->getLoc(), type, renamed));
    op->erase();
  }

  /// Finds the ops that can be computed, and of their results those that something else uses: an op that cannot, or one
  /// whose results are no constants worth having.
  void collect(const ConstantEvaluator &evaluator) {
    ops.clear();
    roots.clear();
    work = 0;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<nn::GroupOp>(op))
        return WalkResult::skip();
      if (isFoldable(op, evaluator))
        ops.insert(op);
      return WalkResult::advance();
    });
    int64_t bytes = 0, dearBytes = std::max(kDearBytes, allConstantBytes() / kDearPart);
    llvm::DenseSet<Operation *> staying;
    // Users come first.
    for (Operation *op : llvm::reverse(ops))
      for (Value result : op->getResults()) {
        bool isRoot = llvm::any_of(result.getUsers(), [&](Operation *user) {
          return !ops.contains(user) || staying.contains(user);
        });
        if (!isRoot)
          continue;
        int64_t size = *bytesOf(result.getType());
        Cone cone = coneOf(op);
        bool isAllowed = size <= std::max(kSmallBytes, maxGrowth * cone.constantBytes),
             isWorthIt = cone.isDear && size <= dearBytes;
        if (bytes + size > maxBytes || !(isAllowed || isWorthIt)) {
          staying.insert(op);
          continue;
        }
        bytes += size;
        if (!isAllowed)
          dearBytes -= size;
        roots.push_back(result);
      }
  }

  int64_t allConstantBytes() {
    int64_t bytes = 0;
    getOperation().walk([&](nn::ConstantOp op) { bytes += bytesOf(op.getType()).value_or(0); });
    return bytes;
  }

  bool isFoldable(Operation *op, const ConstantEvaluator &evaluator) {
    if (op->getDialect() != getContext().getLoadedDialect<nn::NNDialect>() || op->getNumRegions() > 0 ||
        op->getNumResults() == 0 || op->use_empty() || !isMemoryEffectFree(op) || op->hasTrait<OpTrait::IsTerminator>())
      return false;
    if (isa<nn::ConstantOp, nn::RandomOp>(op) || ops.size() >= kMaxOps || !evaluator.supports(op))
      return false;
    int64_t in = 0, out = 0;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      auto bytes = bytesOf(operand.getType());
      // The dims of anything are known without its elements.
      if (!bytes || (!constantValue(operand) && !ops.contains(producer)))
        return false;
      in += *bytes;
    }
    for (Value result : op->getResults()) {
      auto bytes = bytesOf(result.getType());
      if (!bytes || *bytes > maxBytes)
        return false;
      out += *bytes;
    }
    // Checked op by op as well, so that no chain of small steps makes a huge intermediate.
    if (out > std::max(kMostBetween, maxGrowth * in))
      return false;
    int64_t cost = estimateWork(op);
    if (cost > maxWork - work)
      return false;
    work += cost;
    return true;
  }

  /// What a result is made of: the bytes of its constants, and whether that is dear.
  struct Cone {
    int64_t constantBytes = 0;
    bool isDear = false;
  };
  Cone coneOf(Operation *op) {
    llvm::SmallSetVector<Operation *, 16> members;
    llvm::SmallPtrSet<Operation *, 16> constants;
    members.insert(op);
    Cone cone;
    for (size_t i = 0; i < members.size(); ++i) {
      cone.isDear |= isDear(members[i]);
      for (Value operand : members[i]->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (ops.contains(producer))
          members.insert(producer);
        else if (constants.insert(producer).second)
          cone.constantBytes += *bytesOf(operand.getType());
      }
    }
    return cone;
  }

  void replaceRoots(const ConstantEvaluator &evaluator) {
    llvm::SetVector<Operation *> needed;
    for (Value root : roots)
      needed.insert(root.getDefiningOp());
    for (size_t i = 0; i < needed.size(); ++i)
      for (Value operand : needed[i]->getOperands())
        needed.insert(operand.getDefiningOp());

    OpBuilder b(&getContext());
    OwningOpRef<ModuleOp> module = ModuleOp::create(b, getOperation().getLoc());
    b.setInsertionPointToEnd(module->getBody());
    SmallVector<Type> types;
    for (Value root : roots)
      types.push_back(root.getType());
    auto function = func::FuncOp::create(b, getOperation().getLoc(), "main", b.getFunctionType({}, types));
    b.setInsertionPointToStart(function.addEntryBlock());
    IRMapping map;
    // Constants stand wherever; the others keep their order, in which every operand comes first.
    for (Operation *op : needed)
      if (isa<nn::ConstantOp>(op))
        b.clone(*op, map);
    for (Operation *op : ops)
      if (needed.contains(op))
        b.clone(*op, map);
    SmallVector<Value> results;
    for (Value root : roots)
      results.push_back(map.lookup(root));
    func::ReturnOp::create(b, getOperation().getLoc(), results);

    auto values = evaluator.evaluate(*module);
    if (failed(values) || values->size() != roots.size())
      return;
    for (auto [root, value] : llvm::zip(roots, *values)) {
      b.setInsertionPointAfter(root.getDefiningOp());
      root.replaceAllUsesWith(nn::ConstantOp::create(b, root.getLoc(), root.getType(), value));
    }
    for (Operation *op : llvm::reverse(ops.getArrayRef()))
      if (op->use_empty())
        op->erase();
  }

  llvm::SetVector<Operation *> ops;
  SmallVector<Value> roots;
  int64_t work = 0;
};

} // namespace
} // namespace nnc
