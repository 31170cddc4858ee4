#!/usr/bin/env bash
# Installs nnc from build/dev, builds and runs the examples, and looks at what they print.
# usage: test/examples.sh
# A line `ok c` or `FAILED c` for each, and `N passed, N failed, N skipped` at the end.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$root/build/examples
python=$root/build/venv/bin/python
prefix=$work/install
export CC=${CC:-clang-22} CXX=${CXX:-clang++-22}
passed=0 failed=0

# check NAME COMMAND...: the command prints a line for each of the ten pictures with the digit that is in its name.
check() {
  local name=$1 log=$work/$1.log digit
  shift
  if "$@" >"$log" 2>&1; then
    for digit in {0..9}; do
      grep -q "digit_$digit\.pgm: $digit (" "$log" || echo "digit $digit was not recognized" >>"$log.missing"
    done
  else
    echo "exit status $?" >"$log.missing"
  fi
  if [ -e "$log.missing" ]; then
    failed=$((failed + 1))
    echo "FAILED $name"
    tail -n 15 "$log" "$log.missing" | sed 's/^/    /'
  else
    passed=$((passed + 1))
    echo "ok $name"
  fi
}

example_c() {
  cp -r "$root/examples/c" "$work/c" &&
    make -C "$work/c" NNC_PREFIX="$prefix" MODEL="$work/digits.onnx" &&
    "$work/c/classify" "$work"/digit_*.pgm
}

example_cpp() {
  cmake -G Ninja -S "$root/examples/cpp" -B "$work/cpp" -DCMAKE_PREFIX_PATH="$prefix" \
    -DMODEL="$work/digits.onnx" -DCMAKE_BUILD_TYPE=Release &&
    cmake --build "$work/cpp" &&
    "$work/cpp/classify" "$work"/digit_*.pgm
}

example_python() {
  PYTHONPATH=$root/python NNC_BIN=$prefix/bin \
    "$python" "$root/examples/python/classify.py" "$work/digits.onnx" "$work"/digit_*.pgm
}

rm -rf "$work"
mkdir -p "$work"
{
  cmake --install "$root/build/dev" --prefix "$prefix" &&
    "$python" "$root/scripts/make_example_model.py" "$work"
} >"$work/prepare.log" 2>&1 || {
  tail -n 5 "$work/prepare.log"
  echo "0 passed, 3 failed, 0 skipped"
  exit 1
}
for name in c cpp python; do
  check "$name" "example_$name"
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
