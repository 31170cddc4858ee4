"""The comparison (bench/): all of it on a tiny network, and what tables make of results that went wrong."""

import importlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BENCH = ROOT / "bench"


@pytest.fixture
def bench(monkeypatch):
    """Modules of bench/, which are no package."""
    pytest.importorskip("onnx")
    monkeypatch.syspath_prepend(str(BENCH))
    names = ("networks", "peers", "tables", "chart", "measure", "worker")
    yield importlib.import_module
    for name in [name for name in sys.modules if name.split(".")[0] in names]:
        del sys.modules[name]


def row(name, **peers):
    values = {
        peer: {"median_ms": value} if isinstance(value, float) else {"error": value}
        for peer, value in peers.items()
    }
    return {f"{name}@1": {"threads": 1, "flops": 2_000_000, "fingerprint": [], "peers": values}}


RESULTS = {
    "machine": {
        "cpu": "a <CPU>",
        "cores": 2,
        "level": "x86-64-v3",
        "system": "Linux",
        "nnc": "nnc 1",
        "versions": {"onnxruntime": "1.2"},
        "peaks": {"1": {"gflops": {"256": 100.0}, "gbytes": 10.0}},
    },
    "rows": row("lenet5", nnc=1.0, onnxruntime=2.0, openvino="wrong: differs")
    | row("lstm", nnc=1.0, onnxruntime=8.0, openvino=0.5)
    | row("null_add", nnc="died", onnxruntime=1.0, openvino=1.0),
}


def test_tables(bench):
    tables = bench("tables")
    text = tables.section(RESULTS, {1: "chart.svg"})
    assert "| `lenet5` | 0.002 | 1.00 | 2% | 2.00 | - | 2.00 | - |" in text
    assert "| `lstm` | 0.002 | 1.00 | 2% | 8.00 | 0.5000 | 8.00 | 0.50 |" in text
    # Networks only, and only rows that were timed.
    assert "| **all networks, geometric mean** |  |  |  |  |  | **4.00** | **0.50** |" in text
    assert "- `lenet5`, number of threads 1, OpenVINO: wrong: differs" in text
    page = tables.replace_section(f"head\n{tables.BEGIN}\nold\n{tables.END}\ntail", text)
    assert page.startswith("head\n") and page.endswith("\ntail") and "old" not in page and text in page
    assert tables.replace_section(page, text) == page
    with pytest.raises(ValueError):
        tables.replace_section("no markers", text)


def test_chart(bench):
    drawing = xml.etree.ElementTree.fromstring(bench("chart").draw(RESULTS, 1))
    texts = [element.text for element in drawing.iter() if element.tag.endswith("text")]
    assert "lenet5" in texts and "8.00" in texts and "null_add" not in texts


def test_compilers_that_fail_are_told_without_paths(bench):
    told = bench("worker").told
    command = [pathlib.Path("/some/where/compile"), "/some/where/model"]
    assert told(subprocess.CalledProcessError(1, command)) == "compile ended with exit status 1"
    assert told(subprocess.TimeoutExpired(command, 900)) == "compile took more than 900 s"
    assert told(ValueError("no shape")) == "ValueError: no shape"


def test_wrong_results_are_seen(bench):
    numpy = pytest.importorskip("numpy")
    relative_error = bench("measure").relative_error
    one = numpy.array([1.0, -2.0], numpy.float32)
    assert relative_error([one], [one]) == 0
    assert relative_error([one], [one + 0.01]) == pytest.approx(0.005, rel=1e-3)
    assert relative_error([one], [one[:1]]) == float("inf")
    assert relative_error([one], [one * numpy.nan]) == float("inf")
    assert relative_error([one], []) == float("inf")


def test_every_network_is_listed(bench):
    networks = bench("networks")
    assert {entry.family for entry in networks.NETWORKS.values()} == set(networks.FAMILIES)
    assert {"resnet50", "bert_base", "lstm", "mmw_1x4096x4096"} <= set(networks.NETWORKS)


def test_run(bench, tmp_path):
    for package in ("onnx", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    tools = pathlib.Path(os.environ.get("NNC_BIN", ROOT / "build" / "dev" / "bin"))
    if not (tools / "nnc").exists():
        pytest.skip("nnc is not built")
    command = [
        sys.executable,
        BENCH / "run.py",
        "--python",
        sys.executable,
        "--folder",
        tmp_path,
        "--nnc",
        tools,
        "--models",
        "null_add,mlp_b1",
        "--threads",
        "1",
        "--peers",
        "openvino",
        "--rounds",
        "2",
        "--turn",
        "0.01",
    ]
    environ = {key: value for key, value in os.environ.items() if key != "NNC_BENCH_PYTHON"}
    first = subprocess.run(command, capture_output=True, text=True, env=environ)
    assert first.returncode == 0, first.stdout + first.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    for name in ("null_add", "mlp_b1"):
        record = results["rows"][f"{name}@1"]["peers"]
        assert record["nnc"]["relative_error"] < 1e-5
        assert record["nnc"]["median_ms"] > 0 and record["onnxruntime"]["median_ms"] > 0
    assert "| `mlp_b1` |" in (tmp_path / "results.md").read_text()
    assert (tmp_path / "results-1.svg").exists()
    # A second run finds everything done; a page gets the results between its markers.
    before, page = results["rows"], tmp_path / "page.md"
    tables = bench("tables")
    page.write_text(f"above\n{tables.BEGIN}\n{tables.END}\nbelow\n")
    subprocess.run([*command, "--publish", page], check=True, capture_output=True, env=environ)
    text = page.read_text()
    assert text.startswith("above") and text.endswith("below\n") and "](page-1.svg)" in text and "`mlp_b1`" in text
    assert (tmp_path / "page-1.svg").exists()
    page.write_text("no markers")
    refused = subprocess.run([*command, "--publish", page], capture_output=True, text=True, env=environ)
    assert refused.returncode == 1 and "page.md: the page has no" in refused.stderr
    assert page.read_text() == "no markers"
    assert json.loads((tmp_path / "results.json").read_text())["rows"] == before
    unknown = subprocess.run(
        [*command, "--models", "alexnet,nonet"], capture_output=True, text=True, env=environ
    )
    assert unknown.returncode == 1 and "there is no network nonet" in unknown.stderr
