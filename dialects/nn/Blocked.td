//===- Blocked.td - convolutions over blocks of 16 channels -------------===//
//
// A blocked tensor holds the channels of [N,C,D1..Dn] in blocks of 16: [N,ceil(C/16),D1..Dn,16]. One pixel of one block
// is one AVX-512 vector, two of AVX2, four of NEON. The lanes behind the last channel hold anything: no op here reads
// them but to write them.
#ifndef NN_BLOCKED_TD
#define NN_BLOCKED_TD
include "dialects/nn/Pooling.td"

class NN_BlockedOp<string mnemonic, dag head, list<Trait> traits = []> : NN_TensorOp<mnemonic, traits> {
  let arguments = head;
  let results = (outs NN_Tensor:$y);
}

def NN_BlockChannelsOp : NN_BlockedOp<"block_channels", (ins NN_Tensor:$x, UnitAttr:$by_block,
    UnitAttr:$channels_last)> {
  let summary = "brings channels into blocks of 16 (made by nn-block-channels)";
  let description = [{
    x: [N,C,D1..Dn] -> [N,ceil(C/16),D1..Dn,16]; y[n, c / 16, d.., c % 16] is x[n, c, d..]. Threads share the pixels, as
    they do in a convolution of all channels, or with `by_block` the blocks, as in a depthwise one. With `channels_last` x
    is [N,D1..Dn,C].

    - block_channels_c1: x has rank 2 or more.
  }];
}

def NN_UnblockChannelsOp : NN_BlockedOp<"unblock_channels", (ins NN_Tensor:$x, I64Attr:$channels, UnitAttr:$by_block,
    UnitAttr:$channels_last)> {
  let summary = "takes channels out of blocks of 16 again";
  let description = [{
    x: [N,ceil(C/16),D1..Dn,16] -> [N,C,D1..Dn] for C = `channels`, with `channels_last` [N,D1..Dn,C]: nn.block_channels
    undone.

    - unblock_channels_c1: x has rank 3 or more, 16 lanes and the blocks that `channels` takes.
  }];
}

def NN_BlockedConvOp : NN_BlockedOp<"blocked_conv", (ins NN_Tensor:$x, NN_Tensor:$panels, Optional<NN_Tensor>:$bias,
    DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
    I64Attr:$channels, I64Attr:$filters, I64Attr:$groups, UnitAttr:$strassen)> {
  let summary = "convolution to blocks of filters, summed directly (made by nn-block-channels)";
  let description = [{
    nn.conv with x: [N,ceil(C/16),D1..Dn,16], or [N,C,D1..Dn] where C is small, panels: [groups, ceil(M/groups/16),
    T*C/groups, 16], bias: [ceil(M/16),16] -> [N,ceil(M/16),O1..On,16] for n of 1 or 2, C = `channels`, M = `filters`
    and T taps. The weight of a filter, channel c of its group and tap t stands in row (c / 16 * T + t) * B + c % 16 of
    its panel, where B is how many channels the block has (16, or the rest); for a plain x in row c * T + t.

    - blocked_conv_c1: x has n + 2 or n + 3 dims and holds `channels` channels.
    - blocked_conv_c2: strides, dilations and pads have n, n and 2n entries; strides and dilations are positive.
    - blocked_conv_c3: panels fits the groups, the channels, the kernel and the filters; with several groups each has
      whole blocks.
    - blocked_conv_c4: bias has a lane for every filter.
    - blocked_conv_c5: the dilated kernel fits into the padded input.
    - blocked_conv_c6: with `strassen`, which is that of nn.packed_matmul, the kernel is one pixel without padding,
      x has blocks and 4 pixels or more, there is one group, C is a multiple of 32 and M of 64.
  }];
  let extraClassDeclaration = [{
    /// Whether it is a product of matrices, with extents that `strassen` asks for.
    bool fitsStrassen();
  }];
}

