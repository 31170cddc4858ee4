//===- NNBase.td - the dialect and what all its ops share ---------------===//
#ifndef NN_BASE_TD
#define NN_BASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::nnc::nn";
  let summary = "Neural networks as graphs of tensor operations";
  let description = [{
    Tensor semantics, SSA, ranked tensors with dynamic dims. A small op set: what differs between ONNX opsets is
    gone when an op of this dialect exists. `nn.unary exp`, `nn.binary add` and their kin carry a kind, so that one
    shape rule, one verifier and one lowering serve the whole family.

    Element types: signless integers are signed (`i8` is ONNX's int8), `ui8` and so on are unsigned, `i1` is bool.

    Every constraint of an op has a number (`matmul_c1`), used alike in its error message and its `-errors` test.
    An op is built with result types of unknown shape (`tensor<*xf32>`) and gets its shape from `ShapeAnalysis`.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
  let hasConstantMaterializer = 1;
  let useDefaultAttributePrinterParser = 1;
}

def NN_ShapedOp : OpInterface<"ShapedOp"> {
  let cppNamespace = "::nnc::nn";
  let description = [{
    An op whose result shapes follow from its operands. `shapes` is written once over the algebra of `ShapeRule`
    and serves three times: shape inference (static and symbolic), the verifier, and the code that computes
    dynamic dims at run time.
  }];
  let methods = [
    InterfaceMethod<[{
      Appends one shape per result by `rule.result(dims)`. Violated constraints are reported through
      `rule.error(...)`, which returns failure.
    }], "::llvm::LogicalResult", "shapes", (ins "::nnc::nn::ShapeRule &":$rule)>
  ];
  let verifyWithRegions = 1;
  let verify = [{ return ::nnc::nn::verifyShapes($_op); }];
}

class NN_Op<string mnemonic, list<Trait> traits = []> : Op<NN_Dialect, mnemonic, traits>;

// A pure op with a shape rule; its verifier is the shape rule.
class NN_TensorOp<string mnemonic, list<Trait> traits = []>
    : NN_Op<mnemonic, !listconcat([Pure, DeclareOpInterfaceMethods<NN_ShapedOp>], traits)> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

// The same, one member of a family told apart by a leading `$kind`.
class NN_KindOp<string mnemonic, list<Trait> traits = []> : NN_TensorOp<mnemonic, traits> {
  let assemblyFormat = "$kind operands attr-dict `:` functional-type(operands, results)";
}

def NN_Tensor : TensorOf<[AnyType]>;

class NN_Enum<string name, string summary, list<string> kinds>
    : I32EnumAttr<name, summary,
        !foreach(i, !range(!size(kinds)), I32EnumAttrCase<kinds[i], i>)> {
  let cppNamespace = "::nnc::nn";
  let genSpecializedAttr = 0;
}
class NN_EnumAttr<EnumInfo enum, string mnemonic> : EnumAttr<NN_Dialect, enum, mnemonic>;

#endif
