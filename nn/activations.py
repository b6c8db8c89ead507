"""Activations as modules: each a row of the table of derivatives."""

from __future__ import annotations

from typing import Any

from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.ops.reduce import log_softmax, softmax
from autograd.rows import ROWS, did_you_mean
from nn.module import Module


class Activation(Module):
    """A row of one argument, applied to every element; the constant parameters of the row are the module's.

    >>> LeakyReLU(slope=0.5)(-1.0)
    -0.5

    Raises TypeError for parameters that the row has not.
    """

    row = ""

    def __init__(self, *params: Any, **named: Any) -> None:
        own = ROWS[self.row].params
        if len(params) > len(own) or not own.keys() - list(own)[: len(params)] >= named.keys():
            has = ", ".join(f"{name}={value}" for name, value in own.items())
            has = f"the parameter{'s' * (len(own) > 1)} {has}" if own else "no parameters"
            raise TypeError(f"{type(self).__name__} has {has}, not {', '.join(map(repr, (*params, *named)))}")
        self.params = {**own, **dict(zip(own, params, strict=False)), **named}

    def __call__(self, x: Any) -> Any:
        """The activation of a node, an array or a number."""
        if isinstance(x, Node):  # by its method, the shortest way
            method = getattr(x, self.row)
            return method(*self.params.values()) if self.params else method()
        return FUNCTIONS[self.row](x, *self.params.values())

    def extra_repr(self) -> str:
        """The parameters."""
        return ", ".join(f"{name}={value}" for name, value in self.params.items())


def activate(row: str, x: Any) -> Any:
    """A row of the table, its parameters at their defaults; of a node by its method, the shortest way."""
    return getattr(x, row)() if isinstance(x, Node) else FUNCTIONS[row](x)


def check_activation(name: str) -> None:
    """Raise ValueError unless the name is that of a row of one argument."""
    if name not in ROWS or len(ROWS[name].args) != 1:
        raise ValueError(
            f"activation={name!r} is not a row of one argument in the table of derivatives"
            f"{did_you_mean(str(name), [each for each, row in ROWS.items() if len(row.args) == 1])}"
        )


def _of_row(name: str, row: str, at_minus_one: float) -> type[Activation]:
    doc = f"{ROWS[row].doc}\n\n>>> round({name}()(-1.0), 4)\n{at_minus_one}\n"
    return type(name, (Activation,), {"row": row, "__doc__": doc, "__module__": __name__})


ReLU = _of_row("ReLU", "relu", 0.0)
LeakyReLU = _of_row("LeakyReLU", "leaky_relu", -0.01)
ELU = _of_row("ELU", "elu", -0.6321)
SELU = _of_row("SELU", "selu", -1.1113)
GELU = _of_row("GELU", "gelu", -0.1587)
SiLU = _of_row("SiLU", "silu", -0.2689)
Mish = _of_row("Mish", "mish", -0.3034)
Tanh = _of_row("Tanh", "tanh", -0.7616)
Hardtanh = _of_row("Hardtanh", "hardtanh", -1.0)
Sigmoid = _of_row("Sigmoid", "sigmoid", 0.2689)
LogSigmoid = _of_row("LogSigmoid", "log_sigmoid", -1.3133)
Softplus = _of_row("Softplus", "softplus", 0.3133)
Softsign = _of_row("Softsign", "softsign", -0.5)


class Softmax(Module):
    """The softmax along an axis. The losses here take logits and need none.

    >>> import numpy as np
    >>> Softmax()(np.zeros(2))
    array([0.5, 0.5])
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def __call__(self, x: Any) -> Any:
        """Positive numbers that sum to 1 along the axis."""
        return softmax(x, self.axis)


class LogSoftmax(Softmax):
    """The logarithm of the softmax along an axis, stable; what `nll_loss` takes.

    >>> import numpy as np
    >>> LogSoftmax()(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """

    def __call__(self, x: Any) -> Any:
        """Logarithms of probabilities."""
        return log_softmax(x, self.axis)
