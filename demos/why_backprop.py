"""Why back-propagation: the same gradient numerically and by the chain rule, and what either costs on MNIST."""

from collections.abc import Callable
from timeit import repeat
from typing import Any

import numpy as np

import autograd
from demos.matrices import affine, entries, grad, half_squared_error, sigmoid, values

IMAGES = 60_000


def run() -> dict[str, Any]:
    """Print the report; return the largest difference of the two gradients, and how many forward passes one took."""
    network = draw(32, 16, 10)
    nodes = values(network)
    size = len(entries(network))
    both = zip(by_numbers(*network), by_chain_rule(*nodes), strict=True)
    difference = max(abs(number - gradient) for number, gradient in both)
    slow = seconds(lambda: by_numbers(*network))
    fast = seconds(lambda: by_chain_rule(*nodes))

    print(f"The gradient of a 32-16-10 network, {size} weights and biases, for one image:")
    print(f"  numerically           {slow * 1e3:.1f} ms: two forward passes for each of them, {2 * size} in all")
    print(f"  by the chain rule     {fast * 1e3:.1f} ms: one pass forward and one back")
    print(f"  largest difference    {difference:.0e}")

    W1, b1, W2, b2 = map(np.array, draw(784, 30, 10))
    x = np.full(784, 0.5)
    numpy_pass = seconds(lambda: autograd.sigmoid(W2 @ autograd.sigmoid(W1 @ x + b1) + b2))
    large = W1.size + b1.size + W2.size + b2.size
    growth, hours = large / size, IMAGES / 3600

    print(f"From that, one epoch of MNIST: {IMAGES} images, a 784-30-10 network, {large} weights and biases:")
    print(f"  numerically           {slow * growth**2 * hours:.0f} hours: more passes, and each of them longer")
    print(
        f"  numerically in NumPy  {2 * large * numpy_pass * hours:.0f} hours: {numpy_pass * 1e6:.0f} µs a forward pass"
    )
    print(f"  by the chain rule     {fast * growth * hours:.1f} hours, on scalar nodes in plain Python")
    return {"difference": difference, "passes": 2 * size, "passes on MNIST": 2 * large * IMAGES}


def draw(inputs: int, hidden: int, outputs: int) -> list[Any]:
    """W1, b1, W2, b2 as nested lists."""
    rng = np.random.default_rng(0)
    shapes = (hidden, inputs), (hidden,), (outputs, hidden), (outputs,)
    return [rng.normal(0, 0.1, shape).tolist() for shape in shapes]


def error(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """The error of the network on an image that is grey all over, where the first class is the right one."""
    x, target = [0.5] * len(W1[0]), [1.0] + [0.0] * (len(b2) - 1)
    return half_squared_error(sigmoid(affine(W2, sigmoid(affine(W1, x, b1)), b2)), target)


def by_numbers(W1: Any, b1: Any, W2: Any, b2: Any) -> list[float]:
    """Central differences: each weight is moved to both sides, and the error is computed anew."""
    step, gradient = 1e-5, []
    for row in (*W1, b1, *W2, b2):
        for i, weight in enumerate(row):
            row[i] = weight + step
            right = error(W1, b1, W2, b2)
            row[i] = weight - step
            left = error(W1, b1, W2, b2)
            row[i] = weight
            gradient.append((right - left) / (2 * step))
    return gradient


def by_chain_rule(*network: Any) -> list[float]:
    """Back-propagation: the gradients of all weights at once."""
    error(*network).backward()
    return entries(grad(list(network)))


def seconds(function: Callable[[], Any]) -> float:
    """How long a call takes: the shortest of some."""
    return min(repeat(function, number=1, repeat=3))
