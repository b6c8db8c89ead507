"""Compiled functions against hand-written NumPy, hand-derived Python and micrograd: scalar programs, tiny and large,
and steps on tensors; NumPy's BLAS on one thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from autograd import Tensor, Value, affine, cross_entropy, jit, value_and_grad
from autograd.compiler import numba_modules
from benchmarks import tensors
from benchmarks.scalar_work import readme
from benchmarks.timing import Case, Figure, Fresh
from nn import MLP, SGD

Step = Callable[[], object]
_HAND = "hand-written NumPy"


def neuron(x: Any, w: Any, v: Any, y: Any, b: Any) -> Any:
    """Seven nodes."""
    return (x * w + v * y + b).tanh()


def neuron_by_hand(x: float, w: float, v: float, y: float, b: float) -> tuple[float, tuple[float, ...]]:
    """Value and gradient of `neuron`, derived on paper."""
    z = math.tanh(x * w + v * y + b)
    g = 1.0 - z * z
    return z, (g * w, g * x, g * y, g * v, g)


def readme_by_hand(a: float, b: float) -> tuple[float, tuple[float, float]]:
    """Value and gradient of `readme`, derived on paper."""
    s, t = b + a, b - a
    d = a * b + b * b * b
    d1 = 3.0 * d + (s if s > 0 else 0.0)
    e = 4.0 * (a + b) + 3.0 - a - (4.0 * d1 + (t if t > 0 else 0.0))
    f = e * e
    g = (0.5 - 10.0 / (f * f)) * 2.0 * e
    gd = -12.0 * g
    gs = -4.0 * g if s > 0 else 0.0
    gt = -g if t > 0 else 0.0
    return f / 2.0 + 10.0 / f, (3.0 * g + gd * b + gs - gt, 4.0 * g + gd * (a + 3.0 * b * b) + gs + gt)


def moons() -> tuple[Callable[[], Value], list[Value]]:
    """The loss of the moons step as a user writes it, on scalars, and its parameters."""
    rng = np.random.default_rng(0)
    inputs, labels = rng.normal(size=(100, 2)).tolist(), rng.choice([-1, 1], size=100).tolist()
    model = MLP(2, [16, 16, 1], rng=0)

    def loss() -> Value:
        scores = [model(row) for row in inputs]
        losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())

    return loss, model.parameters()


def _compiled(with_numba: bool) -> tuple[Step, Step]:
    """The sweeps alone, and the whole step."""
    loss, parameters = moons()
    compiled = jit(loss)
    _first_run(lambda: compiled().backward(), 1 if with_numba else 10**9)
    entry = next(iter(compiled.calls.kinds.values())).entries[0]  # type: ignore[attr-defined]
    executor = entry.executor
    inputs = executor.gathered([parameter.data for parameter in parameters])
    if not with_numba:
        executor.runs = 10**9

    def sweeps() -> None:
        fresh = inputs.copy()
        executor.forward(fresh)
        executor.backward(fresh, [1.0])

    def step() -> None:
        for parameter in parameters:
            parameter.grad = 0.0
        compiled().backward()

    return sweeps, step


def first_call() -> float:
    """The first call of the compiled moons loss, in eager steps."""
    loss, _ = moons()
    loss().backward()
    start = time.perf_counter()
    loss().backward()
    eager = time.perf_counter() - start
    start = time.perf_counter()
    jit(loss)().backward()
    return (time.perf_counter() - start) / eager


def bytes_per_node() -> float:
    """What the program of the moons loss takes, an operation."""
    loss, _ = moons()
    compiled = jit(loss)
    compiled()
    program = next(iter(compiled.calls.kinds.values())).entries[0].program  # type: ignore[attr-defined]
    return program.nbytes / len(program.ops)  # type: ignore[no-any-return]


def _first_run(step: Step, hot: int = 1) -> None:
    """The run that records and compiles, after so many as are given here."""
    usual, numba_modules.HOT = numba_modules.HOT, hot
    step()
    numba_modules.HOT = usual


def hinge_step() -> dict[str, Step]:
    """The MLP 2-16-16-1 on 100 samples, on tensors."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 2)), rng.choice([-1.0, 1.0], size=(100, 1))
    leaves = [Tensor(p.copy()) for p in tensors.weights(rng, (2, 16, 16, 1))]

    @jit
    def loss() -> Tensor:
        w1, b1, w2, b2, w3, b3 = leaves
        h = affine(affine(x, w1, b1).relu(), w2, b2).relu()
        return (1 - y * affine(h, w3, b3)).relu().mean()

    def pure(jnp: Any, parameters: Any) -> Any:
        w1, b1, w2, b2, w3, b3 = parameters
        h = jnp.maximum(jnp.maximum(x @ w1 + b1, 0) @ w2 + b2, 0)
        return jnp.maximum(1 - y * (h @ w3 + b3), 0).mean()

    _first_run(loss)
    steps = {"jit": lambda: tensors.update(loss(), leaves), _HAND: tensors.hinge_steps()[_HAND]}
    return steps | _jax_step(pure, leaves)


