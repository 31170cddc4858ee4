// The drawings of the report, and its text and numbers.
#include "compiler/Report.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace nnc {

std::string htmlText(StringRef text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    unsigned char c = text[i];
    if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'') {
      out += "&#" + utostr(c) + ";";
      ++i;
    } else if (c < 0x20 || c == 0x7f) {
      out += "\\x" + toHex(text.substr(i++, 1), /*LowerCase=*/true);
    } else if (c < 0x80) {
      out += char(c);
      ++i;
    } else {
      auto *begin = reinterpret_cast<const UTF8 *>(text.data() + i);
      size_t length = getNumBytesForUTF8(*begin);
      if (i + length <= text.size() && isLegalUTF8Sequence(begin, begin + length)) {
        out += text.substr(i, length);
        i += length;
      } else {
        out += "\\x" + toHex(text.substr(i++, 1), /*LowerCase=*/true);
      }
    }
  }
  return out;
}

std::string quantity(double number, StringRef unit) {
  static constexpr const char *prefixes[] = {"", "k", "M", "G", "T", "P"};
  unsigned i = 0;
  while (std::abs(number) >= 999.5 && i + 1 < std::size(prefixes)) {
    number /= 1000;
    ++i;
  }
  std::string text;
  raw_string_ostream(text) << format("%.3g ", number) << prefixes[i] << unit;
  return text;
}

std::string byteCount(double bytes) {
  static constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  unsigned i = 0;
  while (bytes >= 1023.5 && i + 1 < std::size(units)) {
    bytes /= 1024;
    ++i;
  }
  std::string text;
  raw_string_ostream(text) << (bytes < 99.95 && i ? format("%.1f ", bytes) : format("%.0f ", bytes))
                           << units[i];
  return text;
}

namespace {

/// A hue for each op name, far from its neighbours'.
unsigned hueOf(StringRef text) {
  unsigned hash = 5381;
  for (unsigned char c : text)
    hash = hash * 33 + c;
  return hash % 360;
}

std::string shorten(StringRef text, size_t width) {
  if (text.size() <= width)
    return text.str();
  size_t cut = width - 2;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
    --cut;
  return text.take_front(cut).str() + "..";
}

StringRef withoutDialect(StringRef op) {
  op.consume_front("nn.");
  return op;
}

} // namespace

void drawArena(const ReportLevel &level, raw_ostream &os) {
  constexpr double width = 1080, height = 360, left = 80, bottom = 24;
  double times = std::max<double>(level.groups.size(), 1), size = std::max<double>(level.arenaBytes, 1);
  auto x = [&](double time) { return left + (width - left) * time / times; };
  auto y = [&](double offset) { return height - bottom - (height - bottom - 8) * offset / size; };
  os << "<svg class=\"chart\" viewBox=\"0 0 " << width << ' ' << height
     << "\" role=\"img\" aria-label=\"arena\">\n";
  for (int i = 0; i <= 4; ++i)
    os << format("<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", left, width,
                 y(size * i / 4), y(size * i / 4))
       << format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", left - 6, y(size * i / 4) + 4)
       << byteCount(size * i / 4) << "</text>\n";
  for (const ReportTensor &tensor : level.tensors) {
    StringRef nodes =
        tensor.begin < int64_t(level.groups.size()) ? StringRef(level.groups[tensor.begin].info.nodes) : "";
    os << format("<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"hsl(%u 55%% 55%%)\">",
                 x(tensor.begin), y(tensor.offset + tensor.bytes),
                 std::max(x(tensor.end + 1) - x(tensor.begin), 0.5),
                 std::max(y(tensor.offset) - y(tensor.offset + tensor.bytes), 0.5),
                 unsigned(tensor.begin * 137 % 360))
       << "<title>" << htmlText(nodes) << ": " << byteCount(tensor.bytes) << " at " << tensor.offset
       << ", groups " << tensor.begin << " to " << tensor.end << "</title></rect>\n";
  }
  os << format("<text x=\"%.1f\" y=\"%.1f\">group 0</text>", left, height - 6)
     << format("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">group ", width, height - 6)
     << (level.groups.empty() ? 0 : level.groups.size() - 1) << "</text>\n</svg>\n";
}

void drawGroups(const ReportLevel &level, raw_ostream &os) {
  constexpr double boxWidth = 190, boxHeight = 36, gapX = 26, gapY = 30;
  // Each group one row below the lowest of those it reads.
  std::vector<size_t> row(level.groups.size(), 0), column(level.groups.size(), 0), rowLength;
  for (size_t i = 0; i < level.groups.size(); ++i) {
    for (int64_t input : level.groups[i].inputs)
      if (input < int64_t(i))
        row[i] = std::max(row[i], row[input] + 1);
    if (rowLength.size() <= row[i])
      rowLength.resize(row[i] + 1, 0);
    column[i] = rowLength[row[i]]++;
  }
  size_t widest = 1;
  for (size_t length : rowLength)
    widest = std::max(widest, length);
  double width = double(widest) * (boxWidth + gapX) + gapX,
         height = double(rowLength.size()) * (boxHeight + gapY) + gapY;
  auto x = [&](size_t i) {
    return (width - double(rowLength[row[i]]) * (boxWidth + gapX) + gapX) / 2 +
           double(column[i]) * (boxWidth + gapX);
  };
  auto y = [&](size_t i) { return gapY / 2 + double(row[i]) * (boxHeight + gapY); };
  os << format("<svg class=\"graph\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
               "aria-label=\"groups\">\n",
               width, height, width, height);
  for (size_t i = 0; i < level.groups.size(); ++i)
    for (int64_t input : level.groups[i].inputs) {
      if (input >= int64_t(i))
        continue;
      double x0 = x(input) + boxWidth / 2, y0 = y(input) + boxHeight, x1 = x(i) + boxWidth / 2, y1 = y(i);
      // What skips rows swings out to the side of the boxes between.
      double side = row[i] - row[input] > 1 && std::abs(x0 - x1) < boxWidth
                        ? boxWidth / 2 + gapX + 6.0 * (input % 5)
                        : 0;
      os << format("<path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n", x0, y0, x0 + side * 1.33,
                   y0 + gapY, x1 + side * 1.33, y1 - gapY, x1, y1);
    }
  for (size_t i = 0; i < level.groups.size(); ++i) {
    const GroupInfo &info = level.groups[i].info;
    os << format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\" rx=\"4\" style=\"--hue:%u\"/>",
                 x(i), y(i), boxWidth, boxHeight, hueOf(info.op))
       << format("<text x=\"%.1f\" y=\"%.1f\"><tspan class=\"op\">", x(i) + 7, y(i) + 15) << i << "  "
       << htmlText(withoutDialect(info.op)) << format("</tspan><tspan x=\"%.1f\" dy=\"14\">", x(i) + 7)
       << htmlText(shorten(info.nodes, 27)) << "</tspan><title>" << htmlText(info.nodes)
       << "</title></text>\n";
  }
  os << "</svg>\n";
}

} // namespace nnc
