# Sourced by the scripts beside it: where things are, numbered steps that say how long they took, the build.

NNC_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
NNC_VENV=$NNC_ROOT/build/venv
NNC_LOGS=$NNC_ROOT/build/logs
NNC_LLVM=/usr/lib/llvm-22

# ccache reuses objects across clones, and accepts the precompiled header, only with these.
export CCACHE_BASEDIR=$NNC_ROOT
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

step_number=0
step_started=

# step TITLE: ends the step before it and starts the next one; "of $step_total" where the script knows it.
step() {
  end_step
  step_number=$((step_number + 1))
  step_started=$SECONDS
  printf '\n[%d%s] %s\n' "$step_number" "${step_total:+/$step_total}" "$1"
}

end_step() {
  if [ -n "$step_started" ]; then
    printf '    took %s\n' "$(duration $((SECONDS - step_started)))"
    step_started=
  fi
}

duration() {
  if [ "$1" -lt 60 ]; then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}

note() { printf '    %s\n' "$*"; }

die() {
  printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Of ninja's output: warnings and errors as they come, progress at most every ten seconds.
show_progress() {
  local line next=0
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]]; then
      if [ "$SECONDS" -ge "$next" ] || [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]; then
        note "${BASH_REMATCH[0]}$(duration $((SECONDS - step_started)))"
        next=$((SECONDS + 10))
      fi
    elif [[ $line != "ninja: Entering directory"* ]]; then
      printf '%s\n' "$line"
    fi
  done
}

# build PRESET [TARGET...]: configures when there is nothing configured yet, then builds; ninja reruns cmake
# itself when a CMakeLists.txt changed.
build() {
  local preset=$1 folder=$NNC_ROOT/build/$1
  shift
  mkdir -p "$NNC_LOGS"
  if [ ! -f "$folder/build.ninja" ]; then
    note "configuring (log: build/logs/cmake-$preset.log)"
    (cd "$NNC_ROOT" && cmake --preset "$preset") >"$NNC_LOGS/cmake-$preset.log" 2>&1 || {
      tail -n 20 "$NNC_LOGS/cmake-$preset.log"
      return 1
    }
  fi
  ninja -C "$folder" "$@" 2>&1 | tee "$NNC_LOGS/build-$preset.log" | show_progress
  return "${PIPESTATUS[0]}"
}
