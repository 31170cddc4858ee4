// RUN: nnc-opt %s -nn-form-normalizations --split-input-file | FileCheck %s

// As PyTorch's exporter wrote layer normalization before there was an operator for it; scale and shift stay.
// CHECK-LABEL: func.func @layer_norm
// CHECK-NOT: nn.reduce
// CHECK: nn.normalize standard %arg0 {axes = array<i64: 1>, epsilon = 9.99
// CHECK-NEXT: nn.binary mul
// CHECK-NEXT: return
func.func @layer_norm(%x: tensor<4x8xf32>, %s: tensor<8xf32>) -> tensor<4x8xf32> {
  %e = nn.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %m = nn.reduce mean %x {axes = array<i64: 1>, keepdims} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %c = nn.binary sub %x, %m : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %q = nn.binary mul %c, %c : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %v = nn.reduce mean %q {axes = array<i64: 1>, keepdims} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %a = nn.binary add %v, %e : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %r = nn.unary sqrt %a : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %n = nn.binary div %c, %r : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %y = nn.binary mul %n, %s : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
// -----
// As Llama's exporters write RMS normalization: a reciprocal, or a power.
// CHECK-LABEL: func.func @rms
// CHECK: nn.normalize rms %arg0 {axes = array<i64: 1>, epsilon = 1.000000e-03
// CHECK-NOT: nn.reduce
// CHECK: nn.normalize rms %arg0 {axes = array<i64: 1>, epsilon = 1.000000e-03
// CHECK-NOT: nn.reduce
func.func @rms(%x: tensor<?x8xf64>) -> (tensor<?x8xf64>, tensor<?x8xf64>) {
  %e = nn.constant dense<0.001> : tensor<f64> : tensor<f64>
  %one = nn.constant dense<1.0> : tensor<f64> : tensor<f64>
  %h = nn.constant dense<-0.5> : tensor<f64> : tensor<f64>
  %q = nn.binary mul %x, %x : (tensor<?x8xf64>, tensor<?x8xf64>) -> tensor<?x8xf64>
  %v = nn.reduce mean %q {axes = array<i64: 1>, keepdims} : (tensor<?x8xf64>) -> tensor<?x1xf64>
  %a = nn.binary add %e, %v : (tensor<f64>, tensor<?x1xf64>) -> tensor<?x1xf64>
  %r = nn.unary sqrt %a : (tensor<?x1xf64>) -> tensor<?x1xf64>
  %i = nn.binary div %one, %r : (tensor<f64>, tensor<?x1xf64>) -> tensor<?x1xf64>
  %n = nn.binary mul %i, %x : (tensor<?x1xf64>, tensor<?x8xf64>) -> tensor<?x8xf64>
  %p = nn.binary pow %a, %h : (tensor<?x1xf64>, tensor<f64>) -> tensor<?x1xf64>
  %o = nn.binary mul %x, %p : (tensor<?x8xf64>, tensor<?x1xf64>) -> tensor<?x8xf64>
  return %n, %o : tensor<?x8xf64>, tensor<?x8xf64>
}
// -----
// The mean along another axis only centers; f16 rounds after every op; another numerator is no normalization.
// CHECK-LABEL: func.func @others
// CHECK-NOT: nn.normalize standard
// CHECK: nn.normalize rms
// CHECK-NOT: nn.normalize
func.func @others(%x: tensor<4x8xf32>, %w: tensor<4x8xf32>, %f: tensor<4x8xf16>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf16>) {
  %e = nn.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %m = nn.reduce mean %x {axes = array<i64: 0>, keepdims} : (tensor<4x8xf32>) -> tensor<1x8xf32>
  %c = nn.binary sub %x, %m : (tensor<4x8xf32>, tensor<1x8xf32>) -> tensor<4x8xf32>
  %q = nn.binary mul %c, %c : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %v = nn.reduce mean %q {axes = array<i64: 1>, keepdims} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %a = nn.binary add %v, %e : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %r = nn.unary sqrt %a : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %n = nn.binary div %c, %r : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %o = nn.binary div %w, %r : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %he = nn.constant dense<1.0e-3> : tensor<f16> : tensor<f16>
  %hq = nn.binary mul %f, %f : (tensor<4x8xf16>, tensor<4x8xf16>) -> tensor<4x8xf16>
  %hv = nn.reduce mean %hq {axes = array<i64: 1>, keepdims} : (tensor<4x8xf16>) -> tensor<4x1xf16>
  %ha = nn.binary add %hv, %he : (tensor<4x1xf16>, tensor<f16>) -> tensor<4x1xf16>
  %hr = nn.unary sqrt %ha : (tensor<4x1xf16>) -> tensor<4x1xf16>
  %hn = nn.binary div %f, %hr : (tensor<4x8xf16>, tensor<4x1xf16>) -> tensor<4x8xf16>
  return %n, %o, %hn : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf16>
}