def NN_BlockedByteConvOp : NN_BlockedOp<"blocked_byte_conv", (ins NN_Tensor:$x, NN_Tensor:$panels,
    Optional<NN_Tensor>:$zero_point, Optional<NN_Tensor>:$start, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$channels, I64Attr:$filters, I64Attr:$groups,
    UnitAttr:$flip), [AttrSizedOperandSegments]> {
  let summary = "convolution of bytes to blocks of filters, summed in i32 (made by nn-block-channels)";
  let description = [{
    nn.blocked_conv with x: [N,ceil(C/16),D1..Dn,16] of bytes, padded with zero_point (one element, or 0), panels:
    [groups, ceil(M/groups/16), T*ceil(C/groups/4), 16, 4], start: [ceil(M/16),16] -> i32 [N,ceil(M/16),O1..On,16]. The
    weight of a filter, channel c of its group and tap t stands in row (c / 16 * T + t) * B + c % 16 / 4 of its panel,
    at c % 4, where B is how many rows the block's channels take: 4, or fewer in the last one. What is left of rows and
    panels is zeros. `start` and `flip` are those of nn.packed_byte_matmul.

    - blocked_byte_conv_c1: x has n + 3 dims and holds `channels` channels.
    - blocked_byte_conv_c2: strides, dilations and pads have n, n and 2n entries; strides and dilations are positive.
    - blocked_byte_conv_c3: panels fits the groups, the channels, the kernel and the filters; with several groups each
      has whole blocks.
    - blocked_byte_conv_c4: start has a lane for every filter, and zero_point is one element of x's type.
    - blocked_byte_conv_c5: the dilated kernel fits into the padded input.
    - blocked_byte_conv_c6: x and panels are i8 and ui8; of the factors that are multiplied one has a sign.
  }];
}

def NN_WinogradConvOp : NN_BlockedOp<"winograd_conv", (ins NN_Tensor:$x, NN_Tensor:$u, Optional<NN_Tensor>:$bias,
    DenseI64ArrayAttr:$pads, I64Attr:$channels, I64Attr:$filters, DenseI64ArrayAttr:$outputs,
    DefaultValuedAttr<DenseI64ArrayAttr, "{3, 3}">:$kernel, DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    DefaultValuedAttr<I64Attr, "1">:$stride, DefaultValuedAttr<I64Attr, "1">:$groups, UnitAttr:$from_taps)> {
  let summary = "convolution of 2, 3 or 5 taps a dim by Winograd's algorithm (made by nn-block-channels)";
  let description = [{
    nn.conv with a kernel of `taps` x `taps`, x: [N,ceil(C/16),H,W,16], u: [p * q, ceil(M/16), C, 16], bias:
    [ceil(M/16),16] -> [N,ceil(M/16),OH,OW,16] in pieces of `outputs` along either dim, with p and q an outputs +
    `taps` - 1. u[q i + j, m / 16, c, m % 16] is element (i, j) of G w[m, c] G^T (Lavin and Gray 2015); along a dim with
    one output G is the identity, and the output the sum of all products. Or the same for a signal,
    x: [N,ceil(C/16),L,16] and a kernel of `taps`, or a kernel of one tap along one dim, where pieces have one output:
    u: [q, ceil(M/16), C, 16] is G w[m, c]. Of a 3 x 3 kernel, every 6 x 6 piece of the input gives 4 x 4 outputs from
    36 products instead of 144, or every 4 x 4 piece 2 x 2 from 16 instead of 36; of a 5 x 5 kernel, every 6 x 6 piece
    gives 2 x 2 from 36 instead of 100. With `dilations` the inputs and the outputs of a piece are so far apart. With a
    `stride` of 2, a 9 x 9 piece gives 4 x 4 outputs of a 3 x 3 kernel from 81 products instead of 144, or a 5 x 5 piece
    2 x 2 from 25 instead of 36. As many points along a dim as there are outputs have the same, last weight, so that p
    and q are 6 and 4, too. With several `groups` C in u is the channels of one. A 2 x 2 kernel takes 25 products of a
    5 x 5 piece for 4 x 4 outputs instead of 64, or 9 for 2 x 2 instead of 16. With three taps along one dim alone, 4
    outputs take 6 products instead of 12, and 9 with a stride of 2.

    With `from_taps` u holds the filters themselves and the kernel computes their weights in every run:
    u[m / 16, c, t, m % 16] is tap t of the kernel, row by row, and C a multiple of 16. Few outputs of many large
    weights, which come from memory, so take less time: there are up to 4 times as many weights as taps.

    - winograd_conv_c1: x has as many dims as the kernel, one or two, and holds `channels` channels.
    - winograd_conv_c2: pads has 2n entries for the kernel's n, none negative, and dilations n that are positive.
    - winograd_conv_c3: u fits the channels, the filters, the groups, which have whole blocks if there are several, and
      the pieces, which along each dim with taps are F(4,3), F(2,3), F(4,2), F(2,2) or F(2,5), or of one output, and
      with a stride of 2 F(4,3), F(2,3) or F(1,3), without dilations and with taps along all dims; or the taps, if the
      channels of a group are whole blocks.
    - winograd_conv_c4: bias has a lane for every filter.
    - winograd_conv_c5: the kernel fits into the padded input.
  }];
}

