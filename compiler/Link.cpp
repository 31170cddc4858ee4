#include "compiler/Link.h"

#include "compiler/Archive.h"
#include "compiler/OutputFile.h"
#include "compiler/RuntimeObject.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

using namespace llvm;

LLD_HAS_DRIVER(elf)

namespace nnc {

namespace {

/// lld's errors in one line, without the ">>> referenced by" that would name temporary files.
std::string readableDiagnostics(StringRef text) {
  std::string result;
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines)
    if (line.consume_front("ld.lld: error: "))
      result += (result.empty() ? "" : "; ") + line.trim().str();
  return result.empty() ? text.trim().str() : result;
}

Error runLld(ArrayRef<std::string> arguments) {
  // lld keeps state in globals.
  static std::mutex mutex;
  static bool usable = true;
  std::lock_guard<std::mutex> guard(mutex);
  if (!usable)
    return createStringError("the linker crashed before and cannot run again");
  SmallVector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string out, diagnostics;
  raw_string_ostream outStream(out), diagnosticsStream(diagnostics);
  lld::Result result = lld::lldMain(pointers, outStream, diagnosticsStream, {{lld::Gnu, &lld::elf::link}});
  usable = result.canRunAgain;
  if (result.retCode != 0)
    return createStringError("cannot link: " + readableDiagnostics(diagnostics));
  return Error::success();
}

/// lld reads files: the objects go into one archive next to the output.
Expected<OutputFile> writeObjects(const LinkInputs &inputs, StringRef output) {
  Expected<OutputFile> file = OutputFile::create(output);
  if (!file)
    return file.takeError();
  Expected<std::unique_ptr<MemoryBuffer>> archive = archiveInMemory(inputs.objects);
  if (!archive)
    return archive.takeError();
  if (Error error = file->write((*archive)->getBuffer()))
    return std::move(error);
  return file;
}

/// Whether pages of 2 MB are worth it.
bool hasManyWeights(const LinkInputs &inputs) { return inputs.weightsBytes >= 2 << 20; }

/// The linked file with the weights in the room that it has for them, written in large pieces. LLD maps what it writes,
/// so the page cache gets it in single pages from all over the memory; this way it gets pages of up to 2 MB, which a
/// process can map as such. The weights of a model that runs right after nnc then stream 5 to 10% faster.
Expected<OutputFile> withWeights(OutputFile linked, const LinkInputs &inputs, StringRef output) {
  Expected<OutputFile> file = OutputFile::create(output);
  if (!file)
    return file;
  Error error = file->write([&](raw_ostream &stream) -> Error {
    Expected<uint64_t> offset = weightsOffset(linked.path(), inputs.modelName);
    if (!offset)
      return offset.takeError();
    if (Error error = writePart(stream, linked.path(), 0, *offset))
      return error;
    writeChunks(stream, inputs.weightsBytes, inputs.weights);
    return writePart(stream, linked.path(), *offset + inputs.weightsBytes);
  });
  if (error)
    return std::move(error);
  return file;
}

Error link(const LinkInputs &inputs, const Target &target, StringRef output, bool shared) {
  Expected<OutputFile> objects = writeObjects(inputs, output);
  if (!objects)
    return objects.takeError();
  Expected<OutputFile> result = OutputFile::create(output);
  if (!result)
    return result.takeError();
  Expected<OutputFile> libc = OutputFile::create(output);
  if (!libc)
    return libc.takeError();

  Expected<OutputFile> room = OutputFile::create(output);
  if (!room)
    return room.takeError();

  std::vector<std::string> arguments = {"ld.lld", "-o", result->path().str(), "--whole-archive",
                                        objects->path().str(), "--no-whole-archive"};
  if (inputs.threads)
    arguments.push_back("--threads=" + utostr(inputs.threads));
  if (!shared && !inputs.weightsPath.empty())
    arguments.push_back(inputs.weightsPath);
  if (shared && inputs.weightsBytes) {
    if (Error error = checkChunks(inputs.weightsBytes, inputs.weights))
      return error;
    if (Error error = writeWeightsPlaceholder(room->path(), target.triple, inputs.modelName, inputs.weightsBytes))
      return error;
    arguments.push_back(room->path().str());
  }
  if (shared) {
    Expected<StringRef> stub = libcStub(target.triple);
    if (!stub)
      return stub.takeError();
    if (Error error = libc->write(*stub))
      return error;
    // The name inside the file comes from the model, so that the bytes do not depend on where it is written.
    arguments.push_back("-soname=" + inputs.modelName + ".so");
    arguments.push_back(libc->path().str());
    for (StringRef flag : {"-shared", "--gc-sections", "-zdefs", "-znow", "-zrelro", "-znoexecstack",
                           "--hash-style=gnu", "--build-id=none"})
      arguments.push_back(flag.str());
    // Addresses that agree with offsets in the file modulo 2 MB, for pages of that size.
    if (hasManyWeights(inputs))
      arguments.push_back("-zmax-page-size=" + utostr(2 << 20));
  } else {
    arguments.push_back("-r");
  }
  if (Error error = runLld(arguments))
    return error;
  if (shared && inputs.weightsBytes) {
    Expected<OutputFile> file = withWeights(std::move(*result), inputs, output);
    return file ? file->commit(/*executable=*/true) : file.takeError();
  }
  return result->commit(/*executable=*/shared);
}

} // namespace

Error linkShared(const LinkInputs &inputs, const Target &target, StringRef output) {
  return link(inputs, target, output, /*shared=*/true);
}

Error linkRelocatable(const LinkInputs &inputs, const Target &target, StringRef output) {
  return link(inputs, target, output, /*shared=*/false);
}

} // namespace nnc
