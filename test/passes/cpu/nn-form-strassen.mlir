// RUN: nnc-opt %s -nn-form-strassen --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @large
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 3072 : i64, strassen}
func.func @large(%a: tensor<1x197x768xf32>, %p: tensor<192x768x16xf32>) -> tensor<1x197x3072xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3072 : i64} : (tensor<1x197x768xf32>, tensor<192x768x16xf32>) -> tensor<1x197x3072xf32>
  return %y : tensor<1x197x3072xf32>
}
// -----
// A short depth; panels that store halves.
// CHECK-LABEL: func.func @short
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 768 : i64, strassen}
func.func @short(%a: tensor<128x768xf32>, %p: tensor<48x768x16xf16>) -> tensor<128x768xf32> {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64} : (tensor<128x768xf32>, tensor<48x768x16xf16>) -> tensor<128x768xf32>
  return %y : tensor<128x768xf32>
}
// -----
// Few rows; and a last panel that is not full, with panels missing for a fourth of a group.
// CHECK-LABEL: func.func @low
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 3059 : i64, strassen}
func.func @low(%a: tensor<64x768xf32>, %p: tensor<192x768x16xf32>) -> tensor<64x3059xf32> {
  %y = nn.packed_matmul %a, %p {columns = 3059 : i64} : (tensor<64x768xf32>, tensor<192x768x16xf32>) -> tensor<64x3059xf32>
  return %y : tensor<64x3059xf32>
}
// -----
// Long sums, which are cut, want more rounds.
// CHECK-LABEL: func.func @deep
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 768 : i64, strassen}
// CHECK: nn.packed_matmul %arg2, %arg3 {columns = 256 : i64} :
func.func @deep(%a: tensor<64x3072xf32>, %p: tensor<48x3072x16xf32>, %b: tensor<64x1280xf32>, %q: tensor<16x1280x16xf32>) {
  %y = nn.packed_matmul %a, %p {columns = 768 : i64} : (tensor<64x3072xf32>, tensor<48x3072x16xf32>) -> tensor<64x768xf32>
  %z = nn.packed_matmul %b, %q {columns = 256 : i64} : (tensor<64x1280xf32>, tensor<16x1280x16xf32>) -> tensor<64x256xf32>
  return
}
// -----
// Few panels: what comes before the first products would not be hidden.
// CHECK-LABEL: func.func @narrow
// CHECK: nn.packed_matmul %arg0, %arg1 {columns = 256 : i64} :
func.func @narrow(%a: tensor<128x512xf32>, %p: tensor<16x512x16xf32>) -> tensor<128x256xf32> {
  %y = nn.packed_matmul %a, %p {columns = 256 : i64} : (tensor<128x512xf32>, tensor<16x512x16xf32>) -> tensor<128x256xf32>
  return %y : tensor<128x256xf32>
}
// -----
// Columns that fill too little of the last panels, a depth without halves of 16 steps, rows that only the run knows, a right
// factor for each matrix, doubles.
// CHECK-LABEL: func.func @others
// CHECK-NOT: strassen
func.func @others(%a: tensor<512x1024xf32>, %p: tensor<57x1024x16xf32>, %b: tensor<512x1000xf32>, %q: tensor<64x1000x16xf32>,
                  %c: tensor<?x1024xf32>, %r: tensor<64x1024x16xf32>, %d: tensor<2x512x1024xf32>, %s: tensor<2x64x1024x16xf32>,
                  %e: tensor<512x1024xf64>, %t: tensor<64x1024x16xf64>) {
  %0 = nn.packed_matmul %a, %p {columns = 900 : i64} : (tensor<512x1024xf32>, tensor<57x1024x16xf32>) -> tensor<512x900xf32>
  %1 = nn.packed_matmul %b, %q {columns = 1024 : i64} : (tensor<512x1000xf32>, tensor<64x1000x16xf32>) -> tensor<512x1024xf32>
  %2 = nn.packed_matmul %c, %r {columns = 1024 : i64} : (tensor<?x1024xf32>, tensor<64x1024x16xf32>) -> tensor<?x1024xf32>
  %3 = nn.packed_matmul %d, %s {columns = 1024 : i64} : (tensor<2x512x1024xf32>, tensor<2x64x1024x16xf32>) -> tensor<2x512x1024xf32>
  %4 = nn.packed_matmul %e, %t {columns = 1024 : i64} : (tensor<512x1024xf64>, tensor<64x1024x16xf64>) -> tensor<512x1024xf64>
  return
}
// -----
// A convolution of one pixel: images of pixels times filters, however many images there are.
// CHECK-LABEL: func.func @pixels
// CHECK: nn.blocked_conv {{.*}}, strassen,
func.func @pixels(%x: tensor<?x16x28x28x16xf32>, %p: tensor<1x32x256x16xf32>) -> tensor<?x32x28x28x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 512 : i64, groups = 1 : i64} : (tensor<?x16x28x28x16xf32>, tensor<1x32x256x16xf32>) -> tensor<?x32x28x28x16xf32>
  return %y : tensor<?x32x28x28x16xf32>
}
// -----
// CHECK-LABEL: func.func @signal
// CHECK: nn.blocked_conv {{.*}}, strassen,
func.func @signal(%x: tensor<1x16x1000x16xf32>, %p: tensor<1x8x256x16xf32>) -> tensor<1x8x1000x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, channels = 256 : i64, filters = 128 : i64, groups = 1 : i64} : (tensor<1x16x1000x16xf32>, tensor<1x8x256x16xf32>) -> tensor<1x8x1000x16xf32>
  return %y : tensor<1x8x1000x16xf32>
}
// -----
// Of every second pixel.
// CHECK-LABEL: func.func @stride
// CHECK: nn.blocked_conv {{.*}}, strassen,
func.func @stride(%x: tensor<1x16x56x56x16xf32>, %p: tensor<1x32x256x16xf32>) -> tensor<1x32x28x28x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 512 : i64, groups = 1 : i64} : (tensor<1x16x56x56x16xf32>, tensor<1x32x256x16xf32>) -> tensor<1x32x28x28x16xf32>
  return %y : tensor<1x32x28x28x16xf32>
}
// -----
// CHECK-LABEL: func.func @window
// CHECK-NOT: strassen
func.func @window(%x: tensor<1x4x56x56x16xf32>, %p: tensor<1x8x576x16xf32>) -> tensor<1x8x54x54x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 64 : i64, filters = 128 : i64, groups = 1 : i64} : (tensor<1x4x56x56x16xf32>, tensor<1x8x576x16xf32>) -> tensor<1x8x54x54x16xf32>
  return %y : tensor<1x8x54x54x16xf32>
}
// -----
// CHECK-LABEL: func.func @padding
// CHECK-NOT: strassen
func.func @padding(%x: tensor<1x16x28x28x16xf32>, %p: tensor<1x32x256x16xf32>) -> tensor<1x32x30x30x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 512 : i64, groups = 1 : i64} : (tensor<1x16x28x28x16xf32>, tensor<1x32x256x16xf32>) -> tensor<1x32x30x30x16xf32>
  return %y : tensor<1x32x30x30x16xf32>
}
// -----
// CHECK-LABEL: func.func @grouped
// CHECK-NOT: strassen
func.func @grouped(%x: tensor<1x16x28x28x16xf32>, %p: tensor<2x16x128x16xf32>) -> tensor<1x32x28x28x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 512 : i64, groups = 2 : i64} : (tensor<1x16x28x28x16xf32>, tensor<2x16x128x16xf32>) -> tensor<1x32x28x28x16xf32>
  return %y : tensor<1x32x28x28x16xf32>
}
// -----
// CHECK-LABEL: func.func @odd_channels
// CHECK-NOT: strassen
func.func @odd_channels(%x: tensor<1x16x28x28x16xf32>, %p: tensor<1x32x248x16xf32>) -> tensor<1x32x28x28x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 248 : i64, filters = 512 : i64, groups = 1 : i64} : (tensor<1x16x28x28x16xf32>, tensor<1x32x248x16xf32>) -> tensor<1x32x28x28x16xf32>
  return %y : tensor<1x32x28x28x16xf32>
}
// -----
// CHECK-LABEL: func.func @odd_filters
// CHECK-NOT: strassen
func.func @odd_filters(%x: tensor<1x16x28x28x16xf32>, %p: tensor<1x7x256x16xf32>) -> tensor<1x7x28x28x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 112 : i64, groups = 1 : i64} : (tensor<1x16x28x28x16xf32>, tensor<1x7x256x16xf32>) -> tensor<1x7x28x28x16xf32>
  return %y : tensor<1x7x28x28x16xf32>
}
// -----
// CHECK-LABEL: func.func @few_pixels
// CHECK-NOT: strassen
func.func @few_pixels(%x: tensor<1x16x6x6x16xf32>, %p: tensor<1x64x256x16xf32>) -> tensor<1x64x6x6x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 256 : i64, filters = 1024 : i64, groups = 1 : i64} : (tensor<1x16x6x6x16xf32>, tensor<1x64x256x16xf32>) -> tensor<1x64x6x6x16xf32>
  return %y : tensor<1x64x6x6x16xf32>
}
// -----
// CHECK-LABEL: func.func @few_channels
// CHECK-NOT: strassen
func.func @few_channels(%x: tensor<1x4x56x56x16xf32>, %p: tensor<1x16x64x16xf32>) -> tensor<1x16x56x56x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 64 : i64, filters = 256 : i64, groups = 1 : i64} : (tensor<1x4x56x56x16xf32>, tensor<1x16x64x16xf32>) -> tensor<1x16x56x56x16xf32>
  return %y : tensor<1x16x56x56x16xf32>
}
// -----
// Few pixels: the weights come from memory all the time.
// CHECK-LABEL: func.func @few
// CHECK-NOT: strassen
func.func @few(%x: tensor<1x32x7x7x16xf32>, %p: tensor<1x128x512x16xf32>) -> tensor<1x128x7x7x16xf32> {
  %y = nn.blocked_conv %x, %p {kernel = array<i64: 1, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, channels = 512 : i64, filters = 2048 : i64, groups = 1 : i64} : (tensor<1x32x7x7x16xf32>, tensor<1x128x512x16xf32>) -> tensor<1x128x7x7x16xf32>
  return %y : tensor<1x128x7x7x16xf32>
}
