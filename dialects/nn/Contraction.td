//===- Contraction.td - products summed over an index -------------------===//
#ifndef NN_CONTRACTION_TD
#define NN_CONTRACTION_TD
include "dialects/nn/NNBase.td"

def NN_AutoPad : NN_Enum<"AutoPad", "how the padding of a window is found", ["explicit_pads", "same_upper", "same_lower"]>;
def NN_AutoPadAttr : NN_EnumAttr<NN_AutoPad, "auto_pad">;

def NN_MatMulOp : NN_TensorOp<"matmul"> {
  let summary = "matrix product with numpy's rules (ONNX MatMul)";
  let description = [{
    a: [...,M,K], b: [...,K,N] -> [...,M,N]; leading dims broadcast; a 1-D operand is a row or a column whose dim
    is dropped again. `transpose_a` and `transpose_b` swap the last two dims of an operand of rank 2 or more.
    Products of the element type are summed in the result's: i8 operands may give i32; f16 and bf16 are summed in f32.

    - matmul_c1: neither operand is a scalar.
    - matmul_c2: the inner dims agree.
    - matmul_c3: the leading dims broadcast.
  }];
  let arguments = (ins NN_Tensor:$a, NN_Tensor:$b, UnitAttr:$transpose_a, UnitAttr:$transpose_b);
  let results = (outs NN_Tensor:$y);
}

