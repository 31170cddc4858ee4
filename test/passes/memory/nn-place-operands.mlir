// RUN: nnc-opt %s -split-input-file -nn-form-groups -nn-place-operands -nn-reuse-operands | FileCheck %s
// RUN: nnc-opt %s -split-input-file -nn-form-groups -nn-place-operands -nn-reuse-operands -nn-build-kernels -nn-plan-memory | FileCheck %s --check-prefix=PLAN

// Both operands are written where they belong: one place of 8 KB serves the three, and nothing is launched but the two
// softmaxes and the reader. One of them is read by somebody else too.
// CHECK-LABEL: func.func @main
// CHECK: nn.concat
// CHECK: } {nn.placed = array<i1: true, true>}
// CHECK-NOT: nn.in_place
// PLAN: nn.arena_bytes = 8192 : i64
// PLAN-COUNT-4: call @nncrt_launch
// PLAN-NOT: call @nncrt_launch
// PLAN: return
func.func @main(%x: tensor<32x32xf32>) -> (tensor<64x32xf32>, tensor<32x32xf32>) {
  %0 = nn.softmax softmax %x {axis = 1} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %1 = nn.softmax softmax %x {axis = 0} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %2 = nn.concat %0, %1 {axis = 0} : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<64x32xf32>
  %3 = nn.softmax softmax %2 {axis = 1} : (tensor<64x32xf32>) -> tensor<64x32xf32>
  %4 = nn.unary exp %1 : (tensor<32x32xf32>) -> tensor<32x32xf32>
  return %3, %4 : tensor<64x32xf32>, tensor<32x32xf32>
}

// -----

// A concatenation within another one, a view, and what a group writes over its operand: all in one place.
// CHECK-LABEL: func.func @main
// CHECK: nn.softmax
// CHECK: nn.unary exp
// CHECK: } {nn.in_place = 0 : i64}
// CHECK: } {nn.placed = array<i1: true, true>}
// CHECK: } {nn.placed = array<i1: true, true>}
// PLAN: nn.arena_bytes = 12288 : i64
func.func @main(%x: tensor<32x32xf32>) -> tensor<1x96x32xf32> {
  %s = nn.constant dense<[1, 32, 32]> : tensor<3xi64> : tensor<3xi64>
  %0 = nn.softmax softmax %x {axis = 1} : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %1 = nn.unary exp %0 : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %2 = nn.reshape %1, %s : (tensor<32x32xf32>, tensor<3xi64>) -> tensor<1x32x32xf32>
  %3 = nn.unary sin %x : (tensor<32x32xf32>) -> tensor<32x32xf32>
  %4 = nn.reshape %3, %s : (tensor<32x32xf32>, tensor<3xi64>) -> tensor<1x32x32xf32>
  %5 = nn.concat %2, %4 {axis = 1} : (tensor<1x32x32xf32>, tensor<1x32x32xf32>) -> tensor<1x64x32xf32>
  %6 = nn.softmax softmax %4 {axis = 1} : (tensor<1x32x32xf32>) -> tensor<1x32x32xf32>
  %7 = nn.concat %5, %6 {axis = 1} : (tensor<1x64x32xf32>, tensor<1x32x32xf32>) -> tensor<1x96x32xf32>
  %8 = nn.softmax softmax %7 {axis = 1} : (tensor<1x96x32xf32>) -> tensor<1x96x32xf32>
  return %8 : tensor<1x96x32xf32>
}

// -----

// Copied: the second of two equal operands, an input, a model output, and what a place of 64 bytes does not begin at.
// CHECK-LABEL: func.func @main
// CHECK: nn.concat
// CHECK: } {nn.placed = array<i1: true, false, false, false>}
// CHECK: nn.concat
// CHECK: } {nn.placed = array<i1: true, false>}
func.func @main(%x: tensor<8x8xf32>, %n: tensor<5xf32>) -> (tensor<8x8xf32>, tensor<32x8xf32>, tensor<10xf32>) {
  %0 = nn.softmax softmax %x {axis = 1} : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = nn.softmax softmax %x {axis = 0} : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %2 = nn.concat %0, %0, %x, %1 {axis = 0} : (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<32x8xf32>
  %3 = nn.softmax softmax %2 {axis = 1} : (tensor<32x8xf32>) -> tensor<32x8xf32>
  %4 = nn.softmax softmax %n {axis = 0} : (tensor<5xf32>) -> tensor<5xf32>
  %5 = nn.unary sin %n : (tensor<5xf32>) -> tensor<5xf32>
  %6 = nn.concat %4, %5 {axis = 0} : (tensor<5xf32>, tensor<5xf32>) -> tensor<10xf32>
  %7 = nn.softmax softmax %6 {axis = 0} : (tensor<10xf32>) -> tensor<10xf32>
  return %1, %3, %7 : tensor<8x8xf32>, tensor<32x8xf32>, tensor<10xf32>
}

// -----

// Pieces that are not contiguous, and a concatenation that is a model output.
// CHECK-LABEL: func.func @main
// CHECK-NOT: nn.placed
// CHECK: return
func.func @main(%x: tensor<8x16xf32>) -> (tensor<8x32xf32>, tensor<16x16xf32>) {
  %0 = nn.softmax softmax %x {axis = 1} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %1 = nn.softmax softmax %x {axis = 0} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %2 = nn.concat %0, %1 {axis = 1} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x32xf32>
  %3 = nn.softmax softmax %2 {axis = 1} : (tensor<8x32xf32>) -> tensor<8x32xf32>
  %4 = nn.concat %0, %1 {axis = 0} : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<16x16xf32>
  return %3, %4 : tensor<8x32xf32>, tensor<16x16xf32>
}
