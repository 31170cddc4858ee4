// RUN: nnc-opt %s -nn-form-strassen --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @large
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 3072 : i64, strassen}
func.func @large(%a: tensor<1x197x768xf32>, %p: tensor<192x768x16xf32>) -> tensor<1x197x3072xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3072 : i64} : (tensor<1x197x768xf32>, tensor<192x768x16xf32>) -> tensor<1x197x3072xf32>
  return %y : tensor<1x197x3072xf32>
}
// -----
// A short depth, cut in three; panels that store halves.
// CHECK-LABEL: func.func @short
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 768 : i64, strassen}
func.func @short(%a: tensor<128x768xf32>, %p: tensor<48x768x16xf16>) -> tensor<128x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64} : (tensor<128x768xf32>, tensor<48x768x16xf16>) -> tensor<128x768xf32>
  return %y : tensor<128x768xf32>
}
// -----
// Too few rows for what it takes to combine the panels.
// CHECK-LABEL: func.func @low
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 3072 : i64} :
func.func @low(%a: tensor<64x768xf32>, %p: tensor<192x768x16xf32>) -> tensor<64x3072xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3072 : i64} : (tensor<64x768xf32>, tensor<192x768x16xf32>) -> tensor<64x3072xf32>
  return %y : tensor<64x3072xf32>
}
// -----
// Few panels: what comes before the first products would not be hidden.
// CHECK-LABEL: func.func @narrow
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 256 : i64} :
func.func @narrow(%a: tensor<256x512xf32>, %p: tensor<16x512x16xf32>) -> tensor<256x256xf32> {
  %y = nn.packed_matmul %a, %p {columns = 256 : i64} : (tensor<256x512xf32>, tensor<16x512x16xf32>) -> tensor<256x256xf32>
  return %y : tensor<256x256xf32>
}
// -----
// Columns that do not fill halves of panels, a depth without halves of 16 steps, rows that only the run knows, a right
// factor for each matrix, doubles.
// CHECK-LABEL: func.func @others
// CHECK-NOT: strassen
func.func @others(%a: tensor<512x1024xf32>, %p: tensor<63x1024x16xf32>, %b: tensor<512x1000xf32>, %q: tensor<64x1000x16xf32>,
                  %c: tensor<?x1024xf32>, %r: tensor<64x1024x16xf32>, %d: tensor<2x512x1024xf32>, %s: tensor<2x64x1024x16xf32>,
                  %e: tensor<512x1024xf64>, %t: tensor<64x1024x16xf64>) {
  %0 = nn.packed_matmul %a, %p {columns = 1000 : i64} : (tensor<512x1024xf32>, tensor<63x1024x16xf32>) -> tensor<512x1000xf32>
  %1 = nn.packed_matmul %b, %q {columns = 1024 : i64} : (tensor<512x1000xf32>, tensor<64x1000x16xf32>) -> tensor<512x1024xf32>
  %2 = nn.packed_matmul %c, %r {columns = 1024 : i64} : (tensor<?x1024xf32>, tensor<64x1024x16xf32>) -> tensor<?x1024xf32>
  %3 = nn.packed_matmul %d, %s {columns = 1024 : i64} : (tensor<2x512x1024xf32>, tensor<2x64x1024x16xf32>) -> tensor<2x512x1024xf32>
  %4 = nn.packed_matmul %e, %t {columns = 1024 : i64} : (tensor<512x1024xf64>, tensor<64x1024x16xf64>) -> tensor<512x1024xf64>
  return
}
