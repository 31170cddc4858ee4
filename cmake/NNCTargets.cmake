# What every target of the project shares: MLIR's include paths and flags, warnings, ccache, mold, one precompiled
# header, and nnc_library() that puts them together.

find_program(NNC_CCACHE ccache)
if(NNC_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${NNC_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${NNC_CCACHE})
endif()
find_program(NNC_MOLD mold)
if(NNC_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  add_link_options(-fuse-ld=mold)
endif()

if(NNC_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr,function -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# Everything that includes MLIR headers links this interface target. MLIR and LLVM come as shared libraries only:
# a static MLIR library next to them would duplicate their globals.
add_library(nnc_mlir INTERFACE)
target_include_directories(nnc_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS} ${LLD_INCLUDE_DIRS})
target_include_directories(nnc_mlir INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_options(nnc_mlir INTERFACE -fno-exceptions -Wall -Wextra -Wno-unused-parameter)
target_compile_definitions(nnc_mlir INTERFACE _GNU_SOURCE __STDC_LIMIT_MACROS NNC_VERSION="${PROJECT_VERSION}")
target_link_libraries(nnc_mlir INTERFACE MLIR LLVM)
# mlir_tablegen() reads the directory's include paths.
include_directories(${PROJECT_SOURCE_DIR} SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})

# The precompiled header takes a pass from 13 s to 3 s. No header of the project's own in it: they change.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp.in "")
configure_file(${CMAKE_BINARY_DIR}/pch.cpp.in ${CMAKE_BINARY_DIR}/pch.cpp COPYONLY)
add_library(nnc_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
target_link_libraries(nnc_pch PUBLIC nnc_mlir)
target_precompile_headers(nnc_pch PRIVATE
  <mlir/IR/BuiltinOps.h> <mlir/IR/PatternMatch.h> <mlir/IR/Matchers.h> <mlir/IR/DialectResourceBlobManager.h>
  <mlir/Dialect/Affine/IR/AffineOps.h> <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/LLVMIR/LLVMDialect.h> <mlir/Dialect/Math/IR/Math.h> <mlir/Dialect/MemRef/IR/MemRef.h>
  <mlir/Dialect/SCF/IR/SCF.h> <mlir/Dialect/Tensor/IR/Tensor.h> <mlir/Dialect/Vector/IR/VectorOps.h>
  <mlir/Pass/PassManager.h> <mlir/Transforms/DialectConversion.h>
  <mlir/Transforms/GreedyPatternRewriteDriver.h> <llvm/Support/raw_ostream.h> <llvm/Support/Error.h>
  <string> <vector> <memory> <optional>)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  target_compile_options(nnc_mlir INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()

# nnc_library(NAME sources... [DEPENDS targets that generate headers...] [LINK libraries...])
function(nnc_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC nnc_mlir ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM nnc_pch)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# nnc_tool(NAME sources... LINK libraries...): an executable in bin/.
function(nnc_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE nnc_mlir ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM nnc_pch)
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()
