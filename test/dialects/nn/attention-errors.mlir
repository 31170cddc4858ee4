// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @attention_c1(%q: tensor<2x4x8xf32>) {
  // expected-error @+1 {{attention_c1: an operand has rank 3, not 4}}
  %y = nn.attention %q, %q, %q {
  ^bb0(%s: tensor<1x2x4x4xf32>):
    nn.yield %s : tensor<1x2x4x4xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 0>} : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}
// -----
func.func @attention_c2(%q: tensor<1x2x4x8xf32>) {
  // expected-error @+1 {{attention_c2: the operands do not have 2 and 2 heads}}
  %y = nn.attention %q, %q, %q {
  ^bb0(%s: tensor<1x2x4x4xf32>):
    nn.yield %s : tensor<1x2x4x4xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 1, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}
// -----
func.func @attention_c3(%q: tensor<1x2x4x8xf32>, %v: tensor<1x2x5x8xf32>) {
  // expected-error @+1 {{attention_c3: q, k and v do not fit together}}
  %y = nn.attention %q, %q, %v {
  ^bb0(%s: tensor<1x2x4x4xf32>):
    nn.yield %s : tensor<1x2x4x4xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x5x8xf32>) -> tensor<1x2x4x8xf32>
  return
}
// -----
func.func @attention_c4(%q: tensor<1x2x4x8xf32>, %m: tensor<4xf32>) {
  // expected-error @+1 {{attention_c4: the region does not take the scores and 1 extras or does not yield one tensor}}
  %y = nn.attention %q, %q, %q, %m {
  ^bb0(%s: tensor<1x2x4x4xf32>):
    nn.yield %s : tensor<1x2x4x4xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, first_heads = array<i64: 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<4xf32>) -> tensor<1x2x4x8xf32>
  return
}
// -----
func.func @attention_c5(%q: tensor<1x2x4x8xf32>) {
  // expected-error @+1 {{attention_c5: diagonal is negative}}
  %y = nn.attention %q, %q, %q {
  ^bb0(%s: tensor<1x2x4x4xf32>):
    nn.yield %s : tensor<1x2x4x4xf32>
  } {heads = 2 : i64, kv_heads = 2 : i64, diagonal = -1 : i64, first_heads = array<i64: 0, 0, 0>} : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return
}
