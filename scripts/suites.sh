# Sourced by scripts/test.sh and test/sanitized.sh after lib.sh: runs test suites and adds up their counts.

python=$NNC_VENV/bin/python
passed=0 failed=0 skipped=0
verdicts=()

# suite NAME COMMAND...: runs a suite that ends with a line `N passed, N failed, N skipped`, and adds that up.
# A suite that says nothing, or ends badly without a failure to show for it, counts as one failure.
suite() {
  local name=$1 log=$NNC_LOGS/test-$1.log status counts
  local pattern='^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$'
  shift
  "$@" 2>&1 | tee "$log" | sed 's/^/    /'
  status=${PIPESTATUS[0]}
  counts=$(grep -E "$pattern" "$log" | tail -n 1)
  if [[ ! $counts =~ $pattern ]]; then
    note "$name ended with status $status and no counts: one failure"
    counts="0 passed, 1 failed, 0 skipped"
  elif [ "$status" -ne 0 ] && [ "${BASH_REMATCH[2]}" -eq 0 ]; then
    note "$name ended with status $status: one failure"
    counts="${BASH_REMATCH[1]} passed, 1 failed, ${BASH_REMATCH[3]} skipped"
  fi
  [[ $counts =~ $pattern ]]
  passed=$((passed + BASH_REMATCH[1]))
  failed=$((failed + BASH_REMATCH[2]))
  skipped=$((skipped + BASH_REMATCH[3]))
  verdicts+=("$(printf '%-18s %s' "$name" "$counts")")
}

# with_counts XML COMMAND...: a tool that writes JUnit XML, and then the counts that stand there.
with_counts() {
  local xml=$1 status
  shift
  rm -f "$xml"
  "$@"
  status=$?
  [ -f "$xml" ] && "$python" "$NNC_ROOT/scripts/count_junit.py" "$xml"
  return $status
}

# unit_suite NAME PRESET: the GoogleTest programs of a build.
unit_suite() {
  local xml=$NNC_LOGS/$1.xml
  suite "$1" with_counts "$xml" ctest --test-dir "$NNC_ROOT/build/$2" --output-junit "$xml" \
    --output-on-failure --timeout 120 --no-tests=error -j "$(nproc)"
}

# lit_suite NAME PRESET: the lit tests, with the tools of a build.
lit_suite() {
  local xml=$NNC_LOGS/$1.xml
  suite "$1" with_counts "$xml" "$python" "$NNC_VENV/bin/lit" --succinct --verbose \
    --xunit-xml-output "$xml" "$NNC_ROOT/build/$2/test"
}

# Prints what every suite said; the last line is the sum. The status is 1 when anything failed.
print_counts() {
  printf '    %s\n' "${verdicts[@]}"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}
