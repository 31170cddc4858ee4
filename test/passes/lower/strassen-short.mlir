// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s

// Sums of a short depth are whole, which takes few rounds.
// CHECK: func.func private @k0
// CHECK: arith.subf
func.func @main(%a: tensor<128x768xf32>, %p: tensor<48x768x16xf32>) -> tensor<128x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64, strassen} : (tensor<128x768xf32>, tensor<48x768x16xf32>) -> tensor<128x768xf32>
  return %y : tensor<128x768xf32>
}
// -----
// Blocks of a long sum are as long as a short sum may be, 384 steps of either half: of T there are but two at a time.
// CHECK: func.func private @k0
// CHECK: memref<4x100x400xf32>
// CHECK: memref<2x1156x16xf32>
func.func @main(%a: tensor<197x3072xf32>, %p: tensor<48x3072x16xf32>) -> tensor<197x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64, strassen} : (tensor<197x3072xf32>, tensor<48x3072x16xf32>) -> tensor<197x768xf32>
  return %y : tensor<197x768xf32>
}
// -----
// Two threads have the same number of items: of 22 pairs of panels, not of 11 times two.
// CHECK: affine_map<(d0, d1) -> (22, 1)>
func.func @main(%a: tensor<128x512xf32>, %p: tensor<86x512x16xf32>) -> tensor<128x1376xf32> {
  %y = nn.packed_matmul %a, %p {columns = 1376 : i64, strassen} : (tensor<128x512xf32>, tensor<86x512x16xf32>) -> tensor<128x1376xf32>
  return %y : tensor<128x1376xf32>
}
