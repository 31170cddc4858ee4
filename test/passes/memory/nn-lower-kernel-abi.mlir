// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels -nn-plan-memory -nn-lower-kernel-abi | FileCheck %s

// A kernel takes bare pointers that do not alias; its task is what the runtime's threads call with a range of items.
// CHECK: func.func private @k0(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.noalias, llvm.nonnull}, %{{.*}}: !llvm.ptr {llvm.noalias, llvm.nonnull}, %{{.*}}: !llvm.ptr {llvm.noalias, llvm.nonnull}, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: func.func @nn_entry
// CHECK: call @nncrt_launch
// CHECK: func.func private @k0_task(%[[ARGS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %[[WORKSPACE:.*]]: !llvm.ptr)
// CHECK: call @k0(%{{.*}}, %[[WORKSPACE]], {{.*}}, %[[BEGIN]], %[[END]])
func.func @main(%x: tensor<1024xf32>) -> tensor<1024xf32> {
  %a = nn.unary neg %x : (tensor<1024xf32>) -> tensor<1024xf32>
  return %a : tensor<1024xf32>
}
