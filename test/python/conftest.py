"""Builds the hand-written models of test/tools/nnc-run, which stand in for compiled ones."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "python"))


@pytest.fixture(params=["x86-64-v3", "native"])
def level(request, monkeypatch):
    """The CPU level to compile for; nnc is the built one."""
    monkeypatch.setenv("NNC_BIN", os.environ.get("NNC_BIN", str(ROOT / "build" / "dev" / "bin")))
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
