"""nnc.compile, on a program that stands in for nnc."""

import pytest

import nnc


@pytest.fixture
def fake_nnc(tmp_path, monkeypatch):
    """An nnc that writes its arguments to its output file, or refuses a model called bad.onnx."""
    program = tmp_path / "nnc"
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = bad.onnx ]; then echo "bad.onnx: error: it is bad" >&2; exit 1; fi\n'
        'echo "$@" > "$3"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("NNC_BIN", str(tmp_path))


def test_options_become_flags(fake_nnc, tmp_path, monkeypatch):
    output = tmp_path / "m.so"
    monkeypatch.setenv("NNC_FLAGS", " --threads=1  --verify ")
    options = {"cpu": "x86-64-v4", "O": 3, "check": True, "v": None, "emit_header": False, "dim": {"n": 1, "m": 2}}
    assert nnc.compile("m.onnx", output, **options) == output
    flags = "--threads=1 --verify --cpu=x86-64-v4 -O3 --check --dim=n=1 --dim=m=2"
    assert output.read_text() == f"m.onnx -o {output} {flags}\n"


def test_the_message_is_nncs(fake_nnc, tmp_path):
    with pytest.raises(nnc.CompileError, match="^bad.onnx: error: it is bad$"):
        nnc.compile("bad.onnx", tmp_path / "m.so")


def test_no_program(monkeypatch, tmp_path):
    monkeypatch.setenv("NNC_BIN", str(tmp_path))
    with pytest.raises(nnc.CompileError, match="there is no nnc in it"):
        nnc.compile("m.onnx", "m.so")


def test_version():
    assert nnc.__version__.count(".") == 2
