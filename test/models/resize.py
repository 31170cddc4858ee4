"""Other sizes for a model with symbolic dims: recorded inputs tiled or cut, and what ONNX Runtime makes of
them."""

import re

import numpy as np
import onnxruntime

from support import tensors

# ONNX Runtime's batched ReduceSum is off by 5e-3 on this model: its rows are computed one by one.
ROW_BY_ROW = {"text_magika_v3_3"}


# A change of every symbol of a model would take too long on those with many.
MOST_SIZES = 3
MOST_SYMBOLS = 8


def other_sizes(name, model, feeds):
    """Yields (description, inputs, expected outputs): per symbol the first change of size that ONNX Runtime
    takes. Recorded inputs have meaning (token ids, sampling rates), so they are repeated or cut, never
    invented."""
    session = open_session(model)
    count = 0
    for symbol, changes in candidates(model, feeds):
        for size, changed in changes:
            try:
                expected = row_by_row(session, changed) if name in ROW_BY_ROW else session.run(None, changed)
            except Exception:  # whatever it raises: this size is not one the model can take
                continue
            yield f"{symbol}={size}", changed, expected
            count += 1
            break
        if count == MOST_SIZES:
            return


def open_session(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def row_by_row(session, feeds):
    """Runs each row of the batch alone and joins the outputs."""
    rows = len(next(iter(feeds.values())))
    parts = [
        session.run(None, {name: array[row : row + 1] for name, array in feeds.items()})
        for row in range(rows)
    ]
    return [np.concatenate(column) for column in zip(*parts)]


def candidates(model, feeds):
    """(what changes, its changes of size) in the order worth trying: each named symbol (not sums of symbols:
    they follow), all unnamed leading dims, each unnamed dim alone. Of a model with many symbols all leading
    dims change together: they are one batch under many names."""
    named, unnamed = {}, []
    for info in tensors.graph_inputs(model):
        for axis, dim in enumerate(tensors.declared_dims(info)):
            if not isinstance(dim, int) and info.name in feeds:
                if dim:
                    named.setdefault(dim, []).append((info.name, axis))
                else:
                    unnamed.append((info.name, axis))
    leading = [place for places in (*named.values(), unnamed) for place in places if place[1] == 0]
    groups = (
        [("batch", leading)]
        if len(named) > MOST_SYMBOLS
        else [(symbol, places) for symbol, places in named.items() if re.fullmatch(r"[\w.]+", symbol)]
    )
    groups.append(("batch", [place for place in unnamed if place[1] == 0]))
    groups += [(f"{name}.{axis}", [(name, axis)]) for name, axis in unnamed]
    for symbol, places in groups:
        if len({feeds[name].shape[axis] for name, axis in places}) == 1:
            yield symbol, changes_of_size(feeds, places)


def changes_of_size(feeds, places):
    """(new size, inputs) with these (input, axis) places longer by half or doubled, or half as long."""
    name, axis = places[0]
    old = feeds[name].shape[axis]
    for new in (3 * old if old < 4 else old + old // 2, 2 * old, old // 2):
        if new > 0 and new != old:
            changed = dict(feeds)
            for name, axis in places:
                changed[name] = np.ascontiguousarray(np.take(changed[name], np.arange(new) % old, axis=axis))
            yield new, changed
