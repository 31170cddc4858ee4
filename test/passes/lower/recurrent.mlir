// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels | FileCheck %s

// An item per direction and row; the gates of two units at a time, on vectors of inputs and then of units.
// CHECK: #[[ITEMS:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d2)>
// CHECK: items = #[[ITEMS]], kernel = @[[LSTM:k[0-9]+]]
// CHECK: func.func private @[[LSTM]](
// CHECK: memref.alloca() : memref<4x16xf32>
// CHECK-COUNT-8: math.fma {{.*}} : vector<8xf32>
// CHECK-COUNT-8: vector.reduction <add>
// CHECK: math.tanh {{.*}} : vector<8xf32>
func.func @lstm(%x: tensor<7x2x16xf32>, %w: tensor<1x96x16xf32>, %r: tensor<1x96x24xf32>) -> tensor<1x2x24xf32> {
  %y:3 = nn.recurrent lstm %x, %w, %r {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 24 : i64, activations = ["sigmoid", "tanh", "tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>} : (tensor<7x2x16xf32>, tensor<1x96x16xf32>, tensor<1x96x24xf32>) -> (tensor<7x1x2x24xf32>, tensor<1x2x24xf32>, tensor<1x2x24xf32>)
  return %y#1 : tensor<1x2x24xf32>
}

// All gates of a block of units in registers (two vectors of each on AVX2), then the cell's arithmetic on them; the
// blocks are walked forth and back.
// CHECK: func.func private @k{{[0-9]+}}({{.*}}memref<7x1x128xf32>, %{{.*}}: memref<1x2x24x64xf32>
// CHECK: memref.view {{.*}} memref<2x1x32xf32>
// CHECK: call @nncrt_parallel
// CHECK: func.func private @{{k[0-9]+}}_inner0(
// CHECK: arith.select
// CHECK-COUNT-8: vector.fma {{.*}} : vector<8xf32>
// CHECK-NOT: vector.reduction
// CHECK: math.tanh {{.*}} : vector<8xf32>
func.func @packed(%p: tensor<7x1x128xf32>, %r: tensor<1x2x24x64xf32>) -> tensor<1x1x24xf32> {
  %y:3 = nn.packed_recurrent lstm %p, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 24 : i64, activations = ["sigmoid", "tanh", "tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>} : (tensor<7x1x128xf32>, tensor<1x2x24x64xf32>) -> (tensor<7x1x1x24xf32>, tensor<1x1x24xf32>, tensor<1x1x24xf32>)
  return %y#1 : tensor<1x1x24xf32>
}

// With AVX2 several sequences share what is read of the panels gate by gate: a tile has six of them and both vectors of a
// block's units. What is summed waits until the cell has all four gates.
// CHECK: func.func private @k{{[0-9]+}}({{.*}}memref<7x6x128xf32>
// CHECK: memref.view {{.*}} memref<2x6x32xf32>
// CHECK: memref.view {{.*}} memref<2x4x6x16xf32>
// CHECK-COUNT-48: vector.fma {{.*}} : vector<8xf32>
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: scf.for {{.*}} to %c6
// CHECK: math.tanh {{.*}} : vector<8xf32>
func.func @together(%p: tensor<7x6x128xf32>, %r: tensor<1x2x24x64xf32>) -> tensor<1x6x24xf32> {
  %y:3 = nn.packed_recurrent lstm %p, %r {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 24 : i64, activations = ["sigmoid", "tanh", "tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>} : (tensor<7x6x128xf32>, tensor<1x2x24x64xf32>) -> (tensor<7x1x6x24xf32>, tensor<1x6x24xf32>, tensor<1x6x24xf32>)
  return %y#1 : tensor<1x6x24xf32>
}

// A known length has buffers of its size; forward sums are formed in f64, inverse ones in the element type.
// CHECK: func.func private @k{{[0-9]+}}({{.*}}memref<2x64x1xf32>, %{{.*}}: memref<2x33x2xf32>
// CHECK: memref.alloca() : memref<2x2x64xf64>
// CHECK: scf.while
func.func @rfft(%x: tensor<2x64x1xf32>) -> tensor<2x33x2xf32> {
  %y = nn.dft %x {axis = 1 : i64, onesided} : (tensor<2x64x1xf32>) -> tensor<2x33x2xf32>
  return %y : tensor<2x33x2xf32>
}

// CHECK: func.func private @k{{[0-9]+}}({{.*}}memref<2x5x2xf32>, %{{.*}}: memref<2x5x2xf32>
// CHECK: memref.alloca() : memref<2x2x5xf32>
func.func @inverse(%x: tensor<2x5x2xf32>) -> tensor<2x5x2xf32> {
  %y = nn.dft %x {axis = 1 : i64, inverse} : (tensor<2x5x2xf32>) -> tensor<2x5x2xf32>
  return %y : tensor<2x5x2xf32>
}

// Ten rounds of Philox per element.
// CHECK: func.func private @k{{[0-9]+}}(
// CHECK-COUNT-20: arith.muli {{.*}} : i64
// CHECK-NOT: arith.muli {{.*}} : i64
// CHECK: return
func.func @random(%shape: tensor<1xi64>) -> tensor<?xf32> {
  %y = nn.random uniform %shape {low = 0.0, high = 1.0, seed = 1 : i64} : (tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
