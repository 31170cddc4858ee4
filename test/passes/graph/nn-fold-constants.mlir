// RUN: nnc-opt %s -nn-fold-constants | FileCheck %s

// What depends on constants only is computed, by code that nnc compiles and runs.
// CHECK-LABEL: func.func @computed
func.func @computed(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // CHECK: %[[W:.*]] = nn.constant dense<{{\[\[}}7.000000e+00, 1.000000e+01], [1.500000e+01, 2.200000e+01]]> : tensor<2x2xf32>
  // CHECK-NEXT: %[[Y:.*]] = nn.binary {{ *}}add %arg0, %[[W]]
  // CHECK-NEXT: return %[[Y]]
  %a = nn.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %p = nn.matmul %a, %a : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = nn.binary add %x, %p : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// Inside regions too; bools and integers keep their types.
// CHECK-LABEL: func.func @region
func.func @region(%c: tensor<i1>, %x: tensor<3xi32>) -> tensor<3xi32> {
  %a = nn.constant dense<[-7, 0, 7]> : tensor<3xi32> : tensor<3xi32>
  %b = nn.constant dense<2> : tensor<3xi32> : tensor<3xi32>
  // CHECK: nn.if
  %y = nn.if %c {
    // CHECK: nn.constant dense<[0, 0, 3]> : tensor<3xi32>
    %m = nn.compare gt %a, %b : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>
    %q = nn.binary div %a, %b : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
    %z = nn.constant dense<0> : tensor<i32> : tensor<i32>
    %s = nn.select %m, %q, %z : (tensor<3xi1>, tensor<3xi32>, tensor<i32>) -> tensor<3xi32>
    nn.yield %s : tensor<3xi32>
  } else {
    nn.yield %x : tensor<3xi32>
  } : (tensor<i1>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}

// A view of a constant is the constant under another shape.
// CHECK-LABEL: func.func @view
func.func @view() -> tensor<2x2xf16> {
  %a = nn.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf16> : tensor<4xf16>
  %s = nn.constant dense<[2, 2]> : tensor<2xi64> : tensor<2xi64>
  // CHECK: nn.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> : tensor<2x2xf16>
  // CHECK-NEXT: return
  %y = nn.reshape %a, %s : (tensor<4xf16>, tensor<2xi64>) -> tensor<2x2xf16>
  return %y : tensor<2x2xf16>
}

// Little input, huge result: left to the run.
// CHECK-LABEL: func.func @bomb
func.func @bomb() -> tensor<8192x8192xf32> {
  %a = nn.constant dense<1.0> : tensor<8192x1xf32> : tensor<8192x1xf32>
  %b = nn.constant dense<2.0> : tensor<8192xf32> : tensor<8192xf32>
  // CHECK: nn.binary {{ *}}add
  %y = nn.binary add %a, %b : (tensor<8192x1xf32>, tensor<8192xf32>) -> tensor<8192x8192xf32>
  return %y : tensor<8192x8192xf32>
}

// Cheap growth is left to the run, but what it is made of is not: 128 KB of sums, from 256 numbers.
// CHECK-LABEL: func.func @cheap
func.func @cheap(%x: tensor<128x256xf32>) -> tensor<128x256xf32> {
  %a = nn.constant dense<1.0> : tensor<128x1xf32> : tensor<128x1xf32>
  %b = nn.constant dense<2.0> : tensor<256xf32> : tensor<256xf32>
  // CHECK-DAG: nn.constant dense<3.000000e+00> : tensor<128x1xf32>
  // CHECK-DAG: %[[SUM:.*]] = nn.binary {{ *}}add %{{.*}}, %{{.*}} : (tensor<128x1xf32>, tensor<256xf32>)
  // CHECK: nn.binary {{ *}}mul %arg0, %[[SUM]]
  %t = nn.constant dense<3.0> : tensor<f32> : tensor<f32>
  %c = nn.binary mul %a, %t : (tensor<128x1xf32>, tensor<f32>) -> tensor<128x1xf32>
  %s = nn.binary add %c, %b : (tensor<128x1xf32>, tensor<256xf32>) -> tensor<128x256xf32>
  %y = nn.binary mul %x, %s : (tensor<128x256xf32>, tensor<128x256xf32>) -> tensor<128x256xf32>
  return %y : tensor<128x256xf32>
}

// A softmax of the same size is worth its constant.
// CHECK-LABEL: func.func @dear
func.func @dear(%x: tensor<128x256xf32>) -> tensor<128x256xf32> {
  %a = nn.constant dense<1.0> : tensor<128x1xf32> : tensor<128x1xf32>
  %b = nn.constant dense<2.0> : tensor<256xf32> : tensor<256xf32>
  // CHECK: %[[P:.*]] = nn.constant {{.*}} : tensor<128x256xf32>
  // CHECK-NOT: nn.softmax
  // CHECK: nn.binary {{ *}}mul %arg0, %[[P]]
  %s = nn.binary add %a, %b : (tensor<128x1xf32>, tensor<256xf32>) -> tensor<128x256xf32>
  %p = nn.softmax softmax %s {axis = 1 : i64} : (tensor<128x256xf32>) -> tensor<128x256xf32>
  %y = nn.binary mul %x, %p : (tensor<128x256xf32>, tensor<128x256xf32>) -> tensor<128x256xf32>
  return %y : tensor<128x256xf32>
}

// But not more than a small part of the model: 8 MB, where there are no other constants.
// CHECK-LABEL: func.func @large
func.func @large(%x: tensor<1024x2048xf32>) -> tensor<1024x2048xf32> {
  %a = nn.constant dense<1.0> : tensor<1024x1xf32> : tensor<1024x1xf32>
  %b = nn.constant dense<2.0> : tensor<2048xf32> : tensor<2048xf32>
  // CHECK: nn.softmax
  %s = nn.binary add %a, %b : (tensor<1024x1xf32>, tensor<2048xf32>) -> tensor<1024x2048xf32>
  %p = nn.softmax softmax %s {axis = 1 : i64} : (tensor<1024x2048xf32>) -> tensor<1024x2048xf32>
  %y = nn.binary mul %x, %p : (tensor<1024x2048xf32>, tensor<1024x2048xf32>) -> tensor<1024x2048xf32>
  return %y : tensor<1024x2048xf32>
}
