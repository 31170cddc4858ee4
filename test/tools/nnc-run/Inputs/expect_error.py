"""usage: expect_error.py TEXT COMMAND...: passes when the command exits with 2 and one line of stderr with TEXT."""

import subprocess
import sys

text, command = sys.argv[1], sys.argv[2:]
done = subprocess.run(command, capture_output=True, text=True, timeout=60)
good = (
    done.returncode == 2
    and done.stderr.startswith("nnc-run: error: ")
    and done.stderr.count("\n") == 1
    and text in done.stderr
)
if not good:
    sys.exit(f"exit status {done.returncode}\n{done.stderr}")
