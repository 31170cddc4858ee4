"""Compile ONNX models to native code with nnc, and run them.

    nnc.compile("resnet.onnx", "resnet.so")
    model = nnc.load("resnet.so", threads=4)
    outputs = model.run({"image": image})
"""

from .compiler import CompileError, compile
from .model import Bound, Model, RunError, Value, load
from .version import __version__

__all__ = ["Bound", "CompileError", "Model", "RunError", "Value", "__version__", "compile", "load"]
