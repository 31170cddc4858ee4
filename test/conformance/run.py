#!/usr/bin/env python3
"""Runs the ONNX backend test suite against code that nnc compiled.
 Every case ends as one of: pass; refused (exit status 1 and one-line errors that say `unsupported`); wrong;
crash (compiler or compiled code); other. Refusals must be listed in refused.txt beside this file, and a
listed case that passes fails the run until the list is shrunk, so the list always says exactly what nnc does
not take yet."""

import re
import argparse
import collections
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx

from conformance.generate import generate
from support import compiled, paths, tensors
from support.known import KnownList, add_list_arguments
from support.parallel import default_jobs, each_result
from support.process import call_isolated
from support.report import Report

SUITE = paths.BUILD / "conformance"
LIST = Path(__file__).with_name("refused.txt")
HEADING = """Cases of the ONNX backend suite that nnc refuses with an `unsupported` error, by reason.
This list only shrinks: run.py --update takes out what passes now."""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("-k", metavar="REGEX", default="", help="only the cases whose name has a match")
    parser.add_argument(
        "-j", "--jobs", type=int, default=default_jobs(), help="processes (default: one per core)"
    )
    parser.add_argument("--case", help="run one case, e.g. node/test_abs, and print how to do it by hand")
    parser.add_argument(
        "--seconds", type=float, default=30, help="limit for compiling and for running a case"
    )
    parser.add_argument("--nnc-arg", action="append", default=["--cpu=native", "--verify"], help="pass this on to nnc")
    add_list_arguments(parser)
    parser.add_argument("--operators", action="store_true", help="print the verdicts of every operator")
    return parser.parse_args()


def run_case(name, tolerances, arguments):
    """(verdict, detail) of one case."""
    folder = SUITE / name
    with compiled.scratch_folder() as scratch:
        library = scratch / "model.so"
        finished = compiled.compile_model(
            folder / "model.onnx", library, arguments.nnc_arg, arguments.seconds
        )
        if compiled.is_refusal(finished):
            return (
                ("refused", compiled.refusal_reason(finished))
                if not library.exists()
                else ("other", "refused, but left an output file")
            )
        if finished.trouble:
            return "crash", f"compiling: {compiled.first_line(finished)}"
        if finished.status != 0:
            return "other", f"compiling: {compiled.first_line(finished)}"
        ran = call_isolated(partial(check_outputs, folder, library, tolerances), arguments.seconds)
    if ran.trouble:
        return "crash", f"running: {ran.trouble}"
    if ran.status != 0:
        return "other", f"running: {ran.stderr}"
    return ran.value


def check_outputs(folder, library, tolerances):
    """In a forked child: every recorded data set of a case against the compiled code."""
    model = onnx.load(folder / "model.onnx")
    for data_set in sorted(folder.glob("test_data_set_*")):
        feeds, expected = tensors.read_data_set(model, data_set)
        outputs = compiled.run_compiled(library, feeds)
        for info, got, reference in zip(model.graph.output, outputs, expected):
            try:
                tensors.compare_official(got, reference, tolerances["rtol"], tolerances["atol"])
            except tensors.Mismatch as mismatch:
                return "wrong", f"output '{info.name}': {mismatch}"
    return "pass", ""


def print_operators(cases, verdicts):
    """One line an operator: how many of its cases ended how."""
    table = collections.defaultdict(collections.Counter)
    for name, (verdict, _) in verdicts.items():
        table[cases[name]["operator"]][verdict] += 1
    for operator in sorted(table):
        print(
            f"    {operator:32}",
            ", ".join(f"{count} {verdict}" for verdict, count in sorted(table[operator].items())),
        )


def main():
    arguments = parse_arguments()
    paths.need_tools()
    cases = generate(SUITE)
    chosen = [arguments.case] if arguments.case else [name for name in cases if re.search(arguments.k, name)]
    if not chosen or any(name not in cases for name in chosen):
        sys.exit(f"no such case: {arguments.case or arguments.k}")
    if arguments.case:
        folder, tolerances = SUITE / arguments.case, cases[arguments.case]
        print(
            f"{paths.NNC} {folder}/model.onnx -o /tmp/model.so {' '.join(arguments.nnc_arg)} && "
            f"{paths.TOOLS}/nnc-run /tmp/model.so --inputs {folder}/test_data_set_0 --compare "
            f"{folder}/test_data_set_0 --rtol {tolerances['rtol']} --atol {tolerances['atol']}"
        )
    known, report, verdicts = KnownList(LIST, HEADING, ("refused",)), Report(len(chosen)), {}
    work = partial(run_named_case, cases=cases, arguments=arguments)
    for name, (verdict, detail) in each_result(work, chosen, arguments.jobs):
        verdicts[name] = verdict, detail
        outcome, text = known.judge(name, verdict, detail)
        report.add(outcome, name, text)
        if arguments.case:
            print(f"{verdict} {detail}")
    if arguments.update or arguments.accept_new:
        known.update(verdicts, arguments.accept_new)
    if arguments.operators:
        print_operators(cases, verdicts)
    for name in sorted(set(known.reasons) - set(cases)):
        report.add("failed", name, f"stands in {LIST.name} but is no case of onnx {onnx.__version__}")
    totals = collections.Counter(verdict for verdict, _ in verdicts.values())
    print(
        ", ".join(
            f"{totals[verdict]} {verdict}" for verdict in ("pass", "refused", "wrong", "crash", "other")
        )
    )
    report.finish()


def run_named_case(name, cases, arguments):
    return run_case(name, cases[name], arguments)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
