// RUN: nnc-opt %s -nn-form-groups -nn-build-kernels | FileCheck %s

// Of the rows it is known that they come by 197: an item has half as many, not the few of a number that may be small.
// Where an item's number is taken apart by an extent that only the run knows, LLVM does not see how: its loop strength
// reduction would give up. A turn of eight steps asks once for what is needed later, of which the tiles that there are
// have a share each.
// CHECK: #[[ITEMS:.*]] = affine_map<(d0, d1, d2) -> ({{[0-9]+}}, (d0 * 197) ceildiv 102)>
// CHECK: items = #[[ITEMS]], {{.*}}an item is 102 x
// CHECK: func.func private @k0
// CHECK: scf.for
// CHECK: arith.remui
// CHECK: llvm.inline_asm "", "=r,0"
// CHECK: arith.divui
// CHECK: llvm.inline_asm "", "=r,0"
// CHECK: %[[TILES:.*]] = arith.maxsi %{{.*}}, %c8
// CHECK: arith.divui %{{.*}}, %[[TILES]]
// CHECK: scf.for {{.*}} -> ({{((vector<8xf32>, ){11})}}vector<8xf32>)
// CHECK: memref.prefetch
// CHECK-NOT: memref.prefetch
// CHECK-COUNT-96: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
func.func @main(%a: tensor<?x197x192xf32>, %p: tensor<36x192x16xf32>) -> tensor<?x197x576xf32> {
  %y = nn.packed_matmul %a, %p {columns = 576 : i64} : (tensor<?x197x192xf32>, tensor<36x192x16xf32>) -> tensor<?x197x576xf32>
  return %y : tensor<?x197x576xf32>
}
