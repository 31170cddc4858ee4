#!/usr/bin/env bash
# From nothing to a compiled network: sets up, builds nnc, compiles a real ONNX model, runs it, and says what
# it saw.
# usage: scripts/quickstart.sh
set -euo pipefail
source "$(dirname "$0")/lib.sh"

step_total=5
example=$NNC_ROOT/build/quickstart
tools=$NNC_ROOT/build/dev/bin

step "Setting up (scripts/setup.sh)"
"$NNC_ROOT/scripts/setup.sh" | sed -n '/^ /p'

step "Building nnc (build/dev; the first time takes minutes, the next seconds)"
build dev || die "the build failed, see build/logs/build-dev.log"

step "Making a real network: a classifier of handwritten digits, trained here"
mkdir -p "$example"
"$NNC_VENV/bin/python" "$NNC_ROOT/scripts/make_example_model.py" "$example" | sed 's/^/    /'

step "Compiling it: nnc digits.onnx -o digits.so"
"$tools/nnc" "$example/digits.onnx" -o "$example/digits.so"
note "digits.onnx has $(stat -c %s "$example/digits.onnx") bytes, digits.so $(stat -c %s "$example/digits.so")"
note "it needs: $(readelf -d "$example/digits.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')"

step "Running it, and checking against what ONNX Runtime says"
export PYTHONPATH=$NNC_ROOT/python
"$NNC_VENV/bin/python" "$NNC_ROOT/scripts/show_example.py" "$example" | sed 's/^/    /'
end_step

cat <<END

Done in $(duration $SECONDS). What to try next:
    build/dev/bin/nnc-run build/quickstart/digits.so --info                    inputs, outputs, memory, CPU levels
    build/dev/bin/nnc-run build/quickstart/digits.so --dim batch=1 --bench     how long a run takes
    build/dev/bin/nnc YOUR_MODEL.onnx -o model.so                              a model of your own
    scripts/test.sh                                                            all the tests
END
