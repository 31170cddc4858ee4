// RUN: nnc-opt %s -nn-pack-weights --split-input-file | FileCheck %s

// Panels of 16 columns, filled up with zeros.
// CHECK-LABEL: func.func @product
// CHECK: %[[PANELS:.*]] = nn.constant {{.*}}dense<{{\[\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00, 0.000000e+00, {{.*}}], [4.000000e+00, 5.000000e+00, 6.000000e+00, 0.000000e+00, {{.*}}]]]> : tensor<1x2x16xf32>
// CHECK: nn.packed_matmul %arg0, %[[PANELS]] {cached, columns = 3 : i64}
// CHECK-NOT: nn.matmul
func.func @product(%a: tensor<?x2xf32>) -> tensor<?x3xf32> {
  %b = nn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> : tensor<2x3xf32>
  %y = nn.matmul %a, %b : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
// -----
// A transposed factor gives the same panels, and ops that share one share them.
// CHECK-LABEL: func.func @transposed
// CHECK: dense<{{\[\[}}[1.000000e+00, 2.000000e+00, 3.000000e+00, 0.000000e+00, {{.*}}], [4.000000e+00, 5.000000e+00, 6.000000e+00, 0.000000e+00, {{.*}}]]]> : tensor<1x2x16xf32>
// CHECK-COUNT-2: nn.packed_matmul
func.func @transposed(%a: tensor<4x2xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %b = nn.constant dense<[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]> : tensor<3x2xf32> : tensor<3x2xf32>
  %y = nn.matmul %a, %b {transpose_b} : (tensor<4x2xf32>, tensor<3x2xf32>) -> tensor<4x3xf32>
  %z = nn.matmul %a, %b {transpose_b} : (tensor<4x2xf32>, tensor<3x2xf32>) -> tensor<4x3xf32>
  return %y, %z : tensor<4x3xf32>, tensor<4x3xf32>
}
// -----
// bf16 in pairs along the depth, of which the last one is filled up with zeros; f16, and bf16 that meets f32, as they are.
// CHECK-LABEL: func.func @halves
// CHECK: dense<{{\[\[}}[1.000000e+00, 4.000000e+00, 2.000000e+00, 5.000000e+00, 3.000000e+00, 6.000000e+00, 0.000000e+00, {{.*}}], [7.000000e+00, 0.000000e+00, 8.000000e+00, 0.000000e+00, 9.000000e+00, 0.000000e+00, {{.*}}]]]> : tensor<1x2x32xbf16>
// CHECK: nn.packed_matmul {{.*}} (tensor<4x3xbf16>, tensor<1x2x32xbf16>) -> tensor<4x3xf32>
// CHECK: nn.packed_matmul {{.*}} (tensor<4x3xf32>, tensor<1x3x16xbf16>) -> tensor<4x3xf32>
// CHECK: nn.packed_matmul {{.*}} (tensor<4x3xf16>, tensor<1x3x16xf16>) -> tensor<4x3xf16>
func.func @halves(%a: tensor<4x3xbf16>, %c: tensor<4x3xf32>, %d: tensor<4x3xf16>) -> (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf16>) {
  %b = nn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]> : tensor<3x3xbf16> : tensor<3x3xbf16>
  %f = nn.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]> : tensor<3x3xf16> : tensor<3x3xf16>
  %y = nn.matmul %a, %b : (tensor<4x3xbf16>, tensor<3x3xbf16>) -> tensor<4x3xf32>
  %z = nn.matmul %c, %b : (tensor<4x3xf32>, tensor<3x3xbf16>) -> tensor<4x3xf32>
  %u = nn.matmul %d, %f : (tensor<4x3xf16>, tensor<3x3xf16>) -> tensor<4x3xf16>
  return %y, %z, %u : tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf16>
}
// -----
// Panels of 6 filters; a channel's taps lie together.
// CHECK-LABEL: func.func @convolution
// CHECK: dense<{{\[\[\[}}[1.000000e+00, 5.000000e+00, 0.000000e+00, {{.*}}], [2.000000e+00, 6.000000e+00, {{.*}}], [3.000000e+00, 7.000000e+00, {{.*}}], [4.000000e+00, 8.000000e+00, {{.*}}]]]]> : tensor<1x1x4x6xf16>
// CHECK: nn.packed_conv {{.*}} filters = 2 : i64, groups = 1 : i64, kernel = array<i64: 2>
func.func @convolution(%x: tensor<1x2x9xf16>) -> tensor<1x2x8xf16> {
  %w = nn.constant dense<[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]> : tensor<2x2x2xf16> : tensor<2x2x2xf16>
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x2x9xf16>, tensor<2x2x2xf16>) -> tensor<1x2x8xf16>
  return %y : tensor<1x2x8xf16>
}
// -----
// Depthwise filters share no inputs and stay; so does what is not constant.
// CHECK-LABEL: func.func @stays
// CHECK: nn.conv
// CHECK: nn.matmul
func.func @stays(%x: tensor<1x3x9xf32>, %b: tensor<8x4xf32>) -> tensor<1x3x4xf32> {
  %w = nn.constant dense<1.0> : tensor<3x1x2xf32> : tensor<3x1x2xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 3 : i64} : (tensor<1x3x9xf32>, tensor<3x1x2xf32>) -> tensor<1x3x8xf32>
  %z = nn.matmul %y, %b : (tensor<1x3x8xf32>, tensor<8x4xf32>) -> tensor<1x3x4xf32>
  return %z : tensor<1x3x4xf32>
}
// -----
// Bytes: four steps of the depth side by side. Factors that both have a sign are made different by flipping bits, and a
// column starts with -128 times its sum.
// CHECK-LABEL: func.func @bytes
// CHECK-DAG: %[[P:.*]] = nn.constant {{.*}}dense<{{\[\[\[\[}}1, 3, 5, 0], [2, 4, 6, 0], {{.*}}> : tensor<1x1x16x4xi8>
// CHECK-DAG: %[[S:.*]] = nn.constant {{.*}}dense<[-1152, -1536, 0, {{.*}}]> : tensor<16xi32>
// CHECK: nn.packed_byte_matmul %arg0, %{{[0-9a-z_]*}}, %[[S]] {columns = 2 : i64, flip} : (tensor<?x3xi8>,
// CHECK: nn.packed_byte_matmul %arg1, %{{[0-9a-z_]*}} {columns = 2 : i64} : (tensor<?x3xui8>,
func.func @bytes(%a: tensor<?x3xi8>, %u: tensor<?x3xui8>) -> (tensor<?x2xi32>, tensor<?x2xi32>) {
  %b = nn.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8> : tensor<3x2xi8>
  %y = nn.matmul %a, %b : (tensor<?x3xi8>, tensor<3x2xi8>) -> tensor<?x2xi32>
  %z = nn.matmul %u, %b : (tensor<?x3xui8>, tensor<3x2xi8>) -> tensor<?x2xi32>
  return %y, %z : tensor<?x2xi32>, tensor<?x2xi32>
}
// -----
// More constants than the third-level cache keeps.
// CHECK-LABEL: func.func @large
// CHECK: nn.packed_matmul {{.*}} {columns = 2048 : i64}
func.func @large(%a: tensor<1x2048xf32>) -> (tensor<1x2048xf32>, tensor<2048xf32>) {
  %b = nn.constant dense<1.0> : tensor<2048x2048xf32> : tensor<2048x2048xf32>
  %c = nn.constant dense<1.0> : tensor<2048xf32> : tensor<2048xf32>
  %y = nn.matmul %a, %b : (tensor<1x2048xf32>, tensor<2048x2048xf32>) -> tensor<1x2048xf32>
  return %y, %c : tensor<1x2048xf32>, tensor<2048xf32>
}
// -----
// One or two columns are no panel; they come to lie one after the other.
// CHECK-LABEL: func.func @narrow
// CHECK: %[[B:.*]] = nn.constant dense<{{\[\[}}1.000000e+00, 3.000000e+00, 5.000000e+00], [2.000000e+00, 4.000000e+00, 6.000000e+00]]> : tensor<2x3xf32>
// CHECK: nn.matmul %arg0, %[[B]] {transpose_b}
func.func @narrow(%a: tensor<8x3xf32>) -> tensor<8x2xf32> {
  %b = nn.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32> : tensor<3x2xf32>
  %y = nn.matmul %a, %b : (tensor<8x3xf32>, tensor<3x2xf32>) -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}
