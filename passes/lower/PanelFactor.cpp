#include "passes/lower/PanelFactor.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/lower/Contraction.h"
#include "passes/lower/ElementTypes.h"

using namespace mlir;

namespace nnc {

static constexpr int64_t kWidth = nn::PackedMatMulOp::kPanelColumns, kInWord = nn::PackedMatMulOp::kNumbersOfWord;

static RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

std::optional<int64_t> knownSteps(nn::PackedMatMulOp op) {
  RankedTensorType panels = typeOf(op.getPanels());
  int64_t dim = panels.getRank() - 2;
  if (panels.isDynamicDim(dim))
    return std::nullopt;
  return panels.getDimSize(dim) * (op.hasWords() ? kInWord : 1);
}

PanelFactor::PanelFactor(KernelBuilder &k, nn::PackedMatMulOp op, VectorType vector)
    : steps(knownSteps(op)), perStep(op.hasPairs() ? 2 : 1), k(k), vector(vector),
      element(typeOf(op.getPanels()).getElementType()), outElement(typeOf(op.getY()).getElementType()),
      panels(k.merged(k.memref(op.getPanels()), 2)), flat(k.flat(panels)), hasWords(op.hasWords()) {
  depth = hasWords ? k.index(*steps) : k.dim(panels, 1);
  if (!op.getScales())
    return;
  RankedTensorType type = typeOf(op.getScales());
  scales = k.memref(op.getScales());
  scaledSteps = *steps / type.getDimSize(1);
  hasOffsets = type.getDimSize(2) > kWidth;
}

bool PanelFactor::isF32() const { return element.isF32(); }

int64_t PanelFactor::bits() const { return storageType(element).getIntOrFloatBitWidth() / (hasWords ? kInWord : 1); }

Value PanelFactor::load(Type type, int64_t lanes, Value panel, int64_t column, Value step) const {
  return vector::LoadOp::create(k.b, k.loc, VectorType::get({lanes}, type), panels,
                                ValueRange{k.add(panel, column / kWidth), step, k.index(column % kWidth * perStep)});
}

Value PanelFactor::at(Value panel, int64_t column, Value step) const {
  if (perStep == 1)
    return loadWidened(k, panels, {k.add(panel, column / kWidth), step, k.index(column % kWidth)}, vector, element,
                       outElement);
  int64_t lanes = vector.getNumElements();
  Value pairs = load(storageType(element), 2 * lanes, panel, column, step);
  return vector::BitCastOp::create(k.b, k.loc, VectorType::get({lanes}, k.b.getI32Type()), pairs);
}

Value PanelFactor::numbersOf(Value steps) const { return k.mul(steps, kWidth * perStep); }

void PanelFactor::prefetch(Value panel, Value offset, unsigned locality) const {
  Value at = k.add(k.mul(panel, numbersOf(depth)), offset);
  if (hasWords)
    at = k.div(at, k.index(kInWord));
  memref::PrefetchOp::create(k.b, k.loc, flat, ValueRange{at}, /*isWrite=*/false, locality, /*isDataCache=*/true);
}

Value PanelFactor::numberOf(Value words, int64_t i) const {
  auto type = cast<VectorType>(words.getType());
  auto by = [&](int64_t amount) { return integerLike(k.b, k.loc, type, amount); };
  constexpr int64_t bits = 32 / kInWord;
  // A register of 16 reals is a table of all numbers, which reads the lowest four bits of an index.
  if (vector.getNumElements() == 16 && k.target.vectorBits == 512) {
    SmallVector<float> numbers;
    for (int number = 0; number < 16; ++number)
      numbers.push_back(static_cast<float>(number < 8 ? number : number - 16));
    Value table = arith::ConstantOp::create(k.b, k.loc, DenseElementsAttr::get(vector, ArrayRef<float>(numbers)));
    Value index = i == 0 ? words : arith::ShRUIOp::create(k.b, k.loc, words, by(bits * i)).getResult();
    return LLVM::CallIntrinsicOp::create(k.b, k.loc, vector, k.b.getStringAttr("llvm.x86.avx512.permvar.sf.512"),
                                         ValueRange{table, index})
        .getResults();
  }
  // The sign of a number comes with it from the top of the word.
  if (int64_t above = bits * (kInWord - 1 - i))
    words = arith::ShLIOp::create(k.b, k.loc, words, by(above));
  return arith::SIToFPOp::create(k.b, k.loc, vector, arith::ShRSIOp::create(k.b, k.loc, words, by(32 - bits)));
}

PanelFactor::Scale PanelFactor::scaleOf(Value panel, int64_t column, Value block) const {
  auto part = [&](int64_t lane) -> Value {
    return vector::LoadOp::create(k.b, k.loc, vector, scales,
                                  ValueRange{k.add(panel, column / kWidth), block, k.index(lane + column % kWidth)});
  };
  return {part(0), hasOffsets ? part(kWidth) : Value()};
}

Value PanelFactor::scaled(Value numbers, const Scale &scale) const {
  return scale.offset ? multiplyAdd(k, numbers, scale.factor, scale.offset)
                      : arith::MulFOp::create(k.b, k.loc, numbers, scale.factor).getResult();
}

void PanelFactor::widen(Value into, Value panel, int64_t width, Value from, Value to) const {
  int64_t lanes = vector.getNumElements();
  auto store = [&](Value numbers, int64_t column, Value step, Value block) {
    if (scales)
      numbers = scaled(numbers, scaleOf(panel, column, block));
    vector::StoreOp::create(k.b, k.loc, numbers, into,
                            ValueRange{k.index(column / kWidth), k.sub(step, from), k.index(column % kWidth)});
  };
  if (hasWords)
    return k.loop(k.div(from, k.index(kInWord)), k.div(to, k.index(kInWord)), k.index(1), [&](Value word) {
      Value step = k.mul(word, kInWord), block = k.div(word, k.index(scaledSteps / kInWord));
      for (int64_t j = 0; j < width * kWidth; j += lanes) {
        Value words = load(k.b.getI32Type(), lanes, panel, j, word);
        for (int64_t i = 0; i < kInWord; ++i)
          store(numberOf(words, i), j, k.add(step, i), block);
      }
    });
  k.loop(from, to, k.index(1), [&](Value step) {
    Value block = scales ? k.div(step, k.index(scaledSteps)) : Value();
    for (int64_t j = 0; j < width * kWidth; j += lanes)
      store(at(panel, j, step), j, step, block);
  });
}

SmallVector<Value> PanelFactor::sumOfWords(const MicroKernel &tile, Value from, Value to, ValueRange accumulators,
                                           Value panel, MicroKernel::Operand left, ArrayRef<Scale> scaling) const {
  // Beside the sums, registers hold the words, the table and a factor of each side.
  int64_t registers = k.target.vectorBits == 512 ? 32 : 16, count = accumulators.size(), lanes = vector.getNumElements();
  MicroKernel kernel = tile;
  while (kernel.parts > 1 && kernel.parts * count + kernel.vectors + 4 > registers)
    --kernel.parts;
  SmallVector<Value> sums = kernel.inParts(k, accumulators);
  sums = k.loop(from, to, k.index(1), sums, [&](Value word, ValueRange carried) {
    SmallVector<Value> all(carried), words;
    for (int64_t j = 0; j < kernel.vectors; ++j)
      words.push_back(load(k.b.getI32Type(), lanes, panel, j * lanes, word));
    Value first = k.mul(word, kInWord);
    // Neighbouring steps go to different parts.
    for (int64_t i = 0; i < kInWord; ++i) {
      auto right = [&](int64_t j, Value) {
        Value numbers = numberOf(words[j], i);
        return scaling.empty() ? numbers : scaled(numbers, scaling[j]);
      };
      int64_t part = i % kernel.parts * count;
      llvm::copy(kernel.step(k, k.add(first, i), ArrayRef(all).slice(part, count), left, right), all.begin() + part);
    }
    return all;
  });
  return kernel.joined(k, sums);
}

SmallVector<Value> PanelFactor::scaledSum(const MicroKernel &kernel, Value from, Value to, ValueRange accumulators,
                                          Value panel, MicroKernel::Operand left, MicroKernel::Work atStep) const {
  // The sums of the blocks before wait in memory meanwhile, if need be.
  int64_t mostSums = k.target.vectorBits == 256 ? 10 : 12;
  bool scalesSums = kernel.rows * kernel.vectors <= mostSums && !hasOffsets;
  int64_t lanes = vector.getNumElements();
  bool isAll = getConstantIntValue(from) == 0 && getConstantIntValue(to) == steps;
  Value block = k.index(scaledSteps), end = k.div(k.add(to, scaledSteps - 1), block);
  return k.loop(k.div(from, block), end, k.index(1), accumulators, [&](Value number, ValueRange before) {
    SmallVector<Scale> scaling;
    for (int64_t j = 0; j < kernel.vectors; ++j)
      scaling.push_back(scaleOf(panel, j * lanes, number));
    SmallVector<Value> start = scalesSums ? kernel.zeros(k) : SmallVector<Value>(before);
    ArrayRef<Scale> ofNumbers = scalesSums ? ArrayRef<Scale>() : ArrayRef(scaling);
    // The part of the block, in steps or words.
    int64_t perCount = hasWords ? kInWord : 1, counts = scaledSteps / perCount;
    Value first = k.mul(number, counts), last = k.add(first, counts);
    if (!isAll) {
      first = k.max(first, k.div(from, k.index(perCount)));
      last = k.min(last, k.div(to, k.index(perCount)));
    }
    auto right = [&](int64_t j, Value step) {
      Value numbers = at(panel, j * lanes, step);
      return scalesSums ? numbers : scaled(numbers, scaling[j]);
    };
    SmallVector<Value> sums = hasWords ? sumOfWords(kernel, first, last, start, panel, left, ofNumbers)
                                       : kernel.emit(k, first, last, start, left, right, atStep);
    if (scalesSums)
      for (auto [i, sum] : llvm::enumerate(sums))
        sum = multiplyAdd(k, sum, scaling[i % kernel.vectors].factor, before[i]);
    return sums;
  });
}

} // namespace nnc
