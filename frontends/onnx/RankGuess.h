//===- RankGuess.h - the rank of inputs that do not declare one ---------------===//
#ifndef NNC_FRONTENDS_ONNX_RANKGUESS_H
#define NNC_FRONTENDS_ONNX_RANKGUESS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <onnx-ml.pb.h>
#include <optional>

namespace nnc::onnx {

/// Code needs the rank of every tensor, but a file may leave it out. The nodes that use an input often give it away:
/// the filter of a convolution, the other factor of a product, the other operand of an addition.
std::optional<int64_t> guessRank(const ::onnx::GraphProto &graph, llvm::StringRef input);

/// The least rank of a value for which the nodes make sense that pick elements of its shape or permute its dims.
/// `numberIn` reads a tensor of one integer.
int64_t leastRank(const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes, llvm::StringRef value,
                  llvm::function_ref<std::optional<int64_t>(const ::onnx::TensorProto &)> numberIn);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_RANKGUESS_H
