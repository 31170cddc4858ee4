#include "compiler/WeightsObject.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace llvm::ELF;

namespace nnc {

namespace {

constexpr uint64_t pageSize = 4096;

struct Machine {
  uint16_t id;
  uint32_t flags;
};

Expected<Machine> machineOf(const Triple &triple) {
  switch (triple.getArch()) {
  case Triple::x86_64:
    return Machine{EM_X86_64, 0};
  case Triple::aarch64:
    return Machine{EM_AARCH64, 0};
  case Triple::riscv64:
    // Linkers insist that all objects agree on the floating point ABI.
    return Machine{EM_RISCV, EF_RISCV_RVC | EF_RISCV_FLOAT_ABI_DOUBLE};
  default:
    return createStringError("cannot write weights for '%s'", triple.str().c_str());
  }
}

/// A string table under construction.
struct StringTable {
  std::string bytes = std::string(1, '\0');
  uint32_t add(StringRef name) {
    uint32_t offset = bytes.size();
    bytes += name;
    bytes += '\0';
    return offset;
  }
};

/// The structs are written as they lie in memory: all our targets, and the hosts that nnc runs on, are little-endian.
static_assert(llvm::endianness::native == llvm::endianness::little);
template <typename T> void write(raw_ostream &stream, const T &value) {
  stream.write(reinterpret_cast<const char *>(&value), sizeof value);
}

void padTo(raw_ostream &stream, uint64_t offset) {
  static const char zeros[pageSize] = {};
  for (uint64_t at = stream.tell(); at < offset;) {
    uint64_t count = std::min<uint64_t>(pageSize, offset - at);
    stream.write(zeros, count);
    at += count;
  }
}

Elf64_Shdr section(uint32_t name, uint32_t type, uint64_t offset, uint64_t size, uint64_t alignment) {
  Elf64_Shdr header = {};
  header.sh_name = name;
  header.sh_type = type;
  header.sh_offset = offset;
  header.sh_size = size;
  header.sh_addralign = alignment;
  return header;
}

std::string symbolOf(StringRef modelName) { return (modelName + "__weights").str(); }

/// The object with the chunks; without them, one that only says how much room they take. That section has no bytes; what
/// makes a linker give it room in the file is another section of the same name that has one.
Error writeObject(StringRef path, const Triple &triple, StringRef modelName, uint64_t totalBytes,
                  std::optional<ArrayRef<WeightsChunk>> chunks) {
  Expected<Machine> machine = machineOf(triple);
  if (!machine)
    return machine.takeError();
  bool large = triple.getArch() == Triple::x86_64 && totalBytes >= largeWeightsBytes;

  StringTable symbolNames, sectionNames;
  uint32_t symbolName = symbolNames.add(symbolOf(modelName));
  // Linkers place .lrodata where other sections need not reach across it.
  uint32_t weightsName = sectionNames.add(large ? ".lrodata.nnc" : ".nnc.weights");
  uint32_t symtabName = sectionNames.add(".symtab");
  uint32_t strtabName = sectionNames.add(".strtab");
  uint32_t shstrtabName = sectionNames.add(".shstrtab");
  uint32_t noteName = sectionNames.add(".note.GNU-stack");

  uint64_t symtab = alignTo(pageSize + (chunks ? totalBytes : 1), 8);
  uint64_t strtab = symtab + 2 * sizeof(Elf64_Sym);
  uint64_t shstrtab = strtab + symbolNames.bytes.size();
  uint64_t headers = alignTo(shstrtab + sectionNames.bytes.size(), 8);
  enum { Null, Weights, Symtab, Strtab, Shstrtab, Note, Anchor, AllSections };
  unsigned numSections = chunks ? Anchor : AllSections;

  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ElfMagic, 4);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = machine->id;
  header.e_version = EV_CURRENT;
  header.e_shoff = headers;
  header.e_flags = machine->flags;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = numSections;
  header.e_shstrndx = Shstrtab;

  Elf64_Sym symbol = {};
  symbol.st_name = symbolName;
  symbol.st_info = (STB_GLOBAL << 4) | STT_OBJECT;
  symbol.st_other = STV_HIDDEN;
  symbol.st_shndx = Weights;
  symbol.st_size = totalBytes;

