// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @recurrent_c1(%x: tensor<5x3xf32>, %w: tensor<1x4x3xf32>, %r: tensor<1x4x4xf32>) {
  // expected-error @+1 {{recurrent_c1: x, w, r and the initial states need rank 3, the bias and peepholes 2, lengths 1}}
  %y:3 = nn.recurrent rnn %x, %w, %r {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x3xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @recurrent_c2(%x: tensor<5x2x3xf32>, %w: tensor<1x4x3xf32>, %r: tensor<1x4x5xf32>) {
  // expected-error @+1 {{recurrent_c2: an operand does not fit hidden size 4 and 1 direction}}
  %y:3 = nn.recurrent rnn %x, %w, %r {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x2x3xf32>, tensor<1x4x3xf32>, tensor<1x4x5xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @recurrent_c3(%x: tensor<5x2x3xf32>, %w: tensor<1x4x3xf32>, %r: tensor<1x4x4xf32>) {
  // expected-error @+1 {{recurrent_c3: unknown activation 'foo'}}
  %y:3 = nn.recurrent rnn %x, %w, %r {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["foo"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x2x3xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @recurrent_c4(%x: tensor<5x2x3xf32>, %w: tensor<1x4x3xf32>, %r: tensor<1x4x4xf32>, %c: tensor<1x2x4xf32>) {
  // expected-error @+1 {{recurrent_c4: only an lstm has a cell state and peepholes}}
  %y:3 = nn.recurrent rnn %x, %w, %r, %c {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 1, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x2x3xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>, tensor<1x2x4xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c1(%a: tensor<5x2x16xf32>, %b: tensor<1x4x16xf32>) {
  // expected-error @+1 {{packed_recurrent_c1: the input and its panels, the initial states and the peepholes need rank 3, the panels 4, the recurrent bias 2, lengths and the input bias 1}}
  %y:3 = nn.packed_recurrent rnn %a, %b {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x2x16xf32>, tensor<1x4x16xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c2(%a: tensor<5x2x16xf32>, %b: tensor<1x1x5x16xf32>) {
  // expected-error @+1 {{packed_recurrent_c2: an operand does not fit hidden size 4 and 1 direction}}
  %y:3 = nn.packed_recurrent rnn %a, %b {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x2x16xf32>, tensor<1x1x5x16xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c3(%a: tensor<5x2x16xf32>, %b: tensor<1x1x4x16xf32>) {
  // expected-error @+1 {{packed_recurrent_c3: unknown activation 'foo'}}
  %y:3 = nn.packed_recurrent rnn %a, %b {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["foo"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x2x16xf32>, tensor<1x1x4x16xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c4(%a: tensor<5x2x16xf32>, %b: tensor<1x1x4x16xf32>, %c: tensor<1x16xf32>) {
  // expected-error @+1 {{packed_recurrent_c4: only an lstm has a cell state and peepholes, and only a gru with linear_before_reset a recurrent bias}}
  %y:3 = nn.packed_recurrent rnn %a, %b, %c {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x2x16xf32>, tensor<1x1x4x16xf32>, tensor<1x16xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c2_input_panels(%x: tensor<5x1x3xf32>, %p: tensor<1x1x4x16xf32>, %w: tensor<1x4x16xf32>) {
  // expected-error @+1 {{packed_recurrent_c2: an operand does not fit hidden size 4 and 1 direction}}
  %y:3 = nn.packed_recurrent rnn %x, %p, %w {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 1, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x1x3xf32>, tensor<1x1x4x16xf32>, tensor<1x4x16xf32>) -> (tensor<5x1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c5_two_sequences(%x: tensor<5x2x3xf32>, %p: tensor<1x1x4x16xf32>, %w: tensor<1x3x16xf32>) {
  // expected-error @+1 {{packed_recurrent_c5: input panels need a known depth, one sequence and no lengths, an input bias needs input panels}}
  %y:3 = nn.packed_recurrent rnn %x, %p, %w {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 1, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x2x3xf32>, tensor<1x1x4x16xf32>, tensor<1x3x16xf32>) -> (tensor<5x1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c5_depth(%x: tensor<5x1x?xf32>, %p: tensor<1x1x4x16xf32>, %w: tensor<1x?x16xf32>) {
  // expected-error @+1 {{packed_recurrent_c5: input panels need a known depth, one sequence and no lengths, an input bias needs input panels}}
  %y:3 = nn.packed_recurrent rnn %x, %p, %w {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 1, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x1x?xf32>, tensor<1x1x4x16xf32>, tensor<1x?x16xf32>) -> (tensor<5x1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c5_bias(%x: tensor<5x1x16xf32>, %p: tensor<1x1x4x16xf32>, %w: tensor<16xf32>) {
  // expected-error @+1 {{packed_recurrent_c5: input panels need a known depth, one sequence and no lengths, an input bias needs input panels}}
  %y:3 = nn.packed_recurrent rnn %x, %p, %w {operandSegmentSizes = array<i32: 1, 1, 0, 0, 0, 0, 0, 0, 1>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x1x16xf32>, tensor<1x1x4x16xf32>, tensor<16xf32>) -> (tensor<5x1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return
}
// -----
func.func @packed_recurrent_c5_lengths(%x: tensor<5x1x3xf32>, %p: tensor<1x1x4x16xf32>, %l: tensor<1xi32>, %w: tensor<1x3x16xf32>) {
  // expected-error @+1 {{packed_recurrent_c5: input panels need a known depth, one sequence and no lengths, an input bias needs input panels}}
  %y:3 = nn.packed_recurrent rnn %x, %p, %l, %w {operandSegmentSizes = array<i32: 1, 1, 0, 1, 0, 0, 0, 1, 0>, direction = #nn<recurrent_direction forward>, hidden_size = 4 : i64, activations = ["tanh"], alphas = array<f64: 0.0>, betas = array<f64: 0.0>} : (tensor<5x1x3xf32>, tensor<1x1x4x16xf32>, tensor<1xi32>, tensor<1x3x16xf32>) -> (tensor<5x1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>)
  return
}
// -----
func.func @dft_c1(%x: tensor<2x10x3xf32>) {
  // expected-error @+1 {{dft_c1: axis 1 or the last dim does not fit}}
  %y = nn.dft %x {axis = 1 : i64} : (tensor<2x10x3xf32>) -> tensor<2x10x2xf32>
  return
}
// -----
func.func @stft_c1(%x: tensor<10xf32>, %s: tensor<i64>, %w: tensor<4xf32>) {
  // expected-error @+1 {{stft_c1: the signal needs rank 2 or 3, the window 1, and steps and lengths must be scalars}}
  %y = nn.stft %x, %s, %w {operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (tensor<10xf32>, tensor<i64>, tensor<4xf32>) -> tensor<1x?x4x2xf32>
  return
}
// -----
func.func @random_c1(%s: tensor<?xi64>) {
  // expected-error @+1 {{random_c1: the shape must be 1-D of static length}}
  %y = nn.random normal %s {low = 0.0, high = 1.0, seed = 1 : i64} : (tensor<?xi64>) -> tensor<2xf32>
  return
}
