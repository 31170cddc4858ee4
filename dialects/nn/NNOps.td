//===- NNOps.td - the whole dialect -------------------------------------===//
include "dialects/nn/Elementwise.td"
include "dialects/nn/Contraction.td"
include "dialects/nn/Pooling.td"
include "dialects/nn/Reduction.td"
include "dialects/nn/Movement.td"
include "dialects/nn/Recurrent.td"
include "dialects/nn/Quantization.td"
include "dialects/nn/Control.td"
