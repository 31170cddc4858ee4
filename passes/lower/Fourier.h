//===- Fourier.h - the fast Fourier transform of one signal -------------------===//
#ifndef NNC_PASSES_LOWER_FOURIER_H
#define NNC_PASSES_LOWER_FOURIER_H

#include "passes/lower/KernelBuilder.h"

namespace nnc {

/// Writes code that transforms one signal of any length.
///
/// Stockham's form of the mixed-radix algorithm: one pass per factor of the length, from one buffer to another, with
/// butterflies of radix 4, 2 and, for what is left, of the smallest odd factor; so a prime length costs n^2 and a
/// length of small factors n log n. Buffers hold real and imaginary parts apart, so that passes run on vectors. They
/// lie on the stack; signals that are too long for that are transformed by the definition.
///
/// Factors exp(2 pi i j / n) are exact to rounding: the angle is reduced in integers and the series summed in f64.
class FourierTransform {
public:
  /// A sample or bin: its real and imaginary part in the compute type.
  using Complex = std::pair<mlir::Value, mlir::Value>;
  using Fetch = llvm::function_ref<Complex(mlir::Value t)>;
  using Store = llvm::function_ref<void(mlir::Value bin, Complex value)>;

  /// Takes the buffers and fills the table of factors, once for all signals of this call. `length` is positive.
  FourierTransform(KernelBuilder &k, mlir::Type compute, mlir::Value length, bool inverse);

  /// Transforms the signal whose samples `fetch` gives and hands its first `bins` bins to `store`. The inverse is
  /// scaled by 1 / length.
  void run(mlir::Value bins, Fetch fetch, Store store);

private:
  /// exp(-2 pi i j / n), or its conjugate for the inverse, for 0 <= j < n.
  Complex factor(mlir::Value j);
  Complex tableAt(mlir::Value j);
  void runFast(mlir::Value bins, Fetch fetch, Store store);
  void runByDefinition(mlir::Value bins, Fetch fetch, Store store);
  /// One pass of the given radix (a constant, or any value for the generic butterfly): `size` is what is left of the
  /// length, `stride` what is done.
  void pass(mlir::Value radix, mlir::Value size, mlir::Value stride, mlir::Value from);
  /// The radix of the next pass.
  mlir::Value radixFor(mlir::Value size);

  Complex loadAt(mlir::Type shape, mlir::Value which, mlir::Value i);
  void storeAt(mlir::Value which, mlir::Value i, Complex value);
  Complex add(Complex a, Complex b);
  Complex sub(Complex a, Complex b);
  Complex mul(Complex a, Complex b);
  /// a times -i, or times i for the inverse.
  Complex turn(Complex a);
  Complex splat(Complex scalar, mlir::Type shape);

  KernelBuilder &k;
  mlir::Type compute;
  mlir::Value length;
  bool inverse;
  /// [2][2][n]: buffer, part, element; and [2][n]: part, j.
  mlir::Value buffers, table;
  /// Null if the length is known and fits.
  mlir::Value isShort;
  bool fits;
};

} // namespace nnc

#endif
