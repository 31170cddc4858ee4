// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @quantize_c1(%x: tensor<2x3xf32>, %s: tensor<2xf32>) {
  // expected-error @+1 {{quantize_c1: the scale does not fit the axis' extent}}
  %y = nn.quantize %x, %s {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xui8>
  return
}
// -----
func.func @quantize_c2(%x: tensor<2x3xf32>, %s: tensor<2xf32>) {
  // expected-error @+1 {{quantize_c2: axis 2 is out of range for rank 2}}
  %y = nn.quantize %x, %s {axis = 2 : i64} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xui8>
  return
}
// -----
func.func @dequantize_c1(%x: tensor<2x3xi8>, %s: tensor<3xf32>, %z: tensor<i8>) {
  // expected-error @+1 {{dequantize_c1: the zero point does not have the scale's shape}}
  %y = nn.dequantize %x, %s, %z {axis = 1 : i64} : (tensor<2x3xi8>, tensor<3xf32>, tensor<i8>) -> tensor<2x3xf32>
  return
}
// -----
func.func @dequantize_c2(%x: tensor<2x3xi8>, %s: tensor<3xf32>) {
  // expected-error @+1 {{dequantize_c2: axis 4 is out of range for rank 2}}
  %y = nn.dequantize %x, %s {axis = 4 : i64} : (tensor<2x3xi8>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}
// -----
func.func @bitcast_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{bitcast_c1: f32 and i64 have no common width}}
  %y = nn.bitcast %x : (tensor<4xf32>) -> tensor<4xi64>
  return
}
