//===- StandardFunctions.h - operators that ONNX defines by others ------------===//
#ifndef NNC_FRONTENDS_ONNX_STANDARDFUNCTIONS_H
#define NNC_FRONTENDS_ONNX_STANDARDFUNCTIONS_H

#include "frontends/onnx/Schema.h"

namespace nnc::onnx {

/// The body that the standard gives for an operator of this version, or null. An operator that has one needs no
/// importer of its own: its body is inlined like a local function. Only bodies that are the same for all types and
/// attributes are known.
const ::onnx::FunctionProto *standardFunction(const schema::OpSchema &schema);

} // namespace nnc::onnx

#endif // NNC_FRONTENDS_ONNX_STANDARDFUNCTIONS_H
