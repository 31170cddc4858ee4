#!/usr/bin/env bash
# Installs what is missing to build and test nnc: Debian packages, and a Python environment under build/venv.
# usage: scripts/setup.sh
# Asks nothing, changes nothing that is already there, and needs no network when everything is.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# package: a file or a command that proves it is there, however it was installed.
needed_packages="
clang-22:clang++-22
libclang-rt-22-dev:$NNC_LLVM/lib/clang/22/lib
lld-22:$NNC_LLVM/bin/ld.lld
liblld-22-dev:$NNC_LLVM/lib/cmake/lld/LLDConfig.cmake
llvm-22-dev:$NNC_LLVM/lib/cmake/llvm/LLVMConfig.cmake
llvm-22-tools:$NNC_LLVM/bin/FileCheck
libmlir-22-dev:$NNC_LLVM/lib/cmake/mlir/MLIRConfig.cmake
mlir-22-tools:$NNC_LLVM/bin/mlir-tblgen
g++:/usr/include/c++
make:make
libc6-dev:/usr/include/stdlib.h
binutils:readelf
cmake:cmake
ninja-build:ninja
mold:mold
ccache:ccache
protobuf-compiler:protoc
libprotobuf-dev:/usr/include/google/protobuf/message_lite.h
libgtest-dev:/usr/include/gtest/gtest.h
pkg-config:pkg-config
libzip-dev:/usr/include/zip.h
zlib1g-dev:/usr/include/zlib.h
libzstd-dev:/usr/include/zstd.h
"

is_there() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# The first Python that is new enough and can make an environment.
find_python() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

install_packages() {
  local entry missing=() as_root=()
  for entry in $needed_packages; do
    is_there "${entry#*:}" || missing+=("${entry%%:*}")
  done
  find_python >/dev/null || missing+=(python3 python3-venv)
  if [ ${#missing[@]} -eq 0 ]; then
    note "all there"
    return
  fi
  note "missing: ${missing[*]}"
  command -v apt-get >/dev/null || die "this is not Debian: install what corresponds to: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "run as root once, or install: ${missing[*]}"
    as_root=(sudo)
  fi
  note "apt-get update and install (log: build/logs/apt.log)"
  "${as_root[@]}" apt-get update >"$NNC_LOGS/apt.log" 2>&1 ||
    die "apt-get update failed: $(tail -n 1 "$NNC_LOGS/apt.log")"
  if [[ " ${missing[*]} " == *" clang-22 "* ]] && [ -z "$(apt-cache madison clang-22 2>/dev/null)" ]; then
    die "apt knows no clang-22: Debian 12 has it in the suite bookworm-security; add that to the sources"
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends "${missing[@]}" >>"$NNC_LOGS/apt.log" 2>&1 || die "apt-get install failed: $(grep -m 1 '^E:' "$NNC_LOGS/apt.log")"
  note "installed ${#missing[@]} packages"
}

install_python_packages() {
  local requirements=$NNC_ROOT/scripts/requirements.txt stamp=$NNC_VENV/requirements.installed python
  if [ ! -x "$NNC_VENV/bin/python" ] || ! "$NNC_VENV/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(find_python) || die "no python3 of version 3.11 or newer with the venv module"
    "$python" -m venv --clear "$NNC_VENV"
    note "made build/venv with $("$python" --version)"
  fi
  if cmp -s "$requirements" "$stamp"; then
    note "all there"
    return
  fi
  note "pip install: $(grep -v '^#' "$requirements" | tr '\n' ' ')"
  "$NNC_VENV/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
    --requirement "$requirements" >"$NNC_LOGS/pip.log" 2>&1 || die "pip install failed: $(tail -n 1 "$NNC_LOGS/pip.log")"
  cp "$requirements" "$stamp"
}

mkdir -p "$NNC_LOGS"
step_total=2
step "Debian packages"
install_packages
step "Python packages in build/venv"
install_python_packages
end_step
