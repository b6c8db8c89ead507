"""Code written for micrograd (A. Karpathy, https://github.com/karpathy/micrograd) runs as it stands, with its numbers.

The programs below compute what micrograd's README, its tests and its two notebooks compute, by the same means. What
micrograd 0.1.0 answers was recorded; where it is installed, it is asked again.
"""

import random
from importlib.util import find_spec

import graphviz
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn

needs_micrograd = pytest.mark.skipif(find_spec("micrograd") is None, reason="micrograd is not installed")


def engines():
    """Our Value, and micrograd's where it is installed."""
    if not find_spec("micrograd"):
        return [autograd.Value]
    from micrograd.engine import Value

    return [autograd.Value, Value]


RECORDED_LOSSES = [0.9219934564035632, 0.5686447510326409, 1.6013090072510046, 2.3983103471223433, 0.9960277487080234,
                   0.9612539345854242]  # fmt: skip
RECORDED_DATA = [0.5, -1.25, 2.0, 0.75, 0.375, -1.5, 0.11538461538461539, 0.0, -0.375, 0.0, 0.125, 4.5, 1.125,
                 0.4966936076414401, -2.0]  # fmt: skip
RECORDED_GRADIENTS = [0.8180762511069233, 1.645087412785614, 1.544642280857112]
EVERY_ENGINE = pytest.mark.parametrize("Value", engines(), ids=lambda kind: kind.__module__)


@EVERY_ENGINE
def test_the_expression_of_the_readme(Value):
    a, b = Value(-4.0), Value(2.0)
    total = a + b
    c = total + total + 1
    c += 1 + c + (-a)
    d = a * b + b**3
    d += 2 * d + total.relu()
    d += d * 3 + (b - a).relu()
    square = (c - d) ** 2
    out = square / 2.0
    out += 10.0 / square
    out.backward()
    assert [f"{x:.4f}" for x in (out.data, a.grad, b.grad)] == ["24.7041", "138.8338", "645.5773"]
    assert out.data == pytest.approx(24.70408163265306, rel=1e-14)
    assert (a.grad, b.grad) == pytest.approx((138.83381924198252, 645.5772594752187), rel=1e-14)


@EVERY_ENGINE
def test_reuse_and_relu(Value):
    x = Value(-4.0)
    line = 2 * x + 2 + x
    bent = line.relu() + line * x
    out = (line * line).relu() + bent + bent * x
    out.backward()
    assert (out.data, x.grad) == (-20.0, 46.0)


@EVERY_ENGINE
def test_every_operator_with_a_number_on_either_side(Value):
    x = Value(0.5)
    results = [x + 1, 1 + x, x - 1, 1 - x, x * 3, 3 * x, x / 4, 4 / x, x**2, x**-1, x**0.5, -x, x.relu(), (-x).relu()]
    assert [y.data for y in results] == pytest.approx(
        [1.5, 1.5, -0.5, 0.5, 1.5, 1.5, 0.125, 8, 0.25, 2, 0.5**0.5, -0.5, 0.5, 0], rel=1e-15
    )
    slopes = []
    for y in results:
        x.grad = 0
        y.backward()
        slopes.append(x.grad)
    assert slopes == pytest.approx([1, 1, 1, -1, 3, 3, 0.25, -16, 1, -4, 0.5**0.5, -1, 1, 0], rel=1e-15)


def connections(root):
    """All nodes and edges below a node, as a drawing program finds them."""
    nodes, edges, stack = set(), set(), [root]
    while stack:
        node = stack.pop()
        if node not in nodes:
            nodes.add(node)
            for child in node._prev:
                edges.add((child, node))
                stack.append(child)
    return nodes, edges


def drawing(root):
    """The graph as a drawing program draws it: a box for each node, an ellipse for each operation."""
    nodes, edges = connections(root)
    dot = graphviz.Digraph(format="svg", graph_attr={"rankdir": "LR"})
    for node in nodes:
        name = str(id(node))
        dot.node(name=name, label="{ data %.4f | grad %.4f }" % (node.data, node.grad), shape="record")  # noqa: UP031
        if node._op:
            dot.node(name=name + node._op, label=node._op)
            dot.edge(name + node._op, name)
    for child, node in edges:
        dot.edge(str(id(child)), str(id(node)) + node._op)
    return dot


@EVERY_ENGINE
def test_a_drawing_of_a_small_graph(Value):
    x = Value(1.0)
    y = (x * 2 + 1).relu()
    y.backward()
    dot = drawing(y)
    for label in ("ReLU", "data 1.0000 | grad 2.0000", "data 2.0000 | grad 1.0000", "data 3.0000 | grad 1.0000"):
        assert label in dot.source
    edges = 3 + 3 if Value is autograd.Value else 3 + 5  # a constant is a node of micrograd's
    assert dot.source.count("->") == edges
    assert len(dot.body) - edges == 3 + (4 if Value is autograd.Value else 6)


def recorded_neuron(Value):
    """The neuron that the trace notebook draws: weights by Python's generator, seed 1337, and a bias of 0."""
    source = random.Random(1337)
    w = [Value(source.uniform(-1, 1)), Value(source.uniform(-1, 1))]
    b = Value(0)
    x = [Value(1.0), Value(-2.0)]
    return w, b, x, sum((wi * xi for wi, xi in zip(w, x, strict=True)), b).relu()


