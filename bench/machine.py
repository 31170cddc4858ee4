"""What the numbers were taken on."""

import os
import pathlib
import platform
import re
import subprocess


def _cpu_name():
    """The name, and the family and model, since virtual machines call several generations the same."""
    facts = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    if "model name" not in facts:
        return platform.machine()
    if "cpu family" not in facts:
        return facts["model name"]
    return f"{facts['model name']} (family {facts['cpu family']}, model {facts['model']})"


def _level():
    flags = re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    flags = set(flags.group(1).split()) if flags else set()
    if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
        return "x86-64-v4"
    return "x86-64-v3" if {"avx2", "fma", "bmi2"} <= flags else platform.machine()


def _versions(peers):
    from importlib import metadata

    packages = {"onnxruntime": "onnxruntime", "openvino": "openvino", "iree": "iree-base-runtime"}
    versions = {}
    for peer in peers:
        try:
            versions[peer] = metadata.version(packages[peer])
        except (KeyError, metadata.PackageNotFoundError):
            continue
    return versions


def describe(nnc, thread_counts, peers):
    """The machine, its measured peaks per number of threads, and the versions of the peers."""
    peaks = {}
    for threads in thread_counts:
        text = subprocess.run(
            [nnc / "nnc-run", "--peak", "--threads", str(threads)], check=True, capture_output=True, text=True
        ).stdout
        widths = {
            int(bits): float(rate) for bits, rate in re.findall(r"(\d+)-bit vectors: ([\d.]+) GFLOP/s", text)
        }
        memory = re.search(r"memory: ([\d.]+) GB/s", text)
        peaks[str(threads)] = {
            "gflops": {str(k): v for k, v in widths.items()},
            "gbytes": float(memory.group(1)),
        }
    version = subprocess.run([nnc / "nnc", "--version"], check=True, capture_output=True, text=True).stdout
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "level": _level(),
        "system": platform.system() + " " + platform.release(),
        "peaks": peaks,
        "nnc": next((line for line in version.splitlines() if line.startswith("nnc ")), "nnc"),
        "versions": _versions(peers),
    }
