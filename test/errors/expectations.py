"""What each kind of hostile file must lead to, as checks that raise Violation."""

from functools import partial

import numpy as np
import onnx
import onnxruntime

from support import compiled, tensors
from support.process import call_isolated

MAY_BE_ACCEPTED = {
    "accept",
    "reject_or_accept_no_crash",
    "reject_or_runtime_error",
    "accept, or reject with one clear line",
}
NAMES_UNKNOWN = "reject, naming every unknown operator and its node"

# Inputs that reach what a file is about, and whether the run must fail with a status.
SPECIAL_FEEDS = {
    "made_here/gather_oob_runtime.onnx": ({"i": np.array([0, 99], np.int64)}, True),
    "made_here/mod_zero.onnx": ({"b": np.zeros(1, np.int64)}, False),
}
# Loops 2^63 - 1 times, as it says.
NEVER_RUN = {"made_here/loop_forever.onnx"}
RANDOM_OPERATORS = set("Bernoulli Dropout Multinomial RandomNormal RandomNormalLike RandomUniform "
                       "RandomUniformLike".split())


class Violation(Exception):
    """The file did not end as it must."""


def check_accepted(expect, library):
    if expect not in MAY_BE_ACCEPTED:
        raise Violation("was accepted, must be rejected")
    if not library.exists():
        raise Violation("exit status 0 but no output file")


def check_rejected(expect, path, finished, left):
    lines = compiled.error_lines(finished)
    if expect == "accept":
        raise Violation(f"was rejected, must be accepted: {compiled.first_line(finished)}")
    if finished.status != 1:
        raise Violation(f"exit status {finished.status}, must be 1: {compiled.first_line(finished)}")
    if not compiled.is_clean_rejection(finished):
        raise Violation(f"stderr is not of the form `FILE: error: TEXT`: {lines[:3]}")
    if expect == NAMES_UNKNOWN:
        check_names_unknown(path, finished.stderr)
    elif len(lines) != 1 and not compiled.is_refusal(finished):
        raise Violation(f"{len(lines)} lines on stderr, must be one: {lines[:3]}")
    if left:
        raise Violation(f"left behind: {', '.join(sorted(file.name for file in left))}")


def check_names_unknown(path, stderr):
    """Every operator that the standard does not define, and its node, stands in the message."""
    model = onnx.load(path, load_external_data=False)
    functions = {(function.domain, function.name) for function in model.functions}
    for node in model.graph.node:
        if onnx.defs.has(node.op_type, node.domain) or (node.domain, node.op_type) in functions:
            continue
        for what in (node.op_type, node.name):
            if what not in stderr:
                raise Violation(f"the message does not name '{what}'")


def check_runs(name, path, library, arguments):
    """Runs an accepted file; returns what was seen. ONNX Runtime is the judge where it can run the file
    itself."""
    if name in NEVER_RUN:
        return "accepted"
    feeds, must_fail = None, False
    if name in SPECIAL_FEEDS:
        special, must_fail = SPECIAL_FEEDS[name]
        feeds = random_feeds(path) | special
    else:
        feeds = call_isolated(partial(random_feeds, path), arguments.seconds).value
    if feeds is None:
        return "accepted; its inputs are not tensors of known rank"
    limits = arguments.seconds, arguments.megabytes
    mine = call_isolated(partial(compiled.run_compiled, library, feeds), *limits)
    if mine.trouble:
        raise Violation(f"running: {mine.trouble}")
    if must_fail:
        if mine.status == 0:
            raise Violation("running must fail with a status and a message")
        return f"accepted; fails at run time: {mine.stderr}"
    theirs = call_isolated(partial(run_reference, path, feeds), *limits)
    if theirs.trouble or theirs.status != 0:
        return "accepted; ONNX Runtime cannot judge it"
    if mine.status != 0:
        raise Violation(f"running fails where ONNX Runtime does not: {mine.stderr}")
    compare(mine.value, theirs.value)
    return "accepted; as ONNX Runtime"


def random_feeds(path):
    """Seeded inputs with every open dim 2; None when an input is no tensor of known rank."""
    rng, feeds = np.random.default_rng(0), {}
    for info in tensors.graph_inputs(onnx.load(path, load_external_data=False)):
        if info.type.WhichOneof("value") != "tensor_type" or not info.type.tensor_type.HasField("shape"):
            return None
        dims = [dim if isinstance(dim, int) else 2 for dim in tensors.declared_dims(info)]
        feeds[info.name] = tensors.random_array(info.type.tensor_type.elem_type, dims, rng)
    return feeds


def run_reference(path, feeds):
    """ONNX Runtime's outputs; raises for a model whose outputs are random."""
    model = onnx.load(path, load_external_data=False)
    if any(node.op_type in RANDOM_OPERATORS for node in model.graph.node):
        raise ValueError("random")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def compare(mine, theirs):
    """Close to ONNX Runtime: its float32 results to 1e-3 of the maximum, narrow types to one step of
    theirs."""
    if len(mine) != len(theirs):
        raise Violation(f"{len(mine)} outputs, ONNX Runtime gives {len(theirs)}")
    for index, (got, reference) in enumerate(zip(mine, theirs)):
        if not isinstance(reference, np.ndarray):
            continue
        try:
            if reference.dtype.kind in "OUS":
                tensors.compare_official(got, reference, 0, 0)
            else:
                limit = 1e-3 if reference.dtype.itemsize > 2 else 1e-2
                tensors.compare_relative_to_max(got, reference, limit)
        except tensors.Mismatch as mismatch:
            raise Violation(f"output {index} differs from ONNX Runtime's: {mismatch}") from None
