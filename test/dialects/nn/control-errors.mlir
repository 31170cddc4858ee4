// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @if_c1(%c: tensor<2xi1>, %x: tensor<2xf32>) {
  // expected-error @+1 {{if_c1: the condition must have one element of i1}}
  %y = nn.if %c { nn.yield %x : tensor<2xf32> } else { nn.yield %x : tensor<2xf32> } : (tensor<2xi1>) -> tensor<2xf32>
  return
}
// -----
func.func @if_c2(%c: tensor<i1>, %x: tensor<2xf32>, %z: tensor<2x1xf32>) {
  // expected-error @+1 {{if_c2: the branches give different element types or ranks}}
  %y = nn.if %c { nn.yield %x : tensor<2xf32> } else { nn.yield %z : tensor<2x1xf32> } : (tensor<i1>) -> tensor<2xf32>
  return
}
// -----
func.func @loop_c1(%m: tensor<2xi64>, %x: tensor<2xf32>) {
  // expected-error @+1 {{loop_c1: the trip count and the condition must have one element}}
  %y = nn.loop %m, %x {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<2xf32>):
    nn.yield %c, %a : tensor<i1>, tensor<2xf32>
  } {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<2xi64>, tensor<2xf32>) -> tensor<2xf32>
  return
}
// -----
func.func @loop_c2(%m: tensor<i64>, %x: tensor<2xf32>, %z: tensor<2xi64>) {
  // expected-error @+1 {{loop_c2: carried value 0 changes its element type or rank}}
  %y = nn.loop %m, %x {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %a: tensor<2xf32>):
    nn.yield %c, %z : tensor<i1>, tensor<2xi64>
  } {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<i64>, tensor<2xf32>) -> tensor<2xi64>
  return
}
// -----
func.func @scan_c1(%x: tensor<f32>) {
  // expected-error @+1 {{scan_c1: a sequence is a scalar}}
  %y = nn.scan %x {
  ^bb0(%a: tensor<f32>):
    nn.yield %a : tensor<f32>
  } {states = 0 : i64} : (tensor<f32>) -> tensor<?xf32>
  return
}
// -----
func.func @scan_c2(%x: tensor<2xf32>, %z: tensor<3xf32>) {
  // expected-error @+1 {{scan_c2: the sequences have lengths 2 and 3}}
  %y = nn.scan %x, %z {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    nn.yield %a : tensor<f32>
  } {states = 0 : i64} : (tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
  return
}
// -----
func.func @scan_c3(%x: tensor<2xf32>) {
  // expected-error @+1 {{scan_c3: the region takes 2 and yields 1 values}}
  %y = nn.scan %x {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>):
    nn.yield %a : tensor<f32>
  } {states = 0 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  return
}
