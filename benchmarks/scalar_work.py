"""What scalar engines are measured by, for any `Value` and `MLP` with micrograd's API; needs no package itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any


def expression_7(value: Any) -> None:
    """Seven nodes: the squared output of a neuron with one input."""
    w, x, b = value(2.0), value(-3.0), value(6.8813735870195432)
    ((w * x + b).relu() ** 2).backward()


def readme(a: Any, b: Any) -> Any:
    """The example of micrograd's README: some thirty nodes."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    return f / 2.0 + 10.0 / f


def expression_30(value: Any) -> None:
    """Value and gradient of `readme`."""
    readme(value(-4.0), value(2.0)).backward()


def moons_step(value: Any, mlp: Any) -> Callable[[], object]:
    """One training step of micrograd's demo: an MLP 2-16-16-1 on 100 samples, hinge loss and L2, some 65 000 nodes."""
    rng = random.Random(0)
    inputs = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(100)]
    labels = [rng.choice([-1, 1]) for _ in range(100)]
    model = mlp(2, [16, 16, 1])
    for parameter in model.parameters():
        parameter.data = rng.uniform(-1, 1)

    def step() -> None:
        scores = [model(list(map(value, row))) for row in inputs]
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= 1e-9 * parameter.grad  # so small that no margin is ever met, and every step costs alike

    return step
