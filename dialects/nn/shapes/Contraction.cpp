// Shape rules of products summed over an index.
#include "dialects/nn/Blocked.h"
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/shapes/Window.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;

namespace nnc::nn {

/// The broadcast of the leading dims of two factors.
static FailureOr<Dims> broadcastLeading(ShapeRule &rule, StringRef constraint, ArrayRef<Dim> a, ArrayRef<Dim> b) {
  size_t rank = std::max(a.size(), b.size());
  Dims out(rank, rule.constant(1));
  for (ArrayRef<Dim> batch : {a, b})
    for (size_t i = 0; i < batch.size(); ++i) {
      Dim &o = out[rank - batch.size() + i], in = batch[i];
      if (rule.clash(o, in))
        return rule.error(constraint + ": the leading dims do not broadcast: " + Twine(*o.known()) + " and " +
                          Twine(*in.known()));
      o = rule.broadcast(o, in);
    }
  return out;
}

LogicalResult MatMulOp::shapes(ShapeRule &rule) {
  Dims a = rule.dims(getA()), b = rule.dims(getB());
  if (a.empty() || b.empty())
    return rule.error("matmul_c1: an operand is a scalar");
  bool rowVector = a.size() == 1, columnVector = b.size() == 1;
  if (rowVector)
    a.insert(a.begin(), rule.constant(1));
  else if (getTransposeA())
    std::swap(a[a.size() - 1], a[a.size() - 2]);
  if (columnVector)
    b.push_back(rule.constant(1));
  else if (getTransposeB())
    std::swap(b[b.size() - 1], b[b.size() - 2]);
  Dim n = b.pop_back_val(), kb = b.pop_back_val(), ka = a.pop_back_val(), m = a.pop_back_val();
  if (rule.differ(ka, kb))
    return rule.error("matmul_c2: the inner dims differ: " + Twine(*ka.known()) + " and " + Twine(*kb.known()));
  FailureOr<Dims> leading = broadcastLeading(rule, "matmul_c3", a, b);
  if (failed(leading))
    return failure();
  Dims out = *leading;
  if (!rowVector)
    out.push_back(m);
  if (!columnVector)
    out.push_back(n);
  rule.result(out);
  return success();
}

Dim windowExtent(ShapeRule &rule, Dim in, int64_t kernel, int64_t stride, int64_t dilation, int64_t begin, int64_t end,
                 AutoPad autoPad, bool ceilMode) {
  if (autoPad != AutoPad::explicit_pads)
    return rule.ceilDiv(in, rule.constant(stride));
  int64_t span = (kernel - 1) * dilation + 1;
  Dim room = rule.add(in, rule.constant(begin + end - span));
  if (!ceilMode)
    return rule.add(rule.floorDiv(room, rule.constant(stride)), rule.constant(1));
  Dim out = rule.add(rule.ceilDiv(room, rule.constant(stride)), rule.constant(1));
  // A window that would start in the padding behind the input does not count.
  Dim starts = rule.add(rule.floorDiv(rule.add(in, rule.constant(begin - 1)), rule.constant(stride)), rule.constant(1));
  return rule.min(out, starts);
}

LogicalResult checkWindow(ShapeRule &rule, StringRef constraint, size_t n, ArrayRef<int64_t> kernel,
                          ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads) {
  auto positive = [](ArrayRef<int64_t> list) {
    return llvm::all_of(list, [](int64_t v) { return v > 0 && v < (int64_t(1) << 31); });
  };
  if (kernel.size() != n || strides.size() != n || dilations.size() != n || pads.size() != 2 * n)
    return rule.error(constraint + ": there are " + Twine(n) + " spatial dims, but " + Twine(kernel.size()) +
                      " kernel entries, " + Twine(strides.size()) + " strides, " + Twine(dilations.size()) +
                      " dilations and " + Twine(pads.size()) + " pads");
  if (!positive(kernel) || !positive(strides) || !positive(dilations))
    return rule.error(constraint + ": the kernel, the strides and the dilations must be positive");
  if (llvm::any_of(pads, [](int64_t v) { return v < 0 || v >= (int64_t(1) << 31); }))
    return rule.error(constraint + ": the pads must not be negative or huge");
  return success();
}

LogicalResult PackPanelsOp::shapes(ShapeRule &rule) {
  if (rule.rank(getB()) < 2)
    return rule.error("pack_panels_c1: b has rank " + Twine(rule.rank(getB())));
  Dims out = rule.dims(getB());
  Dim columns = out.pop_back_val(), depth = out.pop_back_val();
  if (getTransposed())
    std::swap(columns, depth);
  constexpr int64_t width = PackedMatMulOp::kPanelColumns;
  if (!columns.known())
    return rule.error("pack_panels_c1: the number of columns is not known");
  out.append({rule.constant(llvm::divideCeil(*columns.known(), width)), depth, rule.constant(width)});
  rule.result(out);
  return success();
}

bool PackedMatMulOp::fitsStrassen() {
  auto a = dyn_cast<RankedTensorType>(getA().getType()),
       panels = dyn_cast<RankedTensorType>(getPanels().getType());
  return a && panels && !getScales() && a.hasStaticShape() && panels.hasStaticShape() && panels.getRank() == 3 &&
         a.getElementType().isF32() && getElementTypeOrSelf(getY().getType()).isF32() &&
         (panels.getElementType().isF32() || panels.getElementType().isF16() || panels.getElementType().isBF16() ||
          isByte(panels.getElementType())) &&
         panels.getDimSize(1) % 32 == 0 && panels.getDimSize(2) == kPanelColumns &&
         a.getNumElements() >= 4 * panels.getDimSize(1) && panels.getDimSize(1) > 0 &&
         getColumns() >= 4 * kPanelColumns;
}

bool PackedMatMulOp::hasPairs() {
  auto panels = dyn_cast<RankedTensorType>(getPanels().getType());
  return panels && panels.getShape().back() == 2 * kPanelColumns;
}

bool PackedMatMulOp::hasWords() { return getElementTypeOrSelf(getPanels().getType()).isSignlessInteger(32); }

/// packed_matmul_c4 for so many panels of so many steps.
static LogicalResult checkScales(ShapeRule &rule, PackedMatMulOp op, Dim panels, Dim depth) {
  auto type = dyn_cast<RankedTensorType>(op.getScales().getType());
  bool areReals = type && type.getElementType().isF32() && getElementTypeOrSelf(op.getY().getType()).isF32();
  if (!areReals || rule.rank(op.getPanels()) != 3 || type.getRank() != 3 || !type.hasStaticShape() ||
      !llvm::is_contained({PackedMatMulOp::kPanelColumns, 2 * PackedMatMulOp::kPanelColumns}, type.getDimSize(2)) ||
      rule.differ(panels, rule.constant(type.getDimSize(0))) ||
      type.getDimSize(1) < 1 || !depth.known() || *depth.known() % type.getDimSize(1) != 0 ||
      (op.hasWords() && *depth.known() / type.getDimSize(1) % PackedMatMulOp::kNumbersOfWord != 0))
    return rule.error("packed_matmul_c4: the scales do not fit the panels");
  return success();
}

LogicalResult PackedMatMulOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getA());
  if (rank < 2 || rule.rank(getPanels()) < 3)
    return rule.error("packed_matmul_c1: a has rank " + Twine(rank) + ", panels " + Twine(rule.rank(getPanels())));
  Dims a = rule.dims(getA()), panels = rule.dims(getPanels());
  Dim depth = a.pop_back_val(), rows = a.pop_back_val();
  Dim width = panels.pop_back_val(), panelDepth = panels.pop_back_val(), panelCount = panels.pop_back_val();
  int64_t count = llvm::divideCeil(std::max<int64_t>(getColumns(), 0), kPanelColumns);
  bool pairs = hasPairs() && getElementTypeOrSelf(getA().getType()).isBF16() &&
               getElementTypeOrSelf(getPanels().getType()).isBF16();
  Dim steps = pairs ? rule.ceilDiv(depth, rule.constant(2)) : depth,
      panelSteps = hasWords() ? rule.mul(panelDepth, rule.constant(kNumbersOfWord)) : panelDepth;
  if (getColumns() < 1 || rule.differ(panelCount, rule.constant(count)) || rule.differ(panelSteps, steps) ||
      rule.differ(width, rule.constant(pairs ? 2 * kPanelColumns : kPanelColumns)))
    return rule.error("packed_matmul_c1: the panels do not fit a's depth and " + Twine(getColumns()) + " columns");
  if (!getScales() && hasWords())
    return rule.error("packed_matmul_c4: words of numbers have scales");
  if (getScales() && failed(checkScales(rule, *this, panelCount, panelSteps)))
    return failure();
  if (getStrassen() && !fitsStrassen())
    return rule.error("packed_matmul_c3: Strassen's algorithm takes f32, or panels of halves or bytes, of static extents, "
                      "4 rows or more, one matrix of panels, a multiple of 32 products in a sum, and 64 columns or more");
  FailureOr<Dims> out = broadcastLeading(rule, "packed_matmul_c2", a, panels);
  if (failed(out))
    return failure();
  out->append({rows, rule.constant(getColumns())});
  rule.result(*out);
  return success();
}

