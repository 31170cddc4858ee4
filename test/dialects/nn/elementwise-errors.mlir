// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @unary_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{unary_c1: is_nan does not take this element type to this one}}
  %y = nn.unary is_nan %x : (tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @unary_c2_bits(%x: tensor<4xf32>) {
  // expected-error @+1 {{unary_c2: bitwise_not needs integers}}
  %y = nn.unary bitwise_not %x : (tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @unary_c2_floats(%x: tensor<4xi32>) {
  // expected-error @+1 {{unary_c2: exp needs floats}}
  %y = nn.unary exp %x : (tensor<4xi32>) -> tensor<4xi32>
  return
}
// -----
func.func @binary_c1(%x: tensor<4xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{binary_c1: the shapes do not broadcast: dim 0 is 4 and 3}}
  %z = nn.binary add %x, %y : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @binary_c2(%x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error @+1 {{binary_c2: the element types differ}}
  %z = nn.binary add %x, %y : (tensor<4xf32>, tensor<4xf16>) -> tensor<4xf32>
  return
}
// -----
func.func @binary_c3(%x: tensor<4xf32>) {
  // expected-error @+1 {{binary_c3: logical_and needs bools}}
  %z = nn.binary logical_and %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @compare_c1(%x: tensor<4xf32>, %y: tensor<3xf32>) {
  // expected-error @+1 {{compare_c1: the shapes do not broadcast: dim 0 is 4 and 3}}
  %z = nn.compare eq %x, %y : (tensor<4xf32>, tensor<3xf32>) -> tensor<4xi1>
  return
}
// -----
func.func @compare_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{compare_c2: the operands need one element type and the result i1}}
  %z = nn.compare eq %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @select_c1(%c: tensor<2xi1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{select_c1: the shapes do not broadcast: dim 0 is 2 and 4}}
  %z = nn.select %c, %x, %x : (tensor<2xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @select_c2(%c: tensor<4xi8>, %x: tensor<4xf32>) {
  // expected-error @+1 {{select_c2: the condition needs i1, the others one element type}}
  %z = nn.select %c, %x, %x : (tensor<4xi8>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
// The verifier compares what is declared with what follows.
func.func @declared_rank(%x: tensor<4xf32>) {
  // expected-error @+1 {{result 0 has rank 2, its operands give rank 1}}
  %y = nn.unary exp %x : (tensor<4xf32>) -> tensor<4x1xf32>
  return
}
// -----
func.func @declared_extent(%x: tensor<4xf32>) {
  // expected-error @+1 {{dim 0 of result 0 is 5, its operands give 4}}
  %y = nn.unary exp %x : (tensor<4xf32>) -> tensor<5xf32>
  return
}
