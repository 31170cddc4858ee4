// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @if_c1(%c: tensor<2xi1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{if_c1: the condition must have one element of i1}}
  %y = nn.if %c {
    nn.yield %x : tensor<4xf32>
  } else {
    nn.yield %x : tensor<4xf32>
  } : (tensor<2xi1>) -> tensor<4xf32>
  return
}
// -----
func.func @if_c2_count(%c: tensor<i1>, %x: tensor<4xf32>) {
  // expected-error @+1 {{if_c2: the branches give 2 and 1 values for 1 results}}
  %y = nn.if %c {
    nn.yield %x, %x : tensor<4xf32>, tensor<4xf32>
  } else {
    nn.yield %x : tensor<4xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return
}
// -----
func.func @if_c2_type(%c: tensor<i1>, %x: tensor<4xf32>, %z: tensor<4x1xf32>) {
  // expected-error @+1 {{if_c2: the branches give different element types or ranks}}
  %y = nn.if %c {
    nn.yield %x : tensor<4xf32>
  } else {
    nn.yield %z : tensor<4x1xf32>
  } : (tensor<i1>) -> tensor<4xf32>
  return
}
// -----
func.func @loop_c1(%n: tensor<2xi64>, %x: tensor<4xf32>) {
  // expected-error @+1 {{loop_c1: the trip count and the condition must have one element}}
  %y = nn.loop %n, %x {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %s: tensor<4xf32>):
    nn.yield %go, %s : tensor<i1>, tensor<4xf32>
  } {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<2xi64>, tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @loop_c2_count(%n: tensor<i64>, %x: tensor<4xf32>) {
  // expected-error @+1 {{loop_c2: the region takes 3 and yields 1 values for 1 carried ones}}
  %y = nn.loop %n, %x {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %s: tensor<4xf32>):
    nn.yield %go : tensor<i1>
  } {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @loop_c2_type(%n: tensor<i64>, %x: tensor<4xf32>, %z: tensor<4xf16>) {
  // expected-error @+1 {{loop_c2: carried value 0 changes its element type or rank}}
  %y = nn.loop %n, %x {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %s: tensor<4xf32>):
    nn.yield %go, %z : tensor<i1>, tensor<4xf16>
  } {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<i64>, tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @scan_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{scan_c1: there is no sequence}}
  %y = nn.scan %x {
  ^bb0(%s: tensor<4xf32>):
    nn.yield %s : tensor<4xf32>
  } {states = 1 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @scan_c1_scalar(%x: tensor<f32>) {
  // expected-error @+1 {{scan_c1: a sequence is a scalar}}
  %y = nn.scan %x {
  ^bb0(%s: tensor<f32>):
    nn.yield %s : tensor<f32>
  } {states = 0 : i64} : (tensor<f32>) -> tensor<1xf32>
  return
}
// -----
func.func @scan_c2(%x: tensor<4xf32>, %z: tensor<5xf32>) {
  // expected-error @+1 {{scan_c2: the sequences have lengths 4 and 5}}
  %y = nn.scan %x, %z {
  ^bb0(%s: tensor<f32>, %t: tensor<f32>):
    nn.yield %s : tensor<f32>
  } {states = 0 : i64} : (tensor<4xf32>, tensor<5xf32>) -> tensor<4xf32>
  return
}
// -----
func.func @scan_c3(%x: tensor<4xf32>) {
  // expected-error @+1 {{scan_c3: the region takes 2 and yields 1 values}}
  %y = nn.scan %x {
  ^bb0(%s: tensor<f32>, %t: tensor<f32>):
    nn.yield %s : tensor<f32>
  } {states = 0 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return
}
