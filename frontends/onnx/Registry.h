//===- Registry.h - which function imports which operator ---------------------===//
#ifndef NNC_FRONTENDS_ONNX_REGISTRY_H
#define NNC_FRONTENDS_ONNX_REGISTRY_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/LogicalResult.h"
#include <functional>

namespace nnc::onnx {

class NodeImporter;

/// Translates one node to nn ops. Failure without an error reported through the NodeImporter is not allowed.
using ImportFn = std::function<llvm::LogicalResult(NodeImporter &node)>;

/// Maps (domain, operator) to its importer.
class Registry {
public:
  struct Entry {
    ImportFn fn;
    int64_t minOpset, maxOpset;
    bool takesSequences = false;
  };

  /// Registers an operator of the default domain. One importer serves all opsets from `minOpset` to `maxOpset`; it
  /// asks NodeImporter::opset() where they differ.
  void add(llvm::StringRef opType, ImportFn fn, int64_t minOpset = 1, int64_t maxOpset = INT64_MAX) {
    addTo("", opType, std::move(fn), minOpset, maxOpset);
  }

  /// Registers an operator whose importer can be given sequences (ops/Sequences.cpp). Others never see one.
  void addForSequences(llvm::StringRef opType, ImportFn fn) {
    addTo("", opType, std::move(fn));
    domains[""][opType].takesSequences = true;
  }

  /// Registers an operator of another domain, e.g. "com.microsoft".
  void addTo(llvm::StringRef domain, llvm::StringRef opType, ImportFn fn, int64_t minOpset = 1,
             int64_t maxOpset = INT64_MAX);

  /// The importer of an operator, or null.
  const Entry *find(llvm::StringRef domain, llvm::StringRef opType, int64_t opset) const;

  /// All operators that this build imports.
  static const Registry &get();

private:
  llvm::StringMap<llvm::StringMap<Entry>> domains;
};

// One per file of ops/.
void registerConstantImporters(Registry &registry);
void registerContractionImporters(Registry &registry);
void registerConvolutionImporters(Registry &registry);
void registerCausalConvolutionImporters(Registry &registry);
void registerColumnsToImageImporters(Registry &registry);
void registerDeformableConvolutionImporters(Registry &registry);
void registerControlImporters(Registry &registry);
void registerElementwiseImporters(Registry &registry);
void registerAttentionImporters(Registry &registry);
void registerRotaryEmbeddingImporters(Registry &registry);
void registerGroupQueryAttentionImporters(Registry &registry);
void registerTransformerAttentionImporters(Registry &registry);
void registerNormalizationImporters(Registry &registry);
void registerReductionImporters(Registry &registry);
void registerDataDependentImporters(Registry &registry);
void registerGatherImporters(Registry &registry);
void registerLegacyImporters(Registry &registry);
void registerLinearAttentionImporters(Registry &registry);
void registerLossImporters(Registry &registry);
void registerMovementImporters(Registry &registry);
void registerPoolingImporters(Registry &registry);
void registerQuantizationImporters(Registry &registry);
void registerQuantizedRealImporters(Registry &registry);
void registerQuantizedWeightImporters(Registry &registry);
void registerSequenceImporters(Registry &registry);
void registerResizeImporters(Registry &registry);
void registerRandomImporters(Registry &registry);
void registerRecurrentImporters(Registry &registry);
void registerSpectralImporters(Registry &registry);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_REGISTRY_H
