"""A builder of ONNX graphs in the form that exporters give them.

Batch normalization is part of the convolutions already, scalars and shapes are Constant nodes, and activations that ONNX
has no operator for are spelled out: what PyTorch's exporter writes of a network in evaluation mode.
"""

import math
import zlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, shape_inference

ELEMENT = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


class Network:
    """`half`: the network's floats are f16, its inputs and results f32."""

    def __init__(self, name, opset=17, half=False):
        self.name, self.opset, self.half = name, opset, half
        self.inputs = []  # what random values they take, for whoever runs the model
        self.weight_count = 0
        self._nodes, self._weights, self._input_types, self._outputs = [], [], [], []
        # The same name gives the same weights on every machine.
        self._random = np.random.default_rng(zlib.crc32(name.encode()))

    # Values.

    def input(self, name, shape, kind="normal", dtype="float32", scale=1.0, high=0):
        self._input_types.append(helper.make_tensor_value_info(name, ELEMENT[dtype], shape))
        self.inputs.append(
            {"name": name, "shape": list(shape), "dtype": dtype, "kind": kind, "scale": scale, "high": high}
        )
        return self.apply("Cast", name, to=TensorProto.FLOAT16) if self.half and dtype == "float32" else name

    def output(self, value, name):
        last = {"to": TensorProto.FLOAT} if self.half else {}
        self._nodes.append(helper.make_node("Cast" if self.half else "Identity", [value], [name], **last))
        self._outputs.append(name)

    def _stored(self, array):
        if not self.half or array.dtype != np.float32:
            return array
        largest = np.finfo(np.float16).max
        return np.clip(array, -largest, largest).astype(np.float16)

    def parameter(self, array):
        """An initializer."""
        name = f"parameter_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(self._stored(array)), name))
        self.weight_count += array.size
        return name

    def weight(self, *shape, deviation):
        values = self._random.standard_normal(shape, dtype=np.float32)
        return self.parameter(values * np.float32(deviation))

    def literal(self, value):
        """A Constant node: Python floats become f32, integers i64."""
        array = np.asarray(value)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        return self._append("Constant", [], 1, {"value": numpy_helper.from_array(self._stored(array))})[0]

    def _append(self, kind, inputs, count, attributes):
        number = len(self._nodes)
        if self.half and kind == "Cast" and attributes["to"] == TensorProto.FLOAT:
            attributes["to"] = TensorProto.FLOAT16
        results = [f"v{number}" if count == 1 else f"v{number}_{i}" for i in range(count)]
        self._nodes.append(helper.make_node(kind, inputs, results, name=f"/{kind}_{number}", **attributes))
        return results

    def apply(self, kind, *inputs, **attributes):
        return self._append(kind, list(inputs), 1, attributes)[0]

    def apply_many(self, count, kind, *inputs, **attributes):
        return self._append(kind, list(inputs), count, attributes)

    # Layers. `gain` scales the weights so that activations neither vanish nor explode on the way through.

    def conv(self, x, channels, filters, kernel, stride=1, padding=None, groups=1, gain=2.0, dilation=1):
        """`kernel`: its extents, or one of both dims of an image; `stride` likewise, or one of all dims. Without `padding`
        stride 1 keeps the extents."""
        kernel = [kernel] * 2 if isinstance(kernel, int) else list(kernel)
        rank = len(kernel)
        strides = [stride] * rank if isinstance(stride, int) else list(stride)
        pads = [extent // 2 * dilation if padding is None else padding for extent in kernel]
        fan_in = channels // groups * math.prod(kernel)
        weight = self.weight(filters, channels // groups, *kernel, deviation=math.sqrt(gain / fan_in))
        bias = self.weight(filters, deviation=0.05)
        return self.apply(
            "Conv",
            x,
            weight,
            bias,
            kernel_shape=kernel,
            strides=strides,
            pads=pads * 2,
            dilations=[dilation] * rank,
            group=groups,
        )

    def pool(self, x, kernel, stride, padding=0, ceil=False):
        return self.apply(
            "MaxPool",
            x,
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            pads=[padding] * 4,
            ceil_mode=int(ceil),
        )

    def global_pool(self, x):
        return self.apply("Flatten", self.apply("GlobalAveragePool", x), axis=1)

    def dense(self, x, inputs, outputs, gain=1.0):
        """A fully connected layer on a matrix, its weight stored as PyTorch stores it."""
        weight = self.weight(outputs, inputs, deviation=math.sqrt(gain / inputs))
        return self.apply(
            "Gemm", x, weight, self.weight(outputs, deviation=0.02), alpha=1.0, beta=1.0, transB=1
        )

    def linear(self, x, inputs, outputs, gain=1.0):
        """The same on a batch of matrices, which exporters write as MatMul and Add."""
        product = self.apply("MatMul", x, self.weight(inputs, outputs, deviation=math.sqrt(gain / inputs)))
        return self.apply("Add", self.weight(outputs, deviation=0.02), product)

    def layer_norm(self, x, width, epsilon=1e-5, spelled_out=False):
        scale = self.parameter((1 + 0.1 * self._random.standard_normal(width)).astype(np.float32))
        shift = self.weight(width, deviation=0.05)
        if not spelled_out:
            return self.apply("LayerNormalization", x, scale, shift, axis=-1, epsilon=epsilon)
        centered = self.apply("Sub", x, self.apply("ReduceMean", x, axes=[-1], keepdims=1))
        square = self.apply("Pow", centered, self.literal(2.0))
        variance = self.apply("ReduceMean", square, axes=[-1], keepdims=1)
        deviation = self.apply("Sqrt", self.apply("Add", variance, self.literal(epsilon)))
        normal = self.apply("Div", centered, deviation)
        return self.apply("Add", self.apply("Mul", normal, scale), shift)

    def reshape(self, x, *shape):
        return self.apply("Reshape", x, self.literal(list(shape)))

    # Activations.

    def relu(self, x):
        return self.apply("Relu", x)

    def relu6(self, x):
        return self.apply("Clip", x, self.literal(0.0), self.literal(6.0))

    def silu(self, x):
        return self.apply("Mul", x, self.apply("Sigmoid", x))

    def gelu(self, x):
        erf = self.apply("Erf", self.apply("Div", x, self.literal(math.sqrt(2))))
        product = self.apply("Mul", x, self.apply("Add", erf, self.literal(1.0)))
        return self.apply("Mul", product, self.literal(0.5))

    def gelu_tanh(self, x):
        half = self.apply("Mul", x, self.literal(0.5))
        cube = self.apply("Mul", self.apply("Pow", x, self.literal(3.0)), self.literal(0.044715))
        inner = self.apply("Mul", self.apply("Add", x, cube), self.literal(math.sqrt(2 / math.pi)))
        return self.apply("Mul", half, self.apply("Add", self.apply("Tanh", inner), self.literal(1.0)))

    def model(self):
        outputs = [helper.make_empty_tensor_value_info(name) for name in self._outputs]
        graph = helper.make_graph(self._nodes, self.name, self._input_types, outputs, self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        model = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        checker.check_model(model)
        return model
