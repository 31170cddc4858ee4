"""Compiling with nnc and running the result, under limits, in the ways that all the runners need."""

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

from . import paths  # also makes the tree's own `nnc` package importable
from .process import run_command

import nnc

ERROR_LINE = re.compile(r"^.*: error: .*$")
WARNING_LINE = re.compile(r"^.*: (warning|note): .*$")


def compile_model(model, output, options=(), seconds=30, megabytes=0):
    """Runs nnc; see Finished for what it returns."""
    return run_command(
        [paths.NNC, model, "-o", output, *options], seconds, megabytes, cwd=Path(output).parent
    )


def run_compiled(library, feeds, threads=1):
    """Loads and runs a compiled model in this process; the outputs in their declared order."""
    outputs = nnc.load(str(library), threads=threads).run(feeds)
    return list(outputs.values())


@contextmanager
def scratch_folder():
    """A fresh folder under build/, removed afterwards."""
    parent = paths.BUILD / "test-scratch"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def error_lines(finished):
    """The lines on stderr that are not warnings."""
    return [line for line in finished.stderr.splitlines() if not WARNING_LINE.match(line)]


def is_clean_rejection(finished):
    """Exit status 1 and nothing but errors in the one-line form."""
    lines = error_lines(finished)
    return finished.status == 1 and not finished.trouble and bool(lines) and all(map(ERROR_LINE.match, lines))


def is_refusal(finished):
    """A rejection that says `unsupported`: nnc does not take this model, which is no verdict on the model."""
    return is_clean_rejection(finished) and all("unsupported" in line for line in error_lines(finished))


def refusal_reason(finished):
    """`Operator: message` of the first error line, without file and node names."""
    text = error_lines(finished)[0].split(": error: ", 1)[1]
    named = re.search(r"\(([\w.:]+), opset \d+\): (.*)$", text)
    return f"{named[1]}: {named[2]}" if named else text


def first_line(finished):
    """What to say about an unexpected end: the trouble, or the last words."""
    words = (finished.stderr.strip() or finished.stdout.strip() or "no message").splitlines()
    text = f"exit status {finished.status}: {words[0]}" if finished.status else words[0]
    return f"{finished.trouble}; {words[-1]}" if finished.trouble else text
