"""Neurons, layers of them, and networks of layers, with micrograd's constructors and order of arithmetic."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from operator import mul
from typing import Any, TypeAlias

import numpy as np

from autograd import Tensor, Value
from autograd.rows import ROWS
from nn.activations import activate, check_activation
from nn.checks import check_whole
from nn.initializers import Rng
from nn.layers import Linear
from nn.module import Module

_Rng: TypeAlias = Rng | random.Random


class Neuron(Module):
    """``activation(b + w[0] * x[0] + w[1] * x[1] + …)``; with ``nonlin=False`` without the activation.

    The weights are drawn uniformly from (-1, 1), the bias starts at 0. `activation` names a row of one argument in
    the table of derivatives. `rng` is a `numpy.random.Generator`, or a seed for one; a `random.Random` draws the very
    numbers that micrograd draws.

    >>> neuron = Neuron(2, rng=0)
    >>> neuron
    ReLUNeuron(2)
    >>> round(neuron([1.0, -2.0]).data, 4)
    1.1948

    Raises ValueError for an unknown activation, no inputs, and another number of inputs than the neuron has weights.
    """

    def __init__(self, nin: int, nonlin: bool = True, *, activation: str = "relu", rng: _Rng = None) -> None:
        check_activation(activation)
        check_whole(nin=nin)
        draws = _generator(rng)
        self.w = [Value(draws.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin
        self.activation = activation

    def __call__(self, x: Sequence[Any]) -> Value:
        """The neuron's output for its inputs, Values or numbers."""
        x = x if hasattr(x, "__len__") else list(x)
        if len(x) != len(self.w):
            raise ValueError(f"{self} takes {len(self.w)} inputs, not {len(x)}")
        z: Value = sum(map(mul, self.w, x), self.b)
        return activate(self.activation, z) if self.nonlin else z

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
        rng: _Rng = None,
    ) -> None:
        check_whole(nin=nin, nout=nout)
        draws = _generator(rng)
        self.neurons = [Neuron(nin, nonlin, activation=activation, rng=draws) for _ in range(nout)]

    def __call__(self, x: Value | Sequence[Any]) -> Any:
        """The outputs of the neurons; a Value alone, as a layer of one neuron returns it, is an input too."""
        inputs = [x] if isinstance(x, (Value, float)) else x if hasattr(x, "__len__") else list(x)
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

    With ``node=Tensor`` the same network with the same weights on tensors: it takes one sample, or rows of them, and
    returns one number or one row for each; its layers are `Linear`.

    >>> net = MLP(2, [16, 16, 1], rng=1337, node=Tensor)
    >>> net.layers
    [Linear(2, 16), Linear(16, 16), Linear(16, 1)]
    >>> net(np.zeros((100, 2))).shape
    (100,)

    Raises ValueError if there is no layer, or a layer without inputs or neurons, TypeError for another kind of node.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *,
        activation: str = "relu",
        rng: _Rng = None,
        node: type[Value] | type[Tensor] = Value,
    ) -> None:
        if not hasattr(nouts, "__len__") or len(nouts) == 0:
            raise ValueError(f"MLP({nin}, {nouts}): every layer needs a width, as in MLP({nin}, [16, 1])")
        draws = _generator(rng)
        sizes = [nin, *nouts]
        self.activation = activation
        self.layers: list[Any]
        if node is Value:
            last = len(nouts) - 1
            self.layers = [
                Layer(sizes[i], sizes[i + 1], nonlin=i != last, activation=activation, rng=draws)
                for i in range(len(nouts))
            ]
        elif node is Tensor:
            check_activation(activation)
            self.layers = [Linear(n, m, init=lambda shape, _: _by_neurons(shape, draws)) for n, m in pairwise(sizes)]
        else:
            raise TypeError(f"node={node!r}: a network is made of Value or of Tensor")

    def __call__(self, x: Any) -> Any:
        """The outputs of the last layer."""
        if not isinstance(self.layers[0], Linear):
            for layer in self.layers:
                x = layer(x)
            return x
        for layer in self.layers[:-1]:
            x = activate(self.activation, layer(x))
        x = self.layers[-1](x)
        return x if x.shape[-1] > 1 else x.reshape(x.shape[:-1])

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"


def _generator(rng: _Rng) -> Any:
    return rng if isinstance(rng, random.Random) else np.random.default_rng(rng)


def _by_neurons(shape: tuple[int, ...], draws: Any) -> Any:
    """Weights in the order in which neurons draw theirs, one neuron after the other."""
    nin, nout = shape
    return np.array([[draws.uniform(-1, 1) for _ in range(nin)] for _ in range(nout)]).T.copy()
