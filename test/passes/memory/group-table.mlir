// RUN: nnc-opt %s -split-input-file -nn-form-groups -nn-build-kernels -nn-plan-memory | FileCheck %s

// Arithmetic, and bytes of operands and results; the name of every node in the group.
// CHECK: nn.groups = [{bytes = 3584 : i64, flops = 8704 : i64, inputs = array<i64>, kernel = "k0", nodes = "mul + act", op = "nn.matmul"},
// CHECK-SAME: {bytes = 2048 : i64, flops = 1280 : i64, inputs = array<i64: 0>, kernel = "k1", nodes = "soft", op = "nn.softmax"}]
// CHECK: func.func @nn_entry
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK: call @nncrt_launch(%arg0, %[[ZERO]],
// CHECK: %[[ONE:.*]] = arith.constant 1 : i32
// CHECK: call @nncrt_launch(%arg0, %[[ONE]],
func.func @main(%x: tensor<8x16xf32>, %w: tensor<16x32xf32>) -> tensor<8x32xf32> {
  %0 = nn.matmul %x, %w : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32> loc("mul")
  %1 = nn.binary add %0, %0 : (tensor<8x32xf32>, tensor<8x32xf32>) -> tensor<8x32xf32> loc("act")
  %2 = nn.unary neg %1 : (tensor<8x32xf32>) -> tensor<8x32xf32> loc("act")
  %3 = nn.softmax softmax %2 {axis = 1} : (tensor<8x32xf32>) -> tensor<8x32xf32> loc("soft")
  return %3 : tensor<8x32xf32>
}

// -----

// A convolution counts two operations for each weight that an output needs; of a large table a gather reads its rows.
// CHECK: nn.groups = [{bytes = 712 : i64, flops = 576 : i64, inputs = array<i64>, kernel = "k0", nodes = "", op = "nn.conv"},
// CHECK-SAME: {bytes = 1040 : i64, flops = 0 : i64
func.func @main(%x: tensor<1x2x8x8xf32>, %w: tensor<2x1x3x3xf32>, %i: tensor<2xi64>, %t: tensor<100000x64xf32>, %b: tensor<2xf32>)
    -> (tensor<1x2x4x4xf32>, tensor<2x64xf32>) {
  %0 = nn.conv %x, %w {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>, dilations = array<i64: 1, 1>, groups = 2}
      : (tensor<1x2x8x8xf32>, tensor<2x1x3x3xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.gather %t, %i {axis = 0} : (tensor<100000x64xf32>, tensor<2xi64>) -> tensor<2x64xf32>
  return %0, %1 : tensor<1x2x4x4xf32>, tensor<2x64xf32>
}

// -----

// What the types leave open, the run computes: 2 * N * 32 * 16.
// CHECK: nn.groups = [{bytes = -1 : i64, flops = -1 : i64
// CHECK: func.func @nn_entry
// CHECK: arith.muli
// CHECK: call @nncrt_cost(%{{.*}}, %{{.*}}
// CHECK: call @nncrt_launch
func.func @main(%x: tensor<?x16xf32>, %w: tensor<16x32xf32>) -> tensor<?x32xf32> {
  %0 = nn.matmul %x, %w : (tensor<?x16xf32>, tensor<16x32xf32>) -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// -----

// Attention: two products over 4 heads of 8 and its softmax, with the scale in its region: 4 * 16 * 16 * (2 * 8 + 2 * 8 + 5 + 1).
// CHECK: nn.groups = [{bytes = {{[0-9]+}} : i64, flops = 38912 : i64, {{.*}} op = "nn.attention"}]
func.func @main(%q: tensor<1x4x16x8xf32>, %k: tensor<1x4x16x8xf32>, %v: tensor<1x4x16x8xf32>) -> tensor<1x4x16x8xf32> {
  %0 = nn.attention %q, %k, %v {
  ^bb0(%s: tensor<1x4x16x16xf32>):
    %c = nn.constant dense<0.125> : tensor<f32> : tensor<f32>
    %t = nn.binary mul %s, %c : (tensor<1x4x16x16xf32>, tensor<f32>) -> tensor<1x4x16x16xf32>
    nn.yield %t : tensor<1x4x16x16xf32>
  } {heads = 4, kv_heads = 4, first_heads = array<i64: 0, 0, 0>} : (tensor<1x4x16x8xf32>, tensor<1x4x16x8xf32>, tensor<1x4x16x8xf32>) -> tensor<1x4x16x8xf32>
  return %0 : tensor<1x4x16x8xf32>
}
