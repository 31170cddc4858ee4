"""usage: arrays.py FOLDER: writes files for affine.c: right ones, wrong ones and damaged ones."""

import pathlib
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)
# Big-endian and column-major, as numpy may well save an array.
x = np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3))
k = np.array([5, -1])
y = (2 * x + 1).astype(np.float32)
kept = np.array([5])


def save(name, **arrays):
    np.savez(folder / name, **arrays)


save("in.npz", x=x, k=k)
save("missing.npz", x=x)
save("extra.npz", x=x, k=k, z=k)
save("text.npz", x=np.array(["a", "b"]), k=k)
save("dtype.npz", x=x, k=k.astype(np.int32))
save("rank.npz", x=x[0], k=k)
save("range.npz", x=np.full((2, 3), -1e3, np.float32), k=k)
save("empty.npz", x=np.zeros((0, 3), np.float32), k=np.zeros(0, np.int64))
save("out.npz", y=y, kept=kept)
save("off.npz", y=y + np.float32(0.125), kept=kept)
save("shape.npz", y=y[:1], kept=kept)
save("empty_out.npz", y=np.zeros((0, 3), np.float32), kept=np.zeros(0, np.int64))
special = np.array([[np.nan, np.inf, -np.inf], [0, 1, 2]], np.float32)
save("special.npz", x=special, k=k)
save("special_out.npz", y=2 * special + 1, kept=kept)
save("special_off.npz", y=np.abs(2 * special + 1), kept=kept)
np.save(folder / "x.npy", x)
np.save(folder / "k.npy", k)

bytes_ = (folder / "in.npz").read_bytes()
(folder / "cut.npz").write_bytes(bytes_[:200])
flipped = bytearray(bytes_)
flipped[bytes_.index(b"\n") + 5] ^= 0x40  # in the data of x: the checksum tells
(folder / "flipped.npz").write_bytes(flipped)
npy = (folder / "x.npy").read_bytes()
(folder / "cut.npy").write_bytes(npy[:-4])
(folder / "huge.npy").write_bytes(npy.replace(b"(2, 3)", b"(4611686018427387904, 3)"))
(folder / "negative.npy").write_bytes(npy.replace(b"(2, 3)", b"(-2, 3)"))
(folder / "header.npy").write_bytes(npy.replace(b"'descr'", b"'deskr'"))
(folder / "pb").mkdir(exist_ok=True)
(folder / "pb" / "input_0.pb").write_bytes(b"\xff" * 40)
