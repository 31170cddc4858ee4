// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels | FileCheck %s --check-prefix=AVX2
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s --check-prefix=AVX512

// 24 filters fill one panel and a half: nothing is multiplied by the empty half, which is a vector with AVX2 (tiles are 4
// pixels of 3 vectors) and half of one with AVX-512. What is stored there is the bias.
// AVX2: scf.for {{.*}} -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// AVX512: scf.for {{.*}} -> (vector<16xf32>, vector<8xf32>, vector<16xf32>, vector<8xf32>,
// AVX512: vector.fma {{.*}} : vector<8xf32>
// AVX512-NEXT: vector.fma {{.*}} : vector<16xf32>
// AVX512: vector.shuffle {{.*}} : vector<16xf32>, vector<16xf32>
// AVX512: vector.store {{.*}} vector<16xf32>
func.func @main(%x: tensor<1x9x56x56x16xf32>, %p: tensor<1x2x144x16xf32>, %b: tensor<2x16xf32>) -> tensor<1x2x56x56x16xf32> {
  %y = nn.blocked_conv %x, %p, %b {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 144 : i64, filters = 24 : i64, groups = 1 : i64} : (tensor<1x9x56x56x16xf32>, tensor<1x2x144x16xf32>, tensor<2x16xf32>) -> tensor<1x2x56x56x16xf32>
  return %y : tensor<1x2x56x56x16xf32>
}
