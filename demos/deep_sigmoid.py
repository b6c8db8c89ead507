"""A deep sigmoid network that hardly learns: why, in numbers, and three cures."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from demos.matrices import half_squared_error, norm, show, sigmoid
from nn import MLP, SGD, Adam, Optimizer

INPUTS, WIDTHS = 10, [32] * 6 + [2]
TARGET = [-1.68167641, -0.36978364]
OTHER_RUN = {52: 0.94388, 114: 0.83696, 179: 0.80045, 186: 0.79803}


class Training(NamedTuple):
    """What is seen of a training; the norms are a list of one for each layer, the first layer first."""

    losses: list[float]  # ½ mean (output - target)², before every epoch
    gradients: list[float]  # the norms of the first gradient
    moved: list[float]  # the distance from the first parameters to the last


def run(epochs: int = 200) -> dict[str, Training]:
    """Print the report; return the trainings."""
    slow = train(network(small), sigmoid, SGD, epochs)
    print("Six hidden layers of 32, sigmoid everywhere, weights N(0, 0.01²), gradient descent at 0.01, one sample.")
    print("The loss falls steadily, but slowly (beside it a run with other weights and another input):")
    for epoch, other in OTHER_RUN.items():
        if epoch < epochs:
            print(f"  epoch {epoch:<16}{slow.losses[epoch]:.5f}   {other:.5f}")
    print("Each layer hands back about a 70th of the gradient it got: 0.01 · √32 weights · slope ¼ of the sigmoid.")
    print("So the gradient vanishes, and only the last layers learn. Norms, the first layer first:")
    show({"the first gradient": scientific(slow.gradients), "the layers moved by": scientific(slow.moved)})

    trainings = {
        "as it was": slow,
        "Xavier": train(network(xavier), sigmoid, SGD, epochs),
        "Xavier, tanh": train(network(xavier, "tanh"), linear, SGD, epochs),
        "Adam": train(network(small), sigmoid, Adam, epochs),
    }
    print("Three cures: another initialisation; another activation (and a linear output); another optimiser.")
    print(f"  {'':<22}{'first loss':<14}{'last loss':<14}{'gradient in layer 1':<22}layer 1 moved by")
    for name, (losses, gradients, moved) in trainings.items():
        print(f"  {name:<22}{losses[0]:<14.6f}{losses[-1]:<14.6f}{gradients[0]:<22.1e}{moved[0]:.1e}")
    floor = half_squared_error([0.0, 0.0], TARGET) / len(TARGET)
    print(f"(A sigmoid is never negative, and this target is: no sigmoid output has a loss below {floor:.6f}.)")
    return trainings


def scientific(numbers: list[float]) -> str:
    """The orders of magnitude."""
    return "  ".join(f"{number:.0e}" for number in numbers)


def small(nin: int, nout: int) -> float:
    """The same small spread of the weights for every layer."""
    return 0.01


def xavier(nin: int, nout: int) -> float:
    """The spread that keeps the size of signals and of gradients from layer to layer (Glorot & Bengio, 2010)."""
    return math.sqrt(2 / (nin + nout))


def linear(z: list[Any]) -> list[Any]:
    """The output without an activation."""
    return z


def network(spread: Callable[[int, int], float], activation: str = "sigmoid") -> MLP:
    """The network, with normal weights of a spread that may depend on how many inputs and outputs a layer has."""
    rng = np.random.default_rng(0)
    net = MLP(INPUTS, WIDTHS, activation=activation)
    for layer in net.layers:
        for neuron in layer.neurons:
            for weight in neuron.w:
                weight.data = rng.normal(0, spread(len(neuron.w), len(layer.neurons)))
    return net


def sample() -> list[float]:
    """The one sample."""
    return np.random.default_rng(1).normal(size=INPUTS).tolist()


def train(net: MLP, last: Callable[[list[Any]], list[Any]], optimizer: type[Optimizer], epochs: int) -> Training:
    """Train the network on one sample; `last` is the activation of its output."""
    x = sample()
    descent = optimizer(net.parameters(), lr=0.01)
    start = [[p.data for p in layer.parameters()] for layer in net.layers]
    losses: list[float] = []
    gradients: list[float] = []
    for _ in tqdm(range(epochs), disable=None, leave=False):
        error = half_squared_error(last(net(x)), TARGET)
        losses.append(error.data / len(TARGET))
        descent.zero_grad()
        error.backward()
        gradients = gradients or [norm(p.grad for p in layer.parameters()) for layer in net.layers]
        descent.step()
    moved = [
        norm(p.data - begin for p, begin in zip(layer.parameters(), begins, strict=True))
        for layer, begins in zip(net.layers, start, strict=True)
    ]
    return Training(losses, gradients, moved)
