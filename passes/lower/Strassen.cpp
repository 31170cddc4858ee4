// Products by Strassen's algorithm, in Winograd's form: one level of it, in each item.
//
//     S1 = A21 + A22   T1 = B12 - B11   M1 = A11 B11   M5 = S1 T1   U2 = M1 + M6
//     S2 = S1 - A11    T2 = B22 - T1    M2 = A12 B21   M6 = S2 T2   U3 = U2 + M7
//     S3 = A11 - A21   T3 = B22 - B12   M3 = S4 B22    M7 = S3 T3
//     S4 = A12 - S2    T4 = B21 - T2    M4 = A22 T4
//
//     C11 = M1 + M2    C12 = U2 + M5 + M3    C21 = U3 + M4    C22 = U3 + M5
//
// A tile of each quadrant of C takes its seven products one after another. Most sums of the last column cost
// nothing: a product whose accumulators start with the sum before it adds itself.
//
// S and T of an item stay in the second-level cache. To form them takes its bandwidth (four reads, four
// writes, as many lines fetched to be overwritten), while products take the multipliers: every product forms
// a few vectors of what the next tile and the next panels need, between its own steps. Formed all at once
// they would cost what the eighth product does.
//
// Where the rows of an item are odd in number, or fewer than in others, its halves share some. Both compute
// them, and the first one stores them. Where there are panels too few for the last item, the last panel stands in
// for those behind it, and nobody stores what comes of it.
#include "passes/lower/Strassen.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/lower/Contraction.h"

#include <functional>

using namespace mlir;

namespace nnc {

namespace {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;
/// Steps of a product between which the next combinations are formed, a few vectors at a time.
constexpr int64_t kSteps = 16;

class Strassen {
public:
  Strassen(KernelBuilder &k, const StrassenProduct &product)
      : k(k), p(product), plan(planStrassen(k.target, p.size)), half(p.size.depth / 2), flatPanels(k.flat(p.panels)),
        vector(VectorType::get({plan.lanes}, k.b.getF32Type())),
        stored(cast<MemRefType>(p.panels.getType()).getElementType()) {
    Type f32 = vector.getElementType();
    lefts = k.workspace(MemRefType::get({p.isUneven ? 7 : 4, plan.halfRows + 1, plan.depthBlock + 16}, f32));
    rights = k.workspace(MemRefType::get({2, widens() ? 7 : 4, plan.panels * plan.depthBlock + 4, kWidth}, f32));
    int64_t sumRows = isCut() ? tiles() * plan.rows : plan.rows,
            sumPanels = isCut() ? plan.halfPanels : plan.panels;
    sums = k.workspace(MemRefType::get({4, sumRows, sumPanels * kWidth}, f32));
    parts = k.workspace(MemRefType::get({2, plan.rows, plan.panels * kWidth}, f32));
  }

  LogicalResult emit() {
    k.note("Strassen's algorithm: 7 products of halves in place of 8; registers hold " + Twine(plan.rows) +
           " x " + Twine(plan.panels * kWidth) + " sums, an item is " + Twine(plan.rowBlock) + " x " +
           Twine(2 * plan.halfPanels * kWidth));
    Value first = k.mul(k.begin, rounds()), last = k.sub(k.mul(k.end, rounds()), k.index(1));
    // The first combinations; products form the others as they go.
    Round begin = roundAt(first);
    k.loops({k.index(plan.rows), k.index(plan.depthBlock / kSteps)}, [&](ValueRange at) {
      fetchFirst({begin, roundAt(k.min(k.add(first, 1), last))}, at);
      combineLeft(begin, at[0], k.mul(at[1], kSteps));
    });
    k.loops({k.index(plan.panels), k.index(plan.depthBlock)},
            [&](ValueRange at) { combineRight(begin, at[0], at[1]); });
    k.loop(first, k.add(last, 1), k.index(1), [&](Value number) {
      auto after = [&](int64_t n) { return roundAt(k.min(k.add(number, n), last)); };
      Value isFirst = k.compare(arith::CmpIPredicate::eq, number, first);
      compute({roundAt(number), after(1), after(2), isFirst});
    });
    return status;
  }

private:
  /// What the products of one round of tiles read: some rows and panels in each half of an item, and a block
  /// of either half of the depth.
  struct Round {
    /// Where the upper and the lower half of the rows begin; the first panels in the left half, of the item
    /// and of this round; the first step; the number of the group of panels.
    Value rows[2], itemPanel, panel, from, group;
    /// The matrix among several, and where it begins in the left factor.
    Value matrix, origin;
    /// Which of the two buffers has its T.
    Value rights;
  };
  /// A round, the next one, for which its products form T, and the one after, whose panels they fetch.
  struct Rounds {
    Round now, next, later;
    /// Whether the round is the first one that is computed here.
    Value isFirst;
  };
  /// A register tile of a quadrant: its number, first row in the quadrant, how many of its rows the tile before has,
  /// too, and where its sums are.
  struct Tile {
    int64_t height;
    Value number, row, overlap, sumRow, sumColumn;
  };
  /// A factor of a product: a quadrant (row by row), or a combination of quadrants (S1 or T1 is 0).
  struct Factor {
    bool isCombination;
    int64_t number;
  };
  static Factor quadrant(int64_t row, int64_t column) { return {false, row * 2 + column}; }
  static Factor combination(int64_t number) { return {true, number - 1}; }