LogicalResult PackedByteMatMulOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getA());
  if (rank < 2 || rule.rank(getPanels()) != 4)
    return rule.error("packed_byte_matmul_c1: a has rank " + Twine(rank) + ", panels " +
                      Twine(rule.rank(getPanels())));
  Type a = getElementTypeOrSelf(getA().getType()), panels = getElementTypeOrSelf(getPanels().getType());
  if (!areByteFactors(a, panels, getFlip()))
    return rule.error("packed_byte_matmul_c2: no product of " + debugString(a) + " by " +
                      debugString(panels) + (getFlip() ? " with flipped bits" : ""));
  Dims out = rule.dims(getA());
  Dim depth = out.pop_back_val(), columns = rule.constant(getColumns());
  int64_t count = llvm::divideCeil(std::max<int64_t>(getColumns(), 0), kPanelColumns);
  bool fits = getColumns() >= 1 && !rule.differ(rule.dim(getPanels(), 0), rule.constant(count)) &&
              !rule.differ(rule.dim(getPanels(), 2), rule.constant(kPanelColumns)) &&
              !rule.differ(rule.dim(getPanels(), 3), rule.constant(kByteStep));
  if (depth.known())
    fits &=
        !rule.differ(rule.dim(getPanels(), 1), rule.constant(llvm::divideCeil(*depth.known(), kByteStep)));
  if (getStart())
    fits &= rule.rank(getStart()) == 1 &&
            !rule.differ(rule.dim(getStart(), 0), rule.constant(count * kPanelColumns));
  if (!fits)
    return rule.error("packed_byte_matmul_c1: the panels do not fit a's depth and " + Twine(getColumns()) +
                      " columns");
  out.push_back(columns);
  rule.result(out);
  return success();
}

