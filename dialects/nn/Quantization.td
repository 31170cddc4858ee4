//===- Quantization.td - between reals and scaled integers --------------===//
#ifndef NN_QUANTIZATION_TD
#define NN_QUANTIZATION_TD
include "dialects/nn/NNBase.td"

class NN_QuantOp<string mnemonic> : NN_TensorOp<mnemonic> {
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$scale, Optional<NN_Tensor>:$zero_point, I64Attr:$axis,
                       DefaultValuedAttr<I64Attr, "0">:$block_size, DefaultValuedAttr<BoolAttr, "true">:$saturate);
  let results = (outs NN_Tensor:$y);
}

def NN_QuantizeOp : NN_QuantOp<"quantize"> {
  let summary = "y = saturate(round(x / scale) + zero_point) (ONNX QuantizeLinear)";
  let description = [{
    Rounds halves to even. scale: one element, [D_axis], or blocked: x's shape with dim `axis` divided by block_size.

    - quantize_c1: scale has one element, is 1-D with axis' extent, or is blocked; zero_point has its shape.
    - quantize_c2: axis is in [0, rank) unless scale has one element.
  }];
}

def NN_DequantizeOp : NN_QuantOp<"dequantize"> {
  let summary = "y = (x - zero_point) * scale (ONNX DequantizeLinear)";
  let description = "Shapes and constraints (dequantize_c1, dequantize_c2) as for nn.quantize.";
}
#endif
