//===- Registry.cpp - which function imports which operator -------------------===//
#include "frontends/onnx/Registry.h"

namespace nnc::onnx {

void Registry::addTo(llvm::StringRef domain, llvm::StringRef opType, ImportFn fn, int64_t minOpset,
                     int64_t maxOpset) {
  domains[domain][opType] = Entry{std::move(fn), minOpset, maxOpset};
}

const Registry::Entry *Registry::find(llvm::StringRef domain, llvm::StringRef opType, int64_t opset) const {
  auto operators = domains.find(domain);
  if (operators == domains.end())
    return nullptr;
  auto entry = operators->second.find(opType);
  if (entry == operators->second.end() || opset < entry->second.minOpset || opset > entry->second.maxOpset)
    return nullptr;
  return &entry->second;
}

const Registry &Registry::get() {
  static const Registry registry = [] {
    Registry all;
    registerConstantImporters(all);
    registerContractionImporters(all);
    registerConvolutionImporters(all);
    registerCausalConvolutionImporters(all);
    registerColumnsToImageImporters(all);
    registerDeformableConvolutionImporters(all);
    registerControlImporters(all);
    registerElementwiseImporters(all);
    registerAttentionImporters(all);
    registerRotaryEmbeddingImporters(all);
    registerGroupQueryAttentionImporters(all);
    registerTransformerAttentionImporters(all);
    registerNormalizationImporters(all);
    registerReductionImporters(all);
    registerDataDependentImporters(all);
    registerGatherImporters(all);
    registerLegacyImporters(all);
    registerLinearAttentionImporters(all);
    registerLossImporters(all);
    registerMovementImporters(all);
    registerPoolingImporters(all);
    registerQuantizationImporters(all);
    registerQuantizedRealImporters(all);
    registerQuantizedWeightImporters(all);
    registerResizeImporters(all);
    registerRandomImporters(all);
    registerRecurrentImporters(all);
    registerSequenceImporters(all);
    registerSpectralImporters(all);
    return all;
  }();
  return registry;
}

} // namespace nnc::onnx