def classifier_step(sizes: tuple[int, int, int], rows: int, fused: bool = False) -> dict[str, Step]:
    """One hidden layer and softmax cross-entropy, on tensors; the parameters changed by hand, or by a fused SGD."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(rows, sizes[0])), rng.integers(0, sizes[-1], rows)
    leaves = [Tensor(p.copy()) for p in tensors.weights(rng, sizes)]

    @jit
    def loss() -> Tensor:
        w1, b1, w2, b2 = leaves
        return cross_entropy(affine(affine(x, w1, b1).relu(), w2, b2), labels)

    def pure(jnp: Any, parameters: Any) -> Any:
        w1, b1, w2, b2 = parameters
        logits = jnp.maximum(x @ w1 + b1, 0) @ w2 + b2
        logits = logits - logits.max(axis=1, keepdims=True)
        picked = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
        return (jnp.log(jnp.exp(logits).sum(axis=1)) - picked).mean()

    _first_run(loss)
    by_hand = tensors.classifier_steps(sizes, rows)[_HAND]
    if not fused:
        return {"jit": lambda: tensors.update(loss(), leaves), _HAND: by_hand} | _jax_step(pure, leaves)
    optimizer = SGD(leaves, lr=tensors.RATE, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return {"jit, fused SGD": step, _HAND: by_hand} | _jax_step(pure, leaves)


def _jax_step(loss: Callable[[Any, Any], Any], leaves: list[Any]) -> dict[str, Step]:
    """The same step compiled by JAX, in float64, where it is installed."""
    if not find_spec("jax"):
        return {}
    import jax

    jax.config.update("jax_enable_x64", True)
    slopes = jax.grad(lambda parameters: loss(jax.numpy, parameters))

    @jax.jit
    def update(parameters: Any) -> Any:
        return [w - tensors.RATE * g for w, g in zip(parameters, slopes(parameters), strict=True)]

    state = [[jax.numpy.asarray(leaf.data) for leaf in leaves]]

    def step() -> None:
        state[0] = jax.block_until_ready(update(state[0]))

    return {"JAX jit": step}


def long_chain(nodes: int) -> Callable[[Value], Value]:
    """A function of so many nodes, one after the other."""

    def chain(x: Value) -> Value:
        z = x
        for _ in range(nodes // 2):
            z = z * x + 0.1
        return z

    return chain


def trace_growth() -> float:
    """The time to record and compile 1 000 000 nodes, in times of 500 000."""
    times = []
    for nodes in (500_000, 1_000_000):
        start = time.perf_counter()
        jit(long_chain(nodes))(Value(0.5))
        times.append(time.perf_counter() - start)
    return times[1] / times[0]


def cases() -> Iterator[Case | Figure]:
    """Everything measured here."""
    for name, f, by_hand, point, bar in (
        ("value and gradient of 7 nodes", neuron, neuron_by_hand, (2.0, -3.0, 1.0, 0.5, 6.88), "≤ 1 µs or ≤ 2"),
        ("value and gradient of ~30 nodes", readme, readme_by_hand, (-4.0, 2.0), "≤ 2 µs or ≤ 2"),
    ):
        compiled = jit(value_and_grad(f, tuple(range(len(point)))))
        assert np.allclose(compiled(*point)[1], by_hand(*point)[1])
        yield Case(
            name,
            {"jit": lambda c=compiled, p=point: c(*p), "hand-derived Python": lambda h=by_hand, p=point: h(*p)},
            "hand-derived Python", bar, calls=5000,
        )  # fmt: skip
    hand = tensors.hinge_steps()[_HAND]
    if find_spec("numba"):
        sweeps, step = _compiled(True)
        yield Case(
            "moons from scalar code: sweeps alone", {"jit, numba": sweeps, _HAND: hand}, _HAND, "≤ 0.6", calls=100
        )
        yield Case("moons from scalar code: whole step", {"jit, numba": step, _HAND: hand}, _HAND, "≤ 1.0", calls=100)
    sweeps, _ = _compiled(False)
    yield Case("moons from scalar code: sweeps, NumPy only", {"jit": sweeps, _HAND: hand}, _HAND, "none", calls=100)
    if find_spec("micrograd"):
        peer = Fresh(
            "from benchmarks import scalar_work; import micrograd.engine, micrograd.nn; "
            "step = scalar_work.moons_step(micrograd.engine.Value, micrograd.nn.MLP)",
            "step()",
        )
        for name, with_numba, bar in (("jit, NumPy only", False, "≥ 100 ×"), ("jit, numba", True, "≥ 5000 ×")):
            if find_spec("numba") or not with_numba:
                work = Fresh(f"from benchmarks.jit import _compiled; _, step = _compiled({with_numba})", "step()", 200)
                contenders = {name: work, "micrograd": peer}
                yield Case(f"moons step, {name}", contenders, "micrograd", bar, rounds=1, speedup=True)
    yield Figure("first call of the moons loss", first_call, "eager steps", "≤ 5")
    yield Figure("memory of the program", bytes_per_node, "bytes an operation", "≤ 50")
    yield Figure("first call on 1,000,000 nodes", trace_growth, "times that on 500,000", "2: linear")
    yield Case("jit: step of 2-16-16-1 × 100", hinge_step(), _HAND, "≤ 0.9", calls=100)
    for sizes, rows, calls, bar in (
        ((64, 128, 10), 32, 100, "≤ 0.95"),
        ((784, 100, 10), 1, 50, "≤ 0.5"),
        ((784, 100, 10), 64, 20, "≤ 0.97"),
        ((784, 100, 10), 1024, 2, "≤ 1.0"),
    ):
        name = f"jit: step of {'-'.join(map(str, sizes))} × {rows}"
        fused = sizes[0] == 784 and bool(find_spec("numba"))  # of small arrays a call takes longer than it saves
        yield Case(name, classifier_step(sizes, rows, fused), _HAND, bar, calls=calls)
