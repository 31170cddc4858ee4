"""Running things that may crash, hang or eat the memory: a command, or a Python function in a forked
child."""

import ctypes
import gc
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

MEGABYTE = 1 << 20
POLL_SECONDS = 0.005


@dataclass
class Finished:
    """How a process ended. `trouble` is "" or says crash, timeout or memory in one phrase."""

    status: int
    trouble: str
    seconds: float
    peak_mb: int
    stdout: str = ""
    stderr: str = ""
    value: object = None


def resident_mb(pid):
    """The resident memory of a process in MB; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // MEGABYTE
    except (OSError, IndexError, ValueError):
        return 0


def watch(pid, seconds, megabytes):
    """Waits for the child `pid`, killing it past the limits. Resident memory is polled: an address space
    limit would stop LLVM's and the sanitizers' large reservations, which cost nothing."""
    start, trouble, pause = time.monotonic(), "", 0.001
    while True:
        done, wait_status, usage = os.wait4(pid, os.WNOHANG)
        elapsed = time.monotonic() - start
        if done:
            break
        if not trouble:
            if elapsed > seconds:
                trouble = f"timeout: over {seconds:g} s"
            elif megabytes and resident_mb(pid) > megabytes:
                trouble = f"memory: over {megabytes} MB"
            if trouble:
                kill_group(pid)
        time.sleep(pause)
        pause = min(pause * 1.5, POLL_SECONDS)
    status = os.waitstatus_to_exitcode(wait_status)
    peak_mb = usage.ru_maxrss // 1024
    if not trouble and megabytes and peak_mb > megabytes:
        trouble = f"memory: peak {peak_mb} MB, the limit is {megabytes} MB"
    if not trouble and status < 0:
        trouble = f"crash: {signal.Signals(-status).name}"
    return Finished(status, trouble, elapsed, peak_mb)


def kill_group(pid):
    """Kills a child and what it started; a child that has not become a group leader yet is killed alone."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
            return
        except ProcessLookupError:
            continue


def run_command(command, seconds=30, megabytes=0, cwd=None):
    """Runs a command under limits. A status of 128 and more counts as a crash: a shell or a sanitizer in
    between."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=cwd,
            start_new_session=True,
        )
        finished = watch(child.pid, seconds, megabytes)
        child.returncode = finished.status
        for name, file in (("stdout", out), ("stderr", err)):
            file.seek(0)
            setattr(finished, name, file.read(4 * MEGABYTE).decode("utf-8", "replace"))
    if not finished.trouble and finished.status >= 128:
        finished.trouble = f"crash: exit status {finished.status}"
    return finished


def call_isolated(function, seconds=30, megabytes=0):
    """Calls `function` in a forked child and returns a Finished whose `value` is what it returned. An
    exception in it is status 1 with the text in stderr. Fresh memory of the child is filled with garbage, so
    that reading what was never written does not look right by luck."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.collect()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os._exit(child_main(function, writer))
    os.close(writer)
    finished = watch_and_read(pid, reader, seconds, megabytes)
    return finished


def child_main(function, writer):
    """The forked child: its result goes through the pipe, pickled."""
    status = 0
    try:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        perturb_malloc()
        answer = ("", function())
    except BaseException as error:  # The child reports everything: nothing may return into the parent's code.
        status, answer = 1, (f"{type(error).__name__}: {error}", None)
    try:
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(answer, pipe)
    except Exception:
        status = 1
    return status


def perturb_malloc():
    """glibc's M_PERTURB: fills what malloc hands out and what free takes back."""
    try:
        ctypes.CDLL(None).mallopt(-6, 0xA5)
    except (AttributeError, OSError):
        pass


def watch_and_read(pid, reader, seconds, megabytes):
    """Drains the child's pipe while it runs (a full pipe would block it), then waits for it."""
    start, chunks = time.monotonic(), []
    trouble = ""
    while True:
        ready, _, _ = select.select([reader], [], [], 0.02)
        if ready:
            chunk = os.read(reader, 1 << 16)
            if not chunk:
                break
            chunks.append(chunk)
        elif time.monotonic() - start > seconds:
            trouble = f"timeout: over {seconds:g} s"
        elif megabytes and resident_mb(pid) > megabytes:
            trouble = f"memory: over {megabytes} MB"
        if trouble:
            kill_group(pid)
            break
    os.close(reader)
    finished = watch(pid, max(1.0, seconds - (time.monotonic() - start)), megabytes)
    finished.seconds = time.monotonic() - start
    finished.trouble = trouble or finished.trouble
    if not finished.trouble:
        try:
            finished.stderr, finished.value = pickle.loads(b"".join(chunks))
        except (EOFError, pickle.UnpicklingError):
            finished.trouble = f"crash: ended with status {finished.status} without an answer"
    return finished