/// The result of a convolution whose other constraints hold.
template <typename OpTy>
static LogicalResult convShape(OpTy op, ShapeRule &rule, StringRef constraint, Dim filters, ArrayRef<int64_t> kernel) {
  size_t n = kernel.size();
  Dims out = {rule.dim(op.getX(), 0), filters};
  for (size_t i = 0; i < n; ++i) {
    Dim in = rule.dim(op.getX(), 2 + i);
    Dim extent = windowExtent(rule, in, kernel[i], op.getStrides()[i], op.getDilations()[i], op.getPads()[i],
                              op.getPads()[n + i], op.getAutoPad(), false);
    if (extent.known().value_or(1) < 1)
      return rule.error(constraint + ": a kernel of " + Twine((kernel[i] - 1) * op.getDilations()[i] + 1) +
                        " does not fit into dim " + Twine(2 + i) + " of " + Twine(*in.known()) + " with its padding");
    out.push_back(extent);
  }
  rule.result(out);
  return success();
}

LogicalResult ConvOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX());
  if (rank < 3 || rule.rank(getW()) != rank)
    return rule.error("conv_c1: x has rank " + Twine(rank) + ", the weight " + Twine(rule.rank(getW())));
  size_t n = rank - 2;
  Dims w = rule.dims(getW());
  SmallVector<int64_t> kernel;
  for (Dim d : ArrayRef(w).drop_front(2)) {
    if (!d.known())
      return rule.error("conv_c2: the kernel's extents must be known at compile time");
    kernel.push_back(*d.known());
  }
  if (failed(checkWindow(rule, "conv_c2", n, kernel, getStrides(), getDilations(), getPads())))
    return failure();
  int64_t groups = getGroups();
  auto channels = rule.dim(getX(), 1).known(), filters = w[0].known(), perGroup = w[1].known();
  if (groups < 1 || (channels && perGroup && *channels != groups * *perGroup) || (filters && *filters % groups != 0))
    return rule.error("conv_c3: " + Twine(groups) + " groups do not fit " + Twine(channels.value_or(-1)) + " channels and a weight of " +
                      Twine(filters.value_or(-1)) + " filters of " + Twine(perGroup.value_or(-1)) + " channels");
  if (getBias() && (rule.rank(getBias()) != 1 || rule.differ(rule.dim(getBias(), 0), w[0])))
    return rule.error("conv_c4: the bias needs one entry per filter");
  return convShape(*this, rule, "conv_c5", w[0], kernel);
}

