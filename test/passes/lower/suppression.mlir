// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s

// Threads share the classes. Scores are compared with the threshold a vector at a time, and a box with a vector of those
// that are chosen: those that have moved to the result, of which two numbers are four corners, and the last ones. Boxes
// with nothing in common need no quotient.
// CHECK: func.func private @k0
// CHECK: call @nncrt_parallel
// CHECK: func.func private @k0_inner0
// CHECK: arith.cmpf ogt, {{.*}} : vector<16xf32>
// CHECK: vector.reduction <or>
// CHECK: vector.load {{.*}} : memref<?xi64>, vector<8xi64>
// CHECK: vector.reduction <or>
// CHECK: scf.if
// CHECK: arith.divf {{.*}} : vector<16xf32>
// CHECK: vector.reduction <or>
// CHECK: vector.load {{.*}} : memref<1024xf32>, vector<16xf32>
// CHECK: arith.divf {{.*}} : vector<16xf32>
// CHECK: vector.store {{.*}} : memref<?xi64>, vector<8xi64>
func.func @main(%boxes: tensor<1x3000x4xf32>, %scores: tensor<1x20x3000xf32>, %most: tensor<1xi64>, %iou: tensor<1xf32>, %least: tensor<1xf32>) -> tensor<?x3xi64> {
  %y = nn.non_max_suppression %boxes, %scores, %most, %iou, %least : (tensor<1x3000x4xf32>, tensor<1x20x3000xf32>, tensor<1xi64>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x3xi64>
  return %y : tensor<?x3xi64>
}