  Elf64_Shdr sections[AllSections] = {};
  sections[Weights] = section(weightsName, chunks ? SHT_PROGBITS : SHT_NOBITS, pageSize, totalBytes, pageSize);
  sections[Weights].sh_flags = SHF_ALLOC | (large ? uint64_t(SHF_X86_64_LARGE) : 0);
  sections[Anchor] = section(weightsName, SHT_PROGBITS, pageSize, 1, 1);
  sections[Anchor].sh_flags = sections[Weights].sh_flags | SHF_GNU_RETAIN;
  sections[Symtab] = section(symtabName, SHT_SYMTAB, symtab, 2 * sizeof(Elf64_Sym), 8);
  sections[Symtab].sh_link = Strtab;
  sections[Symtab].sh_info = 1; // the first global symbol
  sections[Symtab].sh_entsize = sizeof(Elf64_Sym);
  sections[Strtab] = section(strtabName, SHT_STRTAB, strtab, symbolNames.bytes.size(), 1);
  sections[Shstrtab] = section(shstrtabName, SHT_STRTAB, shstrtab, sectionNames.bytes.size(), 1);
  sections[Note] = section(noteName, SHT_PROGBITS, headers, 0, 1);

  std::error_code code;
  raw_fd_ostream stream(path, code, sys::fs::OF_None);
  if (code)
    return createFileError(path, code);
  write(stream, header);
  padTo(stream, pageSize);
  if (chunks)
    writeChunks(stream, totalBytes, *chunks);
  padTo(stream, symtab);
  write(stream, Elf64_Sym{});
  write(stream, symbol);
  stream << symbolNames.bytes << sectionNames.bytes;
  padTo(stream, headers);
  for (const Elf64_Shdr &entry : ArrayRef(sections).take_front(numSections))
    write(stream, entry);
  stream.close();
  if (stream.has_error()) {
    code = stream.error();
    stream.clear_error();
    return createFileError(path, code);
  }
  return Error::success();
}

} // namespace

Error checkChunks(uint64_t totalBytes, ArrayRef<WeightsChunk> chunks) {
  uint64_t end = 0;
  for (const WeightsChunk &chunk : chunks) {
    if (chunk.offset < end || chunk.offset > totalBytes || chunk.data.size() > totalBytes - chunk.offset)
      return createStringError("weights at offset %llu overlap others or leave the section",
                               (unsigned long long)chunk.offset);
    end = chunk.offset + chunk.data.size();
  }
  return Error::success();
}

void writeChunks(raw_ostream &stream, uint64_t totalBytes, ArrayRef<WeightsChunk> chunks) {
  uint64_t begin = stream.tell();
  for (const WeightsChunk &chunk : chunks) {
    padTo(stream, begin + chunk.offset);
    stream.write(chunk.data.data(), chunk.data.size());
  }
  padTo(stream, begin + totalBytes);
}

Error writeWeightsObject(StringRef path, const Triple &triple, StringRef modelName, uint64_t totalBytes,
                         ArrayRef<WeightsChunk> chunks) {
  if (Error error = checkChunks(totalBytes, chunks))
    return error;
  return writeObject(path, triple, modelName, totalBytes, chunks);
}

Error writeWeightsPlaceholder(StringRef path, const Triple &triple, StringRef modelName, uint64_t totalBytes) {
  return writeObject(path, triple, modelName, totalBytes, std::nullopt);
}

Expected<uint64_t> weightsOffset(StringRef path, StringRef modelName) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return createFileError(path, file.getError());
  auto elf = object::ELFObjectFile<object::ELF64LE>::create((*file)->getMemBufferRef());
  if (!elf)
    return elf.takeError();
  for (const object::ELFSymbolRef &symbol : elf->symbols()) {
    Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if (*name != symbolOf(modelName))
      continue;
    Expected<object::section_iterator> section = symbol.getSection();
    Expected<uint64_t> address = symbol.getAddress();
    if (!section || !address)
      return joinErrors(section.takeError(), address.takeError());
    auto header = elf->getSection((*section)->getRawDataRefImpl());
    return header->sh_offset + (*address - header->sh_addr);
  }
  return createStringError("'" + path + "' has no room for weights");
}

} // namespace nnc
