// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @reduce_c1(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{reduce_c1: }}
  %y = nn.reduce sum %x {axes = array<i64: 2>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}
// -----
func.func @reduce_c1_twice(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{reduce_c1: }}
  %y = nn.reduce max %x {axes = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}
// -----
func.func @arg_reduce_c1(%x: tensor<2x0xf32>) {
  // expected-error @+1 {{arg_reduce_c1: the axis is empty}}
  %y = nn.arg_reduce max %x {axis = 1 : i64} : (tensor<2x0xf32>) -> tensor<2xi64>
  return
}
// -----
func.func @cumulative_c1(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{cumulative_c1: }}
  %y = nn.cumulative sum %x {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
// -----
func.func @softmax_c1(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{softmax_c1: }}
  %y = nn.softmax softmax %x {axis = -1 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
// -----
func.func @normalize_c1(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{normalize_c1: }}
  %y = nn.normalize rms %x {axes = array<i64: 3>, epsilon = 1.0e-5 : f64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
// -----
func.func @lrn_c1(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{lrn_c1: x needs rank 2 or more, and size must be positive}}
  %y = nn.lrn %x {alpha = 1.0 : f64, beta = 0.75 : f64, bias = 1.0 : f64, size = 0 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
// -----
func.func @top_k_c1(%x: tensor<2x3xf32>, %k: tensor<2xi64>) {
  // expected-error @+1 {{top_k_c1: k must have one element}}
  %v, %i = nn.top_k %x, %k {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
  return
}
// -----
func.func @top_k_c2(%x: tensor<2x3xf32>) {
  %k = nn.constant dense<4> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{top_k_c2: k is 4 for an axis of 3}}
  %v, %i = nn.top_k %x, %k {axis = 1 : i64} : (tensor<2x3xf32>, tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
  return
}