  /// Whether the quadrants of the panels that are factors themselves are widened beside T.
  bool widens() const { return !stored.isF32(); }
  bool isCut() const { return plan.depthBlock < half; }

  void compute(const Rounds &rounds) {
    const Round &now = rounds.now;
    Value column = k.mul(k.sub(now.panel, now.itemPanel), kWidth);
    Value isLast = k.compare(arith::CmpIPredicate::eq, now.from, k.index(half - plan.depthBlock));
    if (isCut())
      k.ifThen(k.compare(arith::CmpIPredicate::eq, now.from, k.index(0)), [&] {
        k.loops({k.index(4), k.index(tiles() * plan.rows)}, [&](ValueRange at) {
          for (int64_t j = 0; j < vectors(); ++j)
            store(zeroOf(k, vector), sums, {at[0], at[1], k.add(column, j * plan.lanes)});
        });
      });
    overTiles([&](int64_t height, Value number) {
      Value first = k.mul(number, plan.rows), row = first;
      if (hasOverlap())
        row = k.min(first, k.index(plan.halfRows - plan.rows));
      Tile tile{height, number, row, k.sub(first, row), isCut() ? first : k.index(0),
                isCut() ? column : k.index(0)};
      multiply(rounds, tile);
      if (isCut())
        k.ifThen(isLast, [&] { finish(now, tile); });
      else
        finish(now, tile);
    });
  }

  /// The groups of panels in a half of an item, the blocks of half the depth, and the rounds of an item.
  int64_t groups() const { return plan.halfPanels / plan.panels; }
  int64_t blocks() const { return half / plan.depthBlock; }
  int64_t rounds() const { return groups() * blocks(); }
  int64_t rowItems() const { return llvm::divideCeil(p.size.rows, plan.rowBlock); }
  int64_t panelItems() const { return llvm::divideCeil(p.size.columns, 2 * plan.halfPanels * kWidth); }
  /// Whether all items have the same S.
  bool hasOneLeft() const { return !isCut() && rowItems() == 1 && !p.matrixStride; }

  /// Where step `at` (a multiple of kSteps) of a row's half of the depth is in the left factor.
  Value leftAt(const Round &round, Value row, Value at, int64_t right) {
    Value steps = k.div(k.add(round.from, at), k.index(kSteps));
    Value first = k.mul(k.add(steps, right * (half / kSteps)), p.stepsStride);
    return k.add(round.origin, k.add(first, p.rowStart(row)));
  }

  /// A round, by its number among those of all items.
  Round roundAt(Value number) {
    Value item = k.div(number, k.index(rounds())), block = k.div(number, k.index(groups()));
    Round round;
    if (p.matrixStride) {
      Value perMatrix = k.index(rowItems() * panelItems());
      round.matrix = k.div(item, perMatrix);
      item = k.rem(item, perMatrix);
      round.origin = k.mul(round.matrix, p.matrixStride);
    } else {
      round.matrix = round.origin = k.index(0);
    }
    round.rows[0] = k.mul(k.rem(item, k.index(rowItems())), plan.rowBlock);
    Value last = k.min(k.add(round.rows[0], plan.rowBlock), k.index(p.size.rows));
    round.rows[1] = k.sub(last, k.index(plan.halfRows));
    round.group = k.rem(number, k.index(groups()));
    round.itemPanel = k.mul(k.div(item, k.index(rowItems())), 2 * plan.halfPanels);
    round.panel = k.add(round.itemPanel, k.mul(round.group, plan.panels));
    round.from = k.mul(k.rem(block, k.index(blocks())), plan.depthBlock);
    round.rights = k.rem(number, k.index(2));
    return round;
  }

