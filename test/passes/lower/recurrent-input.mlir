// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s --check-prefixes=CHECK,AVX512
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=256" | FileCheck %s --check-prefixes=CHECK,AVX2

// The products with the input of the next 8 steps beside those with the state, in one loop: a round has 4 inputs of the
// state, each for 4 gates, and one of the 8 steps' inputs. After the last chunk there are only those with the state. AVX2
// forms the products with the input of 24 steps on their own, 6 steps and a panel at a time.
// CHECK: func.func private @k{{[0-9]+}}({{.*}}memref<?x1x64xf32>
// AVX512: memref.view {{.*}} memref<2x8x8x64xf32>
// AVX512: memref.view {{.*}} memref<8x80xf32>
// AVX512: scf.if
// AVX512: %{{[0-9]+}}:16 = scf.for
// AVX512-COUNT-24: vector.fma {{.*}} : vector<16xf32>
// AVX512-NOT: vector.fma
// AVX512: scf.yield
// AVX512: } else {
// AVX512: %{{[0-9]+}}:8 = scf.for
// AVX512-COUNT-8: vector.fma {{.*}} : vector<16xf32>
// AVX512-NOT: vector.fma
// AVX512: scf.yield
// AVX2: memref.view {{.*}} memref<1x8x24x64xf32>
// AVX2: %{{[0-9]+}}:8 = scf.for
// AVX2-COUNT-8: vector.fma {{.*}} : vector<8xf32>
// AVX2-NOT: vector.fma
// AVX2: scf.yield
// AVX2: %{{[0-9]+}}:12 = scf.for
// AVX2-COUNT-12: vector.fma {{.*}} : vector<8xf32>
// AVX2-NOT: vector.fma
// AVX2: scf.yield
func.func @lstm(%x: tensor<?x1x64xf32>, %r: tensor<1x8x128x64xf32>, %w: tensor<32x64x16xf32>, %b: tensor<512xf32>) -> tensor<1x1x128xf32> {
  %y:3 = nn.packed_recurrent lstm %x, %r, %w, %b {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 1, 1>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["sigmoid", "tanh", "tanh"], alphas = array<f64: 0.0, 0.0, 0.0>, betas = array<f64: 0.0, 0.0, 0.0>} : (tensor<?x1x64xf32>, tensor<1x8x128x64xf32>, tensor<32x64x16xf32>, tensor<512xf32>) -> (tensor<?x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#1 : tensor<1x1x128xf32>
}

// Three gates divide 9 steps. The first product of a step, that of two gates in four parts, has the input's beside it.
// AVX512: memref.view {{.*}} memref<2x8x9x48xf32>
// AVX512: scf.if
// AVX512: %{{[0-9]+}}:17 = scf.for
// AVX2: memref.view {{.*}} memref<1x8x24x48xf32>
func.func @gru(%x: tensor<?x1x64xf32>, %r: tensor<1x8x128x48xf32>, %w: tensor<24x64x16xf32>, %b: tensor<384xf32>) -> tensor<1x1x128xf32> {
  %y:3 = nn.packed_recurrent gru %x, %r, %w, %b {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 1, 1>, direction = #nn<recurrent_direction forward>, hidden_size = 128 : i64, activations = ["sigmoid", "tanh"], alphas = array<f64: 0.0, 0.0>, betas = array<f64: 0.0, 0.0>} : (tensor<?x1x64xf32>, tensor<1x8x128x48xf32>, tensor<24x64x16xf32>, tensor<384xf32>) -> (tensor<?x1x1x128xf32>, tensor<1x1x128xf32>, tensor<1x1x128xf32>)
  return %y#1 : tensor<1x1x128xf32>
}
