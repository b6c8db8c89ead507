"""Neurons, layers of them, and networks of layers, with micrograd's constructors and order of arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import Value
from autograd.rows import ROWS, did_you_mean
from nn.module import Module


class Neuron(Module):
    """``activation(b + w[0] * x[0] + w[1] * x[1] + …)``; with ``nonlin=False`` without the activation.

    The weights are drawn uniformly from (-1, 1), the bias starts at 0. `activation` names a row of one argument in
    the table of derivatives. `rng` is a `numpy.random.Generator`, or a seed for one.

    >>> neuron = Neuron(2, rng=0)
    >>> neuron
    ReLUNeuron(2)
    >>> round(neuron([1.0, -2.0]).data, 4)
    1.1948

    Raises ValueError for an unknown activation, and for another number of inputs than the neuron has weights.
    """

    def __init__(
        self, nin: int, nonlin: bool = True, *, activation: str = "relu", rng: np.random.Generator | int | None = None
    ) -> None:
        if activation not in ROWS or len(ROWS[activation].args) != 1:
            raise ValueError(
                f"activation={activation!r} is not a row of one argument in the table of derivatives"
                f"{did_you_mean(activation, ROWS)}; nonlin=False leaves it out"
            )
        rng = np.random.default_rng(rng)
        self.w = [Value(rng.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin
        self.activation = activation

    def __call__(self, x: Sequence[Any]) -> Value:
        """The neuron's output for its inputs, Values or numbers."""
        if len(x) != len(self.w):
            raise ValueError(f"{self} takes {len(self.w)} inputs, not {len(x)}")
        z: Value = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return getattr(z, self.activation)() if self.nonlin else z

    def __repr__(self) -> str:
        return f"{ROWS[self.activation].symbol if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons side by side. A layer of one neuron returns its Value, any other a list of Values.

    >>> Layer(2, 3, activation="tanh")
    Layer of [tanhNeuron(2), tanhNeuron(2), tanhNeuron(2)]
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        *,
        activation: str = "relu",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        rng = np.random.default_rng(rng)
        self.neurons = [Neuron(nin, nonlin, activation=activation, rng=rng) for _ in range(nout)]

    def __call__(self, x: Value | Sequence[Any]) -> Any:
        """The outputs of the neurons; a Value alone, as a layer of one neuron returns it, is an input too."""
        inputs = [x] if isinstance(x, Value) else x
        out = [neuron(inputs) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A multilayer perceptron: `nin` inputs, layers as wide as `nouts` says, the last one linear.

    >>> net = MLP(2, [16, 16, 1], rng=1337)
    >>> len(net.parameters())
    337
    >>> score = net([0.5, -1.0])
    >>> score.backward()

    Raises ValueError if there is no layer, or a layer without inputs or neurons.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: str = "relu",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        if len(nouts) == 0 or min(nin, *nouts) < 1:
            raise ValueError(f"MLP({nin}, {nouts}): the input and every layer need a width of at least 1")
        rng = np.random.default_rng(rng)
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [
            Layer(sizes[i], sizes[i + 1], nonlin=i != last, activation=activation, rng=rng) for i in range(len(nouts))
        ]

    def __call__(self, x: Value | Sequence[Any]) -> Any:
        """The outputs of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"
