// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s --check-prefix=AVX2
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s --check-prefix=AVX512

// The pixels of an image are rows, and 16 steps of a sum a block of channels: 196 are eight tiles of 11 and one of 10 in
// either half. S1 to S4 are formed of pixels. With AVX2, where sums of 256 steps do not pay, the convolution is summed
// directly.
// AVX2: func.func private @k0
// AVX2-NOT: arith.subf
// AVX512: func.func private @k0
// AVX512-DAG: memref<4x99x272xf32>
// AVX512-DAG: memref<2x516x16xf32>
// AVX512: arith.subf
// AVX512-COUNT-154: vector.fma {{.*}} vector<16xf32>
// Bias and residual are added to finished sums.
// AVX512: arith.addf
// AVX512: arith.maximumf
func.func @main(%x: tensor<1x32x14x14x16xf32>, %p: tensor<1x16x512x16xf32>, %b: tensor<16x16xf32>, %r: tensor<1x16x14x14x16xf32>) -> tensor<1x16x14x14x16xf32> {
  %y = nn.blocked_conv %x, %p, %b {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 512 : i64, filters = 256 : i64, groups = 1 : i64, strassen} : (tensor<1x32x14x14x16xf32>, tensor<1x16x512x16xf32>, tensor<16x16xf32>) -> tensor<1x16x14x14x16xf32>
  %s = nn.binary add %y, %r : (tensor<1x16x14x14x16xf32>, tensor<1x16x14x14x16xf32>) -> tensor<1x16x14x14x16xf32>
  %z = nn.unary relu %s : (tensor<1x16x14x14x16xf32>) -> tensor<1x16x14x14x16xf32>
  return %z : tensor<1x16x14x14x16xf32>
}
// -----
// Of every second pixel, rows do not lie evenly: the three quadrants that are factors themselves are copied beside S.
// AVX512: func.func private @k0
// AVX512: %[[LEFTS:.*]] = memref.view {{.*}} to memref<7x99x144xf32>
// AVX512: %[[PIXELS:.*]] = vector.load %collapse_shape[
// AVX512: vector.store %[[PIXELS]], %[[LEFTS]][%c4
// AVX512: %[[LEFT:.*]] = memref.load %[[LEFTS]][%c4
// AVX512: vector.broadcast %[[LEFT]]
func.func @main(%x: tensor<1x16x28x28x16xf32>, %p: tensor<1x32x256x16xf32>) -> tensor<1x32x14x14x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 512 : i64, groups = 1 : i64, strassen} : (tensor<1x16x28x28x16xf32>, tensor<1x32x256x16xf32>) -> tensor<1x32x14x14x16xf32>
  return %y : tensor<1x32x14x14x16xf32>
}
// -----
// With AVX2 sums of 512 steps pay, for few filters, too: their S is small. Two rows are left of 98, whose four sums are
// formed in two parts each: so few would wait for one another.
// AVX2: registers hold 6 x 16 sums
// AVX2: func.func private @k0
// AVX2-DAG: memref<4x99x528xf32>
// AVX2-DAG: memref<2x1028x16xf32>
// AVX2: arith.subf
// AVX2-COUNT-12: vector.fma {{.*}} vector<8xf32>
// AVX2: scf.for {{.*}} iter_args({{.*}}) -> ({{((vector<8xf32>, ){7})}}vector<8xf32>)
// AVX2-COUNT-8: vector.fma {{.*}} vector<8xf32>
// AVX2: arith.addf
// AVX2-COUNT-84: vector.fma {{.*}} vector<8xf32>
func.func @main(%x: tensor<1x64x14x14x16xf32>, %p: tensor<1x16x1024x16xf32>) -> tensor<1x16x14x14x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 1024 : i64, filters = 256 : i64, groups = 1 : i64, strassen} : (tensor<1x64x14x14x16xf32>, tensor<1x16x1024x16xf32>) -> tensor<1x16x14x14x16xf32>
  return %y : tensor<1x16x14x14x16xf32>
}
