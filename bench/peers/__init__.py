"""The runtimes that are compared.

A peer is a module of this folder with

    PACKAGE                     what must be importable, None: nothing
    prepare(job)                compiles ahead of time, where the peer does; may take minutes, untimed
    class Peer(job)             loads the model with job.threads threads and job.inputs bound
        .run()                  one inference, on the bound inputs into buffers of the peer's own or bound ones
        .outputs()              the results of the last run as arrays

`job` is a `worker.Job`.
"""

import importlib
import importlib.util

NAMES = ("nnc", "onnxruntime", "openvino", "iree")
TITLES = {"nnc": "nnc", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "iree": "IREE"}


def load(name):
    return importlib.import_module(f"peers.{name}_peer")


def is_available(name):
    package = load(name).PACKAGE
    try:
        return package is None or importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
