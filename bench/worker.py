"""One peer with one model in a process of its own: it waits for a turn on its pipe and reports times.

    python worker.py JOB.json        the job as written by `Job.save`

Commands, one a line: `run COUNT WARM_MS`, `save FILE`, `quit`. Each answer is one line of JSON.
"""

import dataclasses
import functools
import json
import os
import pathlib
import subprocess
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Job:
    peer: str
    name: str  # of the network
    threads: int
    model: pathlib.Path
    artifacts: pathlib.Path
    nnc: pathlib.Path  # the folder of the compiler
    nnc_flags: list
    input_facts: list

    def save(self, path):
        path.write_text(json.dumps(dataclasses.asdict(self), default=str))

    @staticmethod
    def load(path):
        job = Job(**json.loads(pathlib.Path(path).read_text()))
        job.model, job.artifacts, job.nnc = map(pathlib.Path, (job.model, job.artifacts, job.nnc))
        return job

    @functools.cached_property
    def inputs(self):
        """Random inputs, the same for every peer."""
        import numpy

        random = numpy.random.default_rng(zlib.crc32(f"inputs of {self.name}".encode()))
        arrays = {}
        for fact in self.input_facts:
            if fact["kind"] == "ones":
                array = numpy.ones(fact["shape"], fact["dtype"])
            elif fact["kind"] == "ids":
                array = random.integers(0, fact["high"], fact["shape"], dtype=fact["dtype"])
            else:
                array = random.standard_normal(fact["shape"], dtype=numpy.float32) * numpy.float32(
                    fact["scale"]
                )
            arrays[fact["name"]] = array
        return arrays


def told(error):
    """One line of the report: of a compiler that failed without its paths on this machine."""
    if isinstance(error, subprocess.CalledProcessError):
        return f"{pathlib.Path(error.cmd[0]).name} ended with exit status {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"{pathlib.Path(error.cmd[0]).name} took more than {error.timeout} s"
    return f"{type(error).__name__}: {error}"[:500]


def serve(job, answers):
    def say(**answer):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    sys.path[:0] = [str(HERE), str(HERE.parent / "python")]
    import peers

    try:
        module = peers.load(job.peer)
        module.prepare(job)
        peer = module.Peer(job)
        peer.run()
    except Exception as error:  # whatever a peer throws is a line in the report
        say(error=told(error))
        return
    say(ready=True)
    run, now = peer.run, time.perf_counter_ns
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "run":
            count, warm = int(arguments[0]), int(arguments[1]) * 1_000_000
            begin = now()
            run()
            while now() - begin < warm:
                run()
            times = []
            for _ in range(count):
                begin = now()
                run()
                times.append(now() - begin)
            say(times=times)
        elif command == "save":
            import numpy

            numpy.savez(arguments[0], *peer.outputs())
            say(ready=True)
        else:
            break


def main():
    # Whatever libraries print must not be taken for answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(Job.load(sys.argv[1]), answers)
    os._exit(0)  # the peers' own threads may not end


if __name__ == "__main__":
    main()
