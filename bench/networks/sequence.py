"""Transformers, a recurrent layer and perceptrons."""

import math

import numpy as np

LOWEST = float(np.finfo(np.float32).min)


def _heads(n, x, steps, heads, width, order):
    return n.apply("Transpose", n.reshape(x, 1, steps, heads, width // heads), perm=order)


def _attention(n, query, key, value, steps, heads, width, scores):
    """softmax(scores(q k)) v of three projections [1, steps, width]; the key comes transposed."""
    q = _heads(n, query, steps, heads, width, [0, 2, 1, 3])
    k = _heads(n, key, steps, heads, width, [0, 2, 3, 1])
    v = _heads(n, value, steps, heads, width, [0, 2, 1, 3])
    weights = n.apply("Softmax", scores(n.apply("MatMul", q, k)), axis=-1)
    mixed = n.apply("Transpose", n.apply("MatMul", weights, v), perm=[0, 2, 1, 3])
    return n.reshape(mixed, 1, steps, width)


def _bert(n, steps, layers, width, heads, inner, words, spelled_out):
    """Devlin 2018 as Hugging Face exports it: embeddings, encoder, pooler."""
    epsilon = 1e-12
    ids = n.input("input_ids", [1, steps], kind="ids", dtype="int64", high=words)
    mask = n.input("attention_mask", [1, steps], kind="ones", dtype="int64")
    types = n.input("token_type_ids", [1, steps], kind="ids", dtype="int64", high=2)

    mask = n.apply("Cast", n.apply("Unsqueeze", mask, n.literal([1, 2])), to=1)
    mask = n.apply("Mul", n.apply("Sub", n.literal(1.0), mask), n.literal(LOWEST))
    tables = [n.weight(rows, width, deviation=0.5) for rows in (words, 2, 512)]
    x = n.apply("Add", n.apply("Gather", tables[0], ids), n.apply("Gather", tables[1], types))
    x = n.apply("Add", x, n.apply("Gather", tables[2], n.literal([list(range(steps))])))
    x = n.layer_norm(x, width, epsilon, spelled_out)

    def scores(product):
        scaled = n.apply("Div", product, n.literal(math.sqrt(width // heads)))
        return n.apply("Add", scaled, mask)

    for _ in range(layers):
        projections = [n.linear(x, width, width) for _ in range(3)]
        mixed = _attention(n, *projections, steps, heads, width, scores)
        x = n.layer_norm(n.apply("Add", n.linear(mixed, width, width), x), width, epsilon, spelled_out)
        hidden = n.linear(n.gelu(n.linear(x, width, inner)), inner, width)
        x = n.layer_norm(n.apply("Add", hidden, x), width, epsilon, spelled_out)
    n.output(x, "last_hidden_state")
    first = n.apply("Gather", x, n.literal(0), axis=1)
    n.output(n.apply("Tanh", n.dense(first, width, width)), "pooler_output")


def bert_base(n):
    _bert(n, 128, 12, 768, 12, 3072, 30522, spelled_out=False)


def bert_mini_decomp(n):
    """A small one as old exporters wrote it: the normalizations in primitive operators."""
    _bert(n, 128, 4, 256, 4, 1024, 2048, spelled_out=True)


def _gpt2(n, steps, past):
    """Radford 2019; the output layer is the word table transposed. With `past` earlier tokens it goes on from there:
    their keys and values come in, and go out with those of the new ones."""
    layers, width, heads, words = 12, 768, 12, 50257
    ids = n.input("input_ids", [1, steps], kind="ids", dtype="int64", high=words)
    table, places = n.weight(words, width, deviation=0.1), n.weight(1024, width, deviation=0.05)
    positions = n.literal([list(range(past, past + steps))])
    x = n.apply("Add", n.apply("Gather", table, ids), n.apply("Gather", places, positions))
    causal = n.parameter(np.tril(np.ones((1, 1, steps, past + steps), bool), past))
    lowest = n.literal(LOWEST)

    def projection(x, inputs, outputs, gain=1.0):
        """Hugging Face's Conv1D."""
        weight = n.weight(inputs, outputs, deviation=math.sqrt(gain / inputs))
        flat = n.apply(
            "Gemm", n.reshape(x, -1, inputs), weight, n.weight(outputs, deviation=0.02), alpha=1.0, beta=1.0
        )
        return n.reshape(flat, 1, steps, outputs)

    def scores(product):
        scaled = n.apply("Div", product, n.literal(math.sqrt(width // heads)))
        return n.apply("Where", causal, scaled, lowest)

    def attention(layer, query, key, value):
        if not past:
            return _attention(n, query, key, value, steps, heads, width, scores)
        q, k, v = (_heads(n, x, steps, heads, width, [0, 2, 1, 3]) for x in (query, key, value))
        shape = [1, heads, past, width // heads]
        cache = [n.input(f"past_{name}_{layer}", shape) for name in ("key", "value")]
        k, v = (n.apply("Concat", old, new, axis=2) for old, new in zip(cache, (k, v)))
        n.output(k, f"present_key_{layer}")
        n.output(v, f"present_value_{layer}")
        product = n.apply("MatMul", q, n.apply("Transpose", k, perm=[0, 1, 3, 2]))
        mixed = n.apply("MatMul", n.apply("Softmax", scores(product), axis=-1), v)
        return n.reshape(n.apply("Transpose", mixed, perm=[0, 2, 1, 3]), 1, steps, width)

    for layer in range(layers):
        joint = projection(n.layer_norm(x, width), width, 3 * width)
        parts = n.apply_many(3, "Split", joint, n.literal([width] * 3), axis=2)
        x = n.apply("Add", projection(attention(layer, *parts), width, width, 0.1), x)
        hidden = n.gelu_tanh(projection(n.layer_norm(x, width), width, 4 * width))
        x = n.apply("Add", x, projection(hidden, 4 * width, width, 0.1))
    x = n.layer_norm(x, width)
    n.output(n.apply("MatMul", x, n.apply("Transpose", table, perm=[1, 0])), "logits")


def gpt2_small(n):
    """64 tokens of a prompt."""
    _gpt2(n, 64, 0)


def gpt2_decode(n):
    """One more token after 255."""
    _gpt2(n, 1, 255)


def vit_b16(n):
    """Dosovitskiy 2020."""
    patches, layers, width, heads, epsilon = 196, 12, 768, 12, 1e-6
    steps = patches + 1
    x = n.conv(n.input("input", [1, 3, 224, 224]), 3, width, 16, 16, 0, gain=1.0)
    x = n.apply("Transpose", n.reshape(x, 1, width, patches), perm=[0, 2, 1])
    x = n.apply("Concat", n.weight(1, 1, width, deviation=0.5), x, axis=1)
    x = n.apply("Add", x, n.weight(1, steps, width, deviation=0.2))

    def scores(product):
        return n.apply("Mul", product, n.literal(1 / math.sqrt(width // heads)))

    for _ in range(layers):
        normal = n.layer_norm(x, width, epsilon)
        projections = [n.linear(normal, width, width) for _ in range(3)]
        mixed = _attention(n, *projections, steps, heads, width, scores)
        x = n.apply("Add", x, n.linear(mixed, width, width, 0.2))
        hidden = n.gelu(n.linear(n.layer_norm(x, width, epsilon), width, 4 * width))
        x = n.apply("Add", x, n.linear(hidden, 4 * width, width, 0.2))
    first = n.apply("Gather", n.layer_norm(x, width, epsilon), n.literal(0), axis=1)
    n.output(n.dense(first, width, 1000), "output")


def lstm(n):
    """Hochreiter and Schmidhuber 1997: one layer of 256 units over 128 steps."""
    steps, inputs, hidden = 128, 128, 256
    x, deviation = n.input("input", [steps, 1, inputs]), 1 / math.sqrt(hidden)
    weights = [n.weight(1, 4 * hidden, columns, deviation=deviation) for columns in (inputs, hidden)]
    bias = n.weight(1, 8 * hidden, deviation=0.05)
    state = [n.parameter(np.zeros((1, 1, hidden), np.float32)) for _ in range(2)]
    y, last_h, last_c = n.apply_many(3, "LSTM", x, *weights, bias, "", *state, hidden_size=hidden)
    n.output(n.apply("Squeeze", y, n.literal([1])), "output")
    n.output(last_h, "hn")
    n.output(last_c, "cn")


def _perceptron(batch):
    def build(n):
        x = n.input("input", [batch, 784])
        x = n.relu(n.dense(x, 784, 512, gain=2.0))
        x = n.relu(n.dense(x, 512, 512, gain=2.0))
        n.output(n.dense(x, 512, 10), "output")

    return build


NETWORKS = {
    "bert_base": bert_base,
    "bert_mini_decomp": (bert_mini_decomp, 14),
    "gpt2_small": gpt2_small,
    "gpt2_decode": gpt2_decode,
    "vit_b16": vit_b16,
    "lstm": lstm,
    "mlp_b1": _perceptron(1),
    "mlp_b64": _perceptron(64),
}
