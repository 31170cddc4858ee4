//===- Attention.td - a softmax between two products --------------------===//
#ifndef NN_ATTENTION_TD
#define NN_ATTENTION_TD
include "dialects/nn/NNBase.td"

def NN_AttentionOp : NN_TensorOp<"attention", [IsolatedFromAbove, SingleBlock]> {
  let summary = "softmax(score(Q K^T)) V for each head (made by nn-form-attention; Vaswani 2017, ONNX Attention)";
  let description = [{
    q: [B,heads,S,D], k: [B,kv_heads,T,D], v: [B,kv_heads,T,E] -> [B,heads,S,E]. Each head of k and v serves
    heads / kv_heads neighbouring heads of q. With `q_by_row` and so on the operand or the result is [B,S,heads,D]
    instead: what a projection gives before heads are split. `first_heads` says at which head of its operand each of q,
    k and v starts; one operand may hold all three.

    The region is the elementwise arithmetic between the first product and the softmax: scale, mask, bias, cap. It takes
    the scores [B,heads,S,T] and then each of `extras`, which broadcast to them, and yields the scores for the softmax.
    With `drops_rows` the last of `extras` is no argument of it but i1 [B or 1,heads or 1,S or 1,1]: where it is true,
    the row of the result is 0.

    With `diagonal` key j has no weight in row i where j > i + diagonal, whatever the region says about it: kernels need
    not look at it.

    - attention_c1: q, k and v have rank 4 with static heads and head sizes.
    - attention_c2: the operands have the heads that first_heads, heads and kv_heads ask for, and kv_heads divides heads.
    - attention_c3: q and k agree in B and D, k and v in B and T.
    - attention_c4: the region takes the scores and the extras and yields scores.
    - attention_c5: diagonal is not negative.
  }];
  let arguments = (ins NN_Tensor:$q, NN_Tensor:$k, NN_Tensor:$v, Variadic<NN_Tensor>:$extras, I64Attr:$heads,
                       I64Attr:$kv_heads, DenseI64ArrayAttr:$first_heads, UnitAttr:$q_by_row, UnitAttr:$k_by_row,
                       UnitAttr:$v_by_row, UnitAttr:$y_by_row, UnitAttr:$drops_rows,
                       OptionalAttr<I64Attr>:$diagonal);
  let results = (outs NN_Tensor:$y);
  let regions = (region SizedRegion<1>:$score);
  let assemblyFormat = "operands $score attr-dict `:` functional-type(operands, results)";
}
#endif
