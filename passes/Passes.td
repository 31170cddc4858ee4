//===- Passes.td - every pass: one file, one flag, one test -------------===//
//
// No statistics: MLIR as packaged is built with NDEBUG, in which llvm::Statistic has another layout than in a build
// with assertions, so a pass that declared one would be two different classes on the two sides.
#ifndef NNC_PASSES_TD
#define NNC_PASSES_TD
include "mlir/Pass/PassBase.td"

//--- graph: nn to nn ---------------------------------------------------------//

def InferShapes : Pass<"nn-infer-shapes", "::mlir::ModuleOp"> {
  let summary = "Infer result types and resolve shape computations";
  let description = [{
    Evaluates every op's shape rule over symbolic extents, refines result types, and replaces small integer tensors
    whose elements turn out to be known (`Shape`, `Gather`, `Concat` chains) by constants.
  }];
}

def Simplify : Pass<"nn-simplify", "::mlir::ModuleOp"> {
  let summary = "Remove ops that change nothing and replace ops by cheaper ones with the same results";
  let description = [{
    Identities (a reshape to the same shape, a multiplication by 1), inverse pairs (two transposes), chains of views,
    branches whose condition is known. Floats keep their exact values, signed zeros included. Symbolic extents count:
    an nn.broadcast_to to its operand's own shape goes away whatever the batch is.
  }];
}

def FormProducts : Pass<"nn-form-products", "::mlir::ModuleOp"> {
  let summary = "Recognize matrix products among sums of products over named indices";
  let description = [{
    nn.einsum of floats becomes nn.matmul, two terms at a time, with transposes and reshapes where dims are in another order
    or several of a kind; products without a sum become elementwise. An index must stand for one extent, certainly the same
    in every term; equations that take a diagonal stay.
  }];
}

def FormActivations : Pass<"nn-form-activations", "::mlir::ModuleOp"> {
  let summary = "Recognize activations that are written out as elementwise ops";
  let description = [{
    GELU, with erf or with tanh, and Mish in any spelling become the nn.unary of that name, which costs a third. f32 only.
    The results differ by rounding: the function is computed as a whole.
  }];
}

def FormNormalizations : Pass<"nn-form-normalizations", "::mlir::ModuleOp"> {
  let summary = "Recognize normalizations that are written out as reductions and elementwise ops";
  let description = [{
    x over the root of the mean of its squares and an epsilon becomes nn.normalize: standard where x is something less
    its own mean along the same axes, rms otherwise. Quotients, reciprocals and powers are seen through. f32 and f64.
  }];
}

def FormRotations : Pass<"nn-form-rotations", "::mlir::ModuleOp"> {
  let summary = "Recognize rotary position embeddings that are written out";
  let description = [{
    Halves of heads that are copied, negated and concatenated become a slice with a step of -1 of the heads as two rows,
    which the elementwise kernel that multiplies by cosines and sines reads where it lies. A transpose that brings heads in
    front of positions moves behind it. Results are the same bit by bit.
  }];
}

def FormAttention : Pass<"nn-form-attention", "::mlir::ModuleOp"> {
  let summary = "Recognize attention among products, elementwise ops and softmax";
  let description = [{
    Two nn.matmul with a softmax and elementwise ops between them become one nn.attention, if nothing else uses what is
    between. Transposes that split heads off rows or join them, repeated heads of keys, and factors on q and k are taken
    in. f32 only, as which nn-widen-halves computes halves. Factors move from q and k to the scores, which rounds otherwise.
  }];
}

def FoldScales : Pass<"nn-fold-scales", "::mlir::ModuleOp"> {
  let summary = "Fold constant factors and shifts per channel into the weights of contractions";
  let description = [{
    conv(x, w) * s + t = conv(x, w * s) + t: what batch normalization leaves behind after training. Also before a
    convolution (factors only: a shift would have to reach the padding), after nn.conv_transpose and after nn.matmul
    with constant weights. Done in double precision, rounded once per fold; skipped where a weight would overflow.
  }];
}

