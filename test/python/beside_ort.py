"""One model of several nodes, compiled and in ONNX Runtime."""

import numpy as np

import nnc


def save(path, nodes, inputs, outputs, initializers=(), opset=19):
    import onnx
    from onnx import helper

    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = 10 if opset > 20 else 9
    onnx.save(model, path)


def check(tmp_path, level, nodes, inputs, outputs, x, initializers=(), options=None, defined=None, opset=19,
          **tolerance):  # fmt: skip
    """`inputs` and `outputs` declare the values; `x` has the inputs by name, or is a list of such for several runs,
    `options` are nnc's; `defined` picks from a run's inputs and outputs what can be compared; numpy's assert_allclose
    takes the rest."""
    import onnxruntime as ort

    path = tmp_path / "model.onnx"
    save(path, nodes, inputs, outputs, initializers, opset)
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    library = nnc.compile(path, path.with_suffix(".so"), cpu=level, **(options or {}))
    for fed in [x] if isinstance(x, dict) else x:
        expected = session.run(None, fed)
        for threads in (1, 3):
            results = list(nnc.load(library, threads=threads).run(fed).values())
            assert [got.shape for got in results] == [wanted.shape for wanted in expected]
            pairs = (results, expected) if defined is None else (defined(fed, results), defined(fed, expected))
            for got, wanted in zip(*pairs, strict=True):
                np.testing.assert_allclose(got, wanted, **tolerance)
