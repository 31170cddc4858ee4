// RUN: nnc-opt %s -nn-form-activations | FileCheck %s

// CHECK-LABEL: func.func @erf
// CHECK: %[[S:.*]] = nn.binary add
// CHECK-NEXT: %[[Y:.*]] = nn.unary gelu %[[S]]
// CHECK-NEXT: return %[[Y]]
func.func @erf(%x: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  %root = nn.constant dense<1.41421354> : tensor<f32> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %s = nn.binary add %x, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %0 = nn.binary div %s, %root : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %1 = nn.unary erf %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = nn.binary add %1, %one : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  %3 = nn.binary mul %s, %2 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %4 = nn.binary mul %3, %half : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
  return %4 : tensor<4x8xf32>
}

// CHECK-LABEL: func.func @tanh
// CHECK-NEXT: nn.constant
// CHECK: nn.unary gelu_tanh %arg0
func.func @tanh(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %three = nn.constant dense<3.0> : tensor<f32> : tensor<f32>
  %a = nn.constant dense<4.471500e-02> : tensor<f32> : tensor<f32>
  %b = nn.constant dense<0.797884583> : tensor<f32> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = nn.binary pow %x, %three : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = nn.binary mul %0, %a : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %2 = nn.binary add %x, %1 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = nn.binary mul %b, %2 : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = nn.unary tanh %3 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = nn.binary add %one, %4 : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %6 = nn.binary mul %x, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %7 = nn.binary mul %6, %5 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %7 : tensor<?x8xf32>
}

// Another constant is another function; what something else reads stays.
// CHECK-LABEL: func.func @stays
// CHECK-NOT: nn.unary gelu
func.func @stays(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %r = nn.constant dense<0.7> : tensor<f32> : tensor<f32>
  %s = nn.constant dense<0.707106769> : tensor<f32> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = nn.binary mul %x, %r : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = nn.unary erf %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = nn.binary add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %h = nn.binary mul %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = nn.binary mul %h, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = nn.binary mul %x, %s : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %5 = nn.unary erf %4 : (tensor<4xf32>) -> tensor<4xf32>
  %6 = nn.binary add %5, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = nn.binary mul %h, %6 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %3, %6, %7 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// x tanh(softplus(x)), by the op or written out.
// CHECK-LABEL: func.func @mish
// CHECK-COUNT-2: nn.unary mish %arg0
// CHECK-NOT: nn.unary
func.func @mish(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = nn.unary softplus %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nn.unary tanh %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = nn.binary mul %x, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = nn.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %4 = nn.binary add %3, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %5 = nn.unary log %4 : (tensor<4xf32>) -> tensor<4xf32>
  %6 = nn.unary tanh %5 : (tensor<4xf32>) -> tensor<4xf32>
  %7 = nn.binary mul %6, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2, %7 : tensor<4xf32>, tensor<4xf32>
}
