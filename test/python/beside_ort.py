"""One model of several nodes, compiled and in ONNX Runtime."""

import numpy as np

import nnc


def check(tmp_path, level, nodes, inputs, outputs, x, initializers=(), options=None, **tolerance):
    """`inputs` and `outputs` declare the values; `x` has the inputs by name, `options` are nnc's; numpy's
    assert_allclose takes the rest."""
    import onnx
    import onnxruntime as ort
    from onnx import helper

    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    model.ir_version = 9
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    expected = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, x)
    library = nnc.compile(path, path.with_suffix(".so"), cpu=level, **(options or {}))
    for threads in (1, 3):
        for got, wanted in zip(nnc.load(library, threads=threads).run(x).values(), expected, strict=True):
            np.testing.assert_allclose(got, wanted, **tolerance)
