# The lit suite. Tests call nnc, nnc-opt, nnc-run and FileCheck by name; these substitutions exist besides
# lit's own:
#
#   %python   the environment's Python, with the tree's `nnc` package importable
#   %cc %cxx  the compilers of the build
#   %root     the project's folder
#   %include  the public headers
#
# A test that needs the data beside the project says `REQUIRES: shared-data` and finds it as %shared.

import os

import lit.formats

config.name = "nnc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt", "unit", "conformance", "models", "errors", "support", "python"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.nnc_binary_root, "test")

tools = [os.path.join(config.nnc_binary_root, "bin"), config.llvm_tools_dir]
config.environment["PATH"] = os.pathsep.join(tools + [os.environ["PATH"]])
config.environment["PYTHONPATH"] = os.path.join(config.nnc_source_root, "python")
# MLIR and LLVM are not instrumented: containers that cross the border, and what they keep at exit, are no
# findings.
config.environment["ASAN_OPTIONS"] = (
    "detect_leaks=0:detect_container_overflow=0:detect_odr_violation=0:abort_on_error=1"
)
config.environment["UBSAN_OPTIONS"] = "halt_on_error=1:abort_on_error=1:print_stacktrace=1"

shared = os.path.join(os.path.dirname(config.nnc_source_root), "shared")
if os.path.isdir(shared):
    config.available_features.add("shared-data")
if config.sanitized:
    config.available_features.add("sanitized")

config.substitutions += [
    ("%python", config.python),
    ("%cxx", config.cxx_compiler),
    ("%cc", config.c_compiler),
    ("%root", config.nnc_source_root),
    ("%include", os.path.join(config.nnc_source_root, "runtime", "include")),
    ("%shared", shared),
]

config.maxIndividualTestTime = 120
