"""nnc: the model compiled ahead of time, called through the Python package on bound arrays."""

import subprocess

PACKAGE = None


def _library(job):
    return job.artifacts / f"{job.name}.nnc.so"


def prepare(job):
    library, compiler = _library(job), job.nnc / "nnc"
    newest = max(compiler.stat().st_mtime, job.model.stat().st_mtime)
    if not library.exists() or library.stat().st_mtime < newest:
        subprocess.run([compiler, job.model, "-o", library, *job.nnc_flags], check=True)


class Peer:
    def __init__(self, job):
        import nnc

        self._bound = nnc.load(str(_library(job)), threads=job.threads).bind(job.inputs)
        self.run = self._bound.run

    def outputs(self):
        return list(self._bound.outputs.values())
