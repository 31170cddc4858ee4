#!/usr/bin/env bash
# The part of the tests that the AddressSanitizer and UndefinedBehaviorSanitizer build runs: the unit tests,
# the lit tests and hostile files, which reach most of nnc's own code. Only nnc and the runtime are
# instrumented; MLIR and LLVM are Debian's.
# usage: test/sanitized.sh   (after building the preset asan)
set -uo pipefail
source "$(dirname "$0")/../scripts/lib.sh"
source "$(dirname "$0")/../scripts/suites.sh"

export NNC_BIN=$NNC_ROOT/build/asan/bin
# Containers that cross into uninstrumented libraries, and what those keep at exit, are no findings.
export ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0:detect_odr_violation=0:abort_on_error=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:abort_on_error=1
errors=("$python" "$NNC_ROOT/test/errors/run.py" --compile-only --seconds 120 --megabytes 0)

unit_suite unit-sanitized asan
lit_suite lit-sanitized asan
suite hostile-sanitized "${errors[@]}" -k made_here
suite fuzz-sanitized "${errors[@]}" -k fuzz --fuzz 60 --seed 2
print_counts
