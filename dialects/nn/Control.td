//===- Control.td - regions, and the groups that a model becomes --------===//
#ifndef NN_CONTROL_TD
#define NN_CONTROL_TD
include "dialects/nn/NNBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def NN_YieldOp : NN_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "ends a region with its results";
  let arguments = (ins Variadic<NN_Tensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def NN_IfOp : NN_Op<"if", [DeclareOpInterfaceMethods<NN_ShapedOp>, RecursiveMemoryEffects, NoRegionArguments]> {
  let summary = "one of two regions (ONNX If)";
  let description = [{
    The regions see the values around them. A result's dim is static where both yields agree on it.

    - if_c1: the condition has one element of i1.
    - if_c2: both regions yield as many values as there are results, with their element types and ranks.
  }];
  let arguments = (ins NN_Tensor:$condition);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = "$condition $then_region `else` $else_region attr-dict `:` functional-type(operands, results)";
}

def NN_LoopOp : NN_Op<"loop", [DeclareOpInterfaceMethods<NN_ShapedOp>, RecursiveMemoryEffects, AttrSizedOperandSegments]> {
  let summary = "repeats a region with carried values (ONNX Loop)";
  let description = [{
    trip_count: one i64, or absent for no bound; condition: one i1, or absent for true. The region takes (iteration:
    tensor<i64>, condition: tensor<i1>, carried...) and yields (condition, carried..., scanned...). Results: the last
    carried values, then each scanned value stacked along a new first dim.

    - loop_c1: trip_count and condition have one element.
    - loop_c2: the region's arguments and yields match the carried values in number, element type and rank.
  }];
  let arguments = (ins Optional<NN_Tensor>:$trip_count, Optional<NN_Tensor>:$condition, Variadic<NN_Tensor>:$initial);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands $body attr-dict `:` functional-type(operands, results)";
}

def NN_ScanOp : NN_Op<"scan", [DeclareOpInterfaceMethods<NN_ShapedOp>, RecursiveMemoryEffects]> {
  let summary = "repeats a region over the rows of sequences with carried state (ONNX Scan)";
  let description = [{
    The first operands are `states` carried values, the rest are sequences, walked forward along dim 0 (the importer
    transposes and reverses). The region takes (states..., one row of each sequence) and yields (states..., one row of
    each output). Results: the last states, then the outputs with the sequences' length as dim 0.

    - scan_c1: there is a sequence, and none is a scalar.
    - scan_c2: the sequences have one length.
    - scan_c3: the region's arguments and yields match in number, element type and rank.
  }];
  let arguments = (ins Variadic<NN_Tensor>:$inputs, I64Attr:$states);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands $body attr-dict `:` functional-type(operands, results)";
}

def NN_GroupOp : NN_Op<"group", [Pure, IsolatedFromAbove, SingleBlock]> {
  let summary = "what one kernel computes";
  let description = [{
    See passes/graph/Group.h, which opens with the idea. `kernel` names the function that the loops stage made;
    `items` maps the dims of result 0 to the extents of the parallel iteration space.
  }];
  let arguments = (ins Variadic<NN_Tensor>:$inputs, OptionalAttr<FlatSymbolRefAttr>:$kernel,
                       OptionalAttr<AffineMapAttr>:$items, OptionalAttr<I64Attr>:$grain);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands $body attr-dict `:` functional-type(operands, results)";
}
#endif
