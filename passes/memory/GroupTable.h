//===- GroupTable.h - the groups of a model, for profiles and reports ---------===//
//
// The memory stage numbers the groups in the order of the code and leaves a table of them on the module,
// `nn.groups`: an array of dictionaries {nodes, op, kernel, flops, bytes} (and `plan`, what the lowering said
// about itself). Launches pass the number; the descriptor, the profile and the report read the table.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_MEMORY_GROUPTABLE_H
#define NNC_PASSES_MEMORY_GROUPTABLE_H

#include "dialects/nn/CostModel.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace nnc {

/// Arithmetic, and bytes of operands and results, of one launch; null where unknown.
struct GroupCost {
  nn::Dim flops, bytes;
};

/// `ruleOf` gives a rule for an op of the group's region.
GroupCost costOf(nn::GroupOp group,
                 llvm::function_ref<std::unique_ptr<nn::ShapeRule>(mlir::Operation *)> ruleOf);

/// What the declared types say.
GroupCost staticCostOf(nn::GroupOp group);

/// The names of the nodes that the group was made from, in order: "conv1 + relu1".
std::string nodesOf(nn::GroupOp group);

/// The groups of a model and what is known of each.
class GroupTable {
public:
  explicit GroupTable(mlir::func::FuncOp model);
  int64_t number(nn::GroupOp group) const { return numbers.lookup(group); }
  const GroupCost &cost(nn::GroupOp group) const { return costs[number(group)]; }
  /// The groups whose results `value` may be, through views and control flow.
  void producersOf(mlir::Value value, llvm::SmallVectorImpl<int64_t> &groups) const;
  mlir::ArrayAttr attribute() const;

private:
  llvm::SmallVector<nn::GroupOp> groups;
  llvm::DenseMap<mlir::Operation *, int64_t> numbers;
  llvm::SmallVector<GroupCost> costs;
};

} // namespace nnc

#endif
