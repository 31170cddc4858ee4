#!/usr/bin/env bash
# Sets up, builds and runs every test there is.
# usage: scripts/test.sh
# The last line is `N passed, N failed, N skipped`; the exit status is 1 when anything failed.
set -uo pipefail
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/suites.sh"

# stop REASON: ends early, with the counts that are due.
stop() {
  end_step
  printf '\n%s\n%d passed, %d failed, %d skipped\n' "$1" "$passed" $((failed + 1)) "$skipped"
  exit 1
}

step_total=10

step "Setting up (scripts/setup.sh)"
"$NNC_ROOT/scripts/setup.sh" | sed -n '/^ /p'
[ "${PIPESTATUS[0]}" -eq 0 ] || stop "the set-up failed"

step "Building (build/dev)"
build dev || stop "the build failed: build/logs/build-dev.log"

step "Unit tests (GoogleTest)"
unit_suite unit dev

step "lit tests of the dialect, the passes and the tools"
lit_suite lit dev

step "Python package (pytest)"
suite python with_counts "$NNC_LOGS/python.xml" \
  "$python" -m pytest --quiet --numprocesses "$(nproc)" --junitxml "$NNC_LOGS/python.xml" "$NNC_ROOT/test/python"

step "ONNX backend suite, 2,033 cases"
suite conformance "$python" "$NNC_ROOT/test/conformance/run.py"

step "Real models (../shared/models)"
suite models "$python" "$NNC_ROOT/test/models/run.py"

step "Malformed and hostile files (../shared/bad, and fuzzed ones)"
suite errors "$python" "$NNC_ROOT/test/errors/run.py"

step "Examples"
suite examples "$NNC_ROOT/test/examples.sh"

step "A part of it with AddressSanitizer and UndefinedBehaviorSanitizer (build/asan)"
build asan || stop "the sanitizer build failed: build/logs/build-asan.log"
suite sanitized "$NNC_ROOT/test/sanitized.sh"
end_step

printf '\nAll took %s.\n' "$(duration $SECONDS)"
print_counts