def NN_BlockedDepthwiseOp : NN_BlockedOp<"blocked_depthwise", (ins NN_Tensor:$x, NN_Tensor:$w,
    Optional<NN_Tensor>:$bias, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
    DenseI64ArrayAttr:$dilations, DefaultValuedAttr<I64Attr, "1">:$per_group,
    OptionalAttr<DenseI64ArrayAttr>:$depth)> {
  let summary = "convolution of each channel, or small group of channels, by itself (made by nn-block-channels)";
  let description = [{
    x: [N,B,D1..Dn,16], w: [B,T*G,16], bias: [B,16] -> [N,B,O1..On,16] for n of 1 or 2, T taps and G = `per_group`:
    every G neighbouring channels are a group, whose G filters read all of them. Row t * G + c of w holds the weights of
    tap t and channel c of each group.

    With `depth` = {slices, taps, stride, dilation, begin, end} the images are the slices of volumes, one volume after
    the other: x: [N*slices,B,D1,D2,16] -> [N*O,B,O1,O2,16], where the window has as many taps along the depth, too,
    whose padding is slices of zeros. Rows of w go tap after tap along the depth, [B,taps*T*G,16].

    - blocked_depthwise_c1: x has n + 3 dims and 16 lanes.
    - blocked_depthwise_c2: strides, dilations and pads have n, n and 2n entries; strides and dilations are positive.
    - blocked_depthwise_c3: w and bias fit the blocks, the groups and the kernel, and per_group is 1, 2, 4 or 8.
    - blocked_depthwise_c4: the dilated kernel fits into the padded input.
    - blocked_depthwise_c5: `depth` has 6 entries, none negative and the first four positive; n is 2, and x has whole
      volumes, which its taps fit.
  }];
}

def NN_BlockedBottleneckOp : NN_BlockedOp<"blocked_bottleneck", (ins NN_Tensor:$x, NN_Tensor:$panels,
    NN_Tensor:$expand_bias, NN_Tensor:$w, NN_Tensor:$bias, Variadic<NN_Tensor>:$project,
    DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
    I64Attr:$channels, I64Attr:$filters,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$expand_kernel,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$expand_strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$expand_pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$expand_dilations,
    OptionalAttr<I64Attr>:$project_filters), [IsolatedFromAbove, SingleBlock]> {
  let summary = "nn.blocked_depthwise in one kernel with the convolutions around it (made by nn-fuse-bottlenecks)";
  let description = [{
    The inverted bottleneck of Sandler et al. 2018. First the nn.blocked_conv of x by panels and expand_bias, with the
    `expand_` attributes, of one group, `channels` and `filters` -> the expanded tensor [N,B,H,W,16] with B = ceil(M/16)
    and M = `filters`; then the elementwise ops of the region `expanded`, whose other operands are single numbers; then
    w: [B,T,16] and bias: [B,16] with T taps -> [N,B,O1,O2,16]. With `project` and `project_filters` = F, that is
    followed by the ops of the region `filtered` and the 1 x 1 nn.blocked_conv by the panels [1,ceil(F/16),M,16] and the
    bias [ceil(F/16),16] of `project` -> [N,ceil(F/16),O1,O2,16].

    - blocked_bottleneck_c1: x has 4 dims, or 5 with blocks, and holds `channels` channels.
    - blocked_bottleneck_c2: strides, dilations and pads have 2, 2 and 4 entries, those of the expansion too; strides
      and dilations are positive.
    - blocked_bottleneck_c3: panels, w and the biases fit the channels, the filters and the kernels.
    - blocked_bottleneck_c4: each region takes one tensor, the one before it, and yields one.
    - blocked_bottleneck_c5: the dilated kernels fit into the padded input and the padded expanded tensor.
    - blocked_bottleneck_c6: `project` is nothing, or panels and bias that fit `filters` and `project_filters`, with a
      region `filtered`.
  }];
  let regions = (region SizedRegion<1>:$expanded, MaxSizedRegion<1>:$filtered);
  let assemblyFormat = [{
    operands `expanded` $expanded (`filtered` $filtered^)? attr-dict `:` functional-type(operands, results)
  }];
}

def NN_BlockedPoolOp : NN_BlockedOp<"blocked_pool", (ins NN_PoolKindAttr:$kind, NN_Tensor:$x, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, UnitAttr:$count_include_pad)> {
  let summary = "a window's maximum or average over blocks of channels (made by nn-block-channels)";
  let description = [{
    nn.pool max or average with x: [N,B,D1..Dn,16] -> [N,B,O1..On,16] for n of 1 or 2.

    - blocked_pool_c1: x has n + 3 dims and 16 lanes, and the kind is max or average.
    - blocked_pool_c2: strides, dilations and pads have n, n and 2n entries; strides and dilations are positive.
    - blocked_pool_c3: the dilated kernel fits into the padded input, and pads are smaller than it.
  }];
  let assemblyFormat = "$kind operands attr-dict `:` functional-type(operands, results)";
}
#endif
