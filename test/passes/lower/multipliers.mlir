// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512 two-multipliers" --split-input-file | FileCheck %s --check-prefixes=TWO,WHOLE
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512 two-multipliers borrows" --split-input-file | FileCheck %s --check-prefixes=TWO,EMPTY
// RUN: nnc-opt %s -nn-form-groups "-nn-build-kernels=vector-bits=512" --split-input-file | FileCheck %s --check-prefix=ONE

// Where two multiply-adds start in every cycle a product takes no Strassen, whose additions would have half the time,
// and fetches its panels eight steps ahead into the nearest cache, beside those that come next.
// TWO: func.func private @k0
// TWO-NOT: nn.borrowed
// TWO-NOT: arith.subf
// The loop has four steps a turn, of which the first alone asks for its share of either panel that comes next.
// TWO: scf.for {{.*}} step %c4{{[_0-9]*}} iter_args
// Tiles are of 8 x 48 sums, with fewer broadcasts than 12 x 32 have.
// TWO-COUNT-3: memref.prefetch {{.*}} locality<3>
// TWO-COUNT-3: memref.prefetch {{.*}} locality<2>
// TWO-COUNT-9: memref.prefetch {{.*}} locality<3>
// TWO-NOT: locality<2>
// TWO: scf.yield
// ONE: func.func private @k0
// ONE-NOT: locality<3>
// ONE: arith.subf
func.func @main(%a: tensor<768x768xf32>, %p: tensor<48x768x16xf32>) -> tensor<768x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64, strassen} : (tensor<768x768xf32>, tensor<48x768x16xf32>) -> tensor<768x768xf32>
  return %y : tensor<768x768xf32>
}
// -----
// Halves are fetched, too, and what is left of 770 steps goes one by one.
// TWO: func.func private @k0
// TWO: scf.for {{.*}} to %c768{{[_0-9]*}} step %c4{{[_0-9]*}} iter_args
// TWO: memref.prefetch {{.*}} locality<3>
// TWO: scf.for {{.*}} = %c768{{[_0-9]*}} to %c770{{[_0-9]*}} step %c1{{[_0-9]*}} iter_args
func.func @main(%a: tensor<64x770xf32>, %p: tensor<48x770x16xf16>) -> tensor<64x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64} : (tensor<64x770xf32>, tensor<48x770x16xf16>) -> tensor<64x768xf32>
  return %y : tensor<64x768xf32>
}
// -----
// A row by itself is the same kernel either way: a level that can borrow it leaves it empty.
// WHOLE: func.func private @k0
// WHOLE: vector.fma
// EMPTY: func.func private @k0({{.*}}nn.borrowed
// EMPTY-NEXT: return
func.func @main(%a: tensor<1x768xf32>, %p: tensor<48x768x16xf32>) -> tensor<1x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64} : (tensor<1x768xf32>, tensor<48x768x16xf32>) -> tensor<1x768xf32>
  return %y : tensor<1x768xf32>
}
// -----
// So is what is no product, and with it go the functions that its loops have become.
// WHOLE: func.func private @k0
// WHOLE: call @k0_inner0
// WHOLE: func.func private @k0_inner0
// EMPTY: func.func private @k0({{.*}}nn.borrowed
// EMPTY-NEXT: return
// EMPTY-NOT: @k0_inner0
func.func @main(%x: tensor<1x2x24x24x16xf32>, %p: tensor<1x2x32x16xf32>) -> tensor<1x2x24x24x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 32 : i64, filters = 32 : i64, groups = 1 : i64} : (tensor<1x2x24x24x16xf32>, tensor<1x2x32x16xf32>) -> tensor<1x2x24x24x16xf32>
  %r = nn.unary sigmoid %y : (tensor<1x2x24x24x16xf32>) -> tensor<1x2x24x24x16xf32>
  return %r : tensor<1x2x24x24x16xf32>
}
