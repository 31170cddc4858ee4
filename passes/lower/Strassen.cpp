// Products by Strassen's algorithm, in Winograd's form (StrassenProducts.h): one level of it, in each item.
//
// One round after another adds what some panels of either half of the columns give: seven products, each of them of all
// the tiles of the rows. Most sums of the last column cost nothing: a product whose accumulators start with the sum
// before it adds itself.
//
// S of an item stays in the second-level cache, T only until its product has taken it: what a round reads must leave
// room there for others, since a core's other half may run what we know nothing of. To form S and T takes that cache's
// bandwidth, while products take the multipliers: every product forms, between its own steps, a few vectors of what
// later ones need. Formed all at once they would cost what the eighth product does.
//
// Where the rows of an item are odd in number, or fewer than in others, its halves share some. Both compute
// them, and the first one stores them. Where there are panels too few for the last item, the last panel stands in
// for those behind it, and nobody stores what comes of it.
#include "passes/lower/Strassen.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/cpu/MicroKernel.h"
#include "passes/cpu/TilePlan.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/StrassenProducts.h"
#include "passes/lower/StrassenStore.h"
#include "passes/lower/StrassenSums.h"

#include <functional>

using namespace mlir;

namespace nnc {

using namespace strassen;

namespace {

constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns;
/// Steps of a product between which the next combinations are formed, a few vectors at a time.
constexpr int64_t kSteps = 16;

class Strassen {
public:
  Strassen(KernelBuilder &k, const StrassenProduct &product)
      : k(k), p(product), plan(planStrassen(k.target, p.size)), half(p.size.depth / 2), flatPanels(k.flat(p.panels)),
        vector(VectorType::get({plan.lanes}, k.b.getF32Type())),
        stored(cast<MemRefType>(p.panels.getType()).getElementType()),
        sums(k, plan, vector, isCut()), result(k, product, plan, sums.c[0]) {
    Type f32 = vector.getElementType();
    lefts = k.workspace(MemRefType::get({p.isUneven ? 7 : 4, plan.halfRows + 1, plan.depthBlock + 16}, f32));
    rights = k.workspace(MemRefType::get({widens() ? 4 : 2, plan.panels * plan.depthBlock + 4, kWidth}, f32));
  }

  LogicalResult emit() {
    k.note("Strassen's algorithm: 7 products of halves in place of 8; registers hold " + Twine(plan.rows) +
           " x " + Twine(plan.tilePanels * kWidth) + " sums, an item is " + Twine(plan.rowBlock) + " x " +
           Twine(2 * plan.halfPanels * kWidth));
    Value first = k.mul(k.begin, rounds()), last = k.sub(k.mul(k.end, rounds()), k.index(1));
    // What the first products read; they form the other factors as they go.
    Round begin = roundAt(first);
    k.loops({k.index(plan.tiles()), k.index(plan.tilesAlongPanels()), k.index(plan.depthBlock / kSteps)},
            [&](ValueRange at) {
              for (int64_t quadrant = 0; quadrant < 4; ++quadrant)
                fetcher(begin, at[0], k.mul(at[1], plan.tilePanels), quadrant)(k.mul(at[2], kSteps));
            });
    k.loop(k.index(plan.depthBlock / kSteps), [&](Value at) {
      fetchRows(begin, k.index(0), k.mul(at, kSteps), k.index(0));
    });
    if (p.isUneven)
      k.loops({k.index(plan.halfRows), k.index(plan.depthBlock / kSteps)}, [&](ValueRange at) {
        for (const Product &of : {kProducts[0], kProducts[1]})
          formLeft(begin, of.left, at[0], k.mul(at[1], kSteps));
      });
    if (widens())
      k.loops({k.index(plan.panels), k.index(plan.depthBlock)}, [&](ValueRange at) {
        for (const Product &of : {kProducts[0], kProducts[1]})
          formRight(begin, of.right, at[0], at[1]);
      });
    k.loop(first, k.add(last, 1), k.index(1), [&](Value number) {
      Value isFirst = k.compare(arith::CmpIPredicate::eq, number, first);
      compute({roundAt(number), roundAt(k.min(k.add(number, 1), last)), isFirst});
    });
    return result.status;
  }

private:
  using Work = std::function<void(Value at)>;

