// RUN: nnc-opt %s -split-input-file -nn-form-groups=fuse=false -nn-build-kernels -nn-plan-memory | FileCheck %s

// A chain needs two places at a time: the third intermediate takes the first one's. The last op writes the output.
// CHECK: module attributes {nn.arena_bytes = 8192 : i64
// CHECK-LABEL: func.func @nn_entry(%{{.*}}: !llvm.ptr) -> i32
// CHECK: call @nncrt_output
// CHECK-NOT: call @nncrt_alloc
// CHECK: return
func.func @main(%x: tensor<1024xf32>) -> tensor<1024xf32> {
  %a = nn.unary exp %x : (tensor<1024xf32>) -> tensor<1024xf32>
  %b = nn.unary sin %a : (tensor<1024xf32>) -> tensor<1024xf32>
  %c = nn.unary cos %b : (tensor<1024xf32>) -> tensor<1024xf32>
  %d = nn.unary neg %c : (tensor<1024xf32>) -> tensor<1024xf32>
  return %d : tensor<1024xf32>
}

// -----

// A size that only the run knows is taken from the runtime and given back after its last reader.
// CHECK: module attributes {nn.arena_bytes = 0 : i64
// CHECK-LABEL: func.func @nn_entry
// CHECK: call @nncrt_alloc
// CHECK: call @nncrt_free
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  %a = nn.unary exp %x : (tensor<?xf32>) -> tensor<?xf32>
  %b = nn.unary sin %a : (tensor<?xf32>) -> tensor<?xf32>
  return %b : tensor<?xf32>
}

// -----

// Equal constants lie in the weights once, each at its own aligned place.
// CHECK: nn.weight_bytes = 128 : i64
// CHECK-SAME: nn.weight_offsets = array<i64: 0, 64>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %w = nn.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %v = nn.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %u = nn.constant dense<[4.0, 3.0, 2.0, 1.0]> : tensor<4xf32> : tensor<4xf32>
  %a = nn.binary add %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %b = nn.binary mul %a, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %c = nn.binary sub %b, %u : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %c : tensor<4xf32>
}

// -----

// What the data asks for is checked before anything is allocated.
// CHECK-LABEL: func.func @nn_entry
// CHECK: arith.cmpi sge
// CHECK: call @nncrt_check
// CHECK: arith.maxsi
func.func @main(%s: tensor<1xi64>, %v: tensor<f32>) -> tensor<?xf32> {
  %y = nn.fill %s, %v : (tensor<1xi64>, tensor<f32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
