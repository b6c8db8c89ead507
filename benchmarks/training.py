"""Training with `nn`: what modules and optimisers add to a step, and whole trainings beside their peers.

The environment variable MNIST names the files of MNIST, as `nn.read_mnist` takes them; without it what needs them is
left out.
"""

from __future__ import annotations

import os
import statistics
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from itertools import pairwise
from typing import Any

import numpy as np

import nn
from autograd import Tensor, affine, cross_entropy, jit
from benchmarks.timing import Case, Figure
from demos import digits, mnist, spiral
from nn.initializers import xavier_uniform

Work = Callable[[], object]
RATE = 1e-9  # so small that every step costs alike


def layered_steps(compiled: bool) -> dict[str, Work]:
    """A step of 64-128-10 × 32 through `Module`, loss and optimiser, and the same in the engine's own functions."""
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(32, 64)), rng.integers(0, 10, 32)
    net = nn.Sequential(nn.Linear(64, 128, rng=rng), nn.ReLU(), nn.Linear(128, 10, rng=rng))
    optimizer = nn.SGD(net.parameters(), lr=RATE, fused=compiled)
    w1, b1, w2, b2 = leaves = [Tensor(each.data.copy()) for each in net.parameters()]

    def error(x: Any, labels: Any) -> Any:
        return nn.cross_entropy(net(x), labels)

    evaluate = jit(error) if compiled else error

    def modules() -> None:
        optimizer.zero_grad()
        evaluate(x, labels).backward()
        optimizer.step()

    def bare() -> None:
        for leaf in leaves:
            leaf.grad = None
        cross_entropy(affine(affine(x, w1, b1).relu(), w2, b2), labels).backward()
        for leaf in leaves:
            leaf.data -= RATE * leaf.grad

    return {f"wengert's nn{_told(compiled)}": modules, "bare engine code": bare}


def image_by_image(inputs: Any, targets: Any, compiled: bool) -> dict[str, Work]:
    """784-100-10 with sigmoids and the squared error, a step after every image, and the same by hand."""
    net = mnist.sigmoids(np.random.default_rng(0))
    optimizer = nn.SGD(net.parameters(), lr=0.3, fused=compiled)
    w1, b1, w2, b2 = (each.data.copy() for each in net.parameters())

    def error(x: Any, target: Any) -> Any:
        return nn.half_squared_error(net(x), target)

    evaluate = jit(error) if compiled else error

    def modules() -> None:
        for x, target in zip(inputs, targets, strict=True):
            optimizer.zero_grad()
            evaluate(x, target).backward()
            optimizer.step()

    def by_hand() -> None:
        nonlocal w1, b1, w2, b2
        for x, target in zip(inputs, targets, strict=True):
            hidden = 1 / (1 + np.exp(-(x @ w1 + b1)))
            output = 1 / (1 + np.exp(-(hidden @ w2 + b2)))
            last = (output - target) * output * (1 - output)
            first = last @ w2.T * hidden * (1 - hidden)
            w2 -= 0.3 * np.outer(hidden, last)
            b2 -= 0.3 * last
            w1 -= 0.3 * np.outer(x, first)
            b1 -= 0.3 * first

    return {f"wengert's nn{_told(compiled)}": modules, "hand-written NumPy": by_hand}


def _told(compiled: bool) -> str:
    return ", jit and fused" if compiled else ""


def digit_trainings(compiled: bool, dtype: Any, epochs: int = 20) -> dict[str, Work]:
    """64-128-10 on scikit-learn's digits, Adam, batches of 32, so many epochs, all in one dtype."""
    from sklearn.datasets import load_digits
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(dtype)

    def wengert() -> None:
        rng = np.random.default_rng(0)
        net = nn.Sequential(
            nn.Linear(64, 128, init=xavier_uniform, rng=rng),
            nn.ReLU(),
            nn.Linear(128, 10, init=xavier_uniform, rng=rng),
        ).to(dtype)
        loader = nn.DataLoader(x, y, batch_size=32, shuffle=True)
        nn.fit(net, loader, nn.cross_entropy, nn.Adam(net.parameters(), fused=compiled), epochs, jit=compiled)

    def sklearn() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            options: dict[str, Any] = {"batch_size": 32, "max_iter": epochs, "n_iter_no_change": epochs, "alpha": 0.0}
            MLPClassifier((128,), random_state=0, **options).fit(x, y)

    works: dict[str, Work] = {f"wengert's nn{_told(compiled)}": wengert, "scikit-learn": sklearn}
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        tx, ty = torch.tensor(x), torch.tensor(y)

        def pytorch() -> None:
            net = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)).to(tx.dtype)
            optimizer = torch.optim.Adam(net.parameters())
            for _ in range(epochs):
                order = torch.randperm(len(tx))
                for start in range(0, len(tx), 32):
                    batch = order[start : start + 32]
                    optimizer.zero_grad()
                    torch.nn.functional.cross_entropy(net(tx[batch]), ty[batch]).backward()
                    optimizer.step()

        works["PyTorch"] = pytorch
    return works


