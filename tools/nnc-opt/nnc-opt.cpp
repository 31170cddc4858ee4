//===- nnc-opt.cpp - runs passes on IR, for tests and the curious -------------===//
#include "compiler/Compiler.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "passes/Passes.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  nnc::registerNNCPasses();
  mlir::DialectRegistry registry;
  nnc::registerDialects(registry);
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "nnc-opt\n", registry));
}
