//===- Contraction.cpp - products summed over an index ------------------------===//
#include "frontends/onnx/NodeImporter.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/ops/Builders.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using nnc::nn::BinaryKind;

namespace nnc::onnx {
namespace {

Value matmul(NodeImporter &node, Value a, Value b, bool transposeA = false, bool transposeB = false) {
  return node.create<nn::MatMulOp>(NodeImporter::elementTypeOf(a), a, b, transposeA, transposeB);
}

LogicalResult importMatMul(NodeImporter &node) {
  node.setOutput(0, matmul(node, node.input(0), node.input(1)));
  return node.status();
}

/// `value` times a factor that is an attribute; integers take whole factors only.
Value scale(NodeImporter &node, Value value, double factor) {
  if (factor == 1)
    return value;
  Type type = NodeImporter::elementTypeOf(value);
  if (!isa<FloatType>(type) && factor != std::trunc(factor)) {
    (void)node.error("unsupported: integers times " + std::to_string(factor));
    return value;
  }
  return binary(node, BinaryKind::mul, value, node.scalarConstant(type, factor));
}

/// alpha * A * B + beta * C, where C broadcasts to the product.
LogicalResult importGemm(NodeImporter &node) {
  double alpha = node.floatAttr("alpha", 1), beta = node.floatAttr("beta", 1);
  bool transposeA = node.intAttr("transA", 0) != 0, transposeB = node.intAttr("transB", 0) != 0;
  // Opset 6 wanted to be told that C broadcasts.
  node.ignoreAttr("broadcast");
  Value a = node.input(0), b = node.input(1), c = node.input(2);
  for (Value factor : {a, b})
    if (NodeImporter::rankOf(factor) != 2)
      return node.error("the factors must have rank 2, one has " + Twine(NodeImporter::rankOf(factor)));

  Value product = scale(node, matmul(node, a, b, transposeA, transposeB), alpha);
  Value sum = product;
  if (c && beta != 0) {
    sum = binary(node, BinaryKind::add, product, scale(node, c, beta));
    if (succeeded(node.status()) && NodeImporter::shapeOf(sum) != NodeImporter::shapeOf(product))
      return node.error("C does not broadcast to the product's shape");
  }
  node.setOutput(0, sum);
  return node.status();
}

/// com.microsoft FusedMatMul: alpha * op(A) * op(B).
LogicalResult importFusedMatMul(NodeImporter &node) {
  if (failed(node.requireFloatInputs(2, 2)))
    return failure();
  if (node.intAttr("transBatchA", 0) != 0 || node.intAttr("transBatchB", 0) != 0)
    return node.error("unsupported: transBatchA and transBatchB");
  // Operands of rank 1 are not transposed.
  bool transposeA = node.intAttr("transA", 0) != 0 && NodeImporter::rankOf(node.input(0)) > 1;
  bool transposeB = node.intAttr("transB", 0) != 0 && NodeImporter::rankOf(node.input(1)) > 1;
  Value product = matmul(node, node.input(0), node.input(1), transposeA, transposeB);
  node.setOutput(0, scale(node, product, node.floatAttr("alpha", 1)));
  return node.status();
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

/// An equation brought to nn.einsum's form: explicit output, letters for the dims of an ellipsis.
class EinsumEquation {
public:
  EinsumEquation(NodeImporter &node, std::string text) : node(node), text(std::move(text)) {}

  FailureOr<std::string> explicitForm() {
    llvm::erase_if(text, [](char c) { return c == ' '; });
    auto [left, right] = StringRef(text).split("->");
    bool isExplicit = StringRef(text).contains("->");
    SmallVector<StringRef> terms;
    left.split(terms, ',');
    if (terms.size() != node.numInputs())
      return node.error("the equation has " + Twine(terms.size()) + " terms for " + Twine(node.numInputs()) +
                        " inputs");
    for (char c : text)
      used[static_cast<unsigned char>(c)] = true;

    // The ellipsis stands for the dims that a term does not name; the longest of all terms takes fresh letters.
    size_t longest = 0;
    SmallVector<size_t> lengths;
    for (auto [i, term] : llvm::enumerate(terms)) {
      size_t named = term.size() - (term.contains("...") ? 3 : 0);
      size_t rank = NodeImporter::rankOf(node.input(i));
      if (named > rank || (named < rank && !term.contains("...")))
        return node.error("the term '" + term + "' does not fit an input of rank " + Twine(rank));
      lengths.push_back(rank - named);
      if (term.contains("..."))
        longest = std::max(longest, rank - named);
    }
    std::string letters = freshLetters(longest);
    if (letters.size() < longest)
      return node.error("the equation uses too many indices");

    std::string result;
    for (auto [i, term] : llvm::enumerate(terms)) {
      FailureOr<std::string> expanded = expand(term, StringRef(letters).take_back(lengths[i]));
      if (failed(expanded))
        return failure();
      result += (i ? "," : "") + *expanded;
    }
    FailureOr<std::string> output = isExplicit ? expand(right, letters) : letters + implicitOutput(left);
    if (failed(output))
      return failure();
    return result + "->" + *output;
  }

private:
  std::string freshLetters(size_t count) const {
    std::string letters;
    for (char c = 'a'; c <= 'z' && letters.size() < count; ++c)
      if (!used[static_cast<unsigned char>(c)])
        letters += c;
    for (char c = 'A'; c <= 'Z' && letters.size() < count; ++c)
      if (!used[static_cast<unsigned char>(c)])
        letters += c;
    return letters;
  }

  FailureOr<std::string> expand(StringRef term, StringRef ellipsis) const {
    size_t dots = term.find("...");
    std::string out = dots == StringRef::npos
                          ? term.str()
                          : (term.take_front(dots) + ellipsis + term.substr(dots + 3)).str();
    if (!llvm::all_of(out, llvm::isAlpha))
      return node.error("malformed equation '" + Twine(text) + "'");
    return out;
  }

  /// Without an output the indices that occur once, in alphabetical order.
  static std::string implicitOutput(StringRef left) {
    std::string out;
    for (int c = 0; c < 128; ++c)
      if (llvm::isAlpha(static_cast<char>(c)) && left.count(static_cast<char>(c)) == 1)
        out += static_cast<char>(c);
    return out;
  }

  NodeImporter &node;
  std::string text;
  bool used[256] = {};
};

LogicalResult importEinsum(NodeImporter &node) {
  FailureOr<std::string> equation = EinsumEquation(node, node.stringAttr("equation", "")).explicitForm();
  if (failed(equation))
    return failure();
  node.setOutput(0, node.create<nn::EinsumOp>(node.elementType(0), node.allInputs(), *equation));
  return node.status();
}

} // namespace

void registerContractionImporters(Registry &registry) {
  registry.add("MatMul", importMatMul);
  registry.add("Gemm", importGemm);
  registry.add("Einsum", importEinsum);
  registry.addTo("com.microsoft", "FusedMatMul", importFusedMatMul);
}

} // namespace nnc::onnx
