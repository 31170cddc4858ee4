"""Writes the ONNX backend test suite of the installed `onnx` package as files.

usage: generate.py FOLDER
 FOLDER/<kind>/<name>/ gets model.onnx and test_data_set_<i>/{input,output}_<j>.pb; FOLDER/index.json maps
"<kind>/<name>" to its operator and tolerances. The node cases exist in the package only as Python code; the
others lie there as files. A folder that is complete and of the same onnx version is left as it is."""

import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import DATA_DIR, load_node_model_tests
from onnx.backend.test.runner import Runner

DEFAULT_TOLERANCES = {"rtol": 1e-3, "atol": 1e-7}
FILE_KINDS = ("simple", "pytorch-converted", "pytorch-operator")


def to_proto(value, info):
    """The protobuf message that records `value` for the graph input or output `info`."""
    kind = info.type.WhichOneof("value")
    if kind == "map_type":
        return numpy_helper.from_dict(value, info.name)
    if kind == "sequence_type":
        return numpy_helper.from_list(value, info.name)
    if kind == "optional_type":
        return optional_to_proto(value, info)
    if isinstance(value, onnx.TensorProto):
        copy = onnx.TensorProto()
        copy.CopyFrom(value)
        copy.name = info.name
        return copy
    return numpy_helper.from_array(np.asarray(value), info.name)


def optional_to_proto(value, info):
    """An optional. The suite wraps an optional tensor in a list; an empty one carries no type."""
    element = info.type.optional_type.elem_type.WhichOneof("value")
    if isinstance(value, (list, tuple)) and element == "tensor_type":
        value = value[0] if value else None
    if value is None:
        return onnx.OptionalProto(name=info.name, elem_type=0)
    return numpy_helper.from_optional(value, info.name)


def write_message(path, message):
    path.write_bytes(message.SerializeToString(deterministic=True))


def write_node_cases(folder):
    for case in load_node_model_tests():
        target = folder / "node" / case.name
        target.mkdir(parents=True)
        write_message(target / "model.onnx", case.model)
        for index, (inputs, outputs) in enumerate(case.data_sets):
            data_set = target / f"test_data_set_{index}"
            data_set.mkdir()
            for kind, values, infos in (
                ("input", inputs, case.model.graph.input),
                ("output", outputs, case.model.graph.output),
            ):
                for number, (value, info) in enumerate(zip(values, infos)):
                    write_message(data_set / f"{kind}_{number}.pb", to_proto(value, info))
        yield f"node/{case.name}", {"rtol": case.rtol, "atol": case.atol}


def write_file_cases(folder):
    for kind in FILE_KINDS:
        for source in sorted((Path(DATA_DIR) / kind).glob("test_*")):
            if (source / "model.onnx").exists():
                shutil.copytree(source, folder / kind / source.name)
                described = source / "data.json"
                tolerances = json.loads(described.read_text()) if described.exists() else {}
                yield f"{kind}/{source.name}", {
                    key: tolerances.get(key, default) for key, default in DEFAULT_TOLERANCES.items()
                }


def write_light_cases(folder):
    """Well-known networks without their weights; the inputs are the suite's own dummy data."""
    for described in sorted((Path(DATA_DIR) / "real").glob("test_*/data.json")):
        case, name = json.loads(described.read_text()), described.parent.name
        source = Path(DATA_DIR) / "light" / f"light_{case['model_name']}.onnx"
        data_set = folder / "light" / name / "test_data_set_0"
        data_set.mkdir(parents=True)
        shutil.copy(source, data_set.parent / "model.onnx")
        model = onnx.load(source)
        initialized = {tensor.name for tensor in model.graph.initializer}
        fed = [info for info in model.graph.input if info.name not in initialized]
        for number, info in enumerate(fed):
            value = Runner.generate_dummy_data(info, seed=0, name=name, random=False)
            write_message(data_set / f"input_{number}.pb", numpy_helper.from_array(value, info.name))
        for number in range(len(model.graph.output)):
            shutil.copy(
                source.with_name(f"{source.stem}_output_{number}.pb"), data_set / f"output_{number}.pb"
            )
        yield f"light/{name}", {"rtol": case["rtol"], "atol": case["atol"]}


def operators_of(folder, names):
    """Which operator each case is about: its only node's, or, of an expanded case, that of the case it
    expands."""
    operators = {}
    for name in sorted(names, key=len):
        nodes = onnx.load(folder / name / "model.onnx", load_external_data=False).graph.node
        stem = name.split("_expanded")[0]
        kinds = {node.op_type for node in nodes}
        operators[name] = operators.get(stem) or (kinds.pop() if len(kinds) == 1 else "(several)")
    return operators


def generate(folder):
    """Writes the suite into `folder` unless it is there already; returns the index."""
    folder = Path(folder)
    index_file = folder / "index.json"
    if index_file.exists():
        index = json.loads(index_file.read_text())
        if index["onnx"] == onnx.__version__:
            return index["cases"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = dict([*write_node_cases(folder), *write_file_cases(folder), *write_light_cases(folder)])
    for name, operator in operators_of(folder, cases).items():
        cases[name]["operator"] = operator
    index_file.write_text(json.dumps({"onnx": onnx.__version__, "cases": cases}, indent=1))
    return cases


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{len(generate(sys.argv[1]))} cases, onnx {onnx.__version__}")