def accuracy_beside_sklearn(epochs: int = 15, seeds: int = 20) -> float:
    """The mean accuracy on held-out digits after the same training, in percent beyond scikit-learn's."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    train_x, test_x, train_y, test_y = digits.images()
    differences = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in range(seeds):
            options: dict[str, Any] = {"batch_size": 32, "max_iter": epochs, "alpha": 0.0, "random_state": seed}
            ours, theirs = (
                kind((128,), **options).fit(train_x, train_y).score(test_x, test_y)
                for kind in (nn.MLPClassifier, MLPClassifier)
            )
            differences.append(100 * (ours - theirs))
    return statistics.mean(differences)


def xor(seed: int) -> float:
    """2-8-2 with tanh, Adam at 0.05, 200 steps on all four points."""
    x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    return _trained((2, 8, 2), seed, nn.DataLoader(x, y, batch_size=4), 200, 0.05, (x, y))


def moons(seed: int) -> float:
    """2-16-16-2 with tanh, Adam, a cycle up to 0.02, 200 epochs of batches of 20."""
    from sklearn.datasets import make_moons

    x, y = make_moons(n_samples=100, noise=0.1, random_state=1337)
    return _trained(
        (2, 16, 16, 2), seed, nn.DataLoader(x, y, batch_size=20, shuffle=True, seed=seed), 200, 0.02, (x, y)
    )


def spirals(seed: int) -> float:
    """2-64-64-3 with tanh, Adam, a cycle up to 0.02, 150 epochs of batches of 32."""
    x, y = spiral.spiral()
    return _trained(
        (2, 64, 64, 3), seed, nn.DataLoader(x, y, batch_size=32, shuffle=True, seed=seed), 150, 0.02, (x, y)
    )


def _trained(widths: tuple[int, ...], seed: int, loader: nn.DataLoader, epochs: int, rate: float, points: Any) -> float:
    rng = np.random.default_rng(seed)
    layers: list[Any] = []
    for nin, nout in pairwise(widths):
        layers += [nn.Linear(nin, nout, rng=rng), nn.Tanh()]
    net = nn.Sequential(*layers[:-1])
    optimizer = nn.Adam(net.parameters(), lr=rate)
    schedule = nn.OneCycleLR(optimizer, max_lr=rate, total_steps=epochs * len(loader)) if len(loader) > 1 else None
    nn.fit(net, loader, nn.cross_entropy, optimizer, epochs, schedule=schedule)
    return nn.accuracy(nn.predict(net, points[0]), points[1])


def perfect(task: Callable[[int], float], seeds: int = 20) -> float:
    """How many of so many seeds reach 100 %."""
    return float(sum(task(seed) == 1.0 for seed in range(seeds)))


def mnist_cases(images: mnist.MNIST, some: int = 1000) -> Iterator[Case | Figure]:
    """What is measured on MNIST: the time of a pass over some images one by one, and accuracies after whole passes."""
    train_x, train_y, _, _ = images
    inputs, targets = mnist.pixels(train_x[:some]), np.eye(10)[train_y[:some]] * 0.98 + 0.01
    for compiled in _ways():
        works = image_by_image(inputs, targets, compiled)
        yield Case(f"784-100-10, {some} images one by one{_told(compiled)}", works, "hand-written NumPy", "≤ 1.5")
    for name, bar, train in (
        ("784-100-10, one by one", 94.5, lambda: mnist.one_at_a_time(images)["accuracy"]),
        ("784-100-10, Adam, 10 epochs", 97.5, lambda: mnist.minibatches(images, (100,))),
        ("784-256-128-10, Adam, 10 epochs", 98, lambda: mnist.minibatches(images, (256, 128))),
        ("convolutions, Adam, 5 epochs", 98.5, lambda: mnist.convolutions(images)),
    ):
        yield Figure(f"MNIST, {name}", lambda train=train: 100 * _silent(train), "% right", f"≥ {bar}")


def _silent(train: Callable[[], float]) -> float:
    with redirect_stdout(StringIO()):
        return train()


def _ways() -> tuple[bool, ...]:
    """As it is, and where numba is installed compiled."""
    return (False, True) if find_spec("numba") else (False,)


def cases() -> Iterator[Case | Figure]:
    """Everything measured here."""
    for compiled in _ways():
        name, works = f"step of 64-128-10 × 32 through nn{_told(compiled)}", layered_steps(compiled)
        yield Case(name, works, "bare engine code", "≤ 1.10", calls=100)
    path = os.environ.get("MNIST")
    if path:
        yield from mnist_cases(nn.read_mnist(path))
    for compiled in _ways():
        for dtype in np.float64, np.float32:
            name, trainings = (
                f"training on digits, {np.dtype(dtype)}{_told(compiled)}",
                digit_trainings(compiled, dtype),
            )
            yield Case(name, trainings, "scikit-learn", "≤ 0.6", rounds=7)
            if dtype == np.float32:  # PyTorch's own
                yield Case(name, trainings, "PyTorch", "≤ 0.35", rounds=7)
    yield Figure("accuracy on digits beyond scikit-learn's, mean of 20 seeds", accuracy_beside_sklearn, "%", "≥ 0")
    for task in (xor, moons, spirals):
        yield Figure(f"{task.__name__}: seeds of 20 that reach 100 %", lambda task=task: perfect(task), "seeds", "20")
