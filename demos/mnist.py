"""MNIST from files of your own: ``python -m demos mnist --data PATH``, an .npz, or a folder of CSV or IDX files."""

from importlib.util import find_spec
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

import autograd
import nn
from nn.initializers import he_normal

MNIST = tuple[Any, Any, Any, Any]


def run(data: MNIST | None = None) -> dict[str, Any]:
    """Print the report on images from `nn.read_mnist`; return its numbers."""
    if data is None:
        print("No images are shipped here; give yours: python -m demos mnist --data PATH")
        return {}
    print(f"{len(data[0])} images to learn from, {len(data[2])} held out.\n")
    return {
        "one at a time": one_at_a_time(data),
        "784-100-10": minibatches(data, (100,)),
        "784-256-128-10": minibatches(data, (256, 128)),
        "convolutions": convolutions(data),
    }


def sigmoids(rng: np.random.Generator) -> nn.Sequential:
    """784-100-10 with sigmoids."""
    return nn.Sequential(
        nn.Linear(784, 100, init=he_normal, rng=rng),
        nn.Sigmoid(),
        nn.Linear(100, 10, init=he_normal, rng=rng),
        nn.Sigmoid(),
    )


def one_at_a_time(mnist: MNIST, rate: float = 0.3) -> dict[str, Any]:
    """784-100-10 with sigmoids and the squared error, a step of gradient descent after every image, one pass."""
    train_x, train_y, test_x, test_y = mnist
    rng = np.random.default_rng(0)
    net = sigmoids(rng)
    for layer in (net[0], net[2]):
        layer.bias.data = rng.uniform(size=layer.bias.shape)
    optimizer = nn.SGD(net.parameters(), lr=rate, fused=find_spec("numba") is not None)
    error = autograd.jit(lambda x, target: nn.half_squared_error(net(x), target))  # traced once, replayed 60 000 times
    inputs, targets = pixels(train_x), np.eye(10)[train_y] * 0.98 + 0.01
    print("784-100-10, sigmoid, one image at a time; the binary cross-entropy of every 400th image:")
    surprises = []
    start = perf_counter()
    for step in tqdm(range(len(inputs)), disable=None, leave=False):
        x, t = inputs[step], targets[step]
        if step % 400 == 0:
            a = net(x).data
            surprises.append(float(-(t * np.log(a + 1e-7) + (1 - t) * np.log(1 - a + 1e-7)).sum()))
        optimizer.zero_grad()
        error(x, t).backward()
        optimizer.step()
    seconds = perf_counter() - start
    print(
        "  "
        + "\n  ".join(" ".join(f"{each:7.4f}" for each in surprises[i : i + 15]) for i in range(0, len(surprises), 15))
    )
    right = nn.predict(net, pixels(test_x)).argmax(axis=1) == test_y
    matched, mismatched = np.flatnonzero(right).tolist(), np.flatnonzero(~right).tolist()
    print(f"Held out: {right.mean():.2%} right, after one pass of {seconds:.1f} s.")
    print(f"  matched    {str(matched[:16])[:-1]}, …  {len(matched)} in all")
    print(f"  mismatched {str(mismatched[:16])[:-1]}, …  {len(mismatched)} in all\n")
    return {"losses": surprises, "accuracy": float(right.mean()), "matched": matched, "mismatched": mismatched}


def minibatches(mnist: MNIST, hidden: tuple[int, ...], epochs: int = 10) -> float:
    """A network with ReLU, softmax cross-entropy, Adam on batches of 64, a learning rate of one cycle."""
    rng = np.random.default_rng(0)
    widths = (784, *hidden, 10)
    layers: list[Any] = []
    for nin, nout in pairwise(widths):
        layers += [nn.Linear(nin, nout, init=he_normal, rng=rng), nn.ReLU()]
    name = "-".join(map(str, widths))
    return train(name, nn.Sequential(*layers[:-1]), mnist, epochs, (784,))


def convolutions(mnist: MNIST, epochs: int = 5) -> float:
    """Two convolutions of 3×3, each followed by a pool of 2×2, and a linear layer."""
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, init=he_normal, rng=rng), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1, init=he_normal, rng=rng), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(784, 10, rng=rng),
    )  # fmt: skip
    return train("Two convolutions", net, mnist, epochs, (1, 28, 28))


def train(name: str, net: Any, mnist: MNIST, epochs: int, shape: tuple[int, ...]) -> float:
    """Fit a network; the accuracy on the held-out images."""
    train_x, train_y, test_x, test_y = mnist
    loader = nn.DataLoader(pixels(train_x).reshape(-1, *shape), train_y, batch_size=64, shuffle=True)
    optimizer = nn.Adam(net.parameters(), lr=1e-3)
    schedule = nn.OneCycleLR(optimizer, max_lr=3e-3, total_steps=epochs * len(loader))
    start = perf_counter()
    nn.fit(net, loader, nn.cross_entropy, optimizer, epochs, schedule=schedule)
    seconds = perf_counter() - start
    right = nn.accuracy(nn.predict(net, pixels(test_x).reshape(-1, *shape)), test_y)
    print(f"{name}, Adam, batches of 64: {right:.2%} right after {epochs} epochs of {seconds / epochs:.1f} s.")
    return right


def pixels(images: Any) -> Any:
    """Rows of numbers from 0.01 to 1."""
    return images.reshape(len(images), -1) / 255 * 0.99 + 0.01
