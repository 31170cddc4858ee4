//===- ModelSymbol.cpp - Find the model in a shared library -----------------------------------------------------===//
//
// The symbol is called after the model's name at the time it was compiled, which the file's name need not tell any
// more, so it is looked up in the library's table of dynamic symbols.
//
//===----------------------------------------------------------------------===//

#include "tools/nnc-run/Model.h"

#include "llvm/Support/MemoryBuffer.h"

#include <cstring>
#include <elf.h>

namespace nnc::run {
namespace {

/// A 64-bit ELF file of this machine's byte order; every read is checked against the file's size.
class ElfFile {
public:
  explicit ElfFile(llvm::StringRef bytes) : bytes(bytes) {}

  /// The structure at `offset`; false where the file ends before.
  template <typename T> bool read(uint64_t offset, T &to) const {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T))
      return false;
    memcpy(&to, bytes.data() + offset, sizeof(T));
    return true;
  }

  /// The zero-terminated string at `offset`, which must end within the file.
  std::optional<llvm::StringRef> readString(uint64_t offset) const {
    size_t end = offset < bytes.size() ? bytes.find('\0', offset) : llvm::StringRef::npos;
    return end == llvm::StringRef::npos ? std::nullopt : std::optional(bytes.slice(offset, end));
  }

private:
  llvm::StringRef bytes;
};

/// Appends the model symbols of one symbol table; false where it is malformed.
bool collect(const ElfFile &file, const Elf64_Shdr &table, const Elf64_Shdr &strings,
             std::vector<std::string> &result) {
  for (uint64_t i = 0; i < table.sh_size / sizeof(Elf64_Sym); ++i) {
    Elf64_Sym symbol;
    if (!file.read(table.sh_offset + i * sizeof(Elf64_Sym), symbol))
      return false;
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= strings.sh_size)
      continue;
    std::optional<llvm::StringRef> name = file.readString(strings.sh_offset + symbol.st_name);
    if (!name)
      return false;
    if (name->size() > strlen("_model") && name->ends_with("_model"))
      result.push_back(name->str());
  }
  return true;
}

} // namespace

llvm::Expected<std::vector<std::string>> findModelSymbols(const std::string &path) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return io::makeError("%s: %s", path.c_str(), buffer.getError().message().c_str());
  ElfFile file((*buffer)->getBuffer());
  Elf64_Ehdr header;
  if (!file.read(0, header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN)
    return io::makeError("%s: not a shared library", path.c_str());
  std::vector<std::string> result;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section, strings;
    bool good = file.read(header.e_shoff + uint64_t(i) * sizeof(section), section);
    if (good && section.sh_type == SHT_DYNSYM)
      good = file.read(header.e_shoff + uint64_t(section.sh_link) * sizeof(strings), strings) &&
             collect(file, section, strings, result);
    if (!good)
      return io::makeError("%s: the file is damaged", path.c_str());
  }
  return result;
}

} // namespace nnc::run