  /// Whether the last tile shares rows with the one before, so that all are of one height: code for another height is
  /// as long again. Both compute them, which may cost a 64th.
  bool hasOverlap() const {
    int64_t shared = tiles() * plan.rows - plan.halfRows;
    return shared > 0 && shared * 64 <= plan.halfRows;
  }

  void overTiles(llvm::function_ref<void(int64_t height, Value number)> body) {
    int64_t rest = hasOverlap() ? 0 : plan.halfRows % plan.rows, whole = tiles() - (rest ? 1 : 0);
    k.loop(k.index(whole), [&](Value number) { body(plan.rows, number); });
    if (rest)
      body(rest, k.index(whole));
  }

  /// S1 to S4 of kSteps steps of a row of a round.
  void combineLeft(const Round &round, Value row, Value steps) {
    for (int64_t lane = 0; lane < kSteps; lane += plan.lanes) {
      Value step = k.add(steps, lane);
      auto quadrant = [&](int64_t down, int64_t right) {
        return load(p.left, k.add(leftAt(round, k.add(round.rows[down], row), steps, right), lane));
      };
      Value s1 = added(quadrant(1, 0), quadrant(1, 1)), s2 = subtracted(s1, quadrant(0, 0));
      Value all[] = {s1, s2, subtracted(quadrant(0, 0), quadrant(1, 0)), subtracted(quadrant(0, 1), s2)};
      for (auto [number, s] : llvm::enumerate(all))
        store(s, lefts, {k.index(number), row, step});
      if (p.isUneven)
        for (int64_t number : {0, 1, 3})
          store(quadrant(number / 2, number % 2), lefts, {k.index(copiedAt(number)), row, step});
    }
  }

  /// Where `lefts` has a copy of a quadrant; A21 is no factor.
  static int64_t copiedAt(int64_t quadrant) { return quadrant == 3 ? 6 : 4 + quadrant; }

  /// T1 to T4 of a step of panel j of a round.
  void combineRight(const Round &round, Value j, Value step) {
    for (int64_t column = 0; column < kWidth; column += plan.lanes) {
      Value lane = k.index(column);
      auto quadrant = [&](int64_t down, int64_t right) {
        return loadWidened(k, p.panels, {panelAt(round, j, right), k.add(k.add(round.from, step), down * half), lane},
                           vector, stored, vector.getElementType());
      };
      Value t1 = subtracted(quadrant(0, 1), quadrant(0, 0)), t2 = subtracted(quadrant(1, 1), t1);
      Value all[] = {t1, t2, subtracted(quadrant(1, 1), quadrant(0, 1)), subtracted(quadrant(1, 0), t2)};
      for (auto [number, t] : llvm::enumerate(all))
        store(t, rights, {round.rights, k.index(number), k.add(k.mul(j, plan.depthBlock), step), lane});
      if (widens())
        for (int64_t number : {0, 2, 3})
          store(quadrant(number / 2, number % 2), rights,
                {round.rights, k.index(widenedAt(number)), k.add(k.mul(j, plan.depthBlock), step), lane});
    }
  }

  /// Where `rights` has a quadrant of the panels, widened; B12 is no factor.
  static int64_t widenedAt(int64_t quadrant) { return quadrant == 0 ? 4 : 3 + quadrant; }

  /// Panel j of the round in the left or in the right half.
  Value panelAt(const Round &round, Value j, int64_t right) {
    Value panel = k.add(k.add(round.panel, j), right * plan.halfPanels);
    return isFilledUp() ? k.min(panel, k.index(llvm::divideCeil(p.size.columns, kWidth) - 1)) : panel;
  }
  /// Whether the last item has panels, or columns of a panel, that the product has not.
  bool isFilledUp() const { return p.size.columns % (2 * plan.halfPanels * kWidth) != 0; }