// -----
// Up to four filters read rows of the input as they lie; not with one tap, nor where rows are short or inputs far apart.
// CHECK-LABEL: func.func @few
// CHECK: nn.conv
// CHECK-COUNT-3: nn.packed_conv
func.func @few(%x: tensor<1x8x20xf32>) -> (tensor<1x4x18xf32>, tensor<1x4x20xf32>, tensor<1x4x12xf32>, tensor<1x4x6xf32>) {
  %w = nn.constant dense<1.0> : tensor<4x8x3xf32> : tensor<4x8x3xf32>
  %u = nn.constant dense<1.0> : tensor<4x8x1xf32> : tensor<4x8x1xf32>
  %v = nn.constant dense<1.0> : tensor<4x8x9xf32> : tensor<4x8x9xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x8x20xf32>, tensor<4x8x3xf32>) -> tensor<1x4x18xf32>
  %1 = nn.conv %x, %u {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x8x20xf32>, tensor<4x8x1xf32>) -> tensor<1x4x20xf32>
  %2 = nn.conv %x, %v {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x8x20xf32>, tensor<4x8x9xf32>) -> tensor<1x4x12xf32>
  %3 = nn.conv %x, %w {strides = array<i64: 3>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x8x20xf32>, tensor<4x8x3xf32>) -> tensor<1x4x6xf32>
  return %0, %1, %2, %3 : tensor<1x4x18xf32>, tensor<1x4x20xf32>, tensor<1x4x12xf32>, tensor<1x4x6xf32>
}
// -----
// Large kernels get a copy with the padding of rows in it; other dims keep theirs.
// CHECK-LABEL: func.func @padded
// CHECK: nn.constant dense<[0, 0, 0, 3, 0, 0, 0, 2]>
// CHECK: %[[X:.*]] = nn.pad constant %arg0, {{.*}} -> tensor<1x8x?x69xf32>
// CHECK: nn.conv %[[X]], {{.*}}pads = array<i64: 3, 0, 3, 0>
// CHECK: nn.conv %arg0, {{.*}}pads = array<i64: 1, 1, 1, 1>
func.func @padded(%x: tensor<1x8x?x64xf32>) -> (tensor<1x1x?x63xf32>, tensor<1x1x?x66xf32>) {
  %w = nn.constant dense<1.0> : tensor<1x8x7x7xf32> : tensor<1x8x7x7xf32>
  %v = nn.constant dense<1.0> : tensor<1x8x3x1xf32> : tensor<1x8x3x1xf32>
  %0 = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 3, 3, 3, 2>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x8x?x64xf32>, tensor<1x8x7x7xf32>) -> tensor<1x1x?x63xf32>
  %1 = nn.conv %x, %v {strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x8x?x64xf32>, tensor<1x8x3x1xf32>) -> tensor<1x1x?x66xf32>
  return %0, %1 : tensor<1x1x?x63xf32>, tensor<1x1x?x66xf32>
}
// -----
// Short rows of one filter to a group are padded, too: no output is left to be summed alone. Long ones stay.
// CHECK-LABEL: func.func @depthwise_volume
// CHECK: %[[X:.*]] = nn.pad constant %arg0, {{.*}} -> tensor<1x8x4x14x16xf32>
// CHECK: nn.conv %[[X]], {{.*}}pads = array<i64: 1, 1, 0, 1, 1, 0>
// CHECK-NOT: nn.pad
// CHECK: nn.conv %arg1
func.func @depthwise_volume(%x: tensor<1x8x4x14x14xf32>, %z: tensor<1x8x4x14x56xf32>) -> (tensor<1x8x4x14x14xf32>, tensor<1x8x4x14x56xf32>) {
  %w = nn.constant dense<1.0> : tensor<8x1x3x3x3xf32> : tensor<8x1x3x3x3xf32>
  %y = nn.conv %x, %w {strides = array<i64: 1, 1, 1>, pads = array<i64: 1, 1, 1, 1, 1, 1>, dilations = array<i64: 1, 1, 1>, groups = 8 : i64} : (tensor<1x8x4x14x14xf32>, tensor<8x1x3x3x3xf32>) -> tensor<1x8x4x14x14xf32>
  %v = nn.conv %z, %w {strides = array<i64: 1, 1, 1>, pads = array<i64: 1, 1, 1, 1, 1, 1>, dilations = array<i64: 1, 1, 1>, groups = 8 : i64} : (tensor<1x8x4x14x56xf32>, tensor<8x1x3x3x3xf32>) -> tensor<1x8x4x14x56xf32>
  return %y, %v : tensor<1x8x4x14x14xf32>, tensor<1x8x4x14x56xf32>
}
