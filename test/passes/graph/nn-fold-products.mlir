// RUN: nnc-opt %s -nn-fold-constants | FileCheck %s
// RUN: nnc-opt %s "-nn-fold-constants=max-work=5000000000" | FileCheck %s --check-prefix=ONE

// Attention by relative positions multiplies the positions by weights of each layer: constants, and a thousandth of a second
// to compute for each that every run is spared. The bound is for what would keep the compiler busy for seconds.
// CHECK-LABEL: func.func @positions
// CHECK-NOT: nn.matmul
// ONE-LABEL: func.func @positions
// ONE-COUNT-1: nn.matmul
// ONE-NOT: nn.matmul
func.func @positions(%x: tensor<256x1024xf32>) -> tensor<256x1024xf32> {
  %p = nn.constant dense<0.5> : tensor<256x1024xf32> : tensor<256x1024xf32>
  %a = nn.constant dense<0.25> : tensor<1024x1024xf32> : tensor<1024x1024xf32>
  %b = nn.constant dense<0.125> : tensor<1024x1024xf32> : tensor<1024x1024xf32>
  %pa = nn.matmul %p, %a : (tensor<256x1024xf32>, tensor<1024x1024xf32>) -> tensor<256x1024xf32>
  %pb = nn.matmul %p, %b : (tensor<256x1024xf32>, tensor<1024x1024xf32>) -> tensor<256x1024xf32>
  %first = nn.binary add %x, %pa : (tensor<256x1024xf32>, tensor<256x1024xf32>) -> tensor<256x1024xf32>
  %y = nn.binary mul %first, %pb : (tensor<256x1024xf32>, tensor<256x1024xf32>) -> tensor<256x1024xf32>
  return %y : tensor<256x1024xf32>
}