  /// Adds a tile of each quadrant of the round's product to the sums.
  void multiply(const Rounds &rounds, const Tile &tile) {
    int64_t number = 0;
    auto product = [&](ValueRange accumulators, Factor left, Factor right) {
      return this->product(rounds, tile, number++, accumulators, left, right);
    };
    auto toPart = [&](int64_t number, ValueRange values) {
      storeTile(values, parts, number, k.index(0), k.index(0));
    };
    auto ofPart = [&](int64_t number) {
      return loadTile(tile.height, parts, number, k.index(0), k.index(0));
    };
    // What the blocks of the depth before this one have left.
    auto withSum = [&](int64_t number, SmallVector<Value> values) {
      return isCut() ? added(values, loadTile(tile.height, sums, number, tile.sumRow, tile.sumColumn))
                     : values;
    };
    auto toSum = [&](int64_t number, ValueRange values) {
      storeTile(values, sums, number, tile.sumRow, tile.sumColumn);
    };
    SmallVector<Value> zeros(tile.height * vectors(), zeroOf(k, vector));

    SmallVector<Value> m1 = product(zeros, quadrant(0, 0), quadrant(0, 0));
    toPart(0, m1);
    toSum(0, product(withSum(0, m1), quadrant(0, 1), quadrant(1, 0)));
    SmallVector<Value> u2 = product(ofPart(0), combination(2), combination(2));
    toPart(0, u2);
    SmallVector<Value> u3 = product(u2, combination(3), combination(3));
    toPart(1, u3);
    toSum(2, product(withSum(2, u3), quadrant(1, 1), combination(4)));
    SmallVector<Value> m5 = product(zeros, combination(1), combination(1));
    toSum(3, withSum(3, added(m5, ofPart(1))));
    toSum(1, product(withSum(1, added(m5, ofPart(0))), combination(4), quadrant(1, 1)));
  }

  int64_t vectors() const { return plan.panels * kWidth / plan.lanes; }

  /// Adds one of the seven products, each with its share of what prepares the next rounds.
  SmallVector<Value> product(const Rounds &rounds, const Tile &tile, int64_t number, ValueRange accumulators,
                             Factor left, Factor right) {
    MicroKernel kernel{tile.height, vectors(), vector};
    int64_t perPanel = kWidth / plan.lanes;
    const Round &now = rounds.now;
    Value at;
    auto scalar = [&](int64_t i, Value step) -> Value {
      Value row = k.add(tile.row, i);
      if (left.isCombination || p.isUneven) {
        Value from = k.index(left.isCombination ? left.number : copiedAt(left.number));
        return memref::LoadOp::create(k.b, k.loc, lefts, ValueRange{from, row, k.add(at, step)});
      }
      Value first = leftAt(now, k.add(now.rows[left.number / 2], row), at, left.number % 2);
      return memref::LoadOp::create(k.b, k.loc, p.left, ValueRange{k.add(first, step)});
    };
    auto vectorOf = [&](int64_t j, Value step) -> Value {
      step = k.add(at, step);
      Value lane = k.index(j % perPanel * plan.lanes);
      if (right.isCombination || widens())
        return load(rights, {now.rights, k.index(right.isCombination ? right.number : widenedAt(right.number)),
                             k.add(step, j / perPanel * plan.depthBlock), lane});
      Value panel = panelAt(now, k.index(j / perPanel), right.number % 2);
      return load(p.panels, {panel, k.add(k.add(now.from, step), right.number / 2 * half), lane});
    };
    auto forms = former(rounds, tile, number);
    auto fetches = fetcher(rounds.later, tile, fetchedBy(left, right));
    return k.loop(k.index(0), k.index(plan.depthBlock), k.index(kSteps), accumulators,
                  [&](Value steps, ValueRange carried) {
                    at = steps;
                    forms(at);
                    fetches(at);
                    return kernel.emit(k, k.index(0), k.index(kSteps), carried, scalar, vectorOf);
                  });
  }

  using Work = std::function<void(Value at)>;

