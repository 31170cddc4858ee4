"""Assembles every *.txt of a folder, a model in ONNX's text form, to an .onnx file beside it."""

import pathlib
import sys

import onnx
import onnx.parser

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.txt")):
    onnx.save(onnx.parser.parse_model(path.read_text()), str(path.with_suffix(".onnx")))
