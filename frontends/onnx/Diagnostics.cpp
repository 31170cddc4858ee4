//===- Diagnostics.cpp - errors as one line that names the node ---------------===//
#include "frontends/onnx/Diagnostics.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace nnc::onnx {

Location nodeLocation(MLIRContext *context, StringRef name, StringRef description) {
  Location kind = NameLoc::get(StringAttr::get(context, description));
  return NameLoc::get(StringAttr::get(context, name), kind);
}

Location thingLocation(MLIRContext *context, const Twine &thing) {
  return NameLoc::get(StringAttr::get(context, thing));
}

std::string describeLocation(Location location) {
  if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      if (std::string text = describeLocation(part); !text.empty())
        return text;
    return "";
  }
  if (auto call = dyn_cast<CallSiteLoc>(location))
    return describeLocation(call.getCallee());
  auto name = dyn_cast<NameLoc>(location);
  if (!name)
    return "";
  auto kind = dyn_cast<NameLoc>(name.getChildLoc());
  if (!kind)
    return printable(name.getName().strref());
  return "node '" + printable(name.getName().strref()) + "' (" + printable(kind.getName().strref()) + ")";
}

std::string printable(StringRef text, size_t limit) {
  std::string out;
  for (char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += "\\x" + llvm::toHex(StringRef(&c, 1), /*LowerCase=*/true);
    else
      out += c;
  }
  if (out.size() <= limit)
    return out;
  // Do not cut inside a UTF-8 sequence.
  auto isContinuation = [&](size_t i) { return (static_cast<unsigned char>(out[i]) & 0xC0) == 0x80; };
  size_t head = limit / 2, tail = out.size() - limit / 2;
  while (head > 0 && isContinuation(head))
    --head;
  while (tail < out.size() && isContinuation(tail))
    ++tail;
  return out.substr(0, head) + "..." + out.substr(tail);
}

llvm::Error makeError(const Twine &message) { return llvm::createStringError(message); }

/// `'nn.binary' op shapes differ` -> `shapes differ`.
static StringRef withoutOpPrefix(StringRef message) {
  if (!message.starts_with("'nn."))
    return message;
  auto [op, rest] = message.drop_front().split("' op ");
  return rest.empty() ? message : rest;
}

std::string formatDiagnostic(Diagnostic &diagnostic) {
  std::string place = describeLocation(diagnostic.getLocation());
  std::string message = printable(withoutOpPrefix(diagnostic.str()), /*limit=*/2000);
  return place.empty() ? message : place + ": " + message;
}

DiagnosticCollector::DiagnosticCollector(MLIRContext *context, StringRef file)
    : file(file), handler(context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          error(formatDiagnostic(diagnostic));
        else if (diagnostic.getSeverity() == DiagnosticSeverity::Warning)
          warning(formatDiagnostic(diagnostic));
        return success();
      }) {}

void DiagnosticCollector::error(const Twine &message) { errors.push_back((file + ": error: " + message).str()); }

void DiagnosticCollector::warning(const Twine &message) {
  warnings.push_back((file + ": warning: " + message).str());
}

void DiagnosticCollector::emitWarnings(const Sink &sink) {
  for (const std::string &line : warnings)
    sink(line);
  warnings.clear();
}

llvm::Error DiagnosticCollector::takeError() {
  if (errors.empty())
    return llvm::Error::success();
  llvm::StringSet<> seen;
  std::string text;
  for (const std::string &line : errors)
    if (seen.insert(line).second)
      text += (text.empty() ? "" : "\n") + line;
  errors.clear();
  return makeError(text);
}

llvm::Error DiagnosticCollector::takeFirstError() {
  if (errors.size() > 1)
    errors.resize(1);
  return takeError();
}

} // namespace nnc::onnx