  /// What product `number` of a tile does of the next combinations before the steps from `at` on: T of the
  /// next round, and with the first group of panels of a block S of the next tile, with the last one that of
  /// the next block's first tile.
  Work former(const Rounds &rounds, const Tile &tile, int64_t number) {
    constexpr int64_t all = 7;
    // Every time so many steps of a panel, all in the same panel.
    int64_t slices = all * tiles(),
            steps = llvm::PowerOf2Ceil(llvm::divideCeil(kSteps * plan.panels, slices));
    int64_t perPanel = kSteps / steps, right = llvm::divideCeil(perPanel * plan.panels, tiles());
    Value slice = k.min(k.add(tile.number, number * tiles()), k.index(perPanel * plan.panels - 1));
    Value panel = k.div(slice, k.index(perPanel)),
          step = k.mul(k.rem(slice, k.index(perPanel)), plan.depthBlock / perPanel);
    // Every time kSteps steps of so many rows of the next tile.
    int64_t rows = llvm::divideCeil(plan.rows, all), left = llvm::divideCeil(plan.rows, rows);
    Value isLastTile = k.compare(arith::CmpIPredicate::eq, tile.number, k.index(tiles() - 1));
    Value row = k.select(isLastTile, k.index(0), k.mul(k.add(tile.number, 1), plan.rows));
    row = k.add(row, std::min(number * rows, plan.rows - rows));
    Value isNeeded = rounds.isFirst;
    if (!hasOneLeft()) {
      Value isFirstGroup = k.compare(arith::CmpIPredicate::eq, rounds.now.group, k.index(0));
      Value isLastGroup = k.compare(arith::CmpIPredicate::eq, rounds.now.group, k.index(groups() - 1));
      isNeeded = k.select(isLastTile, isLastGroup, isFirstGroup);
    }
    Round of = rounds.now;
    of.from = k.select(isLastTile, rounds.next.from, of.from);
    of.origin = k.select(isLastTile, rounds.next.origin, of.origin);
    for (int64_t i = 0; i < 2; ++i)
      of.rows[i] = k.select(isLastTile, rounds.next.rows[i], of.rows[i]);
    return [=, &rounds](Value at) {
      Value next = k.add(step, k.mul(k.div(at, k.index(kSteps)), steps));
      if (number < right)
        for (int64_t i = 0; i < steps; ++i)
          combineRight(rounds.next, panel, k.add(next, i));
      if (number < left)
        k.ifThen(isNeeded, [&] {
          for (int64_t i = 0; i < rows; ++i)
            combineLeft(of, k.min(k.add(row, i), k.index(plan.halfRows - 1)), at);
        });
    };
  }

  /// Fetches a share of the panels of the first rounds while their S is formed, in steps of (row, some
  /// steps).
  void fetchFirst(ArrayRef<Round> rounds, ValueRange at) {
    int64_t perRound = 4 * plan.panels * plan.depthBlock, count = rounds.size() * perRound;
    int64_t lines = llvm::divideCeil(count, plan.rows * (plan.depthBlock / kSteps));
    Value share = k.add(k.mul(at[0], plan.depthBlock / kSteps), at[1]);
    for (int64_t i = 0; i < lines; ++i) {
      Value line = k.min(k.add(k.mul(share, lines), i), k.index(count - 1));
      Value quadrant = k.rem(k.div(line, k.index(plan.depthBlock * plan.panels)), k.index(4));
      Value panel = k.rem(k.div(line, k.index(plan.depthBlock)), k.index(plan.panels));
      Value isFirst = k.compare(arith::CmpIPredicate::slt, line, k.index(perRound));
      Value group = k.select(isFirst, rounds[0].panel, rounds[1].panel);
      Value from = k.select(isFirst, rounds[0].from, rounds[1].from);
      panel = k.add(k.add(group, panel), k.mul(k.rem(quadrant, k.index(2)), plan.halfPanels));
      Value step =
          k.add(k.add(from, k.rem(line, k.index(plan.depthBlock))), k.mul(k.div(quadrant, k.index(2)), half));
      prefetch(k.add(k.mul(panel, 2 * half), step));
    }
  }

  /// Asks for a row of all the panels.
  void prefetch(Value row) {
    memref::PrefetchOp::create(k.b, k.loc, flatPanels, ValueRange{k.mul(row, kWidth)}, /*isWrite=*/false,
                               /*localityHint=*/2, /*isDataCache=*/true);
  }

  /// What a product fetches of a quadrant of the panels of a round before the steps from `at` on.
  Work fetcher(const Round &round, const Tile &tile, std::optional<int64_t> quadrant) {
    if (!quadrant)
      return [](Value) {};
    int64_t lines = llvm::divideCeil(kSteps, tiles());
    Value step =
        k.add(k.add(round.from, *quadrant / 2 * half), k.mul(tile.number, lines * plan.depthBlock / kSteps));
    SmallVector<Value> starts;
    for (int64_t j = 0; j < plan.panels; ++j)
      starts.push_back(k.add(k.mul(panelAt(round, k.index(j), *quadrant % 2), 2 * half), step));
    return [=](Value at) {
      for (Value start : starts)
        for (int64_t line = 0; line < lines; ++line)
          prefetch(k.add(k.add(start, line), k.mul(k.div(at, k.index(kSteps)), lines)));
    };
  }