def FormByteProducts : Pass<"nn-form-byte-products", "::mlir::ModuleOp"> {
  let summary = "Multiply quantized tensors as the integers that they are";
  let description = [{
    Exporters write a quantized product as nn.dequantize of both factors, a product of reals and nn.quantize. An nn.matmul
    or nn.conv whose factors are bytes, one scale for the left one and constant weights with one or one for each column or
    filter, becomes the product of the integers in i32, a multiplication by both scales, and what followed.
  }];
}

def FormByteWeights : Pass<"nn-form-byte-weights", "::mlir::ModuleOp"> {
  let summary = "Multiply by weights that are stored as bytes without making a tensor of reals of them";
  let description = [{
    An nn.matmul of f32 by nn.dequantize of constant bytes, with one scale or one for each column, becomes one of f32 by
    the integers, and a multiplication of its columns by the scales. Zero points are taken off the constant if what is left
    fits into bytes, and otherwise off the sums: they are multiplied by sums of rows of the left factor. Scales that change
    along the sum become panels of an nn.packed_matmul beside those of the integers. An nn.gather of nn.dequantize with one
    scale picks bytes, and makes reals of those.
  }];
}

def FoldConstants : Pass<"nn-fold-constants", "::mlir::ModuleOp"> {
  let summary = "Compute what depends on constants only";
  let description = [{
    Views of constants are renamed in place. Everything else is collected into one function and handed to the
    dialect's ConstantEvaluator (passes/graph/ConstantEvaluator.h), which compiles and runs it. Ops whose results are
    much larger than what they are made from, and those that cost too much, stay; but products, softmax and scattered
    elements are worth a larger constant, as long as these are a small part of the model. On any failure the graph stays.
  }];
  let options = [Option<"maxBytes", "max-bytes", "int64_t", "int64_t(64) << 20", "Bytes that may become constants">,
                 Option<"maxGrowth", "max-growth", "int64_t", "8", "Growth over its operands that an op may have">,
                 Option<"maxWork", "max-work", "int64_t", "int64_t(64) << 30", "Estimated operations that may be run">];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::vector::VectorDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect",
                           "::mlir::cf::ControlFlowDialect", "::mlir::ub::UBDialect"];
}

def WidenHalves : Pass<"nn-widen-halves", "::mlir::ModuleOp"> {
  let summary = "Compute networks of f16 and bf16 in f32";
  let description = [{
    From the first product, normalization or sum on, what ops hand each other is f32 and not rounded. Weights of matrix
    products stay as they are, as do inputs, outputs, what control flow carries, and ops of which no sum reads the results.
    A cast of f32 to halves that such an op reads is passed over.
  }];
}

def SplitConvTranspose : Pass<"nn-split-conv-transpose", "::mlir::ModuleOp"> {
  let summary = "Turn transposed convolutions into ordinary ones whose results are interleaved";
  let description = [{
    Output q s + r of a transposed convolution of stride s depends on every s-th tap from r on. nn.conv_transpose becomes
    one nn.conv of stride 1 with a set of filters for each remainder r, or one for each where that saves work, and a
    transpose that interleaves them. With stride 1 it is nn.conv with its taps backwards. Filters of a weight that only the
    run knows are picked from it in each run. Dilated taps of larger strides stay.
  }];
}

def SliceVolumes : Pass<"nn-slice-volumes", "::mlir::ModuleOp"> {
  let summary = "Turn convolutions over volumes into ones over the images that are their slices";
  let description = [{
    nn.conv with three spatial dims, one group, constant weights and static extents becomes one over [N*D,K*C,H,W]: the K
    slices under the kernel are channels. Pools, concatenations and elementwise ops between such convolutions are done on
    slices too. Convolutions whose copies of slices would take more than 256 MB stay.
  }];
}

def BlockChannels : Pass<"nn-block-channels", "::mlir::ModuleOp"> {
  let summary = "Bring convolutions and what lies between them to blocks of 16 channels";
  let description = [{
    Each convolution of f32 over an image or a signal becomes nn.blocked_conv, nn.winograd_conv or nn.blocked_depthwise
    between nn.block_channels and nn.unblock_channels; the channels and the padding must be known, extents need not be.
    Elementwise ops, pools, reductions over pixels, concatenations and resizing that follow one are moved in front of its
    nn.unblock_channels, so that a net stays in blocks from its first convolution to its last. Constant weights are packed
    here, others by ops in front. Winograd's algorithm is taken where it is faster and where its estimated error relative
    to the largest output is below 1e-5; extents that only the run knows are taken for 28, those of signals for 512.
  }];
  let options = [Option<"winograd", "winograd", "bool", "true", "Allow Winograd's algorithm">];
}

