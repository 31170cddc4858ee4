#include "compiler/Report.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace nnc {

namespace {

/// What the energy estimate assumes, in picojoules: a vector operation of f32 with its share of the core
/// around it, and a byte between the caches and memory.
constexpr int kEnergyPerOp = 10, kEnergyPerByte = 40;

constexpr StringLiteral kStyle = R"css(
:root { color-scheme: light dark; --text: #1d2430; --dim: #5c6675; --back: #fff; --panel: #f3f5f8; --line: #d5dae2;
        --bar: #7aa7e0; --box: 88%; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --dim: #9aa5b5; --back: #14181f; --panel: #1e242d;
        --line: #37404d; --bar: #3d679e; --box: 26%; } }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 2em auto;
       max-width: 1160px; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
p.note { color: var(--dim); max-width: 75ch; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: .6em; }
dl div { background: var(--panel); border-radius: 6px; padding: .5em .8em; }
dt { color: var(--dim); font-size: .85em; } dd { margin: 0; font-size: 1.15em; }
table { border-collapse: collapse; width: 100%; font-size: .9em; }
th { text-align: left; color: var(--dim); font-weight: 500; }
th, td { padding: .25em .6em; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.names { overflow-wrap: anywhere; min-width: 14em; }
td.plan { color: var(--dim); }
td.bar { background: linear-gradient(to right, var(--bar) var(--share), transparent var(--share)); }
.scroll { overflow: auto; max-height: 85vh; background: var(--panel); border-radius: 6px; padding: .5em; }
svg text { fill: var(--text); font: 11px system-ui, sans-serif; }
svg.chart { width: 100%; background: var(--panel); border-radius: 6px; } svg .grid { stroke: var(--line); }
svg.chart rect { stroke: var(--back); stroke-width: .4; }
svg.graph { display: block; margin: auto; } svg.graph path { fill: none; stroke: var(--dim); stroke-width: 1.2; opacity: .75; }
svg.graph rect { fill: hsl(var(--hue) 45% var(--box)); stroke: var(--line); } svg .op { font-weight: 600; }
)css";

std::string costText(int64_t number, StringRef unit) {
  return number < 0 ? "by the run" : unit == "B" ? byteCount(number) : quantity(number, unit);
}

void fact(StringRef name, const Twine &value, raw_ostream &os) {
  os << "<div><dt>" << name << "</dt><dd>" << value << "</dd></div>\n";
}

struct Totals {
  double flops = 0, bytes = 0;
  size_t open = 0; // groups whose cost only the run knows
};

Totals totalsOf(const ReportLevel &level) {
  Totals totals;
  for (const ReportGroup &group : level.groups) {
    totals.flops += std::max<int64_t>(group.info.flops, 0);
    totals.bytes += std::max<int64_t>(group.info.bytes, 0);
    totals.open += group.info.flops < 0 || group.info.bytes < 0;
  }
  return totals;
}

void writeSummary(const Report &report, const ReportLevel &level, raw_ostream &os) {
  Totals totals = totalsOf(level);
  os << "<dl>\n";
  fact("groups", Twine(level.groups.size()), os);
  fact("arithmetic", quantity(totals.flops, "FLOP"), os);
  fact("bytes moved", byteCount(totals.bytes), os);
  fact("weights", byteCount(report.model.weightBytes), os);
  fact("arena", byteCount(level.arenaBytes), os);
  fact("live at most", byteCount(level.liveBytes), os);
  fact("workspace of a thread", byteCount(level.workspaceBytes), os);
  for (const ReportLevel &each : report.levels)
    fact("code, " + htmlText(each.name), byteCount(each.codeBytes), os);
  double energy = (totals.flops * kEnergyPerOp + totals.bytes * kEnergyPerByte) * 1e-12;
  std::string joules;
  raw_string_ostream(joules) << format("%.3g mJ", energy * 1e3);
  fact("energy of a run, about", joules, os);
  os << "</dl>\n<p class=\"note\">A multiplication and an addition are two operations, whatever algorithm "
        "computes them. "
        "Bytes are those of operands and results, each counted once for each group. The energy assumes "
     << kEnergyPerOp << " pJ for an operation and " << kEnergyPerByte
     << " pJ for a byte. No arena can be smaller than the bytes that live at one time. What "
        "lies in a branch or a loop is counted once.";
  if (totals.open)
    os << " The cost of " << totals.open
       << " groups depends on the shapes of a run and is not in these sums.";
  os << "</p>\n";
}

void writeTable(const ReportLevel &level, raw_ostream &os) {
  double most = 1;
  for (const ReportGroup &group : level.groups)
    most = std::max<double>(most, group.info.flops);
  os << "<table>\n<tr><th class=\"n\">#</th><th>nodes</th><th>op</th><th>kernel</th><th class=\"n\">FLOP</th>"
        "<th class=\"n\">bytes</th><th class=\"n\">FLOP/byte</th></tr>\n";
  for (auto [i, group] : enumerate(level.groups)) {
    const GroupInfo &info = group.info;
    StringRef op = info.op;
    op.consume_front("nn.");
    os << "<tr><td class=\"n\">" << i << "</td><td class=\"names\">" << htmlText(info.nodes) << "</td><td>"
       << htmlText(op) << "</td><td class=\"plan\">" << htmlText(info.kernel);
    if (!group.plan.empty())
      os << ": " << htmlText(group.plan);
    os << format("</td><td class=\"n bar\" style=\"--share:%.1f%%\">",
                 100.0 * std::max<int64_t>(info.flops, 0) / most)
       << costText(info.flops, "") << "</td><td class=\"n\">" << costText(info.bytes, "B")
       << "</td><td class=\"n\">";
    if (info.flops >= 0 && info.bytes > 0)
      os << format("%.2f", double(info.flops) / double(info.bytes));
    os << "</td></tr>\n";
  }
  os << "</table>\n";
}

} // namespace

void writeReport(const Report &report, raw_ostream &os) {
  std::string title = htmlText(report.model.name);
  os << "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>"
     << title << " - nnc report</title>\n<style>" << kStyle << "</style></head>\n<body>\n<h1>" << title
     << "</h1>\n<p>" << htmlText(report.file) << ", compiled by nnc " NNC_VERSION "</p>\n";
  if (!report.levels.empty()) {
    // The best level's; the others differ in kernels.
    const ReportLevel &level = report.levels.back();
    writeSummary(report, level, os);
    os << "<h2>Groups in order, " << htmlText(level.name) << "</h2>\n";
    writeTable(level, os);
    os << "<h2>Arena over time</h2>\n<p class=\"note\">A rectangle is a tensor: where it lies, from the "
          "group that "
          "writes it to the last one that reads it. Inputs, outputs, weights and what has a size that only "
          "the run knows "
          "lie elsewhere.</p>\n";
    drawArena(level, os);
    os << "<h2>What flows where</h2>\n<div class=\"scroll\">\n";
    drawGroups(level, os);
    os << "</div>\n";
    for (const ReportLevel &other : ArrayRef(report.levels).drop_back()) {
      os << "<h2>Kernels of " << htmlText(other.name) << "</h2>\n<details><summary>" << other.groups.size()
         << " groups</summary>\n";
      writeTable(other, os);
      os << "</details>\n";
    }
  }
  os << "</body></html>\n";
}

std::vector<ReportGroup> static readGroups(mlir::ModuleOp module) {
  std::vector<ReportGroup> groups;
  auto table = module->getAttrOfType<mlir::ArrayAttr>("nn.groups");
  if (!table)
    return groups;
  for (auto row : table.getAsRange<mlir::DictionaryAttr>()) {
    auto text = [&](StringRef key) {
      auto attr = row.getAs<mlir::StringAttr>(key);
      return attr ? attr.str() : std::string();
    };
    auto number = [&](StringRef key) { return row.getAs<mlir::IntegerAttr>(key).getInt(); };
    ReportGroup group;
    group.info = {text("nodes"), text("op"), text("kernel"), number("flops"), number("bytes")};
    group.plan = text("plan");
    group.inputs = row.getAs<mlir::DenseI64ArrayAttr>("inputs").asArrayRef().vec();
    groups.push_back(std::move(group));
  }
  return groups;
}

ReportLevel reportLevel(mlir::ModuleOp module, StringRef name) {
  ReportLevel level;
  level.name = name.str();
  auto number = [&](StringRef key) -> uint64_t {
    auto attr = module->getAttrOfType<mlir::IntegerAttr>(key);
    return attr ? attr.getInt() : 0;
  };
  level.arenaBytes = number("nn.arena_bytes");
  level.liveBytes = number("nn.arena_live_bytes");
  level.workspaceBytes = number("nn.workspace_bytes");
  level.groups = readGroups(module);
  if (auto plan = module->getAttrOfType<mlir::DenseI64ArrayAttr>("nn.arena_plan"))
    for (ArrayRef<int64_t> rest = plan.asArrayRef(); rest.size() >= 4; rest = rest.drop_front(4))
      level.tensors.push_back({rest[0], rest[1], rest[2], rest[3]});
  return level;
}

uint64_t codeBytes(MemoryBufferRef object) {
  Expected<std::unique_ptr<object::ObjectFile>> file = object::ObjectFile::createObjectFile(object);
  if (!file) {
    consumeError(file.takeError());
    return 0;
  }
  uint64_t bytes = 0;
  for (const object::SectionRef &section : (*file)->sections())
    if (section.isText())
      bytes += section.getSize();
  return bytes;
}

} // namespace nnc
