#include "compiler/Archive.h"

#include "compiler/OutputFile.h"

#include "llvm/Object/ArchiveWriter.h"

using namespace llvm;

namespace nnc {

namespace {

std::vector<NewArchiveMember> members(ArrayRef<std::unique_ptr<MemoryBuffer>> objects) {
  std::vector<NewArchiveMember> result;
  for (const std::unique_ptr<MemoryBuffer> &object : objects)
    result.emplace_back(object->getMemBufferRef());
  return result;
}

} // namespace

Expected<std::unique_ptr<MemoryBuffer>> archiveInMemory(ArrayRef<std::unique_ptr<MemoryBuffer>> objects) {
  return writeArchiveToBuffer(members(objects), SymtabWritingMode::NoSymtab, object::Archive::K_GNU,
                              /*Deterministic=*/true, /*Thin=*/false);
}

Error writeArchive(const LinkInputs &inputs, StringRef output) {
  std::vector<NewArchiveMember> all = members(inputs.objects);
  std::string weightsName = inputs.modelName + "_weights.o";
  if (!inputs.weightsPath.empty()) {
    Expected<NewArchiveMember> weights = NewArchiveMember::getFile(inputs.weightsPath, /*Deterministic=*/true);
    if (!weights)
      return weights.takeError();
    weights->MemberName = weightsName; // not the temporary file's
    all.push_back(std::move(*weights));
  }
  Expected<OutputFile> file = OutputFile::create(output);
  if (!file)
    return file.takeError();
  if (Error error = llvm::writeArchive(file->path(), all, SymtabWritingMode::NormalSymtab, object::Archive::K_GNU,
                                       /*Deterministic=*/true, /*Thin=*/false))
    return error;
  return file->commit(/*executable=*/false);
}

} // namespace nnc