def BlockLastChannels : Pass<"nn-block-last-channels", "::mlir::ModuleOp"> {
  let summary = "Bring channels that are last straight into blocks and out of them";
  let description = [{
    A transpose in front of nn.block_channels or after nn.unblock_channels that moves the channels from the end or to it
    becomes part of them (`channels_last`), also where a view numbers the pixels anew in between. Elementwise ops of one
    tensor after the views and transposes behind nn.unblock_channels move in front of it.
  }];
}

def FuseBottlenecks : Pass<"nn-fuse-bottlenecks", "::mlir::ModuleOp"> {
  let summary = "Make one op of a depthwise convolution and the convolutions before and after it";
  let description = [{
    Where the expanded tensor in front of a depthwise convolution, activated or not, is read by nobody else and does not
    fit the second-level cache, one kernel keeps the few rows of it that the window needs. Where its own result is as large
    and only a 1 x 1 convolution of few weights reads it, that is part of the kernel, too.
  }];
}

def PackRecurrent : Pass<"nn-pack-recurrent", "::mlir::ModuleOp"> {
  let summary = "Take the products with the input out of recurrent layers and pack the weights of the others";
  let description = [{
    nn.recurrent of f32 with constant weights becomes an nn.matmul over all steps, which nn-pack-weights packs, and an
    nn.packed_recurrent. Biases that are only added go into the product's. Other layers keep the reference lowering.
  }];
}

def PackWeights : Pass<"nn-pack-weights", "::mlir::ModuleOp"> {
  let summary = "Bring constant weights of contractions into the panels that the micro-kernels read";
  let description = [{
    nn.matmul with a constant right factor becomes nn.packed_matmul, nn.conv with a constant weight nn.packed_conv. One
    layout serves every CPU level, so that a file with code for several holds its weights once. Depthwise convolutions
    stay: their filters share no inputs, and the reference lowering reads rows of the input as they lie.
  }];
}

def PackOperands : Pass<"nn-pack-operands", "::mlir::ModuleOp"> {
  let summary = "Bring the other right factors of matrix products into panels before the product";
  let description = [{
    nn.matmul of several rows becomes nn.pack_panels and nn.packed_matmul, whatever its operands' order; a transposed
    left factor is transposed before. Products of a few rows, or with few or an unknown number of columns, stay.
  }];
}

def MergeProjections : Pass<"nn-merge-projections", "::mlir::ModuleOp"> {
  let summary = "Make one product of those that give an attention its queries, keys and values";
  let description = [{
    Where nn.packed_matmul of the same rows by constant panels, with biases or without, give two or three operands of an
    nn.attention by row and nothing else, one product of all columns does, and first_heads says where the heads of each are.
    What lies between a product and the attention, such as a rotation of positions, keeps them apart.
  }];
}

def FuseProjections : Pass<"nn-fuse-projections", "::mlir::ModuleOp"> {
  let summary = "Let recurrent layers of one sequence form the products with their input themselves";
  let description = [{
    Folds an nn.packed_matmul of f32, and the addition of its bias, into the nn.packed_recurrent that alone uses it.
    While one sequence waits for R, larger than the first-level cache, it has time for the products with the input of
    later steps. Layers of several sequences, whose steps read R less often, and of weights too large for caches stay.
  }];
}

def FormStrassen : Pass<"nn-form-strassen", "::mlir::ModuleOp"> {
  let summary = "Let large matrix products multiply seven halves in place of eight";
  let description = [{
    Sets `strassen` on nn.packed_matmul of f32 and static extents, and on nn.blocked_conv of one pixel, where the
    multiplications that it saves outweigh the additions.
  }];
}

def FlattenNormalizations : Pass<"nn-flatten-normalizations", "::mlir::ModuleOp"> {
  let summary = "Make one dim of the last dims that a normalization is over, so that what follows joins its kernel";
  let description = "Static shapes only, and where an elementwise op is all that follows.";
}

