//===- ItemBalance.h - how evenly two threads share a product -----------------===//
//
// Threads get halves of a kernel's items, which are not all of one size: the last block of rows and the last panels are
// what is left. With few items one thread may get twice the work of the other.
//
//===----------------------------------------------------------------------===//
#ifndef NNC_PASSES_CPU_ITEMBALANCE_H
#define NNC_PASSES_CPU_ITEMBALANCE_H

#include "passes/cpu/TilePlan.h"

namespace nnc {

/// The part of the work, from 0.5 to 1, that the busier of two threads has.
double largerHalf(const MatMulPlan &plan, int64_t rows, int64_t panels);

/// Cuts items lower or narrower, or numbers them along the rows first if `mayGoByRows`, where that shares the work of one
/// product more evenly by some percent.
void balanceItems(MatMulPlan &plan, int64_t rows, int64_t panels, bool mayGoByRows);

} // namespace nnc

#endif
