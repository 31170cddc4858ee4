//===- Recurrent.td - layers with state, and spectra over time ----------===//
#ifndef NN_RECURRENT_TD
#define NN_RECURRENT_TD
include "dialects/nn/NNBase.td"

def NN_RecurrentKind : NN_Enum<"RecurrentKind", "the cell", ["rnn", "lstm", "gru"]>;
def NN_RecurrentKindAttr : NN_EnumAttr<NN_RecurrentKind, "recurrent_kind">;
def NN_RecurrentDirection : NN_Enum<"RecurrentDirection", "the order of time", ["forward", "reverse", "bidirectional"]>;
def NN_RecurrentDirectionAttr : NN_EnumAttr<NN_RecurrentDirection, "recurrent_direction">;

def NN_RecurrentOp : NN_KindOp<"recurrent", [AttrSizedOperandSegments]> {
  let summary = "a recurrent layer over a sequence (Hochreiter 1997, Cho 2014; ONNX RNN, LSTM, GRU)";
  let description = [{
    With T steps, batch B, D directions, g gates (1, 4 as i,o,f,c, or 3 as z,r,h), input size I and hidden size H:
    x: [T,B,I], w: [D,g*H,I], r: [D,g*H,H], bias: [D,2*g*H], lengths: [B] i32, initial_h, initial_c: [D,B,H],
    peephole: [D,3*H] -> y: [T,D,B,H], y_h, y_c: [D,B,H] (y_c is meaningless but for lstm). Steps past a sequence's
    length give zeros. activations: g' functions per direction (1, 3 or 2) by ONNX name with alpha and beta each.

    - recurrent_c1: ranks are as above.
    - recurrent_c2: the dims agree with hidden_size and the number of directions.
    - recurrent_c3: there are 1, 3 or 2 known activations per direction.
    - recurrent_c4: only an lstm has initial_c and peephole.
  }];
  let arguments = (ins NN_RecurrentKindAttr:$kind, NN_Tensor:$x, NN_Tensor:$w, NN_Tensor:$r, Optional<NN_Tensor>:$bias,
                       Optional<NN_Tensor>:$lengths, Optional<NN_Tensor>:$initial_h, Optional<NN_Tensor>:$initial_c,
                       Optional<NN_Tensor>:$peephole, NN_RecurrentDirectionAttr:$direction, I64Attr:$hidden_size,
                       StrArrayAttr:$activations, DenseF64ArrayAttr:$alphas, DenseF64ArrayAttr:$betas,
                       OptionalAttr<F64Attr>:$clip, UnitAttr:$linear_before_reset, UnitAttr:$input_forget);
  let results = (outs NN_Tensor:$y, NN_Tensor:$y_h, NN_Tensor:$y_c);
}

def NN_PackedRecurrentOp : NN_KindOp<"packed_recurrent", [AttrSizedOperandSegments]> {
  let summary = "nn.recurrent with packed weights (made by nn-pack-recurrent)";
  let description = [{
    Units come in blocks of 16, P = ceil(H / 16) of them, the last filled up with zeros; g gates of a block lie together.
    input: [T,B,D*P*g*16] holds the products with W and all biases but recurrent_bias; panels: [D,P,H,g*16]: element
    [d, p, k, gate * 16 + i] is that of R for unit 16 p + i and input k. recurrent_bias: [D,P*16] is that of a GRU's
    candidate that its reset gate multiplies; peephole: [D,3,P*16]. The rest is as in nn.recurrent.

    With input_panels: [D*P*g,I,16] the products with W are left to this op as well (nn-fuse-projections): the input is
    then x: [T,1,I], its product with these panels as nn.packed_matmul has them, plus input_bias: [D*P*g*16], the above.

    - packed_recurrent_c1: ranks are as above.
    - packed_recurrent_c2: the dims agree with hidden_size and the number of directions.
    - packed_recurrent_c3: there are 1, 3 or 2 known activations per direction.
    - packed_recurrent_c4: only an lstm has initial_c and peephole; a gru has recurrent_bias only if linear_before_reset.
    - packed_recurrent_c5: with input_panels I is known and not 0, there is one sequence, and there are no lengths;
      input_bias comes with input_panels only.
  }];
  let arguments = (ins NN_RecurrentKindAttr:$kind, NN_Tensor:$input, NN_Tensor:$panels,
                       Optional<NN_Tensor>:$recurrent_bias, Optional<NN_Tensor>:$lengths, Optional<NN_Tensor>:$initial_h,
                       Optional<NN_Tensor>:$initial_c, Optional<NN_Tensor>:$peephole, Optional<NN_Tensor>:$input_panels,
                       Optional<NN_Tensor>:$input_bias, NN_RecurrentDirectionAttr:$direction, I64Attr:$hidden_size,
                       StrArrayAttr:$activations,
                       DenseF64ArrayAttr:$alphas, DenseF64ArrayAttr:$betas, OptionalAttr<F64Attr>:$clip,
                       UnitAttr:$linear_before_reset, UnitAttr:$input_forget);
  let results = (outs NN_Tensor:$y, NN_Tensor:$y_h, NN_Tensor:$y_c);
  let extraClassDeclaration = [{
    /// Units of a block.
    static constexpr int64_t kBlockUnits = 16;
  }];
}

def NN_DftOp : NN_TensorOp<"dft"> {
  let summary = "discrete Fourier transform along an axis (ONNX DFT)";
  let description = [{
    x: [...,1 or 2], real or complex in the last dim; length: the transform's size, a scalar (the extent without).
    onesided gives n/2 + 1 bins of a real signal; inverse and onesided together give the real signal back.

    - dft_c1: the last dim is 1 or 2, axis is in [0, rank - 1).
  }];
  let arguments = (ins NN_Tensor:$x, Optional<NN_Tensor>:$length, I64Attr:$axis, UnitAttr:$inverse, UnitAttr:$onesided);
  let results = (outs NN_Tensor:$y);
}

def NN_StftOp : NN_TensorOp<"stft", [AttrSizedOperandSegments]> {
  let summary = "short-time Fourier transform (ONNX STFT)";
  let description = [{
    signal: [B,L,1 or 2] or [B,L], frame_step: a scalar, window: [W], frame_length: a scalar -> [B,frames,bins,2].

    - stft_c1: signal has rank 2 or 3, window rank 1; window or frame_length is given.
  }];
  let arguments = (ins NN_Tensor:$signal, NN_Tensor:$frame_step, Optional<NN_Tensor>:$window,
                       Optional<NN_Tensor>:$frame_length, UnitAttr:$onesided);
  let results = (outs NN_Tensor:$y);
}

def NN_RandomKind : NN_Enum<"RandomKind", "the distribution", ["uniform", "normal"]>;
def NN_RandomKindAttr : NN_EnumAttr<NN_RandomKind, "random_kind">;

def NN_RandomOp : NN_KindOp<"random"> {
  let summary = "seeded random numbers (ONNX RandomUniform, RandomNormal and kin)";
  let description = [{
    shape: [r] i64; uniform in [low, high) or normal with mean `low` and deviation `high`; a counter-based
    generator (Philox, Salmon 2011) keyed by the seed: the same numbers on every run and thread count.

    - random_c1: shape is 1-D with a static length.
  }];
  let arguments = (ins NN_RandomKindAttr:$kind, NN_Tensor:$shape, F64Attr:$low, F64Attr:$high, I64Attr:$seed);
  let results = (outs NN_Tensor:$y);
}
#endif
