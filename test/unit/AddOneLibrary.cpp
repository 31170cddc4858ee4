// The bridge from hpp_test.cpp, which knows nothing of the compiler, to the compiler.

#include "TinyModel.h"

using namespace nnc::test;

std::string addOneLibrary(const char *name) {
  static TemporaryFolder folder;
  std::string path = folder / (std::string(name) + ".so");
  llvm::cantFail(nnc::test::buildLibrary(addOneModule(), addOneInfo(name), "", path));
  return path;
}
