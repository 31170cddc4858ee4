"""Find and open the model in a shared library."""

import ctypes
import os
import pathlib
import struct

from . import abi

_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_DYNAMIC_SYMBOLS = 11  # SHT_DYNSYM


def _model_symbols(data):
    """Returns the defined symbols ending in `_model` of the bytes of a 64-bit ELF file."""
    if data[:5] != b"\x7fELF\x02":
        raise ValueError("not a shared library")
    table = struct.unpack_from("<Q", data, 40)[0]
    count = struct.unpack_from("<H", data, 60)[0]
    sections = [_SECTION.unpack_from(data, table + i * _SECTION.size) for i in range(count)]
    names = []
    for _, kind, _, _, offset, size, link, *_ in sections:
        if kind != _DYNAMIC_SYMBOLS:
            continue
        strings = sections[link][4]
        for name, _, _, section, _, _ in _SYMBOL.iter_unpack(data[offset : offset + size]):
            text = data[strings + name : data.index(b"\0", strings + name)]
            if section and text.endswith(b"_model") and text != b"_model":
                names.append(text.decode())
    return names


def open_model(path):
    """Opens the library at `path` and returns it with the descriptor of its one model.

    Where there are several models, the one that is named like the file is meant. Raises OSError or ValueError.
    """
    path = pathlib.Path(os.fspath(path))
    try:
        names = _model_symbols(path.read_bytes())
    except (struct.error, IndexError):
        raise ValueError("the file is damaged") from None
    if path.stem + "_model" in names:
        names = [path.stem + "_model"]
    if len(names) != 1:
        raise ValueError(f"holds several models: {', '.join(names)}" if names else "holds no model")
    # dlopen searches the system's folders for names without a slash.
    library = ctypes.CDLL(str(path.absolute()))
    model = abi.Model.in_dll(library, names[0])
    if model.abi_version != abi.ABI_VERSION:
        raise ValueError(f"made for ABI version {model.abi_version}, and this package knows {abi.ABI_VERSION}")
    return library, model
