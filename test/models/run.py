#!/usr/bin/env python3
"""Compiles every real model beside the project (../shared/models) and compares it with its recorded outputs.
 Each model is run with 1 and 2 threads on all of its data sets. A model with symbolic dims is run on other
sizes too, made from the recorded inputs and judged by ONNX Runtime. What is known not to pass stands in
known_failures.txt, which only shrinks."""

import re
import argparse
import json
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx

from models.resize import other_sizes
from support import compiled, paths, tensors
from support.known import KnownList, add_list_arguments
from support.parallel import each_result
from support.process import call_isolated
from support.report import Report

LIST = Path(__file__).with_name("known_failures.txt")
HEADING = """Models that do not pass yet, by reason.
This list only shrinks: run.py --update takes out what passes now."""
THREADS = (1, 2)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("-k", metavar="REGEX", default="", help="only the models whose name has a match")
    parser.add_argument(
        "-j", "--jobs", type=int, default=1, help="models at once (default 1: times mean something)"
    )
    parser.add_argument("--seconds", type=float, default=120, help="limit for compiling and for each run")
    parser.add_argument("--nnc-arg", action="append", default=["--verify"], help="pass this on to nnc")
    add_list_arguments(parser)
    return parser.parse_args()


def run_model(name, folder, limit, arguments):
    """(verdict, detail) of one model; the verdict is pass, refused, wrong, crash or other."""
    with compiled.scratch_folder() as scratch:
        library = scratch / "model.so"
        finished = compiled.compile_model(
            folder / name / "model.onnx", library, arguments.nnc_arg, arguments.seconds
        )
        if compiled.is_refusal(finished):
            return "refused", compiled.error_lines(finished)[0].split(": error: ", 1)[1]
        if finished.status != 0 or finished.trouble:
            return "crash" if finished.trouble else "other", f"compiling: {compiled.first_line(finished)}"
        notes = [f"compiled in {finished.seconds:.1f} s with {finished.peak_mb} MB"]
        for check in (check_recorded, check_other_sizes):
            ran = call_isolated(partial(check, name, folder / name, library, limit), arguments.seconds)
            if ran.trouble:
                return "crash", f"running: {ran.trouble}"
            if ran.status != 0:
                return ("wrong" if ran.stderr.startswith("Mismatch") else "other"), ran.stderr
            notes += [ran.value] if ran.value else []
    return "pass", ", ".join(notes)


def check_recorded(name, folder, library, limit):
    """Every data set with every thread count; returns the largest error, relative to max|reference|."""
    model = onnx.load(folder / "model.onnx")
    worst = 0.0
    for data_set in sorted(folder.glob("test_data_set_*")):
        feeds, expected = tensors.read_data_set(model, data_set)
        worst = max(worst, compare_all(model, library, feeds, expected, limit, data_set.name))
    return f"error {worst:.1e}"


def check_other_sizes(name, folder, library, limit):
    """The same at sizes that were not recorded, when the model has symbolic dims."""
    model = onnx.load(folder / "model.onnx")
    if not any(
        not isinstance(dim, int)
        for info in tensors.graph_inputs(model)
        for dim in tensors.declared_dims(info)
    ):
        return ""
    feeds, _ = tensors.read_data_set(model, sorted(folder.glob("test_data_set_*"))[0])
    tried = []
    for size, changed, expected in other_sizes(name, model, feeds):
        compare_all(model, library, changed, expected, limit, f"size {size}")
        tried.append(size)
    return f"also at {' '.join(tried)}" if tried else "NO OTHER SIZE that ONNX Runtime takes"


def compare_all(model, library, feeds, expected, limit, what):
    worst = 0.0
    for threads in THREADS:
        outputs = compiled.run_compiled(library, feeds, threads)
        for info, got, reference in zip(model.graph.output, outputs, expected, strict=True):
            try:
                worst = max(worst, tensors.compare_relative_to_max(got, reference, limit))
            except tensors.Mismatch as mismatch:
                raise tensors.Mismatch(
                    f"{what}, {threads} threads, output '{info.name}': {mismatch}"
                ) from None
    return worst


def main():
    arguments = parse_arguments()
    paths.need_tools()
    folder = paths.shared("models")
    if folder is None:
        print("    ../shared/models is not there: no real model was tried")
        print("0 passed, 0 failed, 1 skipped")
        return
    manifest = json.loads((folder / "manifest.json").read_text())
    chosen = [name for name in manifest if re.search(arguments.k, name)]
    known, report, verdicts = KnownList(LIST, HEADING, ("refused", "wrong", "other")), Report(len(chosen)), {}
    work = partial(run_named_model, folder=folder, manifest=manifest, arguments=arguments)
    for name, (verdict, detail) in each_result(work, chosen, arguments.jobs):
        verdicts[name] = verdict, detail
        print(f"    {name:26} {verdict:8} {detail}", flush=True)
        outcome, text = known.judge(name, verdict, detail)
        report.add(outcome, name, text)
    if arguments.update or arguments.accept_new:
        known.update(verdicts, arguments.accept_new)
    report.finish()


def run_named_model(name, folder, manifest, arguments):
    return run_model(name, folder, manifest[name]["rel_to_max"], arguments)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
