// RUN: nnc-opt %s --verify-diagnostics --split-input-file

func.func @constant_c1() {
  // expected-error @+1 {{constant_c1: the value has type 'tensor<2xf32>', the result 'tensor<1xf32>'}}
  %y = nn.constant dense<1.0> : tensor<2xf32> : tensor<1xf32>
  return
}
// -----
func.func @reshape_c1(%a0: tensor<2x3xf32>, %a1: tensor<?xi64>) {
  // expected-error @+1 {{reshape_c1: the shape must be a 1-D integer tensor of static length}}
  %y = nn.reshape %a0, %a1 : (tensor<2x3xf32>, tensor<?xi64>) -> tensor<6xf32>
  return
}
// -----
func.func @reshape_c2_twice(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[-1, -1]> : tensor<2xi64> : tensor<2xi64>
  // expected-error @+1 {{reshape_c2: the shape holds -1 twice}}
  %y = nn.reshape %a0, %c1 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}
// -----
func.func @reshape_c2_less(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[-2]> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{reshape_c2: the shape holds -2}}
  %y = nn.reshape %a0, %c1 : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<6xf32>
  return
}
// -----
func.func @reshape_c3(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[5]> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{reshape_c3: 6 elements do not fit the new shape}}
  %y = nn.reshape %a0, %c1 : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<5xf32>
  return
}
// -----
func.func @reshape_c3_rest(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[4, -1]> : tensor<2xi64> : tensor<2xi64>
  // expected-error @+1 {{reshape_c3: 6 elements do not fit the new shape}}
  %y = nn.reshape %a0, %c1 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<4x?xf32>
  return
}
// -----
func.func @reshape_c4(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[2, 3, 0]> : tensor<3xi64> : tensor<3xi64>
  // expected-error @+1 {{reshape_c4: entry 2 copies a dim that x of rank 2 does not have}}
  %y = nn.reshape %a0, %c1 : (tensor<2x3xf32>, tensor<3xi64>) -> tensor<2x3x1xf32>
  return
}
// -----
func.func @squeeze_c1(%a0: tensor<2x3xf32>) {
  // expected-error @+1 {{squeeze_c1: axis 2 is out of range for rank 2}}
  %y = nn.squeeze %a0 {axes = array<i64: 2>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}
// -----
func.func @squeeze_c1_twice(%a0: tensor<1x3xf32>) {
  // expected-error @+1 {{squeeze_c1: axis 0 appears twice}}
  %y = nn.squeeze %a0 {axes = array<i64: 0, 0>} : (tensor<1x3xf32>) -> tensor<3xf32>
  return
}
// -----
func.func @squeeze_c2(%a0: tensor<2x3xf32>) {
  // expected-error @+1 {{squeeze_c2: dim 0 is 2, not 1}}
  %y = nn.squeeze %a0 {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}
// -----
func.func @unsqueeze_c1(%a0: tensor<2x3xf32>) {
  // expected-error @+1 {{unsqueeze_c1: axis 3 is out of range for rank 3}}
  %y = nn.unsqueeze %a0 {axes = array<i64: 3>} : (tensor<2x3xf32>) -> tensor<2x3x1xf32>
  return
}
// -----
func.func @flatten_c1(%a0: tensor<2x3xf32>) {
  // expected-error @+1 {{flatten_c1: axis 3 is out of range for rank 2}}
  %y = nn.flatten %a0 {axis = 3 : i64} : (tensor<2x3xf32>) -> tensor<6x1xf32>
  return
}
// -----
func.func @transpose_c1(%a0: tensor<2x3xf32>) {
  // expected-error @+1 {{transpose_c1: perm has 1 entries for rank 2}}
  %y = nn.transpose %a0 {perm = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
// -----
func.func @transpose_c1_twice(%a0: tensor<2x3xf32>) {
  // expected-error @+1 {{transpose_c1: axis 0 appears twice}}
  %y = nn.transpose %a0 {perm = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}
// -----
func.func @concat_c1_axis(%a0: tensor<2x3xf32>, %a1: tensor<2x3xf32>) {
  // expected-error @+1 {{concat_c1: axis 2 is out of range for rank 2}}
  %y = nn.concat %a0, %a1 {axis = 2 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  return
}
// -----
func.func @concat_c1_rank(%a0: tensor<2x3xf32>, %a1: tensor<2xf32>) {
  // expected-error @+1 {{concat_c1: the ranks differ: 2 and 1}}
  %y = nn.concat %a0, %a1 {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<4x3xf32>
  return
}
// -----
func.func @concat_c2(%a0: tensor<2x3xf32>, %a1: tensor<2x4xf32>) {
  // expected-error @+1 {{concat_c2: dim 1 is 3 and 4}}
  %y = nn.concat %a0, %a1 {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}
// -----
func.func @split_c1(%a0: tensor<2x3xf32>) {
  // expected-error @+1 {{split_c1: axis 2 is out of range for rank 2}}
  %y:2 = nn.split %a0 {axis = 2 : i64} : (tensor<2x3xf32>) -> (tensor<1x3xf32>, tensor<1x3xf32>)
  return
}
// -----
func.func @split_c2_count(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[1, 1, 1]> : tensor<3xi64> : tensor<3xi64>
  // expected-error @+1 {{split_c2: there are 3 sizes for 2 results}}
  %y:2 = nn.split %a0, %c1 {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3xi64>) -> (tensor<2x1xf32>, tensor<2x1xf32>)
  return
}
// -----
func.func @split_c2_negative(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[4, -1]> : tensor<2xi64> : tensor<2xi64>
  // expected-error @+1 {{split_c2: size 1 is negative}}
  %y:2 = nn.split %a0, %c1 {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> (tensor<2x4xf32>, tensor<2x1xf32>)
  return
}
// -----
func.func @split_c2_sum(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[1, 1]> : tensor<2xi64> : tensor<2xi64>
  // expected-error @+1 {{split_c2: the sizes add up to 2, the axis has 3}}
  %y:2 = nn.split %a0, %c1 {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> (tensor<2x1xf32>, tensor<2x1xf32>)
  return
}
// -----
func.func @slice_c1(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[0]> : tensor<1xi64> : tensor<1xi64>
  %c2 = nn.constant dense<[1, 1]> : tensor<2xi64> : tensor<2xi64>
  // expected-error @+1 {{slice_c1: starts, ends, axes and steps need one entry each per axis}}
  %y = nn.slice %a0, %c1, %c2 {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x3xf32>, tensor<1xi64>, tensor<2xi64>) -> tensor<1x3xf32>
  return
}
// -----
func.func @slice_c2(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[0]> : tensor<1xi64> : tensor<1xi64>
  %c2 = nn.constant dense<[1]> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{slice_c2: axis 5 is out of range for rank 2}}
  %y = nn.slice %a0, %c1, %c2 {axes = array<i64: 5>, steps = array<i64: 1>} : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x3xf32>
  return
}
// -----
func.func @slice_c3(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[0]> : tensor<1xi64> : tensor<1xi64>
  %c2 = nn.constant dense<[1]> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{slice_c3: step 0 is 0}}
  %y = nn.slice %a0, %c1, %c2 {axes = array<i64: 0>, steps = array<i64: 0>} : (tensor<2x3xf32>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x3xf32>
  return
}
// -----
func.func @broadcast_to_c1(%a0: tensor<2x3xf32>, %a1: tensor<?xi64>) {
  // expected-error @+1 {{broadcast_to_c1: the shape must be a 1-D integer tensor of static length}}
  %y = nn.broadcast_to %a0, %a1 : (tensor<2x3xf32>, tensor<?xi64>) -> tensor<2x3xf32>
  return
}
// -----
func.func @broadcast_to_c2(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[4, 3]> : tensor<2xi64> : tensor<2xi64>
  // expected-error @+1 {{broadcast_to_c2: 2 does not broadcast to 4}}
  %y = nn.broadcast_to %a0, %c1 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<4x3xf32>
  return
}
// -----
func.func @tile_c1(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[2]> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{tile_c1: repeats needs one entry per dim, 2}}
  %y = nn.tile %a0, %c1 : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<4x3xf32>
  return
}
// -----
func.func @tile_c2(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[-1, 1]> : tensor<2xi64> : tensor<2xi64>
  // expected-error @+1 {{tile_c2: a repeat is negative}}
  %y = nn.tile %a0, %c1 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  return
}
// -----
func.func @pad_c1(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[1, 1]> : tensor<2xi64> : tensor<2xi64>
  // expected-error @+1 {{pad_c1: pads needs two entries per dim, 4}}
  %y = nn.pad constant %a0, %c1 : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<4x3xf32>
  return
}
// -----
func.func @pad_c2_negative(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[-3, 0, 0, 0]> : tensor<4xi64> : tensor<4xi64>
  // expected-error @+1 {{pad_c2: dim 0 becomes -1}}
  %y = nn.pad constant %a0, %c1 : (tensor<2x3xf32>, tensor<4xi64>) -> tensor<2x3xf32>
  return
}
// -----
func.func @pad_c2_reflect(%a0: tensor<2x3xf32>) {
  %c1 = nn.constant dense<[2, 0, 0, 0]> : tensor<4xi64> : tensor<4xi64>
  // expected-error @+1 {{pad_c2: reflect pads dim 0 of 2 by its extent or more}}
  %y = nn.pad reflect %a0, %c1 : (tensor<2x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  return
}
// -----
func.func @shape_of_c1(%a0: tensor<2x3xf32>) {
  // expected-error @+1 {{shape_of_c1: dims 1 to 3 of rank 2}}
  %y = nn.shape_of %a0 {begin = 1 : i64, end = 3 : i64} : (tensor<2x3xf32>) -> tensor<2xi64>
  return
}
// -----
func.func @fill_c1(%a0: tensor<?xi64>, %a1: tensor<f32>) {
  // expected-error @+1 {{fill_c1: the shape must be a 1-D integer tensor of static length}}
  %y = nn.fill %a0, %a1 : (tensor<?xi64>, tensor<f32>) -> tensor<2xf32>
  return
}
// -----
func.func @fill_c2(%a1: tensor<f32>) {
  %c0 = nn.constant dense<[-1]> : tensor<1xi64> : tensor<1xi64>
  // expected-error @+1 {{fill_c2: dim 0 is -1}}
  %y = nn.fill %c0, %a1 : (tensor<1xi64>, tensor<f32>) -> tensor<1xf32>
  return
}
// -----
func.func @range_c1(%a0: tensor<2xi64>, %a1: tensor<i64>, %a2: tensor<i64>) {
  // expected-error @+1 {{range_c1: start, limit and delta must be scalars}}
  %y = nn.range %a0, %a1, %a2 : (tensor<2xi64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}
// -----
func.func @range_c2(%a0: tensor<i64>, %a1: tensor<i64>) {
  %c2 = nn.constant dense<0> : tensor<i64> : tensor<i64>
  // expected-error @+1 {{range_c2: delta is 0}}
  %y = nn.range %a0, %a1, %c2 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}
// -----
func.func @trilu_c1(%a0: tensor<2xf32>) {
  // expected-error @+1 {{trilu_c1: x needs rank 2 or more, and k one element}}
  %y = nn.trilu %a0 : (tensor<2xf32>) -> tensor<2xf32>
  return
}
// -----
func.func @eye_like_c1(%a0: tensor<2xf32>) {
  // expected-error @+1 {{eye_like_c1: x has rank 1, not 2}}
  %y = nn.eye_like %a0 {k = 0 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  return
}
// -----
func.func @reverse_sequence_c1(%a0: tensor<2x3xf32>, %a1: tensor<2xi64>) {
  // expected-error @+1 {{reverse_sequence_c1: the axes must be 0 and 1, and lengths needs one entry per batch row}}
  %y = nn.reverse_sequence %a0, %a1 {batch_axis = 1 : i64, time_axis = 0 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  return
}