  /// The quadrant that a product fetches: those four that have one in a factor, each another.
  static std::optional<int64_t> fetchedBy(Factor left, Factor right) {
    if (!right.isCombination)
      return right.number;
    return left.isCombination ? std::nullopt : std::optional<int64_t>(1);
  }

  int64_t tiles() const { return llvm::divideCeil(plan.halfRows, plan.rows); }

  Value load(Value memref, ValueRange at) { return vector::LoadOp::create(k.b, k.loc, vector, memref, at); }
  void store(Value value, Value memref, ValueRange at) {
    vector::StoreOp::create(k.b, k.loc, value, memref, at);
  }
  Value added(Value x, Value y) { return arith::AddFOp::create(k.b, k.loc, x, y); }
  Value subtracted(Value x, Value y) { return arith::SubFOp::create(k.b, k.loc, x, y); }
  SmallVector<Value> added(ValueRange x, ValueRange y) {
    SmallVector<Value> result;
    for (auto [one, other] : llvm::zip(x, y))
      result.push_back(added(one, other));
    return result;
  }

  SmallVector<Value> loadTile(int64_t height, Value memref, int64_t number, Value row, Value column) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = 0; j < vectors(); ++j)
        values.push_back(load(memref, {k.index(number), k.add(row, i), k.add(column, j * plan.lanes)}));
    return values;
  }
  void storeTile(ValueRange values, Value memref, int64_t number, Value row, Value column) {
    for (auto [i, value] : llvm::enumerate(values))
      store(value, memref,
            {k.index(number), k.add(row, i / vectors()), k.add(column, i % vectors() * plan.lanes)});
  }

  /// Stores the finished sums of a tile in all quadrants.
  void finish(const Round &round, const Tile &tile) {
    k.loop(k.index(4), [&](Value number) {
      Value isUpper = k.compare(arith::CmpIPredicate::slt, number, k.index(2));
      Value row = k.add(k.select(isUpper, round.rows[0], round.rows[1]), tile.row);
      Value right = k.rem(number, k.index(2));
      Value column = k.mul(k.add(round.panel, k.mul(right, plan.halfPanels)), kWidth);
      // The lower half leaves out rows that the upper one has, too.
      Value shared = k.sub(k.add(round.rows[0], plan.halfRows), row);
      Value begin = k.select(isUpper, k.index(0), k.min(k.max(shared, k.index(0)), k.index(tile.height)));
      if (hasOverlap())
        begin = k.max(begin, tile.overlap);
      k.loop(begin, k.index(tile.height), k.index(1), [&](Value i) {
        for (int64_t j = 0; j < vectors(); ++j) {
          Value lane = k.index(j * plan.lanes), first = k.add(column, lane);
          Value at[] = {number, k.add(tile.sumRow, i), k.add(tile.sumColumn, lane)};
          auto whole = [&] { store(load(sums, at), round, k.add(row, i), first); };
          if (!isFilledUp()) {
            whole();
            continue;
          }
          Value end = k.index(p.size.columns);
          Value isWhole = k.compare(arith::CmpIPredicate::sle, k.add(first, plan.lanes), end);
          k.ifThen(isWhole, whole);
          k.loop(k.select(isWhole, end, first), end, k.index(1), [&](Value one) {
            Value from[] = {at[0], at[1], k.add(at[2], k.sub(one, first))};
            store(memref::LoadOp::create(k.b, k.loc, sums, from), round, k.add(row, i), one);
          });
        }
      });
    });
  }

  void store(Value sum, const Round &round, Value row, Value column) {
    if (failed(p.store(sum, round.matrix, row, column)))
      status = failure();
  }

  KernelBuilder &k;
  const StrassenProduct &p;
  StrassenPlan plan;
  /// Half the depth.
  int64_t half;
  /// All panels one after another.
  Value flatPanels;
  VectorType vector;
  /// The panels' element type.
  Type stored;
  /// S and T; the quadrants of C, of an item where sums are cut, else of a tile; U2 and U3.
  Value lefts, rights, sums, parts;
  LogicalResult status = success();
};

} // namespace

LogicalResult emitStrassen(KernelBuilder &k, const StrassenProduct &product) { return Strassen(k, product).emit(); }

} // namespace nnc
