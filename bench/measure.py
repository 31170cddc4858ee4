"""Times the peers on one network: A B C A B C ..., each in its own process, so that whatever else the machine
does meets all of them alike. Results are compared first; a wrong one is not timed.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import pathlib

import numpy as np

from worker import Job

REFERENCE = "onnxruntime"
MOST_RUNS_A_TURN = 20000
WARM_MS = 5  # before each turn: caches and clocks


class Worker:
    """A process that runs one peer."""

    def __init__(self, job, folder):
        self.peer = job.peer
        path = folder / f"{job.peer}.json"
        job.save(path)
        script = pathlib.Path(__file__).with_name("worker.py")
        self._log = open(folder / f"{job.peer}.log", "w+")
        self._process = subprocess.Popen(
            [sys.executable, script, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def answer(self):
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._process.wait()
        self._log.seek(0)
        last = self._log.read().strip().splitlines()[-1:] or [""]
        return {"error": f"the process ended with status {self._process.returncode}: {last[0][:300]}"}

    def ask(self, command):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(command + "\n")
            self._process.stdin.flush()
        return self.answer()

    def close(self):
        with contextlib.suppress(BrokenPipeError, OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()


def relative_error(expected, got):
    """The largest difference, as a share of the largest magnitude of its output; infinite for a NaN."""
    if len(expected) != len(got):
        return float("inf")
    worst = 0.0
    for want, have in zip(expected, got):
        if want.shape != have.shape or not np.isfinite(have).all():
            return float("inf")
        scale = float(np.abs(want).max(initial=0.0)) or 1.0
        difference = np.abs(want.astype(np.float64) - have.astype(np.float64)).max(initial=0.0)
        worst = max(worst, float(difference) / scale)
    return worst


def _check(workers, folder, record, tolerance):
    """Compares everyone's results with the reference's; who is wrong leaves.

    `tolerance`: of the largest magnitude of each output.
    """
    outputs = {}
    for peer, worker in workers.items():
        path = folder / f"{peer}.npz"
        if worker.ask(f"save {path}").get("ready"):
            with np.load(path) as file:
                outputs[peer] = [file[key] for key in file.files]
            path.unlink()
    if REFERENCE not in outputs:
        raise RuntimeError(
            f"{REFERENCE} gave no results to compare with: {record.get(REFERENCE, {}).get('error')}"
        )
    for peer in list(workers):
        error = relative_error(outputs[REFERENCE], outputs[peer]) if peer in outputs else float("inf")
        record[peer]["relative_error"] = error if np.isfinite(error) else "infinite"
        if error > tolerance:
            record[peer]["error"] = f"wrong: differs from {REFERENCE} by {error:.1e} of the largest value"
            workers.pop(peer).close()


def _take_turns(workers, rounds, turn_seconds, record):
    times = {peer: [] for peer in workers}
    counts = {}
    for _ in range(rounds):
        for peer in list(workers):
            worker = workers[peer]
            if peer not in counts:  # the first turn also finds out how long a run takes
                answer = worker.ask("run 3 0")
                fastest = min(answer.get("times", [1])) * 1e-9
                counts[peer] = max(1, min(MOST_RUNS_A_TURN, int(turn_seconds / fastest)))
            answer = worker.ask(f"run {counts[peer]} {WARM_MS}")
            if "times" not in answer:
                record[peer]["error"] = answer.get("error", "no answer")
                workers.pop(peer).close()
                continue
            times[peer].append(answer["times"])
    for peer in workers:
        every = [t for turn in times[peer] for t in turn]
        record[peer] |= {
            "median_ms": statistics.median(every) * 1e-6,
            "min_ms": min(every) * 1e-6,
            "turn_medians_ms": [statistics.median(turn) * 1e-6 for turn in times[peer]],
            "runs": len(every),
        }


def measure(name, model, facts, threads, peers, settings):
    """Returns {peer: {median_ms, min_ms, relative_error, ...} or {error}}."""
    record, workers = {peer: {} for peer in peers}, {}
    with tempfile.TemporaryDirectory(prefix="nnc-bench-") as temporary:
        folder = pathlib.Path(temporary)
        try:
            # One after another: compilers want the whole machine.
            for peer in peers:
                job = Job(
                    peer,
                    name,
                    threads,
                    model,
                    settings.artifacts,
                    settings.nnc,
                    settings.nnc_flags,
                    facts["inputs"],
                )
                worker = Worker(job, folder)
                answer = worker.answer()
                if "error" in answer:
                    record[peer]["error"] = answer["error"]
                    worker.close()
                else:
                    workers[peer] = worker
            _check(workers, folder, record, facts["tolerance"])
            _take_turns(workers, settings.rounds, settings.turn, record)
        finally:
            for worker in workers.values():
                worker.close()
    return record
