// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels --split-input-file | FileCheck %s

// The taps of a vector of locations, whose coordinates lie in turns, then those of a rest. Four locations in turn that lie
// between four pixels each have their pairs of pixels loaded as vectors; the sums of others stay scalar, since a vector of
// them would gather.
// CHECK: #[[SCALAR:.*]] = #llvm.loop_annotation<vectorize = #
// CHECK: func.func private @k0
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: vector.shuffle {{.*}} [1, 3, 5, 7, 9, 11, 13, 15]
// CHECK: vector.shuffle {{.*}} [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK-COUNT-4: arith.fptosi {{.*}} vector<8xi32>
// CHECK: vector.store {{.*}} vector<8xi64>
// CHECK: vector.store {{.*}} vector<32xf32>
// CHECK: arith.fptosi {{.*}} f32 to i64
// CHECK: scf.if
// CHECK-COUNT-8: vector.load {{.*}} memref<324xf32>, vector<2xf32>
// CHECK: vector.store {{.*}} memref<400xf32>, vector<4xf32>
// CHECK: scf.if
// CHECK: llvm.loop_annotation = #[[SCALAR]]
func.func @main(%x: tensor<1x4x9x9xf32>, %grid: tensor<1x5x20x2xf32>) -> tensor<1x4x5x20xf32> {
  %y = nn.grid_sample linear %x, %grid {padding = "zeros"} : (tensor<1x4x9x9xf32>, tensor<1x5x20x2xf32>) -> tensor<1x4x5x20xf32>
  return %y : tensor<1x4x5x20xf32>
}
// -----
// The neighbours of all samples of a region are kept for its channels, first down, then across.
// CHECK: func.func private @k0
// CHECK-COUNT-2: memref.store {{.*}} : memref<512xi64{{.*}}
// CHECK-COUNT-2: memref.store {{.*}} : memref<512xf32{{.*}}
// CHECK-COUNT-2: memref.store {{.*}} : memref<512xi64{{.*}}
// CHECK-COUNT-2: memref.store {{.*}} : memref<512xf32{{.*}}
// CHECK: memref.load {{.*}} : memref<512xi64{{.*}}
// CHECK: llvm.loop_annotation
func.func @main(%x: tensor<1x8x50x50xf32>, %rois: tensor<5x4xf32>, %batch: tensor<5xi64>) -> tensor<5x8x7x7xf32> {
  %y = nn.roi_align %x, %rois, %batch {half_pixel, output_height = 7 : i64, output_width = 7 : i64, sampling_ratio = 2 : i64, spatial_scale = 2.5e-01 : f64} : (tensor<1x8x50x50xf32>, tensor<5x4xf32>, tensor<5xi64>) -> tensor<5x8x7x7xf32>
  return %y : tensor<5x8x7x7xf32>
}
