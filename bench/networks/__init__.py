"""The networks of the comparison, as ONNX models with random weights that are the same everywhere.

Each entry of `NETWORKS` says how one is built and to which group of the result tables it belongs. `make()` writes the
model and a small description of it, and does nothing where both are there already and the code is unchanged.
"""

import dataclasses
import hashlib
import json
import pathlib

from . import connected, halves, operators, sequence, signals, unusual, vision
from .builder import Network
from .cost import count_flops

FAMILIES = (
    "Convolutional networks",
    "Groups, concatenations and ways around",
    "Volumes, signals and growing pictures",
    "Unusual layers",
    "Sequence models and perceptrons",
    "Half precision",
    "Single operators",
)


@dataclasses.dataclass
class Entry:
    build: callable
    family: str
    opset: int = 17
    half: bool = False


NETWORKS = {}
for family, module in zip(FAMILIES, (vision, connected, signals, unusual, sequence, halves, operators)):
    for name, value in module.NETWORKS.items():
        build, opset = value if isinstance(value, tuple) else (value, 17)
        NETWORKS[name] = Entry(build, family, opset, half=module is halves)


def _fingerprint(name):
    """Changes when the code that builds the network may have."""
    digest = hashlib.sha256(name.encode())
    for source in sorted(pathlib.Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def make(name, folder):
    """Returns the path of the model and its description: inputs, FLOPs, weights."""
    import onnx

    entry = NETWORKS[name]
    model_path, facts_path = folder / f"{name}.onnx", folder / f"{name}.json"
    fingerprint = _fingerprint(name)
    if model_path.exists() and facts_path.exists():
        facts = json.loads(facts_path.read_text())
        if facts["fingerprint"] == fingerprint:
            return model_path, facts
    network = Network(name, entry.opset, entry.half)
    entry.build(network)
    model = network.model()
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(model_path))
    facts = {
        "fingerprint": fingerprint,
        "family": entry.family,
        "inputs": network.inputs,
        "flops": count_flops(model),
        "weights": network.weight_count,
        # Peers round to halves after some operators and not after others.
        "tolerance": 5e-3 if entry.half else 1e-3,
    }
    facts_path.write_text(json.dumps(facts, indent=1))
    return model_path, facts
