#include "passes/memory/GroupTable.h"

#include "passes/graph/Group.h"
#include "passes/lower/ElementTypes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using nnc::nn::Dim;

namespace nnc {

namespace {

/// A sum that is null once a null Dim was added.
struct Sum {
  Dim total;
  bool known = true;

  void add(Dim d, nn::ShapeRule &rule) {
    known &= d.expr || d.value;
    if (known)
      total = total.expr || total.value ? rule.add(total, d) : d;
  }
  Dim result() const { return known ? total : Dim(); }
};

Dim bytesOf(Dim elements, Value tensor, nn::ShapeRule &rule) {
  if (!elements.expr && !elements.value)
    return Dim();
  return rule.mul(elements, rule.constant(elementBytes(getElementTypeOrSelf(tensor.getType()))));
}

} // namespace

GroupCost costOf(nn::GroupOp group, llvm::function_ref<std::unique_ptr<nn::ShapeRule>(Operation *)> ruleOf) {
  Block &body = group.getBody().front();
  Sum flops, bytes;
  for (Operation &op : body.without_terminator())
    if (!isa<nn::ConstantOp>(op)) {
      std::unique_ptr<nn::ShapeRule> rule = ruleOf(&op);
      flops.add(nn::flopsOf(&op, *rule), *rule);
    }
  // Every input once, as its first reader reads it.
  for (BlockArgument input : body.getArguments()) {
    Operation *first = nullptr;
    unsigned operand = 0;
    for (OpOperand &use : input.getUses()) {
      // A region inside, such as an attention's, counts as the op around it, which reads everything.
      Operation *reader = body.findAncestorOpInBlock(*use.getOwner());
      unsigned number = reader == use.getOwner() ? use.getOperandNumber() : ~0u;
      if (!first || reader->isBeforeInBlock(first) || (reader == first && number < operand)) {
        first = reader;
        operand = number;
      }
    }
    if (!first || first == body.getTerminator())
      continue;
    std::unique_ptr<nn::ShapeRule> rule = ruleOf(first);
    Dim elements =
        operand == ~0u ? rule->product(rule->dims(input)) : nn::elementsRead(first, operand, *rule);
    bytes.add(bytesOf(elements, input, *rule), *rule);
  }
  for (Value yielded : body.getTerminator()->getOperands()) {
    std::unique_ptr<nn::ShapeRule> rule =
        ruleOf(yielded.getDefiningOp() ? yielded.getDefiningOp() : body.getTerminator());
    bytes.add(bytesOf(rule->product(rule->dims(yielded)), yielded, *rule), *rule);
  }
  return {flops.result(), bytes.result()};
}

GroupCost staticCostOf(nn::GroupOp group) {
  return costOf(group, [](Operation *op) { return std::make_unique<nn::StaticRule>(op); });
}

/// The names that a location carries; those of fused locations in order.
static void collectNames(Location location, llvm::SmallSetVector<StringRef, 4> &names) {
  if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  } else if (auto call = dyn_cast<CallSiteLoc>(location)) {
    collectNames(call.getCallee(), names);
  } else if (auto name = dyn_cast<NameLoc>(location)) {
    if (!name.getName().empty())
      names.insert(name.getName());
  }
}

std::string nodesOf(nn::GroupOp group) {
  llvm::SmallSetVector<StringRef, 4> names;
  for (Operation &op : group.getBody().front().without_terminator())
    if (!isa<nn::ConstantOp>(op))
      collectNames(op.getLoc(), names);
  std::string text;
  for (StringRef name : names)
    text += (text.empty() ? "" : " + ") + name.str();
  return text;
}

GroupTable::GroupTable(func::FuncOp model) {
  model.walk<WalkOrder::PreOrder>([&](nn::GroupOp group) {
    numbers[group] = groups.size();
    groups.push_back(group);
    costs.push_back(staticCostOf(group));
  });
}

void GroupTable::producersOf(Value value, SmallVectorImpl<int64_t> &found) const {
  // A loop may hand a value to itself.
  llvm::SmallSetVector<Value, 8> values;
  values.insert(value);
  llvm::SmallSetVector<int64_t, 8> producers;
  for (size_t next = 0; next < values.size(); ++next) {
    Value v = values[next];
    if (auto argument = dyn_cast<BlockArgument>(v)) {
      Operation *parent = argument.getOwner()->getParentOp();
      if (isa<nn::LoopOp, nn::ScanOp>(parent))
        for (Value operand : parent->getOperands())
          values.insert(operand);
      continue;
    }
    Operation *op = v.getDefiningOp();
    if (auto group = dyn_cast<nn::GroupOp>(op))
      producers.insert(number(group));
    else if (isView(op) || isa<nn::ShapeOfOp>(op))
      values.insert(op->getOperand(0));
    else
      for (Region &region : op->getRegions())
        for (Value yielded : region.front().getTerminator()->getOperands())
          values.insert(yielded);
  }
  found.append(producers.begin(), producers.end());
  llvm::sort(found);
}

ArrayAttr GroupTable::attribute() const {
  MLIRContext *context = groups.empty() ? nullptr : groups.front()->getContext();
  if (!context)
    return {};
  Builder b(context);
  SmallVector<Attribute> rows;
  for (nn::GroupOp group : groups) {
    Operation *root = groupRoot(group);
    const GroupCost &known = cost(group);
    SmallVector<NamedAttribute> row = {
        b.getNamedAttr("nodes", b.getStringAttr(nodesOf(group))),
        b.getNamedAttr("op", b.getStringAttr(root ? root->getName().getStringRef() : "elementwise")),
        b.getNamedAttr("kernel", b.getStringAttr(group.getKernel().value_or(""))),
        b.getNamedAttr("flops", b.getI64IntegerAttr(known.flops.known().value_or(-1))),
        b.getNamedAttr("bytes", b.getI64IntegerAttr(known.bytes.known().value_or(-1)))};
    if (auto plan = group->getAttrOfType<StringAttr>("nn.plan"))
      row.push_back(b.getNamedAttr("plan", plan));
    SmallVector<int64_t> inputs;
    for (Value input : group.getInputs())
      producersOf(input, inputs);
    llvm::sort(inputs);
    inputs.erase(llvm::unique(inputs), inputs.end());
    row.push_back(b.getNamedAttr("inputs", b.getDenseI64ArrayAttr(inputs)));
    rows.push_back(b.getDictionaryAttr(row));
  }
  return b.getArrayAttr(rows);
}

} // namespace nnc
