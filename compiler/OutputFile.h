//===- OutputFile.h - files that appear whole or not at all -----------------===//
#ifndef NNC_COMPILER_OUTPUTFILE_H
#define NNC_COMPILER_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace nnc {

/// Writes the bytes [begin, end) of a file, `end` being that of the file if it is less.
llvm::Error writePart(llvm::raw_ostream &stream, llvm::StringRef file, uint64_t begin, uint64_t end = UINT64_MAX);

/// A file under a temporary name in the folder of `finalPath`. It is deleted when this goes out of scope, and when
/// the process is interrupted, unless commit() has renamed it.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef finalPath);
  OutputFile(OutputFile &&other);
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(OutputFile) = delete;
  ~OutputFile();

  /// Where to write.
  llvm::StringRef path() const { return temporary; }

  /// Replaces the content by `bytes`.
  llvm::Error write(llvm::StringRef bytes);

  /// Replaces the content by what `body` writes, in pieces of megabytes.
  llvm::Error write(llvm::function_ref<llvm::Error(llvm::raw_ostream &)> body);

  /// Gives the file its final name, replacing what had it, and the permissions of a new file; an executable's for a
  /// shared library.
  llvm::Error commit(bool executable);

private:
  OutputFile(std::string temporary, std::string finalPath)
      : temporary(std::move(temporary)), finalPath(std::move(finalPath)) {}

  std::string temporary, finalPath;
};

} // namespace nnc

#endif
