"""Eager scalars against micrograd: the same expressions and the same training step, default garbage collector."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from autograd import Value
from benchmarks.timing import Case, Figure, Fresh
from nn import MLP


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
    contenders = {"wengert": ("from autograd import Value", "from nn import MLP")}
    if find_spec("micrograd"):
        contenders["micrograd"] = ("from micrograd.engine import Value", "from micrograd.nn import MLP")
    for name, work, calls, bar in (
        ("expression of 7 nodes, forward and backward", "expression_7", 5000, "≥ 3.5 ×"),
        ("expression of ~30 nodes, forward and backward", "expression_30", 1500, "≥ 4 ×"),
    ):
        fresh = {
            who: Fresh(f"{value}; from benchmarks.scalar_work import {work}", f"{work}(Value)", calls)
            for who, (value, _) in contenders.items()
        }
        yield Case(name, fresh, "micrograd", bar, rounds=40, speedup=True)
    make = "from benchmarks.scalar_work import moons_step; step = moons_step(Value, MLP)"
    steps = {who: Fresh(f"{value}; {mlp}; {make}", "step()") for who, (value, mlp) in contenders.items()}
    yield Case("moons step, 65 000 nodes", steps, "micrograd", "≥ 10 ×", rounds=5, speedup=True)
    yield Figure("memory of a graph", bytes_per_node, "bytes a node", "≤ 200")
    yield Figure("200 steps without the collector leave", growth_without_collector, "bytes", "0, or a few")
    chain(10_000)  # the first run in a process is slower, and this chain is short enough for it to show
    yield Figure("chain of 10 000 operations", lambda: chain(10_000), "µs an operation", "linear")
    yield Figure("chain of 1 000 000 operations", lambda: chain(1_000_000), "µs an operation", "linear")
