// RUN: nnc-opt %s -nn-expand-math | FileCheck %s --check-prefixes=CHECK,PARTS
// RUN: nnc-opt %s -nn-expand-math=scales=true | FileCheck %s --check-prefixes=CHECK,SCALES

// No call is left; a machine with such an instruction multiplies by a power of two whose exponent is out of range.
// CHECK-LABEL: func.func @exp
// CHECK-NOT: math.exp
// PARTS-COUNT-2: arith.shli
// PARTS-NOT: ldexp
// SCALES-NOT: arith.shli
// SCALES: llvm.call_intrinsic "llvm.ldexp"({{.*}} vector<16xf32>
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.exp %x : vector<16xf32>
  return %y : vector<16xf32>
}

// The exponential inside needs no such care, the argument being bounded.
// CHECK-LABEL: func.func @tanh
// CHECK-NOT: math.tanh
// CHECK-NOT: ldexp
// CHECK: arith.shli
// CHECK-NOT: arith.shli
// CHECK: arith.divf
func.func @tanh(%x: vector<16xf32>) -> vector<16xf32> {
  %y = math.tanh %x : vector<16xf32>
  return %y : vector<16xf32>
}
