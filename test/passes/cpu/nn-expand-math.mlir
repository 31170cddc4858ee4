// RUN: nnc-opt %s -nn-expand-math | FileCheck %s --check-prefixes=CHECK,PARTS
// RUN: nnc-opt %s -nn-expand-math=scales=true | FileCheck %s --check-prefixes=CHECK,SCALES
// RUN: nnc-opt %s -nn-expand-math=fuses=false | FileCheck %s --check-prefix=NOFMA
// RUN: nnc-opt %s -nn-expand-math=compares-numbers=true | FileCheck %s --check-prefix=COMPARES

// No call is left; a machine with such an instruction multiplies by a power of two whose exponent is out of range.
// CHECK-LABEL: func.func @exp
// CHECK-NOT: math.exp
// PARTS-COUNT-2: arith.shli
// PARTS-NOT: ldexp
// SCALES-NOT: arith.shli
// SCALES: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"({{.*}} vector<16xf32>
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

// Wider vectors go register by register, others by the general way.
// SCALES-LABEL: func.func @wide_exp
// SCALES-COUNT-4: scalef.ps.512
// SCALES-LABEL: func.func @narrow_exp
// SCALES: llvm.ldexp
func.func @wide_exp(%x: vector<64xf32>) -> vector<64xf32> {
  %y = math.exp %x : vector<64xf32>
  return %y : vector<64xf32>
}
func.func @narrow_exp(%x: f32) -> f32 {
  %y = math.exp %x : f32
  return %y : f32
}

// What is never positive needs no upper bound.
// CHECK-LABEL: func.func @exp_of_negative
// CHECK-COUNT-1: arith.cmpf
// CHECK-NOT: arith.cmpf
// CHECK: return
func.func @exp_of_negative(%x: vector<16xf32>) -> vector<16xf32> {
  %a = math.absf %x : vector<16xf32>
  %n = arith.negf %a : vector<16xf32>
  %y = math.exp %n : vector<16xf32>
  return %y : vector<16xf32>
}

// A result below the normal numbers is not computed where it may be 0: one power of two will do, or lanes are left out.
// CHECK-LABEL: func.func @exp_or_zero
// CHECK: arith.constant dense<-8.73
// PARTS-COUNT-1: arith.shli
// PARTS-NOT: arith.shli
// SCALES: permvar.sf.512
// SCALES: arith.cmpf uge
// SCALES: scalef.ps.512
// CHECK: return
func.func @exp_or_zero(%x: vector<16xf32>) -> vector<16xf32> {
  %a = math.absf %x : vector<16xf32>
  %n = arith.negf %a : vector<16xf32>
  %y = math.exp %n fastmath<afn> : vector<16xf32>
  return %y : vector<16xf32>
}

// A maximum with a number keeps NaN by the order of a comparison's operands; between two unknowns it stays.
// COMPARES-LABEL: func.func @bounds
// COMPARES: %[[L:.*]] = arith.cmpf ogt, %[[C:.*]], %arg0
// COMPARES: %[[A:.*]] = arith.select %[[L]], %[[C]], %arg0
// COMPARES: %[[U:.*]] = arith.cmpf olt, %[[D:.*]], %[[A]]
// COMPARES: %[[B:.*]] = arith.select %[[U]], %[[D]], %[[A]]
// COMPARES: arith.maximumf %[[B]], %arg1
func.func @bounds(%x: vector<16xf32>, %y: vector<16xf32>) -> vector<16xf32> {
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %six = arith.constant dense<6.0> : vector<16xf32>
  %a = arith.maximumf %x, %zero : vector<16xf32>
  %b = arith.minimumf %six, %a : vector<16xf32>
  %c = arith.maximumf %b, %y : vector<16xf32>
  return %c : vector<16xf32>
}

// Without an instruction for it: by way of f64, or with the errors of product and sum.
// NOFMA-LABEL: func.func @fma
// NOFMA-NOT: math.fma
// NOFMA: %[[HALVES:.*]] = arith.constant 0x41A0000002000000
// NOFMA: arith.extf {{.*}} vector<4xf64>
// NOFMA: arith.truncf {{.*}} vector<4xf32>
// NOFMA: arith.mulf %{{.*}}, %[[HALVES]]
// NOFMA: arith.select
// PARTS-LABEL: func.func @fma
// PARTS-COUNT-2: math.fma
func.func @fma(%x: vector<4xf32>, %y: f64) -> (vector<4xf32>, f64) {
  %0 = math.fma %x, %x, %x : vector<4xf32>
  %1 = math.fma %y, %y, %y : f64
  return %0, %1 : vector<4xf32>, f64
}

// Where 1 is added, what is too small does not count, and what is too large is infinite: nothing is selected at the end.
// CHECK-LABEL: func.func @exp_plus_one
// PARTS: arith.constant dense<8.890000e+01>
// PARTS-COUNT-2: arith.select
// PARTS-NOT: arith.select
// PARTS: arith.shli
// PARTS: %[[EXP:.*]] = arith.mulf
// PARTS-NEXT: arith.addf %[[EXP]]
// SCALES: %[[BOUNDED:.*]] = arith.select {{.*}}, %{{.*}}, %arg0
// SCALES: vector.fma %[[BOUNDED]]
// SCALES: permvar.sf.512
// SCALES: scalef.ps.512
func.func @exp_plus_one(%x: vector<16xf32>) -> vector<16xf32> {
  %one = arith.constant dense<1.0> : vector<16xf32>
  %e = math.exp %x fastmath<afn> : vector<16xf32>
  %y = arith.addf %e, %one : vector<16xf32>
  return %y : vector<16xf32>
}
