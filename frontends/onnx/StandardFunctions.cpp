//===- StandardFunctions.cpp - operators that ONNX defines by others ----------===//
#include "frontends/onnx/StandardFunctions.h"

#include <map>

using ::onnx::FunctionProto;

namespace nnc::onnx {
namespace {

struct StandardFunction {
  const char *domain, *name;
  int sinceVersion;
  int size;
  const char *data;
};

#include "OnnxFunctions.inc"

using Key = std::tuple<llvm::StringRef, llvm::StringRef, int>;

std::map<Key, FunctionProto> parseAll() {
  std::map<Key, FunctionProto> all;
  for (const StandardFunction &entry : functionTable) {
    FunctionProto function;
    if (function.ParseFromArray(entry.data, entry.size))
      all.emplace(Key(entry.domain, entry.name, entry.sinceVersion), std::move(function));
  }
  return all;
}

} // namespace

const FunctionProto *standardFunction(const schema::OpSchema &schema) {
  static const std::map<Key, FunctionProto> all = parseAll();
  auto found = all.find(Key(schema.domain, schema.name, schema.sinceVersion));
  return found == all.end() ? nullptr : &found->second;
}

} // namespace nnc::onnx
