"""Pictures of graphs, and a page that plays the chain rule."""

from pathlib import Path
from typing import Any

import numpy as np

from autograd import Value, draw, explore
from demos import deep_sigmoid
from demos.matrices import half_squared_error, sigmoid
from nn import MLP, Module

FOLDER = Path(__file__).parent / "pictures"


def run(save: Path | None = None) -> dict[str, Path]:
    """Draw everything into a folder, `demos/pictures` unless another is given; return the paths."""
    folder = save or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    network = small_network()
    drawings: dict[str, Any] = {
        "neuron.svg": draw(neuron()),
        "apples.svg": draw(apples(), title="Two apples and three oranges, with tax"),
        "network_closed.svg": draw(network, depth=2, title="A network, its neurons closed"),
        "network_open.svg": draw(network, title="The same network, all open"),
        "vanishing_gradients.svg": draw(
            deep_error(),
            depth=0,
            expand=lambda path: path == "MLP",
            color="grad",
            constants=False,
            direction="TB",
            title="A deep sigmoid network: on the way back the gradient vanishes",
        ),
        "explore.html": explore(neuron()),
        "explore_network.html": explore(network),
    }
    paths = {name: drawing.save(folder / name) for name, drawing in drawings.items()}
    print("Cards are values: what was computed, its value, and the gradient of the output. The last two are pages that")
    print("play the chain rule: open them in a browser. Written were")
    for path in paths.values():
        print(f"  {path}")
    return paths


def neuron() -> Value:
    """tanh(x1·w1 + x2·w2 + b), with its gradients."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    n = x1 * w1 + x2 * w2 + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    o.backward()
    return o


def apples() -> Value:
    """The price of two apples at 100 and three oranges at 150, with a tax of a tenth."""
    apple, apples, orange, oranges, tax = (
        Value(number, label=label)
        for number, label in [(100, "apple"), (2, "apples"), (150, "orange"), (3, "oranges"), (1.1, "tax")]
    )
    price = (apple * apples + orange * oranges) * tax
    price.label = "price"
    price.backward()
    return price


def small_network() -> Value:
    """The output of a network of two inputs, three hidden neurons and one more."""
    y: Value = MLP(2, [3, 1], activation="tanh", rng=3)([Value(1.0, label="x0"), Value(-2.0, label="x1")])
    y.label = "y"
    y.backward()
    return y


def deep_error() -> Value:
    """The error of a network with six hidden layers on one sample, before any training."""
    sample = np.random.default_rng(1).normal(size=deep_sigmoid.INPUTS).tolist()
    network = deep_sigmoid.network(deep_sigmoid.small)
    error: Value = Error()(network(sample), deep_sigmoid.TARGET)
    error.label = "error"
    error.backward()
    return error


class Error(Module):
    """The sigmoid of the output and its squared error: a module, so that it is one box."""

    def __call__(self, z: list[Value], target: list[float]) -> Any:
        """½ Σ (sigmoid(z) - target)²."""
        return half_squared_error(sigmoid(z), target)
