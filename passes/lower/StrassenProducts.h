//===- StrassenProducts.h - the seven products, and what each one prepares ----===//
//
//     S1 = S2 + A11    T1 = B12 - B11   M1 = A11 B11   M5 = S1 T1   U2 = M1 + M6
//     S2 = A22 - S3    T2 = T3 + B11    M2 = A12 B21   M6 = S2 T2   U3 = U2 + M7
//     S3 = A11 - A21   T3 = B22 - B12   M3 = S4 B22    M7 = S3 T3
//     S4 = A12 - S2    T4 = B21 - T2    M4 = A22 T4
//
//     C11 = M1 + M2    C12 = U2 + M3 + M5    C21 = U3 + M4    C22 = U3 + M5
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_LOWER_STRASSENPRODUCTS_H
#define NNC_PASSES_LOWER_STRASSENPRODUCTS_H

#include <cstdint>
#include <optional>

namespace nnc::strassen {

/// A factor of a product: a quadrant (row by row), or a combination of quadrants (S1 or T1 is 0).
struct Factor {
  bool isCombination;
  int64_t number;
};
constexpr Factor quadrant(int64_t row, int64_t column) { return {false, row * 2 + column}; }
constexpr Factor combination(int64_t number) { return {true, number - 1}; }

/// What a combination is formed of: quadrants, or one and a combination that is formed before it.
struct Terms {
  Factor first, second;
  bool isDifference;
};
/// S1 to S4, and T1 to T4.
constexpr Terms kLeftTerms[] = {
    {combination(2), quadrant(0, 0), false},
    {quadrant(1, 1), combination(3), true},
    {quadrant(0, 0), quadrant(1, 0), true},
    {quadrant(0, 1), combination(2), true},
};
constexpr Terms kRightTerms[] = {
    {quadrant(0, 1), quadrant(0, 0), true},
    {combination(3), quadrant(0, 0), false},
    {quadrant(1, 1), quadrant(0, 1), true},
    {quadrant(1, 0), combination(2), true},
};

/// One of the seven: its factors; the buffer in which the right one is formed, if it is; the products of which it forms
/// the left and the right factor, of the next round where they come earlier in a round; and the quadrant of the next
/// round's panels that it fetches.
struct Product {
  Factor left, right;
  int64_t buffer, formsLeft, formsRight;
  std::optional<int64_t> fetched;
};
/// In their order: terms are there when a factor is formed, and a buffer is filled again when its product is done.
constexpr Product kProducts[] = {
    {quadrant(0, 0), quadrant(0, 0), 2, 3, 3, std::nullopt}, // M1
    {quadrant(0, 1), quadrant(1, 0), 3, 2, 2, std::nullopt}, // M2
    {combination(2), combination(2), 0, 5, 4, 0},            // M6
    {combination(3), combination(3), 1, 4, 5, 1},            // M7
    {combination(4), quadrant(1, 1), 2, 6, 6, std::nullopt}, // M3
    {quadrant(1, 1), combination(4), 0, 1, 1, 3},            // M4
    {combination(1), combination(1), 1, 0, 0, 2},            // M5
};

/// Where the factors of the left matrix that are formed lie: S1 to S4, and copies of A11, A12 and A22.
constexpr int64_t leftBuffer(Factor left) {
  return left.isCombination ? left.number : left.number == 3 ? 6 : 4 + left.number;
}
/// The buffer of a right factor that is formed.
constexpr int64_t rightBuffer(Factor right) {
  for (const Product &of : kProducts)
    if (of.right.isCombination == right.isCombination && of.right.number == right.number)
      return of.buffer;
  return -1;
}

} // namespace nnc::strassen

#endif
