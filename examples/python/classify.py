"""Reads a digit from each picture (PGM, 16x16, grey).

usage: classify.py digits.onnx PICTURE...
"""

import pathlib
import sys
import tempfile

import numpy as np

import nnc

SIZE = 16


def read_picture(path):
    """Returns the picture as a float32 array [1, SIZE, SIZE], 0 to 1."""
    head, pixels = f"P5\n{SIZE} {SIZE}\n255\n".encode(), pathlib.Path(path).read_bytes()
    if not pixels.startswith(head) or len(pixels) != len(head) + SIZE * SIZE:
        sys.exit(f"{path}: not a picture of {SIZE}x{SIZE} pixels")
    grey = np.frombuffer(pixels, np.uint8, offset=len(head))
    return (grey / np.float32(255)).reshape(1, SIZE, SIZE)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    onnx_file, *pictures = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        model = nnc.load(nnc.compile(onnx_file, f"{folder}/digits.so"))
    scores = model.run({"image": np.stack([read_picture(path) for path in pictures])})["scores"]
    for path, row in zip(pictures, scores):
        print(f"{path}: {row.argmax()} ({row.max():.1%})")


if __name__ == "__main__":
    try:
        main()
    except (nnc.CompileError, nnc.RunError) as error:
        sys.exit(str(error))