LogicalResult PackedConvOp::shapes(ShapeRule &rule) {
  ArrayRef<int64_t> kernel = getKernel();
  size_t n = kernel.size();
  if (n == 0 || rule.rank(getX()) != static_cast<int64_t>(n) + 2)
    return rule.error("packed_conv_c1: x has rank " + Twine(rule.rank(getX())) + " for " + Twine(n) + " spatial dims");
  if (failed(checkWindow(rule, "packed_conv_c2", n, kernel, getStrides(), getDilations(), getPads())))
    return failure();
  int64_t groups = getGroups(), filters = getFilters(), taps = 1;
  for (int64_t extent : kernel)
    taps *= extent;
  bool fits = groups >= 1 && filters >= 1 && filters % groups == 0 && rule.rank(getPanels()) == 4;
  if (fits) {
    Dims panels = rule.dims(getPanels());
    auto channels = rule.dim(getX(), 1).known();
    fits = !rule.differ(panels[0], rule.constant(groups)) &&
           !rule.differ(panels[1], rule.constant(llvm::divideCeil(filters / groups, kPanelFilters))) &&
           !(channels && rule.differ(panels[2], rule.constant(*channels / groups * taps))) &&
           !(channels && *channels % groups) && !rule.differ(panels[3], rule.constant(kPanelFilters));
  }
  if (!fits)
    return rule.error("packed_conv_c3: the panels do not fit " + Twine(filters) + " filters in " + Twine(groups) + " groups");
  if (getBias() && (rule.rank(getBias()) != 1 || rule.differ(rule.dim(getBias(), 0), rule.constant(filters))))
    return rule.error("packed_conv_c4: the bias needs one entry per filter");
  return convShape(*this, rule, "packed_conv_c5", rule.constant(filters), kernel);
}

LogicalResult ConvTransposeOp::shapes(ShapeRule &rule) {
  int64_t rank = rule.rank(getX());
  if (rank < 3 || rule.rank(getW()) != rank)
    return rule.error("conv_transpose_c1: x has rank " + Twine(rank) + ", the weight " + Twine(rule.rank(getW())));
  size_t n = rank - 2;
  Dims w = rule.dims(getW());
  SmallVector<int64_t> kernel;
  for (Dim d : ArrayRef(w).drop_front(2)) {
    if (!d.known())
      return rule.error("conv_transpose_c2: the kernel's extents must be known at compile time");
    kernel.push_back(*d.known());
  }
  ArrayRef<int64_t> pads = getPads();
  SmallVector<int64_t> magnitude(pads.size(), 0);
  if (failed(checkWindow(rule, "conv_transpose_c2", n, kernel, getStrides(), getDilations(), magnitude)))
    return failure();
  if (getOutputPadding().size() != n)
    return rule.error("conv_transpose_c2: output_padding has " + Twine(getOutputPadding().size()) + " entries");
  int64_t groups = getGroups();
  auto channels = rule.dim(getX(), 1).known();
  if (groups < 1 || (channels && *channels % groups != 0) || rule.differ(rule.dim(getX(), 1), w[0]))
    return rule.error("conv_transpose_c3: the groups or the weight's rows do not fit x's channels");
  Dim filters = rule.mul(w[1], rule.constant(groups));
  if (getBias() && (rule.rank(getBias()) != 1 || rule.differ(rule.dim(getBias(), 0), filters)))
    return rule.error("conv_transpose_c4: the bias needs one entry per filter");
  Dims out = {rule.dim(getX(), 0), filters};
  for (size_t i = 0; i < n; ++i) {
    Dim in = rule.dim(getX(), 2 + i);
    int64_t rest = getOutputPadding()[i] + (kernel[i] - 1) * getDilations()[i] + 1 - pads[i] - pads[n + i];
    out.push_back(rule.add(rule.mul(rule.sub(in, rule.constant(1)), rule.constant(getStrides()[i])), rule.constant(rest)));
  }
  rule.result(out);
  return success();
}

LogicalResult EinsumOp::shapes(ShapeRule &rule) {
  auto [terms, output] = getEquation().split("->");
  SmallVector<StringRef> parts;
  terms.split(parts, ',');
  if (parts.size() != getInputs().size())
    return rule.error("einsum_c1: the equation has " + Twine(parts.size()) + " terms for " + Twine(getInputs().size()) + " operands");
  std::map<char, Dim> extents;
  for (auto [term, operand] : llvm::zip(parts, getInputs())) {
    if (static_cast<int64_t>(term.size()) != rule.rank(operand))
      return rule.error("einsum_c1: term '" + term + "' does not fit rank " + Twine(rule.rank(operand)));
    for (auto [i, letter] : llvm::enumerate(term)) {
      Dim d = rule.dim(operand, i);
      auto [entry, isNew] = extents.try_emplace(letter, d);
      if (isNew)
        continue;
      if (rule.clash(entry->second, d))
        return rule.error("einsum_c2: index '" + Twine(letter) + "' is " + Twine(*entry->second.known()) + " and " + Twine(*d.known()));
      entry->second = rule.broadcast(entry->second, d);
    }
  }
  Dims out;
  for (char letter : output) {
    auto found = extents.find(letter);
    if (found == extents.end())
      return rule.error("einsum_c1: output index '" + Twine(letter) + "' is in no term");
    out.push_back(found->second);
  }
  rule.result(out);
  return success();
}

} // namespace nnc::nn