@EVERY_ENGINE
def test_a_neuron(Value):
    w, b, x, y = recorded_neuron(Value)
    y.backward()
    assert y.data == 0.102443419482938
    assert [node.grad for node in (*w, b, *x)] == [1.0, -2.0, 1.0, w[0].data, w[1].data]
    nodes, edges = connections(y)
    assert (len(nodes), len(edges)) == (10, 9)
    assert sorted(node._op for node in nodes) == ["", "", "", "", "", "*", "*", "+", "+", "ReLU"]
    assert drawing(y).source.count("->") == 14


def train(Value, model, steps):
    """The loop of the demo notebook on ten points of a spiral: hinge loss, L2, falling rate."""
    points = [[0.1 * k * (-1) ** k, 0.05 * k * k - 0.4] for k in range(10)]
    labels = [1 if k % 2 else -1 for k in range(10)]
    losses, accuracies = [], []
    for k in range(steps):
        inputs = [list(map(Value, point)) for point in points]
        scores = list(map(model, inputs))
        hinges = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        data_loss = sum(hinges) * (1.0 / len(hinges))
        total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        accuracy = [(label > 0) == (score.data > 0) for label, score in zip(labels, scores, strict=True)]
        losses.append(total.data)
        accuracies.append(sum(accuracy) / len(accuracy))

        model.zero_grad()
        total.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= rate * p.grad
    return losses, accuracies


def same_weights(model):
    source = random.Random(1337)
    for p in model.parameters():
        p.data = source.uniform(-1, 1)
    return model


def test_the_loop_of_the_demo():
    losses, accuracies = train(autograd.Value, same_weights(nn.MLP(2, [8, 8, 1])), 6)
    assert losses == pytest.approx(RECORDED_LOSSES, rel=1e-10)
    assert accuracies == [0.5, 0.7, 0.5, 0.5, 0.5, 0.5]


@needs_micrograd
@pytest.mark.parametrize("on_our_values", [True, False])
def test_the_loop_of_the_demo_with_its_own_network(on_our_values, monkeypatch):
    import micrograd.nn

    kind = autograd.Value if on_our_values else micrograd.nn.Value
    monkeypatch.setattr(micrograd.nn, "Value", kind)
    losses, accuracies = train(kind, same_weights(micrograd.nn.MLP(2, [8, 8, 1])), 6)
    assert losses == pytest.approx(RECORDED_LOSSES, rel=1e-10)
    assert accuracies == [0.5, 0.7, 0.5, 0.5, 0.5, 0.5]


OPERATIONS = [
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: x - y,
    lambda x, y: x / (y * y + 1),
    lambda x, y: (x - y).relu(),
    lambda x, y: -x,
    lambda x, y: x**2,
    lambda x, y: x**3,
    lambda x, y: 2 * x + 0.5,
    lambda x, y: 1.5 - x,
    lambda x, y: 1 / (x * x + 2),
    lambda x, y: sum([x, y, x]),
]
PROGRAMS = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=25
)


def run(Value, leaves, program):
    """The numbers of all nodes of a program, and the gradients of their sum."""
    nodes = [Value(x) for x in leaves]
    for operation, i, j in program:
        node = operation(nodes[i % len(nodes)], nodes[j % len(nodes)])
        nodes.append(node if abs(node.data) < 1e3 else node * 1e-3)
    sum(nodes).backward()
    return [node.data for node in nodes], [node.grad for node in nodes]


@needs_micrograd
@given(leaves=st.lists(st.floats(-2, 2), min_size=1, max_size=4), program=PROGRAMS)
def test_random_programs(leaves, program):
    from micrograd.engine import Value

    data, gradients = run(autograd.Value, leaves, program)
    their_data, their_gradients = run(Value, leaves, program)
    assert data == pytest.approx(their_data, rel=1e-12, abs=1e-12)
    size = max(map(abs, their_gradients))
    assert gradients == pytest.approx(their_gradients, rel=1e-12, abs=1e-12 * size)


def test_a_recorded_program():
    program = [(operation, 7 * k + 1, 5 * k + 2) for k, operation in enumerate(OPERATIONS)]
    data, gradients = run(autograd.Value, [0.5, -1.25, 2.0], program)
    assert data == pytest.approx(RECORDED_DATA, rel=1e-14)
    assert gradients[:3] == pytest.approx(RECORDED_GRADIENTS, rel=1e-14)


def test_networks_draw_the_numbers_that_micrograd_draws():
    source = random.Random(1337)
    expected = [[source.uniform(-1, 1) for _ in range(2)] for _ in range(3)]
    net = nn.MLP(2, [3, 1], rng=random.Random(1337))
    assert [[w.data for w in neuron.w] for neuron in net.layers[0].neurons] == expected
    arrays = nn.MLP(2, [3, 1], rng=random.Random(1337), node=autograd.Tensor)
    assert arrays.layers[0].weight.data.T.tolist() == expected
    assert nn.Neuron(2, rng=0)(iter([1.0, 2.0])).data == nn.Neuron(2, rng=0)([1.0, 2.0]).data
