// RUN: nnc-opt %s -nn-expand-views | FileCheck %s

// CHECK-LABEL: func @collapse
func.func @collapse(%x: memref<4x6x16xf32>) -> memref<24x16xf32> {
  // CHECK: %[[VIEW:.*]] = memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [24, 16], strides: [16, 1]
  // CHECK: return %[[VIEW]]
  %flat = memref.collapse_shape %x [[0, 1], [2]] : memref<4x6x16xf32> into memref<24x16xf32>
  return %flat : memref<24x16xf32>
}

// The extent that the type leaves open is computed.
// CHECK-LABEL: func @expand
func.func @expand(%x: memref<?xf32>, %rows: index) -> memref<?x16xf32> {
  // CHECK: %{{.*}}, %{{.*}}, %[[SIZE:.*]], %{{.*}} = memref.extract_strided_metadata
  // CHECK: %[[ROWS:.*]] = affine.apply #{{.*}}()[%[[SIZE]]]
  // CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%[[ROWS]], 16], strides: [16, 1]
  %rowsOf16 = memref.expand_shape %x [[0, 1]] output_shape [%rows, 16] : memref<?xf32> into memref<?x16xf32>
  return %rowsOf16 : memref<?x16xf32>
}

// A view of a view, and other ops as they were.
// CHECK-LABEL: func @chain
func.func @chain(%x: memref<4x6x16xf32>, %i: index) -> f32 {
  // CHECK-NOT: memref.collapse_shape
  // CHECK-NOT: memref.expand_shape
  // CHECK: %[[VIEW:.*]] = memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [8, 48], strides: [48, 1]
  // CHECK: %[[SAME:.*]] = arith.addi %{{.*}}, %{{.*}} : index
  // CHECK: memref.load %[[VIEW]][%{{.*}}, %[[SAME]]]
  %flat = memref.collapse_shape %x [[0, 1, 2]] : memref<4x6x16xf32> into memref<384xf32>
  %split = memref.expand_shape %flat [[0, 1]] output_shape [8, 48] : memref<384xf32> into memref<8x48xf32>
  %c0 = arith.constant 0 : index
  %j = arith.addi %i, %c0 : index
  %value = memref.load %split[%i, %j] : memref<8x48xf32>
  return %value : f32
}
