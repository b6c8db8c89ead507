"""Eager tensors against hand-written NumPy back-propagation of the same step, float64, one BLAS thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from autograd import Tensor, affine, cross_entropy, jit, tanh
from autograd.compiler.numba_modules import HOT
from benchmarks.timing import Case, Figure

Step = Callable[[], object]
RATE = 1e-9  # so small that every step costs alike


def weights(rng: np.random.Generator, sizes: tuple[int, ...]) -> list[Any]:
    """Of layers of these sizes a matrix and a bias each, as plain arrays."""
    return [w for n, m in pairwise(sizes) for w in (rng.normal(size=(n, m)) / np.sqrt(n), np.zeros(m))]


def hinge_steps() -> dict[str, Step]:
    """An MLP 2-16-16-1 with ReLU and hinge loss on 100 samples."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 2)), rng.choice([-1.0, 1.0], size=(100, 1))
    parameters = weights(rng, (2, 16, 16, 1))
    tensors = [Tensor(p.copy()) for p in parameters]

    def by_hand() -> None:
        w1, b1, w2, b2, w3, b3 = parameters
        a1 = x @ w1 + b1
        h1 = np.maximum(a1, 0)
        a2 = h1 @ w2 + b2
        h2 = np.maximum(a2, 0)
        margin = 1 - y * (h2 @ w3 + b3)
        np.maximum(margin, 0).mean()
        d3 = (margin > 0) * -y / len(x)
        d2 = d3 @ w3.T * (a2 > 0)
        d1 = d2 @ w2.T * (a1 > 0)
        gradients = (x.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ d3, d3.sum(0))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= RATE * gradient

    def wengert() -> None:
        w1, b1, w2, b2, w3, b3 = tensors
        h = affine(x, w1, b1).relu()
        h = affine(h, w2, b2).relu()
        update((1 - y * affine(h, w3, b3)).relu().mean(), tensors)

    steps = {"wengert": wengert, "hand-written NumPy": by_hand}
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        leaves = [torch.tensor(p, requires_grad=True) for p in parameters]
        tx, ty = torch.tensor(x), torch.tensor(y)

        def pytorch() -> None:
            w1, b1, w2, b2, w3, b3 = leaves
            h = torch.relu(tx @ w1 + b1)
            h = torch.relu(h @ w2 + b2)
            _update_torch(torch.relu(1 - ty * (h @ w3 + b3)).mean(), leaves)

        steps["PyTorch"] = pytorch
    return steps


def classifier_steps(sizes: tuple[int, int, int], rows: int) -> dict[str, Step]:
    """A network with one hidden ReLU layer and softmax cross-entropy."""
    rng = np.random.default_rng(0)
    x, labels, index = rng.normal(size=(rows, sizes[0])), rng.integers(0, sizes[-1], rows), np.arange(rows)
    parameters = weights(rng, sizes)
    tensors = [Tensor(p.copy()) for p in parameters]

    def by_hand() -> None:
        w1, b1, w2, b2 = parameters
        a1 = x @ w1 + b1
        h1 = np.maximum(a1, 0)
        logits = h1 @ w2 + b2
        shifted = logits - logits.max(axis=1, keepdims=True)
        e = np.exp(shifted)
        total = e.sum(axis=1, keepdims=True)
        (np.log(total[:, 0]) - shifted[index, labels]).mean()
        d2 = e / total
        d2[index, labels] -= 1
        d2 /= rows
        d1 = d2 @ w2.T * (a1 > 0)
        gradients = (x.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= RATE * gradient

    def wengert() -> None:
        w1, b1, w2, b2 = tensors
        update(cross_entropy(affine(affine(x, w1, b1).relu(), w2, b2), labels), tensors)

    steps = {"wengert": wengert, "hand-written NumPy": by_hand}
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        leaves = [torch.tensor(p, requires_grad=True) for p in parameters]
        tx, ty = torch.tensor(x), torch.tensor(labels)

        def pytorch() -> None:
            w1, b1, w2, b2 = leaves
            _update_torch(torch.nn.functional.cross_entropy(torch.relu(tx @ w1 + b1) @ w2 + b2, ty), leaves)

        steps["PyTorch"] = pytorch
    return steps


def tanh_steps(n: int) -> dict[str, Step]:
    """tanh(a*b + c).sum() and its three gradients."""
    rng = np.random.default_rng(0)
    a, b, c = (rng.normal(size=n) for _ in range(3))
    leaves = [Tensor(each) for each in (a, b, c)]

    def by_hand() -> object:
        z = np.tanh(a * b + c)
        z.sum()
        g = 1 - z * z
        return g * b, g * a, g

    def wengert() -> None:
        x, y, w = leaves
        z = tanh(x * y + w).sum()
        for leaf in leaves:
            leaf.grad = None
        z.backward()

    steps = {"wengert": wengert, "hand-written NumPy": by_hand}
    if find_spec("numba"):
        x, y, w = leaves
        total = jit(lambda: tanh(x * y + w).sum())

        def compiled() -> None:
            z = total()
            for leaf in leaves:
                leaf.grad = None
            z.backward()

        for _ in range(HOT):
            compiled()
        steps["wengert, jit"] = compiled
    return steps


def update(loss: Tensor, parameters: list[Tensor]) -> None:
    """A step of gradient descent."""
    for parameter in parameters:
        parameter.grad = None
    loss.backward()
    for parameter in parameters:
        parameter.data -= RATE * parameter.grad


def _update_torch(loss: Any, parameters: list[Any]) -> None:
    import torch

    for parameter in parameters:
        parameter.grad = None
    loss.backward()
    with torch.no_grad():
        for parameter in parameters:
            parameter -= RATE * parameter.grad


def cases() -> Iterator[Case | Figure]:
    """Everything measured here."""
    baseline = "hand-written NumPy"
    yield Case("step of 2-16-16-1 × 100", hinge_steps(), baseline, "≤ 1.75", calls=100)
    for sizes, rows, calls, bar in (
        ((64, 128, 10), 32, 100, "≤ 1.4"),
        ((784, 100, 10), 64, 20, "≤ 1.10"),
        ((784, 100, 10), 1024, 2, "≤ 1.05"),
    ):
        name = f"step of {'-'.join(map(str, sizes))} × {rows}"
        yield Case(name, classifier_steps(sizes, rows), baseline, bar, calls=calls)
    for n, calls, bar in ((1, 1000, "≤ 4"), (10_000, 50, "≤ 1.2"), (1_000_000, 1, "≤ 1.2")):
        steps = tanh_steps(n)
        compiled = steps.pop("wengert, jit", None)
        yield Case(f"tanh(a·b+c).sum(), n = {n:,}", steps, baseline, bar, calls=calls)
        if compiled:
            contenders = {"wengert, jit": compiled, baseline: steps[baseline]}
            yield Case(f"tanh(a·b+c).sum(), n = {n:,}, jit", contenders, baseline, bar, calls=calls)
