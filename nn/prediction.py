"""A model in use: what it makes of data, with nothing recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Value, no_grad
from autograd.ops.shape import data_of
from autograd.plain import kind_of
from nn.data import DataLoader
from nn.module import Module, stored


def predict(model: Module, inputs: Any, batch_size: int = 256) -> Any:
    """The outputs of a model in use, `Dropout` off and nothing recorded, as an array; batch by batch.

    >>> from nn import Linear
    >>> predict(Linear(2, 3, rng=0), np.zeros((4, 2))).shape
    (4, 3)

    Raises TypeError for anything but a Module, ValueError for no inputs, nan or inf among them, and whatever the model
    raises.
    """
    if not isinstance(model, Module):
        raise TypeError(f"predict() takes a Module, such as Sequential or MLP, not {kind_of(model)}")
    outputs = [in_use(model, x) for (x,) in DataLoader(inputs, batch_size=batch_size)]
    return np.concatenate(outputs)


@no_grad()
def in_use(model: Module, x: Any) -> Any:
    """The outputs for one batch."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        return plain(caller(model)(x))
    finally:
        for module, mode in modes:
            module.training = mode


def plain(outputs: Any) -> Any:
    """The numbers of a node, or of a (nested) list of nodes."""
    if isinstance(outputs, list):
        return np.array([plain(each) for each in outputs])
    return data_of(outputs)


def is_of_values(model: Any) -> bool:
    """Whether a model is called with one row of numbers, and not with a batch of them."""
    return any(isinstance(part, Value) for part in stored(model).values())


def caller(model: Any) -> Callable[[Any], Any]:
    """The model as a function of a batch; a model of Values is called row by row."""
    call: Callable[[Any], Any] = model
    return (lambda x: [model(row) for row in listed(x)]) if is_of_values(model) else call


def listed(x: Any) -> Any:
    """An array as nested lists of numbers; a list as it is."""
    return x if isinstance(x, list) else np.asarray(x).tolist()
