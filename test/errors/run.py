#!/usr/bin/env python3
"""Feeds nnc malformed, hostile and tricky files: those beside the project (../shared/bad) and fuzzed ones
made here.
 Whatever the file, nnc ends within 30 s and 2 GB without a crash. A rejection is exit status 1, one line on
stderr and no file left behind. What is accepted runs, and gives what ONNX Runtime gives. What is known not to
hold stands in known_failures.txt, which only shrinks."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from errors import expectations, fuzz
from support import compiled, paths
from support.known import KnownList, add_list_arguments
from support.parallel import default_jobs, each_result
from support.report import Report

LIST = Path(__file__).with_name("known_failures.txt")
HEADING = """Hostile files that do not end as expected yet, by reason.
This list only shrinks: run.py --update takes out what passes now."""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("-k", metavar="TEXT", default="", help="only the files whose path contains TEXT")
    parser.add_argument(
        "-j", "--jobs", type=int, default=default_jobs(), help="processes (default: one per core)"
    )
    parser.add_argument("--seconds", type=float, default=30, help="time limit for each file")
    parser.add_argument("--megabytes", type=int, default=2000, help="memory limit for each file; 0: none")
    parser.add_argument("--compile-only", action="store_true", help="do not run what is accepted")
    parser.add_argument(
        "--fuzz", type=int, default=120, metavar="N", help="how many fuzzed files (default 120)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the fuzzed files")
    parser.add_argument("--nnc-arg", action="append", default=["--cpu=native"], help="pass this on to nnc")
    add_list_arguments(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="print how every file ended")
    return parser.parse_args()


def run_file(case, arguments):
    """(verdict, detail) of one (name, path, expectation)."""
    name, path, expect = case
    with compiled.scratch_folder() as scratch:
        library = scratch / "model.so"
        finished = compiled.compile_model(
            path, library, arguments.nnc_arg, arguments.seconds, arguments.megabytes
        )
        try:
            if finished.trouble:
                raise expectations.Violation(f"compiling: {compiled.first_line(finished)}")
            if finished.status == 0:
                expectations.check_accepted(expect, library)
                if arguments.compile_only:
                    return "pass", "accepted"
                return "pass", expectations.check_runs(name, path, library, arguments)
            expectations.check_rejected(expect, path, finished, list(scratch.iterdir()))
            return "pass", compiled.error_lines(finished)[0].split(": error: ", 1)[1][:150]
        except expectations.Violation as violation:
            return "wrong", str(violation)


def shared_cases():
    """(name, path, expectation) of every file of the shared folder; empty where that is absent."""
    folder = paths.shared("bad")
    if folder is None:
        return []
    manifest = json.loads((folder / "manifest.json").read_text())
    return [(name, folder / name, entry["expect"]) for name, entry in manifest.items()]


def main():
    arguments = parse_arguments()
    paths.need_tools()
    cases = shared_cases()
    absent = not cases
    if absent:
        print("    ../shared/bad is not there: only fuzzed files are tried")
    with compiled.scratch_folder() as scratch:
        cases += fuzz.write_cases(scratch, arguments.fuzz, arguments.seed)
        cases = [case for case in cases if arguments.k in case[0]]
        known, report, verdicts = KnownList(LIST, HEADING, ("wrong",)), Report(len(cases)), {}
        for case, (verdict, detail) in each_result(
            partial(run_file, arguments=arguments), cases, arguments.jobs
        ):
            verdicts[case[0]] = verdict, detail
            if arguments.verbose:
                print(f"    {case[0]}: {verdict}: {detail}")
            outcome, text = known.judge(case[0], verdict, detail)
            report.add(outcome, case[0], text)
    if absent:
        report.add("skipped")
    if arguments.update or arguments.accept_new:
        known.update(verdicts, arguments.accept_new)
    report.finish()


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
