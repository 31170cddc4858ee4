#!/usr/bin/env python3
"""Times nnc against its peers: ONNX Runtime, OpenVINO and IREE.

    bench/run.py                                everything: half an hour or more
    bench/run.py --quick                        a few small networks, few rounds
    bench/run.py --models resnet50,lstm --threads 1 --peers onnxruntime
    bench/run.py --publish                      writes the results into docs/performance.md too
    bench/run.py --publish docs/other.md        into another page, for another machine

The first run makes a Python environment with the peers under build/bench. Results are kept there; a row that
was measured with the same compiler and settings is not measured again (--again does).
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
QUICK = ("lenet5", "squeezenet", "mlp_b1", "mlp_b64", "lstm", "bert_mini_decomp", "mmw_512", "null_add")


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", help="names, separated by commas (default: all)")
    parser.add_argument(
        "--peers", default="onnxruntime,openvino,iree", help="besides nnc (default: %(default)s)"
    )
    parser.add_argument("--threads", default="1,2", help="numbers of threads (default: %(default)s)")
    parser.add_argument("--rounds", type=int, help="turns of each peer (default: 7)")
    parser.add_argument("--turn", type=float, help="seconds of a turn (default: 0.25)")
    parser.add_argument("--quick", action="store_true", help="small networks, three short rounds")
    parser.add_argument("--again", action="store_true", help="measure what was measured before")
    parser.add_argument(
        "--publish",
        type=pathlib.Path,
        nargs="?",
        const=ROOT / "docs" / "performance.md",
        metavar="PAGE",
        help="write the results into a page, docs/performance.md by default, between its markers",
    )
    parser.add_argument(
        "--nnc", type=pathlib.Path, help="folder of nnc and nnc-run (default: build/release or build/dev)"
    )
    parser.add_argument("--nnc-flags", default="", help="more flags for nnc, separated by blanks")
    parser.add_argument(
        "--folder", type=pathlib.Path, default=ROOT / "build" / "bench", help="where everything goes"
    )
    parser.add_argument(
        "--python", type=pathlib.Path, help="an interpreter that has the peers, instead of an own environment"
    )
    parser.add_argument(
        "--lock", type=pathlib.Path, help="a file to hold locked while a row is measured, on shared machines"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the networks")
    return parser.parse_args()


def enter_environment(options):
    """Goes on in an interpreter that has the peers, made where there is none."""
    if os.environ.get("NNC_BENCH_PYTHON"):
        return
    python = options.python
    if python is None:
        environment = options.folder / "venv"
        python, stamp = environment / "bin" / "python", environment / "requirements.txt"
        wanted = (HERE / "requirements.txt").read_text()
        if not stamp.exists() or stamp.read_text() != wanted:
            print(f"installing the peers into {environment}", flush=True)
            subprocess.run([sys.executable, "-m", "venv", environment], check=True)
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True
            )
            stamp.write_text(wanted)
    # Peers must not be offered more threads than they are asked to use; numpy is no peer.
    environ = dict(os.environ, NNC_BENCH_PYTHON="1", OPENBLAS_NUM_THREADS="1")
    os.execve(python, [str(python), str(HERE / "run.py"), *sys.argv[1:]], environ)


def find_nnc(options):
    for folder in (
        [options.nnc] if options.nnc else [ROOT / "build" / kind / "bin" for kind in ("release", "dev")]
    ):
        if (folder / "nnc").exists() and (folder / "nnc-run").exists():
            return folder.resolve()
    sys.exit("bench: error: there is no nnc to measure; build it, or name its folder with --nnc")


class Settings:
    def __init__(self, options):
        self.rounds = options.rounds or (3 if options.quick else 7)
        self.turn = options.turn or (0.1 if options.quick else 0.25)
        self.artifacts = options.folder / "artifacts"
        self.nnc = find_nnc(options)
        self.nnc_flags = options.nnc_flags.split()
        self._lock = options.lock
        self.artifacts.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def quiet(self):
        """While a row is measured nobody else should work; whoever shares the machine locks the same file."""
        if not self._lock:
            yield
            return
        with open(self._lock, "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def fingerprint(self, facts, peer_names):
        """Equal where a row need not be measured again."""
        compiler = hashlib.sha256((self.nnc / "nnc").read_bytes()).hexdigest()[:16]
        return [facts["fingerprint"], compiler, self.rounds, self.turn, self.nnc_flags, list(peer_names)]


class Results:
    """Kept in a file that is always whole."""

    def __init__(self, path):
        self.path = path
        self.data = json.loads(path.read_text()) if path.exists() else {"machine": {}, "rows": {}}

    def save(self):
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.data, indent=1))
        temporary.replace(self.path)


def summary(name, threads, record):
    import peers

    parts = []
    for peer, values in record.items():
        parts.append(
            f"{peers.TITLES[peer]} {values['median_ms']:.3f} ms"
            if "median_ms" in values
            else f"{peers.TITLES[peer]}: {values.get('error', 'nothing')[:80]}"
        )
    return f"{name}, threads: {threads}: " + ", ".join(parts)


def write_pages(results, options):
    import chart
    import tables

    thread_counts = sorted({row["threads"] for row in results["rows"].values()})
    written = [options.folder / "results.md"] + ([options.publish] if options.publish else [])
    for page in written:
        drawings = {threads: f"{page.stem}-{threads}.svg" for threads in thread_counts}
        text = tables.section(results, drawings)
        for threads, file in drawings.items():
            page.with_name(file).write_text(chart.draw(results, threads))
        page.write_text(tables.replace_section(page.read_text(), text) if page == options.publish else text + "\n")
    print(f"\n{text}\n\nwritten: {', '.join(map(str, written))}")


def check_page(page):
    """Before everything is measured, not after."""
    import tables

    try:
        tables.replace_section(page.read_text(), "")
    except (OSError, ValueError) as error:
        sys.exit(f"bench: error: {page}: {error}")


def main():
    options = parse()
    sys.path[:0] = [str(HERE), str(ROOT / "python")]
    options.folder = options.folder.resolve()
    options.folder.mkdir(parents=True, exist_ok=True)
    enter_environment(options)
    import machine
    import networks
    import peers
    from measure import REFERENCE, measure

    if options.list:
        print("\n".join(networks.NETWORKS))
        return 0
    names = (
        options.models.split(",") if options.models else list(QUICK if options.quick else networks.NETWORKS)
    )
    if unknown := [name for name in names if name not in networks.NETWORKS]:
        sys.exit(f"bench: error: there is no network {', '.join(unknown)}; --list prints them")
    chosen = [peer for peer in options.peers.split(",") if peer]
    if unknown := [peer for peer in chosen if peer not in peers.NAMES]:
        sys.exit(
            f"bench: error: there is no peer {', '.join(unknown)}; they are {', '.join(peers.NAMES[1:])}"
        )
    chosen = ["nnc", *dict.fromkeys([REFERENCE, *chosen])]
    for peer in [peer for peer in chosen if not peers.is_available(peer)]:
        print(f"skipped: {peers.TITLES[peer]} is not installed", flush=True)
        chosen.remove(peer)
    if REFERENCE not in chosen:
        sys.exit("bench: error: without ONNX Runtime there is nothing to check results against")
    if options.publish:
        check_page(options.publish)
    thread_counts = [int(count) for count in options.threads.split(",")]

    settings = Settings(options)
    results = Results(options.folder / "results.json")
    with settings.quiet():
        results.data["machine"] = machine.describe(
            settings.nnc,
            sorted(set(thread_counts) | {row["threads"] for row in results.data["rows"].values()}),
            chosen,
        )
    wrong = 0
    for name in names:
        model, facts = networks.make(name, options.folder / "models")
        for threads in thread_counts:
            key, fingerprint = f"{name}@{threads}", settings.fingerprint(facts, chosen)
            before = results.data["rows"].get(key)
            if before and before["fingerprint"] == fingerprint and not options.again:
                record = before["peers"]
            else:
                with settings.quiet():
                    record = measure(name, model, facts, threads, chosen, settings)
                results.data["rows"][key] = {
                    "threads": threads,
                    "flops": facts["flops"],
                    "fingerprint": fingerprint,
                    "peers": record,
                }
                results.save()
            wrong += "error" in record["nnc"]
            print(summary(name, threads, record), flush=True)
    results.save()
    write_pages(results.data, options)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
