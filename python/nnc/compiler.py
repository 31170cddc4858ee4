"""Run the nnc program."""

import os
import pathlib
import shutil
import subprocess


class CompileError(Exception):
    """nnc rejected the model; the message is what it said."""


def find_program():
    """Returns the path of nnc: in the folder $NNC_BIN, in the package's own bin folder, or on the PATH."""
    folder = os.environ.get("NNC_BIN")
    if folder:
        found = shutil.which("nnc", path=folder)
        if not found:
            raise CompileError(f"NNC_BIN is {folder}, and there is no nnc in it")
        return found
    own = pathlib.Path(__file__).parent / "bin"
    found = shutil.which("nnc", path=str(own)) or shutil.which("nnc")
    if not found:
        raise CompileError("no nnc program found: put it on the PATH, or set NNC_BIN to its folder")
    return found


def _flags(options):
    """Spells keyword arguments as nnc's options.

    cpu="x86-64-v4" is --cpu=x86-64-v4, O=3 is -O3, check=True is --check, False and None are left out, a list repeats
    the option, and a dict repeats it with `key=value`: dim={"batch": 1} is --dim=batch=1.
    """
    flags = []
    for key, value in options.items():
        name = "--" + key.replace("_", "-")
        if value is None or value is False:
            continue
        if key == "O":
            flags.append(f"-O{value}")
        elif value is True:
            flags.append(name)
        elif isinstance(value, dict):
            flags += [f"{name}={entry}={size}" for entry, size in value.items()]
        elif isinstance(value, (list, tuple)):
            flags += [f"{name}={entry}" for entry in value]
        else:
            flags.append(f"{name}={value}")
    return flags


def compile(model, output, **options):
    """Compiles the ONNX file `model` to `output` and returns the path of `output`.

    Keyword arguments are nnc's options with underscores for dashes: see `nnc --help`. Those in $NNC_FLAGS, between
    spaces, come first. Raises CompileError with nnc's message if it refuses the model.
    """
    flags = os.environ.get("NNC_FLAGS", "").split() + _flags(options)
    command = [find_program(), os.fspath(model), "-o", os.fspath(output), *flags]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        message = done.stderr.strip() or f"nnc ended with exit status {done.returncode}"
        raise CompileError(message)
    return output