  /// What the products of one round of tiles read: some rows and panels in each half of an item, and a block
  /// of either half of the depth.
  struct Round {
    /// Where the upper and the lower half of the rows begin; the first panels in the left half, of the item
    /// and of this round; the first step; the number of the group of panels.
    Value rows[2], itemPanel, panel, from, group;
    /// The matrix among several, and where it begins in the left factor.
    Value matrix, origin;
  };
  /// A round, and the next one, whose panels its products fetch.
  struct Rounds {
    Round now, next;
    /// Whether the round is the first one that is computed here.
    Value isFirst;
  };

  /// Whether the quadrants of the panels that are factors themselves are widened first.
  bool widens() const { return !stored.isF32(); }
  bool isCut() const { return plan.isCut(p.size); }
  /// Whether a left factor, and whether a right one, is formed in a buffer.
  bool isLeftFormed(Factor left) const { return left.isCombination || p.isUneven; }
  bool isRightFormed(Factor right) const { return right.isCombination || widens(); }

  static Place placeOf(const Round &round) { return {round.matrix, {round.rows[0], round.rows[1]}, round.panel}; }

  /// Adds the products of a round to the sums, and stores those that are then finished.
  void compute(const Rounds &rounds) {
    const Round &now = rounds.now;
    Value column = k.mul(k.sub(now.panel, now.itemPanel), kWidth);
    Value isLast = k.compare(arith::CmpIPredicate::eq, now.from, k.index(half - plan.depthBlock));
    if (isCut())
      k.ifThen(k.compare(arith::CmpIPredicate::eq, now.from, k.index(0)), [&] { sums.clear(column); });
    Sums c11 = sums.c[0], c12 = sums.c[1], c21 = sums.c[2], c22 = sums.c[3], u2 = sums.u2, u3 = sums.u3;
    // And what the blocks of the depth before this one have left.
    auto with = [&](Sums sum, SmallVector<Sums> others) {
      if (isCut())
        others.push_back(sum);
      return others;
    };
    const Product *of = std::begin(kProducts);
    // The next of kProducts, added to some sums, of all tiles. Others are read after it.
    auto next = [&](ArrayRef<Sums> start, ArrayRef<Sums> read, auto end) {
      auto fetched = llvm::to_vector(llvm::concat<const Sums>(start, read));
      overTiles(column, [&](const Tile &tile) {
        Work fetches = [&](Value at) {
          sums.fetchNext(tile, fetched, k.div(at, k.index(kSteps)), plan.depthBlock / kSteps);
        };
        end(tile, product(rounds, tile, *of, sums.load(tile, start), fetches));
      });
      ++of;
    };
    auto to = [&](Sums sum) { return [=](const Tile &tile, ValueRange values) { sums.store(tile, values, sum); }; };
    // A quadrant of C to which nothing of this round comes any more.
    auto toFinished = [&](int64_t quadrant) {
      return [=](const Tile &tile, ValueRange values) {
        if (result.isAtOnce())
          result.store(placeOf(now), tile, quadrant, values);
        else
          sums.store(tile, values, sums.c[quadrant]);
      };
    };

    next({}, {}, to(u2));                       // M1
    next(with(c11, {u2}), {}, toFinished(0));   // M2
    next({u2}, {}, to(u2));                     // M6
    next({u2}, {}, to(u3));                     // M7
    next(with(c12, {u2}), {}, to(c12));         // M3
    next(with(c21, {u3}), {}, toFinished(2));   // M4
    next({}, with(c22, {c12, u3}), [&](const Tile &tile, ValueRange m5) {
      toFinished(1)(tile, sums.added(m5, sums.load(tile, c12)));
      toFinished(3)(tile, sums.added(m5, sums.load(tile, with(c22, {u3}))));
      if (result.isAtOnce())
        return;
      if (isCut())
        k.ifThen(isLast, [&] { result.storeAll(placeOf(now), tile); });
      else
        result.storeAll(placeOf(now), tile);
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

  /// Where step `at` (a multiple of kSteps) of a row's left or right half of the depth is in the left factor.
  Value leftAt(const Round &round, Value row, Value at, Value right) {
    Value steps = k.div(k.add(round.from, at), k.index(kSteps));
    Value first = k.mul(k.add(steps, k.mul(right, half / kSteps)), p.stepsStride);
    return k.add(round.origin, k.add(first, p.rowStart(row)));
  }
  Value leftAt(const Round &round, Value row, Value at, int64_t right) {
    return leftAt(round, row, at, k.index(right));
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
    return round;
  }

  /// The tiles of a round, whose sums begin at a column of those of the item.
  void overTiles(Value column, llvm::function_ref<void(const Tile &tile)> body) {
    auto tileAt = [&](int64_t height, Value number) {
      Value first = k.mul(number, plan.rows), row = first;
      if (plan.hasOverlap())
        row = k.min(first, k.index(plan.halfRows - plan.rows));
      k.loop(k.index(plan.tilesAlongPanels()), [&](Value along) {
        Value panel = k.mul(along, plan.tilePanels), inRound = k.mul(panel, kWidth);
        Value inSums = isCut() ? k.add(column, inRound) : inRound;
        body({height, number, row, k.sub(first, row), panel, first, inSums, inRound});
      });
    };
    int64_t rest = plan.hasOverlap() ? 0 : plan.halfRows % plan.rows, whole = plan.tiles() - (rest ? 1 : 0);
    k.loop(k.index(whole), [&](Value number) { tileAt(plan.rows, number); });
    if (rest)
      tileAt(rest, k.index(whole));
  }

  /// A factor by its terms, of which `load` gives those that are there.
  Value formed(Factor factor, ArrayRef<Terms> terms, llvm::function_ref<Value(Factor)> load) {
    if (!factor.isCombination)
      return load(factor);
    Terms of = terms[factor.number];
    Value first = load(of.first), second = load(of.second);
    return of.isDifference ? arith::SubFOp::create(k.b, k.loc, first, second).getResult()
                           : arith::AddFOp::create(k.b, k.loc, first, second).getResult();
  }

  /// Forms a left factor, of kSteps steps of a row of a round.
  void formLeft(const Round &round, Factor left, Value row, Value steps) {
    for (int64_t lane = 0; lane < kSteps; lane += plan.lanes) {
      auto place = [&](Factor of) { return SmallVector<Value>{k.index(leftBuffer(of)), row, k.add(steps, lane)}; };
      auto term = [&](Factor of) {
        if (of.isCombination)
          return load(lefts, place(of));
        Value start = leftAt(round, k.add(round.rows[of.number / 2], row), steps, of.number % 2);
        return load(p.left, k.add(start, lane));
      };
      store(formed(left, kLeftTerms, term), lefts, place(left));
    }
  }

  /// Forms a right factor, of a step of panel j of a round.
  void formRight(const Round &round, Factor right, Value j, Value step) {
    for (int64_t column = 0; column < kWidth; column += plan.lanes) {
      Value lane = k.index(column), row = k.add(k.mul(j, plan.depthBlock), step);
      auto place = [&](Factor of) { return SmallVector<Value>{k.index(rightBuffer(of)), row, lane}; };
      auto term = [&](Factor of) {
        if (of.isCombination)
          return load(rights, place(of));
        Value at[] = {panelAt(round, j, of.number % 2), k.add(k.add(round.from, step), of.number / 2 * half), lane};
        return loadWidened(k, p.panels, at, vector, stored, vector.getElementType());
      };
      store(formed(right, kRightTerms, term), rights, place(right));
    }
  }

  /// Panel j of the round in the left or in the right half.
  Value panelAt(const Round &round, Value j, int64_t right) {
    Value panel = k.add(k.add(round.panel, j), right * plan.halfPanels);
    return plan.isFilledUp(p.size) ? k.min(panel, k.index(llvm::divideCeil(p.size.columns, kWidth) - 1)) : panel;
  }

  /// Adds one of the seven products of a tile, and does its share of what prepares the next ones.
  SmallVector<Value> product(const Rounds &rounds, const Tile &tile, const Product &of, ValueRange accumulators,
                             const Work &fetchesSums) {
    Factor left = of.left, right = of.right;
    MicroKernel kernel{tile.height, plan.vectors(), vector};
    // Of a low tile one step's sums are too few.
    kernel.parts = partsFor(k.target, tile.height * plan.vectors());
    kernel.unroll = stepsOfTurn(k.target);
    int64_t perPanel = kWidth / plan.lanes;
    const Round &now = rounds.now;
    Value at;
    auto scalar = [&](int64_t i, Value step) -> Value {
      Value row = k.add(tile.row, i);
      if (isLeftFormed(left))
        return memref::LoadOp::create(k.b, k.loc, lefts, ValueRange{k.index(leftBuffer(left)), row, k.add(at, step)});
      Value first = leftAt(now, k.add(now.rows[left.number / 2], row), at, left.number % 2);
      return memref::LoadOp::create(k.b, k.loc, p.left, ValueRange{k.add(first, step)});
    };
    auto vectorOf = [&](int64_t j, Value step) -> Value {
      step = k.add(at, step);
      Value lane = k.index(j % perPanel * plan.lanes);
      Value panel = k.add(tile.panel, j / perPanel);
      if (isRightFormed(right))
        return load(rights, {k.index(of.buffer), k.add(k.mul(panel, plan.depthBlock), step), lane});
      Value row = k.add(k.add(now.from, step), right.number / 2 * half);
      return load(p.panels, {panelAt(now, panel, right.number % 2), row, lane});
    };
    const Work work[] = {rightFormer(rounds, tile, of), leftFormer(rounds, tile, of),
                         fetcher(rounds.next, tile.number, tile.panel, of.fetched), rowsFetcher(rounds, tile, of),
                         fetchesSums};
    SmallVector<Value> partial = kernel.inParts(k, accumulators);
    partial = k.loop(k.index(0), k.index(plan.depthBlock), k.index(kSteps), partial,
                     [&](Value steps, ValueRange carried) {
                       at = steps;
                       for (const Work &share : work)
                         share(at);
                       return kernel.turns(k, k.index(0), k.index(kSteps), carried, scalar, vectorOf);
                     });
    return kernel.joined(k, partial);
  }

  /// Whether a product forms a factor, its left or right `which`, for the next round.
  static bool isForNext(const Product &of, int64_t which) { return which < &of - std::begin(kProducts); }

  /// What a tile does of the right factor that a product forms, before the steps from `at` on: some steps of all the
  /// panels.
  Work rightFormer(const Rounds &rounds, const Tile &tile, const Product &by) {
    Factor right = kProducts[by.formsRight].right;
    if (!isRightFormed(right))
      return [](Value) {};
    const Round &round = isForNext(by, by.formsRight) ? rounds.next : rounds.now;
    int64_t steps = llvm::divideCeil(kSteps, plan.tiles());
    Value first = k.mul(tile.number, steps * plan.depthBlock / kSteps), panel = tile.panel;
    return [=, &round](Value at) {
      Value from = k.add(first, k.mul(k.div(at, k.index(kSteps)), steps));
      for (int64_t i = 0; i < steps; ++i) {
        Value step = k.add(from, i);
        auto form = [&] {
          for (int64_t j = 0; j < plan.tilePanels; ++j)
            formRight(round, right, k.add(panel, j), step);
        };
        // Each step once: T4 takes the place of T2, of which it is formed.
        if (steps * plan.tiles() == kSteps)
          form();
        else
          k.ifThen(k.compare(arith::CmpIPredicate::slt, step, k.index(plan.depthBlock)), form);
      }
    };
  }

  /// Whether the round has that group of panels of a block, or is the first one where all have the same left factor.
  Value isAtGroup(const Rounds &rounds, int64_t group) {
    return hasOneLeft() ? rounds.isFirst : k.compare(arith::CmpIPredicate::eq, rounds.now.group, k.index(group));
  }

  /// Whether that holds, and the tile is the first one of its rows.
  Value andIsFirst(const Tile &tile, Value condition) {
    if (plan.tilesAlongPanels() == 1)
      return condition;
    return k.both(condition, k.compare(arith::CmpIPredicate::eq, tile.panel, k.index(0)));
  }

  /// The same for the left factor: some steps of the tile's rows, with the first group of panels of a block. Copies for
  /// the next block are made with the last group.
  Work leftFormer(const Rounds &rounds, const Tile &tile, const Product &by) {
    Factor left = kProducts[by.formsLeft].left;
    bool isNext = isForNext(by, by.formsLeft);
    if (!isLeftFormed(left) || (isNext && hasOneLeft()))
      return [](Value) {};
    Value isNeeded = andIsFirst(tile, isAtGroup(rounds, isNext ? groups() - 1 : 0));
    const Round &round = isNext ? rounds.next : rounds.now;
    return [=, &round, &tile](Value at) {
      k.ifThen(isNeeded, [&] {
        for (int64_t i = 0; i < tile.height; ++i)
          formLeft(round, left, k.add(tile.row, i), at);
      });
    };
  }

  /// Asks for kSteps steps of the rows of a tile in both halves of the rows, in one half of the depth.
  void fetchRows(const Round &round, Value tile, Value at, Value right) {
    for (Value begin : round.rows)
      for (int64_t i = 0; i < plan.rows; ++i) {
        Value row = k.min(k.add(k.mul(tile, plan.rows), i), k.index(plan.halfRows - 1));
        Value place = leftAt(round, k.add(begin, row), at, right);
        memref::PrefetchOp::create(k.b, k.loc, p.left, ValueRange{place}, /*isWrite=*/false, /*localityHint=*/2,
                                   /*isDataCache=*/true);
      }
  }

  /// The first two products meet all of the left factor for the first time, half of it still in the other core's cache
  /// where two threads share the columns of each product: each tile asks for the rows of the next one.
  Work rowsFetcher(const Rounds &rounds, const Tile &tile, const Product &by) {
    int64_t number = &by - std::begin(kProducts);
    if (number > 1 || p.isUneven)
      return [](Value) {};
    Value isNeeded = andIsFirst(tile, isAtGroup(rounds, 0));
    Value next = k.add(tile.number, 1), isLast = k.compare(arith::CmpIPredicate::eq, next, k.index(plan.tiles()));
    if (number == 1)
      isNeeded = k.both(isNeeded, k.negated(isLast));
    else
      next = k.select(isLast, k.index(0), next);
    Value right = number == 1 ? k.index(1) : k.select(isLast, k.index(1), k.index(0));
    const Round &round = rounds.now;
    return [=, &round](Value at) { k.ifThen(isNeeded, [&] { fetchRows(round, next, at, right); }); };
  }

  /// Asks for a row of all the panels.
  void prefetch(Value row) {
    memref::PrefetchOp::create(k.b, k.loc, flatPanels, ValueRange{k.mul(row, kWidth)}, /*isWrite=*/false,
                               /*localityHint=*/2, /*isDataCache=*/true);
  }

  /// What a tile, of rows and of a round's panels, fetches of a quadrant of the panels before the steps from `at` on.
  Work fetcher(const Round &round, Value tile, Value panel, std::optional<int64_t> quadrant) {
    if (!quadrant)
      return [](Value) {};
    int64_t lines = llvm::divideCeil(kSteps, plan.tiles());
    Value step =
        k.add(k.add(round.from, *quadrant / 2 * half), k.mul(tile, lines * plan.depthBlock / kSteps));
    SmallVector<Value> starts;
    for (int64_t j = 0; j < plan.tilePanels; ++j)
      starts.push_back(k.add(k.mul(panelAt(round, k.add(panel, j), *quadrant % 2), 2 * half), step));
    return [=](Value at) {
      for (Value start : starts)
        for (int64_t line = 0; line < lines; ++line)
          prefetch(k.add(k.add(start, line), k.mul(k.div(at, k.index(kSteps)), lines)));
    };
  }

  Value load(Value memref, ValueRange at) { return vector::LoadOp::create(k.b, k.loc, vector, memref, at); }
  void store(Value value, Value memref, ValueRange at) {
    vector::StoreOp::create(k.b, k.loc, value, memref, at);
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
  /// S and T.
  Value lefts, rights;
  ProductSums sums;
  SumStore result;
};

} // namespace

LogicalResult emitStrassen(KernelBuilder &k, const StrassenProduct &product) { return Strassen(k, product).emit(); }

} // namespace nnc