def NN_ConvOp : NN_TensorOp<"conv"> {
  let summary = "convolution over any number of spatial dims (ONNX Conv)";
  let description = [{
    x: [N,C,D1..Dn], w: [M,C/groups,K1..Kn], bias: [M] -> [N,M,O1..On]. pads: begins, then ends, 2n entries (zeros
    where auto_pad finds them).

    - conv_c1: x has rank 3 or more and w the same.
    - conv_c2: strides, dilations and pads have n, n and 2n entries; strides and dilations are positive.
    - conv_c3: groups divides C and M, and w takes C/groups channels.
    - conv_c4: bias has M entries.
    - conv_c5: the dilated kernel fits into the padded input.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$w, Optional<NN_Tensor>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$groups,
                       DefaultValuedAttr<NN_AutoPadAttr, "AutoPad::explicit_pads">:$auto_pad);
  let results = (outs NN_Tensor:$y);
}

def NN_ConvTransposeOp : NN_TensorOp<"conv_transpose"> {
  let summary = "transposed convolution (ONNX ConvTranspose)";
  let description = [{
    x: [N,C,D1..Dn], w: [C,M/groups,K1..Kn], bias: [M] -> [N,M,O1..On] with
    O = stride * (D - 1) + output_padding + (K - 1) * dilation + 1 - begin - end.

    - conv_transpose_c1: x has rank 3 or more and w the same.
    - conv_transpose_c2: the attributes have n entries (pads 2n); strides and dilations are positive.
    - conv_transpose_c3: groups divides C, and w has C rows.
    - conv_transpose_c4: bias has M entries.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$w, Optional<NN_Tensor>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$output_padding,
                       I64Attr:$groups);
  let results = (outs NN_Tensor:$y);
}

def NN_PackPanelsOp : NN_TensorOp<"pack_panels"> {
  let summary = "the right factor of a matrix product as panels (made by nn-pack-operands)";
  let description = [{
    b: [...,K,N], or [...,N,K] with `transposed` -> [...,ceil(N / 16),K,16]: the layout of nn.packed_matmul's panels.

    - pack_panels_c1: b has rank 2 or more, and its number of columns is static.
  }];
  let arguments = (ins NN_Tensor:$b, UnitAttr:$transposed);
  let results = (outs NN_Tensor:$panels);
}

def NN_PackedMatMulOp : NN_TensorOp<"packed_matmul"> {
  let summary = "matrix product with a right factor that lies in panels (made by nn-pack-weights and nn-pack-operands)";
  let description = [{
    a: [...,M,K], panels: [...,P,K,16] -> [...,M,columns]; leading dims broadcast. Element (k, j) of the right factor
    is panels[..., j / 16, k, j % 16]; the last panel is filled up with zeros. Sums as nn.matmul does. With `strassen`
    the kernel forms seven products of halves in place of eight: rounding errors are then relative to the largest
    elements of the factors, not to the terms of each sum.

    Factors that are both bf16 may lie in pairs, as machines multiply them: panels: [...,P,ceil(K/2),32], of which
    [..., j / 16, k / 2, j % 16 * 2 + k % 2] is element (k, j), or zero behind the last k. `cached` says that the panels
    are constants of a network that has so few of them that the third-level cache keeps them from run to run.

    With `scales`: [P,B,16] of the sums' type the right factor is panels[p, k, j] * scales[p, k / (K / B), j]. Scales of
    [P,B,32] hold from 16 on what is added to that. Scaled numbers of four bits lie in words, panels: [P,K/8,16] of i32:
    bits 4i to 4i + 3 of [p, k, j] are element (8k + i, 16p + j), in two's complement.

    - packed_matmul_c1: a has rank 2 or more, panels [...,ceil(columns / 16),K,16], or those of pairs or words.
    - packed_matmul_c2: the leading dims broadcast.
    - packed_matmul_c3: with `strassen` a is f32, panels is f32, halves or bytes, their extents are static, a has 4 rows or
      more, panels has rank 3, K is a multiple of 32, there are 64 columns or more and no scales.
    - packed_matmul_c4: scales is f32 and fits panels of rank 3, the result is f32, and B divides K; words have scales, and
      blocks of whole words.
  }];
  let arguments = (ins NN_Tensor:$a, NN_Tensor:$panels, Optional<NN_Tensor>:$scales, I64Attr:$columns,
                       UnitAttr:$strassen, UnitAttr:$cached);
  let results = (outs NN_Tensor:$y);
  let builders = [OpBuilder<(ins "::mlir::Type":$y, "::mlir::Value":$a, "::mlir::Value":$panels, "int64_t":$columns), [{
    build($_builder, $_state, y, a, panels, /*scales=*/::mlir::Value(), columns);
  }]>];
  let extraClassDeclaration = [{
    /// Columns of a panel.
    static constexpr int64_t kPanelColumns = 16;
    /// Numbers of four bits in a word of the panels.
    static constexpr int64_t kNumbersOfWord = 8;
    /// Whether a step of the panels holds two elements of each column.
    bool hasPairs();
    /// Whether the panels are words of eight numbers.
    bool hasWords();
    /// Whether it has the extents and types that `strassen` asks for.
    bool fitsStrassen();
  }];
}

def NN_PackedByteMatMulOp : NN_TensorOp<"packed_byte_matmul"> {
  let summary = "matrix product of bytes, summed in i32, with a right factor in panels (made by nn-pack-weights)";
  let description = [{
    a: [...,M,K], panels: [P,ceil(K / 4),16,4], start: [16 P] -> i32 [...,M,columns] with P = ceil(columns / 16). Element (k, j) of the right factor
    is panels[j / 16, k / 4, j % 16, k % 4]; what fills up the last panel and the last step is zeros. A sum of column j
    starts with start[j], or 0. Sums wrap.

    Machines multiply bytes with sign by bytes without. With `flip` the highest bit of every element of a is flipped and
    its type taken for the other of i8 and ui8: a is 128 more or less than what is multiplied, and `start` corrects it.

    - packed_byte_matmul_c1: a has rank 2 or more; panels and start fit its depth and the columns.
    - packed_byte_matmul_c2: a and panels are i8 and ui8; of the factors that are multiplied one has a sign.
  }];
  let arguments = (ins NN_Tensor:$a, NN_Tensor:$panels, Optional<NN_Tensor>:$start, I64Attr:$columns,
                       UnitAttr:$flip);
  let results = (outs NN_Tensor:$y);
  let extraClassDeclaration = [{
    /// Columns of a panel.
    static constexpr int64_t kPanelColumns = 16;
  }];
}

def NN_PackedConvOp : NN_TensorOp<"packed_conv"> {
  let summary = "convolution with a constant weight that lies in panels (made by nn-pack-weights)";
  let description = [{
    nn.conv with panels: [groups, Q, C/groups*K1*..*Kn, 6]. The weight of filter m of group g, channel c, tap t (its
    row-major number) is panels[g, m / 6, c * K1*..*Kn + t, m % 6]; the last panel is filled up with zeros.

    - packed_conv_c1: x has rank n + 2 for the n entries of `kernel`.
    - packed_conv_c2: strides, dilations and pads have n, n and 2n entries; strides and dilations are positive.
    - packed_conv_c3: panels fits the groups, x's channels, the kernel and the filters.
    - packed_conv_c4: bias has `filters` entries.
    - packed_conv_c5: the dilated kernel fits into the padded input.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$panels, Optional<NN_Tensor>:$bias, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
                       I64Attr:$filters, I64Attr:$groups,
                       DefaultValuedAttr<NN_AutoPadAttr, "AutoPad::explicit_pads">:$auto_pad);
  let results = (outs NN_Tensor:$y);
  let extraClassDeclaration = [{
    /// Filters of a panel.
    static constexpr int64_t kPanelFilters = 6;
  }];
}

def NN_EinsumOp : NN_TensorOp<"einsum"> {
  let summary = "sum of products over named indices (ONNX Einsum)";
  let description = [{
    `equation` in explicit form over letters, the ellipsis expanded: "ij,jk->ik".

    - einsum_c1: the equation has one term per operand with one letter per dim, and an output of known letters.
    - einsum_c2: dims with one letter agree (1 broadcasts).
  }];
  let arguments = (ins Variadic<NN_Tensor>:$inputs, StrAttr:$equation);
  let results = (outs NN_Tensor:$y);
}
#endif
