"""Compares the operators that frontends/onnx/ops registers with those that docs/operators.md names."""

import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[3]
page = (root / "docs/operators.md").read_text()
missing = []
for source in sorted((root / "frontends/onnx/ops").glob("*.cpp")):
    text = source.read_text()
    names = re.findall(r'\.add\("([A-Za-z0-9]+)"', text)
    names += re.findall(r'addTo\("[a-z.]+", "([A-Za-z0-9]+)"', text)
    names += re.findall(r'\{"([A-Z][A-Za-z0-9]+)",\s*(?:UnaryKind|BinaryKind)', text)
    missing += [f"{name} ({source.name})" for name in names if not re.search(rf"\b{name}\b", page)]
if missing:
    sys.exit("docs/operators.md does not name " + ", ".join(missing))
