//===- Elementwise.td - one result element from one element of each operand -===//
#ifndef NN_ELEMENTWISE_TD
#define NN_ELEMENTWISE_TD
include "dialects/nn/NNBase.td"

def NN_UnaryKind : NN_Enum<"UnaryKind", "function of one element", [
  "abs", "neg", "sign", "reciprocal", "sqrt", "rsqrt", "exp", "log", "floor", "ceil", "round",
  "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf",
  "logical_not", "bitwise_not", "is_nan", "is_inf",
  "relu", "leaky_relu", "thresholded_relu", "elu", "celu", "selu", "sigmoid", "hard_sigmoid", "hard_swish",
  "swish", "softplus", "softsign", "mish", "gelu", "gelu_tanh"
]>;
def NN_UnaryKindAttr : NN_EnumAttr<NN_UnaryKind, "unary_kind">;

def NN_UnaryOp : NN_KindOp<"unary"> {
  let summary = "a function of one element";
  let description = [{
    y[i] = f(x[i]); shape(y) = shape(x). `alpha` and `beta` are the parameters of the activations that have them
    (leaky_relu, thresholded_relu, elu, celu, selu, hard_sigmoid, swish), as in the ONNX op of the same name.
    `round` rounds halves to even. is_nan and is_inf give i1.

    - unary_c1: logical_not takes i1; is_nan and is_inf give i1; the other kinds keep the element type.
    - unary_c2: the kind is defined on the element type (bitwise_not on integers, the transcendental ones on floats).
  }];
  let arguments = (ins NN_UnaryKindAttr:$kind, NN_Tensor:$x, OptionalAttr<F64Attr>:$alpha,
                       OptionalAttr<F64Attr>:$beta);
  let results = (outs NN_Tensor:$y);
}

def NN_BinaryKind : NN_Enum<"BinaryKind", "function of two elements", [
  "add", "sub", "mul", "div", "mod", "fmod", "pow", "min", "max", "prelu",
  "logical_and", "logical_or", "logical_xor",
  "bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right"
]>;
def NN_BinaryKindAttr : NN_EnumAttr<NN_BinaryKind, "binary_kind">;

def NN_BinaryOp : NN_KindOp<"binary"> {
  let summary = "a function of two elements, with numpy's broadcasting";
  let description = [{
    y[i] = f(a[i], b[i]); shape(y) = broadcast(shape(a), shape(b)). Integer division truncates, `mod` has the sign
    of the divisor (Python's %), `fmod` that of the dividend; min and max give NaN when either side is NaN; integers
    wrap. `prelu` is a where a >= 0, else a * b. Division of an integer by zero gives 0, INT_MIN / -1 wraps: neither
    traps.

    - binary_c1: the shapes broadcast.
    - binary_c2: a, b and y have one element type (`pow` alone lets b differ).
    - binary_c3: the kind is defined on the element type.
  }];
  let arguments = (ins NN_BinaryKindAttr:$kind, NN_Tensor:$a, NN_Tensor:$b);
  let results = (outs NN_Tensor:$y);
}

def NN_CompareKind : NN_Enum<"CompareKind", "relation between two elements",
  ["eq", "ne", "lt", "le", "gt", "ge"]>;
def NN_CompareKindAttr : NN_EnumAttr<NN_CompareKind, "compare_kind">;

def NN_CompareOp : NN_KindOp<"compare"> {
  let summary = "a relation between two elements, with numpy's broadcasting";
  let description = [{
    y[i] = a[i] R b[i] as i1. Any relation with a NaN is false, but `ne` is true.

    - compare_c1: the shapes broadcast.
    - compare_c2: a and b have one element type, y has i1.
  }];
  let arguments = (ins NN_CompareKindAttr:$kind, NN_Tensor:$a, NN_Tensor:$b);
  let results = (outs NN_Tensor:$y);
}

def NN_SelectOp : NN_TensorOp<"select"> {
  let summary = "a where the condition holds, else b (ONNX Where)";
  let description = [{
    y[i] = cond[i] ? a[i] : b[i], all three broadcast.

    - select_c1: the shapes broadcast.
    - select_c2: cond has i1; a, b and y have one element type.
  }];
  let arguments = (ins NN_Tensor:$cond, NN_Tensor:$a, NN_Tensor:$b);
  let results = (outs NN_Tensor:$y);
}

def NN_CastRounding : NN_Enum<"CastRounding", "how a cast to float8e8m0 rounds", ["up", "down", "nearest"]>;
def NN_CastRoundingAttr : NN_EnumAttr<NN_CastRounding, "cast_rounding">;

def NN_CastOp : NN_TensorOp<"cast"> {
  let summary = "another element type (ONNX Cast)";
  let description = [{
    Float to integer truncates towards zero; to bool is `!= 0`; to a narrower float rounds to nearest even; to
    float8 saturates when `saturate` is set. Only float8e8m0, which has nothing but exponents, rounds as `rounding`
    says: up, down, or to the nearest with ties up.
  }];
  let arguments = (ins NN_Tensor:$x, DefaultValuedAttr<BoolAttr, "true">:$saturate,
                       DefaultValuedAttr<NN_CastRoundingAttr, "CastRounding::up">:$rounding);
  let results = (outs NN_Tensor:$y);
}

def NN_BitcastOp : NN_TensorOp<"bitcast"> {
  let summary = "the same bits as another element type (ONNX BitCast)";
  let description = [{
    shape(y) = shape(x).

    - bitcast_c1: the element types are integers or floats of one width.
  }];
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
}
#endif
