"""Runs the compiled example on its pictures, says what it reads in them, and checks that against ONNX Runtime.

usage: show_example.py FOLDER      (FOLDER holds digits.onnx, digits.so and the pictures)
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "python"))

import numpy as np
import onnxruntime

import nnc
from classify import read_picture

SHADES = " .:-=+*#%@"
SHOWN = 7
TOLERANCE = 1e-4


def print_picture(picture):
    """Two characters a pixel, so that the picture is as wide as it is high."""
    for row in picture[0]:
        print("  " + "".join(2 * SHADES[min(int(value * len(SHADES)), len(SHADES) - 1)] for value in row).rstrip())


def median_microseconds(model, feeds, runs=200):
    """Of runs on fixed buffers."""
    bound = model.bind(feeds)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        bound.run()
        times.append(time.perf_counter() - start)
    return 1e6 * sorted(times)[runs // 2]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip().splitlines()[2])
    folder = Path(sys.argv[1])
    pictures = np.stack([read_picture(folder / f"digit_{digit}.pgm") for digit in range(10)])
    model = nnc.load(folder / "digits.so")
    scores = model.run({"image": pictures})["scores"]

    print_picture(pictures[SHOWN])
    shown = pictures[SHOWN : SHOWN + 1]
    took = median_microseconds(model, {"image": shown})
    print(f"this is a {scores[SHOWN].argmax()}, score {scores[SHOWN].max():.1%}; reading it took {took:.0f} us")
    print(f"the pictures of 0 to 9 are read as {' '.join(str(row.argmax()) for row in scores)}")

    session = onnxruntime.InferenceSession(folder / "digits.onnx", providers=["CPUExecutionProvider"])
    (reference,) = session.run(None, {"image": pictures})
    error = np.abs(scores - reference).max()
    print(f"largest difference from ONNX Runtime: {error:.1e}")
    if not error <= TOLERANCE:
        sys.exit("the scores are wrong")


if __name__ == "__main__":
    try:
        main()
    except nnc.RunError as error:
        sys.exit(str(error))
