// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels | FileCheck %s

// An item is 8 rows: the rows under a window become one, by whole vectors, of windows that lie inside without a loop. Then
// come the taps along the row, every other element for stride 2, of which none is a scalar.
// CHECK-LABEL: func.func private @k{{[0-9]+}}({{.*}}memref<1x2x32x32xf32>, %{{.*}}: memref<1x2x16x16xf32>
// CHECK: %[[ROWS:.*]] = memref.view {{.*}} to memref<8x{{[0-9]+}}xf32>
// CHECK: scf.if
// CHECK-COUNT-3: vector.load {{.*}} : memref<1x2x32x32xf32>, vector<8xf32>
// CHECK: vector.store {{.*}}, %[[ROWS]]
// CHECK: scf.if
// CHECK-NOT: memref.load
// CHECK: vector.load %[[ROWS]]{{.*}}, vector<16xf32>
// CHECK: vector.shuffle {{.*}} [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK: arith.maximumf {{.*}} : vector<8xf32>
// CHECK: return
func.func @max(%x: tensor<1x2x32x32xf32>) -> tensor<1x2x16x16xf32> {
  %y = nn.pool max %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x2x32x32xf32>) -> tensor<1x2x16x16xf32>
  return %y : tensor<1x2x16x16xf32>
}

// Signals are pooled along their rows, which are not halved first: four neighbours lie in one stretch for every output.
// CHECK-LABEL: func.func private @k{{[0-9]+}}({{.*}}memref<1x2x200xf32>, %{{.*}}: memref<1x2x50xf32>
// CHECK: %[[STRETCH:.*]] = vector.load {{.*}}, vector<32xf32>
// CHECK: vector.shuffle %[[STRETCH]], %[[STRETCH]] [0, 4, 8, 12, 16, 20, 24, 28]
// CHECK: vector.shuffle %[[STRETCH]], %[[STRETCH]] [1, 5, 9, 13, 17, 21, 25, 29]
// CHECK: vector.shuffle %[[STRETCH]], %[[STRETCH]] [2, 6, 10, 14, 18, 22, 26, 30]
// CHECK: vector.shuffle %[[STRETCH]], %[[STRETCH]] [3, 7, 11, 15, 19, 23, 27, 31]
// CHECK: return
func.func @signal(%x: tensor<1x2x200xf32>) -> tensor<1x2x50xf32> {
  %y = nn.pool average %x {kernel = array<i64: 4>, strides = array<i64: 4>, pads = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<1x2x200xf32>) -> tensor<1x2x50xf32>
  return %y : tensor<1x2x50xf32>
}

// Quantizing saturates as floats, then converts.
// CHECK-LABEL: func.func private @k{{[0-9]+}}({{.*}}memref<64xf32>, %{{.*}}: memref<f32>, %{{.*}}: memref<i8>, %{{.*}}: memref<64xi8>
// CHECK: arith.divf {{.*}} : vector<8xf32>
// CHECK: math.roundeven
// CHECK: arith.fptosi {{.*}} : vector<8xf32> to vector<8xi32>
// CHECK: arith.trunci {{.*}} : vector<8xi32> to vector<8xi8>
func.func @quantize(%x: tensor<64xf32>, %s: tensor<f32>, %z: tensor<ui8>) -> tensor<64xui8> {
  %y = nn.quantize %x, %s, %z {axis = 0 : i64} : (tensor<64xf32>, tensor<f32>, tensor<ui8>) -> tensor<64xui8>
  return %y : tensor<64xui8>
}

// Dims that are not resized have no taps; along the row elements are gathered.
// CHECK-LABEL: func.func private @k{{[0-9]+}}({{.*}}memref<1x3x8x8xf32>, %{{.*}}: memref<1x3x8x16xf32>
// CHECK-COUNT-2: vector.gather
// CHECK-NOT: vector.gather
// CHECK: return
func.func @resize(%x: tensor<1x3x8x8xf32>) -> tensor<1x3x8x16xf32> {
  %y = nn.resize linear %x {operandSegmentSizes = array<i32: 1, 0, 0, 0>, scales = array<f64: 1.0, 1.0, 1.0, 2.0>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x16xf32>
  return %y : tensor<1x3x8x16xf32>
}

// Elements that come three times each are not gathered: a vector of them becomes three, the last one of a row being
// that of its last elements.
// CHECK-LABEL: func.func private @k{{[0-9]+}}({{.*}}memref<1x3x8x20xf32>, %{{.*}}: memref<1x3x8x60xf32>
// CHECK-NOT: vector.gather
// CHECK: arith.minsi %{{.*}}, %{{.*}}
// CHECK: %[[X:.*]] = vector.load {{.*}} vector<8xf32>
// CHECK: vector.shuffle %[[X]], %[[X]] [0, 0, 0, 1, 1, 1, 2, 2]
// CHECK: vector.shuffle %[[X]], %[[X]] [2, 3, 3, 3, 4, 4, 4, 5]
// CHECK: vector.shuffle %[[X]], %[[X]] [5, 5, 6, 6, 6, 7, 7, 7]
// CHECK-NOT: vector.gather
func.func @repeat(%x: tensor<1x3x8x20xf32>) -> tensor<1x3x8x60xf32> {
  %y = nn.resize nearest %x {coordinates = #nn<resize_coordinates asymmetric>, nearest = #nn<resize_nearest floor>, operandSegmentSizes = array<i32: 1, 0, 0, 0>, scales = array<f64: 1.0, 1.0, 1.0, 3.0>} : (tensor<1x3x8x20xf32>) -> tensor<1x3x8x60xf32>
  return %y : tensor<1x3x8x60xf32>
}
