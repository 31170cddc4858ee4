"""Builds the hand-written models of test/tools/nnc-run, which stand in for compiled ones."""

import copy
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "python"))


@pytest.fixture(autouse=True)
def tools(monkeypatch):
    """The folder of nnc and nnc-run: the built ones, or those of $NNC_BIN."""
    folder = pathlib.Path(os.environ.get("NNC_BIN", ROOT / "build" / "dev" / "bin"))
    monkeypatch.setenv("NNC_BIN", str(folder))
    monkeypatch.setenv("NNC_FLAGS", "--verify")
    return folder


FIRST_STATES = {}  # of the modules' generators


@pytest.fixture(autouse=True)
def numbers_anew(request):
    """A test draws the same numbers from its module's RNG whatever ran before it, and in whichever process."""
    generator = getattr(getattr(request.module, "RNG", None), "bit_generator", None)
    if generator:
        generator.state = FIRST_STATES.setdefault(request.module.__name__, copy.deepcopy(generator.state))


@pytest.fixture(params=["x86-64-v3", "native"])
def level(request):
    """The CPU level to compile for."""
    return request.param


@pytest.fixture(scope="session")
def fake(tmp_path_factory):
    """Returns a function from a model's name to the path of its shared library."""
    compiler = os.environ.get("CC") or shutil.which("clang-22") or shutil.which("cc")
    folder = tmp_path_factory.mktemp("fake")

    def build(name):
        library = folder / f"{name}.so"
        if not library.exists():
            source = ROOT / "test" / "tools" / "nnc-run" / "Inputs" / f"{name}.c"
            include = ROOT / "runtime" / "include"
            subprocess.run(
                [compiler, "-std=c11", "-shared", "-fPIC", f"-I{include}", source, "-o", library], check=True
            )
        return library

    return build