def SplitReductions : Pass<"nn-split-reductions", "::mlir::ModuleOp"> {
  let summary = "Reduce very many elements to a few in parts, which threads share";
  let description = "Static shapes whose last dims are reduced, and kinds whose parts are no less exact.";
}

def SinkViews : Pass<"nn-sink-views", "::mlir::ModuleOp"> {
  let summary = "Move views between a product and the elementwise ops that follow behind them";
  let description = [{
    A reshape of a product's result keeps what follows out of the product's kernel. The elementwise ops are done in the
    product's shape instead, and their result is reshaped. Static shapes only.
  }];
}

def FormGroups : Pass<"nn-form-groups", "::mlir::ModuleOp"> {
  let summary = "Partition the graph into nn.group ops, one per kernel";
  let description = "See passes/graph/Group.h.";
  let options = [Option<"fuse", "fuse", "bool", "true", "Fuse elementwise ops into the group of their producer or consumer">];
}

//--- loops: groups to kernels ------------------------------------------------//

def BuildKernels : Pass<"nn-build-kernels", "::mlir::ModuleOp"> {
  let summary = "Write one kernel function over memrefs for each distinct group";
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256", "Width of the vector registers">,
                 Option<"byteSums", "byte-sums", "unsigned", "1",
                        "Products of bytes that an instruction sums: 4, 2 (of 16 bits), or 1">,
                 Option<"brainPairs", "brain-pairs", "bool", "false",
                        "An instruction sums two products of bf16">,
                 Option<"twoMultipliers", "two-multipliers", "bool", "false",
                        "Two multiply-adds of 512 bits start in every cycle">,
                 Option<"matrixUnit", "matrix-unit", "bool", "false",
                        "A unit multiplies matrices of 16 rows of 64 bytes">,
                 Option<"borrows", "borrows", "bool", "false",
                        "Leave kernels empty, and mark them nn.borrowed, that are the same without two-multipliers "
                        "and matrix-unit">];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::vector::VectorDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect"];
}

def ExpandMath : Pass<"nn-expand-math", "::mlir::ModuleOp"> {
  let summary = "Turn functions of floats into arithmetic: polynomials, never a libm call";
  let options = [Option<"scales", "scales", "bool", "false", "The machine multiplies by any power of two, as AVX-512 does">,
                 Option<"comparesNumbers", "compares-numbers", "bool", "false",
                        "A maximum with a number is cheaper as a comparison and a choice, as on x86">,
                 Option<"fuses", "fuses", "bool", "true",
                        "The machine multiplies and adds with one rounding">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect",
                           "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect"];
}

//--- memory: groups to launches in one arena ---------------------------------//

def PlaceOperands : Pass<"nn-place-operands", "::mlir::ModuleOp"> {
  let summary = "Let producers write what a concatenation puts together where it shall lie";
  let description = [{
    Where the pieces of an nn.concat of static shape lie one after the other in its result, an operand that a group of the
    same block writes gets its place there (`nn.placed`), and the kernel of the concatenation leaves it out; without
    anything left to copy it is not launched. An operand has one place: what another concatenation took, what comes twice,
    model outputs, inputs and constants are copied.
  }];
}

def ReuseOperands : Pass<"nn-reuse-operands", "::mlir::ModuleOp"> {
  let summary = "Let results overwrite operands that are read for the last time";
  let description = [{
    An elementwise group, or one whose lowering allows it for its epilogue, may write its result over an operand of the
    same shape and width that no other op reads later. Runs before nn-build-kernels, whose kernels then read that operand
    through the result's memref.
  }];
}

def PlanMemory : Pass<"nn-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every tensor its place and turn @main into the model's entry function";
  let options = [Option<"entryName", "entry-name", "std::string", "\"nn_entry\"", "Name of the entry function">];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def ExpandViews : Pass<"nn-expand-views", "::mlir::ModuleOp"> {
  let summary = "Write out the offsets and strides of collapsed and expanded memrefs";
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::affine::AffineDialect"];
}

def LowerKernelAbi : Pass<"nn-lower-kernel-abi", "::mlir::ModuleOp"> {
  let summary = "Turn kernels over memrefs into functions over bare pointers, each with its task thunk";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
