"""Eager scalars against micrograd: the same expressions and the same training step, default garbage collector."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from autograd import Value
from benchmarks.timing import Case, Figure
from nn import MLP


def expression_7(value: Any) -> None:
    """Seven nodes: a neuron with two inputs."""
    x, w, v, y, b = value(2.0), value(-3.0), value(1.0), value(0.5), value(6.8813735870195432)
    (x * w + v * y + b).relu().backward()


def expression_30(value: Any) -> None:
    """The example of micrograd's README: some thirty nodes."""
    a, b = value(-4.0), value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()


def moons_step(value: Any, mlp: Any) -> Callable[[], object]:
    """One training step of micrograd's demo: an MLP 2-16-16-1 on 100 samples, hinge loss and L2, some 65 000 nodes."""
    rng = np.random.default_rng(0)
    inputs, labels = rng.normal(size=(100, 2)).tolist(), rng.choice([-1, 1], size=100).tolist()
    model = mlp(2, [16, 16, 1])
    for parameter, weight in zip(model.parameters(), rng.uniform(-1, 1, size=337).tolist(), strict=True):
        parameter.data = weight

    def step() -> None:
        scores = [model(list(map(value, row))) for row in inputs]
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= 1e-9 * parameter.grad  # so small that no margin is ever met, and every step costs alike

    return step


def bytes_per_node() -> float:
    """Memory of a scalar graph after the forward pass, a node."""
    x = Value(0.5)
    gc.collect()
    tracemalloc.start()
    z, count = x, 0
    for _ in range(10_000):
        z = (z * x + 0.25).tanh()
        count += 3
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / count


def growth_without_collector() -> float:
    """Bytes that 200 training steps leave behind with the garbage collector off."""
    rng = np.random.default_rng(0)
    model = MLP(2, [8, 8, 1], rng=0)
    inputs = rng.normal(size=(10, 2)).tolist()

    def steps(count: int) -> None:
        for _ in range(count):
            loss = sum(model(row) for row in inputs)
            model.zero_grad()
            loss.backward()

    steps(5)
    gc.collect()
    gc.disable()
    try:
        tracemalloc.start()
        steps(5)  # what is made once and kept is no growth
        before, _ = tracemalloc.get_traced_memory()
        steps(200)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    finally:
        gc.enable()
    return float(after - before)


def chain(length: int) -> float:
    """Microseconds an operation of a chain of scalar operations: forward, backward and free."""
    start = time.perf_counter()
    x = Value(1.0)
    z = x
    for _ in range(length):
        z = z + 1e-6
    z.backward()
    del z
    return (time.perf_counter() - start) / length * 1e6


def cases() -> Iterator[Case | Figure]:
    """Everything measured here."""
    contenders: dict[str, tuple[Any, Any]] = {"wengert": (Value, MLP)}
    if find_spec("micrograd"):
        import micrograd.engine
        import micrograd.nn

        contenders["micrograd"] = (micrograd.engine.Value, micrograd.nn.MLP)
    for name, build, bar in (
        ("expression of 7 nodes, forward and backward", expression_7, "≥ 3.5 ×"),
        ("expression of ~30 nodes, forward and backward", expression_30, "≥ 4 ×"),
    ):
        yield Case(
            name,
            {who: (lambda build=build, value=value: build(value)) for who, (value, _) in contenders.items()},
            "micrograd", bar, calls=2000, speedup=True,
        )  # fmt: skip
    steps = {who: moons_step(*pair) for who, pair in contenders.items()}
    yield Case("moons step, 65 000 nodes", steps, "micrograd", "≥ 10 ×", rounds=5, speedup=True)
    yield Figure("memory of a graph", bytes_per_node, "bytes a node", "≤ 200")
    yield Figure("200 steps without the collector leave", growth_without_collector, "bytes", "0, or a few")
    chain(10_000)
    yield Figure("chain of 10 000 operations", lambda: chain(10_000), "µs an operation", "linear")
    yield Figure("chain of 1 000 000 operations", lambda: chain(1_000_000), "µs an operation", "linear")
