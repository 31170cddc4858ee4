// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" | FileCheck %s

// Panels that store halves are widened once for all the rows of an item: also the quadrants that are factors themselves
// are formed in buffers. What is multiplied is read there.
// CHECK: func.func private @k0
// CHECK: %[[RIGHTS:.*]] = memref.view {{.*}} to memref<4x772x16xf32>
// CHECK: %[[WIDE:.*]] = arith.extf
// CHECK: vector.store %[[WIDE]], %[[RIGHTS]][%c2
// CHECK: %[[RIGHT:.*]] = vector.load %[[RIGHTS]][%c2
// CHECK: vector.fma {{.*}}, %[[RIGHT]],
func.func @main(%a: tensor<128x768xf32>, %p: tensor<192x768x16xf16>) -> tensor<128x3072xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3072 : i64, strassen} : (tensor<128x768xf32>, tensor<192x768x16xf16>) -> tensor<128x3072xf32>
  return %y : tensor<128x3072xf32>
}
