// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @matmul_c1(%a: tensor<f32>, %b: tensor<2x2xf32>) {
  // expected-error @+1 {{matmul_c1: an operand is a scalar}}
  %y = nn.matmul %a, %b : (tensor<f32>, tensor<2x2xf32>) -> tensor<2xf32>
  return
}
// -----
func.func @matmul_c2(%a: tensor<2x3xf32>, %b: tensor<2x2xf32>) {
  // expected-error @+1 {{matmul_c2: the inner dims differ: 3 and 2}}
  %y = nn.matmul %a, %b : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return
}
// -----
func.func @matmul_c3(%a: tensor<3x2x2xf32>, %b: tensor<4x2x2xf32>) {
  // expected-error @+1 {{matmul_c3: the leading dims do not broadcast: 3 and 4}}
  %y = nn.matmul %a, %b : (tensor<3x2x2xf32>, tensor<4x2x2xf32>) -> tensor<3x2x2xf32>
  return
}
// -----
func.func @conv_c1(%x: tensor<1x4x5xf32>, %w: tensor<4x4xf32>) {
  // expected-error @+1 {{conv_c1: x has rank 3, the weight 2}}
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x4xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_c2_count(%x: tensor<1x4x5xf32>, %w: tensor<4x4x1xf32>) {
  // expected-error @+1 {{conv_c2: there are 1 spatial dims, but 1 kernel entries, 2 strides, 1 dilations and 2 pads}}
  %y = nn.conv %x, %w {strides = array<i64: 1, 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x4x1xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_c2_positive(%x: tensor<1x4x5xf32>, %w: tensor<4x4x1xf32>) {
  // expected-error @+1 {{conv_c2: the kernel, the strides and the dilations must be positive}}
  %y = nn.conv %x, %w {strides = array<i64: 0>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x4x1xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_c2_pads(%x: tensor<1x4x5xf32>, %w: tensor<4x4x1xf32>) {
  // expected-error @+1 {{conv_c2: the pads must not be negative or huge}}
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: -1, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x4x1xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_c3(%x: tensor<1x4x5xf32>, %w: tensor<4x3x1xf32>) {
  // expected-error @+1 {{conv_c3: 1 groups do not fit 4 channels and a weight of 4 filters of 3 channels}}
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x3x1xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_c4(%x: tensor<1x4x5xf32>, %w: tensor<4x4x1xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{conv_c4: the bias needs one entry per filter}}
  %y = nn.conv %x, %w, %b {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x4x1xf32>, tensor<3xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_c5(%x: tensor<1x4x5xf32>, %w: tensor<4x4x3xf32>) {
  // expected-error @+1 {{conv_c5: a kernel of 7 does not fit into dim 2 of 5 with its padding}}
  %y = nn.conv %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 3>, groups = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x4x3xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_transpose_c1(%x: tensor<1x4x5xf32>, %w: tensor<4x4xf32>) {
  // expected-error @+1 {{conv_transpose_c1: x has rank 3, the weight 2}}
  %y = nn.conv_transpose %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64, output_padding = array<i64: 0>} : (tensor<1x4x5xf32>, tensor<4x4xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_transpose_c2_count(%x: tensor<1x4x5xf32>, %w: tensor<4x4x1xf32>) {
  // expected-error @+1 {{conv_transpose_c2: there are 1 spatial dims}}
  %y = nn.conv_transpose %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64, output_padding = array<i64: 0>} : (tensor<1x4x5xf32>, tensor<4x4x1xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_transpose_c2_output(%x: tensor<1x4x5xf32>, %w: tensor<4x4x1xf32>) {
  // expected-error @+1 {{conv_transpose_c2: output_padding has 2 entries}}
  %y = nn.conv_transpose %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64, output_padding = array<i64: 0, 0>} : (tensor<1x4x5xf32>, tensor<4x4x1xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_transpose_c3(%x: tensor<1x4x5xf32>, %w: tensor<3x4x1xf32>) {
  // expected-error @+1 {{conv_transpose_c3: the groups or the weight's rows do not fit x's channels}}
  %y = nn.conv_transpose %x, %w {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64, output_padding = array<i64: 0>} : (tensor<1x4x5xf32>, tensor<3x4x1xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @conv_transpose_c4(%x: tensor<1x4x5xf32>, %w: tensor<4x4x1xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{conv_transpose_c4: the bias needs one entry per filter}}
  %y = nn.conv_transpose %x, %w, %b {strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64, output_padding = array<i64: 0>} : (tensor<1x4x5xf32>, tensor<4x4x1xf32>, tensor<3xf32>) -> tensor<1x4x5xf32>
  return
}
// -----
func.func @einsum_c1_terms(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error @+1 {{einsum_c1: the equation has 1 terms for 2 operands}}
  %y = nn.einsum %a, %b {equation = "ij->ij"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}
// -----
func.func @einsum_c1_rank(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error @+1 {{einsum_c1: term 'jkl' does not fit rank 2}}
  %y = nn.einsum %a, %b {equation = "ij,jkl->ik"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}
// -----
func.func @einsum_c1_output(%a: tensor<2x3xf32>, %b: tensor<3x4xf32>) {
  // expected-error @+1 {{einsum_c1: output index 'z' is in no term}}
  %y = nn.einsum %a, %b {equation = "ij,jk->iz"} : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return
}
// -----
func.func @einsum_c2(%a: tensor<2x3xf32>, %b: tensor<4x4xf32>) {
  // expected-error @+1 {{einsum_c2: index 'j' is 3 and 4}}
  %y = nn.einsum %a, %b {equation = "ij,jk->ik"} : (tensor<2x3xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  return
}
// -----
func.func @packed_matmul_c1(%a: tensor<4x8xf32>, %p: tensor<1x8x16xf32>) {
  // expected-error @+1 {{packed_matmul_c1: the panels do not fit a's depth and 20 columns}}
  %y = nn.packed_matmul %a, %p {columns = 20 : i64} : (tensor<4x8xf32>, tensor<1x8x16xf32>) -> tensor<4x20xf32>
  return
}
// -----
func.func @packed_matmul_c1_pairs(%a: tensor<4x8xf32>, %p: tensor<1x4x32xbf16>) {
  // expected-error @+1 {{packed_matmul_c1: the panels do not fit a's depth and 16 columns}}
  %y = nn.packed_matmul %a, %p {columns = 16 : i64} : (tensor<4x8xf32>, tensor<1x4x32xbf16>) -> tensor<4x16xf32>
  return
}
// -----
func.func @packed_matmul_c3(%a: tensor<64x48xf32>, %p: tensor<4x48x16xf32>) {
  // expected-error @+1 {{packed_matmul_c3: Strassen's algorithm takes f32, or panels of halves or bytes, of static extents, 4 rows or more, one matrix of panels, a multiple of 32 products in a sum, and 64 columns or more}}
  %y = nn.packed_matmul %a, %p {columns = 64 : i64, strassen} : (tensor<64x48xf32>, tensor<4x48x16xf32>) -> tensor<64x64xf32>
  return
}
// -----
func.func @packed_matmul_c4(%a: tensor<4x8xf32>, %p: tensor<1x8x16xi8>, %s: tensor<1x3x16xf32>) {
  // expected-error @+1 {{packed_matmul_c4: the scales do not fit the panels}}
  %y = nn.packed_matmul %a, %p, %s {columns = 16 : i64} : (tensor<4x8xf32>, tensor<1x8x16xi8>, tensor<1x3x16xf32>) -> tensor<4x16xf32>
  return
}
// -----
func.func @packed_matmul_c4_words(%a: tensor<4x16xf32>, %p: tensor<1x2x16xi32>) {
  // expected-error @+1 {{packed_matmul_c4: words of numbers have scales}}
  %y = nn.packed_matmul %a, %p {columns = 16 : i64} : (tensor<4x16xf32>, tensor<1x2x16xi32>) -> tensor<4x16xf32>
  return
}
// -----
func.func @packed_matmul_c4_parts_of_words(%a: tensor<4x16xf32>, %p: tensor<1x2x16xi32>, %s: tensor<1x4x16xf32>) {
  // expected-error @+1 {{packed_matmul_c4: the scales do not fit the panels}}
  %y = nn.packed_matmul %a, %p, %s {columns = 16 : i64} : (tensor<4x16xf32>, tensor<1x2x16xi32>, tensor<1x4x16xf32>) -> tensor<4x16xf32>
  return
}
// -----
func.func @packed_matmul_c1_words(%a: tensor<4x12xf32>, %p: tensor<1x2x16xi32>, %s: tensor<1x2x16xf32>) {
  // expected-error @+1 {{packed_matmul_c1: the panels do not fit a's depth and 16 columns}}
  %y = nn.packed_matmul %a, %p, %s {columns = 16 : i64} : (tensor<4x12xf32>, tensor<1x2x16xi32>, tensor<1x2x16xf32>) -> tensor<4x16xf32>
  return
}
// -----
func.func @packed_conv_c1(%x: tensor<1x2x8xf32>, %p: tensor<1x1x6x6xf32>) {
  // expected-error @+1 {{packed_conv_c1: x has rank 3 for 2 spatial dims}}
  %y = nn.packed_conv %x, %p {kernel = array<i64: 3, 1>, strides = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, filters = 6 : i64, groups = 1 : i64} : (tensor<1x2x8xf32>, tensor<1x1x6x6xf32>) -> tensor<1x6x6xf32>
  return
}
// -----
func.func @packed_conv_c2(%x: tensor<1x2x8xf32>, %p: tensor<1x1x6x6xf32>) {
  // expected-error @+1 {{packed_conv_c2: the kernel, the strides and the dilations must be positive}}
  %y = nn.packed_conv %x, %p {kernel = array<i64: 3>, strides = array<i64: 0>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, filters = 6 : i64, groups = 1 : i64} : (tensor<1x2x8xf32>, tensor<1x1x6x6xf32>) -> tensor<1x6x6xf32>
  return
}
// -----
func.func @packed_conv_c3(%x: tensor<1x2x8xf32>, %p: tensor<1x1x6x6xf32>) {
  // expected-error @+1 {{packed_conv_c3: the panels do not fit 7 filters in 1 groups}}
  %y = nn.packed_conv %x, %p {kernel = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, filters = 7 : i64, groups = 1 : i64} : (tensor<1x2x8xf32>, tensor<1x1x6x6xf32>) -> tensor<1x7x6xf32>
  return
}
// -----
func.func @packed_conv_c4(%x: tensor<1x2x8xf32>, %p: tensor<1x1x6x6xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{packed_conv_c4: the bias needs one entry per filter}}
  %y = nn.packed_conv %x, %p, %b {kernel = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, filters = 6 : i64, groups = 1 : i64} : (tensor<1x2x8xf32>, tensor<1x1x6x6xf32>, tensor<5xf32>) -> tensor<1x6x6xf32>
  return
}
// -----
func.func @packed_conv_c5(%x: tensor<1x2x2xf32>, %p: tensor<1x1x6x6xf32>) {
  // expected-error @+1 {{packed_conv_c5: a kernel of 3 does not fit into dim 2 of 2 with its padding}}
  %y = nn.packed_conv %x, %p {kernel = array<i64: 3>, strides = array<i64: 1>, pads = array<i64: 0, 0>, dilations = array<i64: 1>, filters = 6 : i64, groups = 1 : i64} : (tensor<1x2x2xf32>, tensor<1x1x6x6xf32>) -> tensor<1x6x0xf32>
  return
}
// -----
func.func @pack_panels_c1_rank(%b: tensor<4xf32>) {
  // expected-error @+1 {{pack_panels_c1: b has rank 1}}
  %y = nn.pack_panels %b : (tensor<4xf32>) -> tensor<1x4x16xf32>
  return
}
// -----
func.func @pack_panels_c1_columns(%b: tensor<4x?xf32>) {
  // expected-error @+1 {{pack_panels_c1: the number of columns is not known}}
  %y = nn.pack_panels %b : (tensor<4x?xf32>) -> tensor<?x4x16xf32>
  return
}
// -----
func.func @packed_matmul_c2(%a: tensor<3x2x4xf32>, %p: tensor<2x1x4x16xf32>) {
  // expected-error @+1 {{packed_matmul_c2: the leading dims do not broadcast: 3 and 2}}
  %y = nn.packed_matmul %a, %p {columns = 16 : i64} : (tensor<3x2x4xf32>, tensor<2x1x4x16xf32>) -> tensor<3x2x16xf32>
  return
}
// -----
func.func @packed_byte_matmul_c1(%a: tensor<4x9xui8>, %p: tensor<1x2x16x4xi8>) {
  // expected-error @+1 {{packed_byte_matmul_c1: the panels do not fit a's depth and 16 columns}}
  %y = nn.packed_byte_matmul %a, %p {columns = 16 : i64} : (tensor<4x9xui8>, tensor<1x2x16x4xi8>) -> tensor<4x16xi32>
  return
}
// -----
func.func @packed_byte_matmul_c2(%a: tensor<4x8xi8>, %p: tensor<1x2x16x4xi8>) {
  // expected-error @+1 {{packed_byte_matmul_c2: no product of i8 by i8}}
  %y = nn.packed_byte_matmul %a, %p {columns = 16 : i64} : (tensor<4x8xi8>, tensor<1x2x16x4xi8>) -> tensor<4x16xi32>
  return
}
