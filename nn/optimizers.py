"""Optimisers: what a training step makes of the gradients. They change their parameters in place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd.node import Node


class Optimizer:
    """What all optimisers share: the parameters and the learning rate, which may be changed between steps.

    Raises TypeError for anything but parameters, ValueError if there are none, if one comes twice, or for a negative
    learning rate.
    """

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        if not isinstance(params, Iterable):
            raise TypeError(
                f"an optimiser takes a list of parameters, not a {type(params).__name__}; write model.parameters()"
            )
        self.params = list(params)
        if not self.params:
            raise ValueError("no parameters to train; a generator can be read only once, so pass model.parameters()")
        for parameter in self.params:
            if not isinstance(parameter, Node) or parameter.op is not None:
                raise TypeError(f"a parameter is a leaf such as Value(0.5), not {parameter!r}")
        if len(set(map(id, self.params))) < len(self.params):
            raise ValueError("a parameter comes twice in the list, and would be changed twice in a step")
        if not lr >= 0:
            raise ValueError(f"the learning rate must be 0 or more, not {lr!r}")
        self.lr = lr

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for parameter in self.params:
            parameter.grad = 0.0

    def step(self) -> None:
        """Change every parameter by its gradient."""
        raise NotImplementedError


class SGD(Optimizer):
    """Gradient descent: ``parameter -= lr * gradient``.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.4
    """

    def step(self) -> None:
        """Move every parameter against its gradient."""
        for parameter in self.params:
            parameter.data -= self.lr * parameter.grad


class Adam(Optimizer):
    """Adam: steps of about `lr` whatever the size of the gradient (Kingma & Ba, 2015, algorithm 1).

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> optimizer = Adam([x], lr=0.1)
    >>> (1e-3 * x * x).backward()
    >>> optimizer.step()
    >>> round(x.data, 6)
    2.9
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(params, lr)
        self.betas, self.eps = betas, eps
        self.steps = 0
        self.means: list[Any] = [0.0] * len(self.params)  # running means of the gradients
        self.squares: list[Any] = [0.0] * len(self.params)  # and of their squares

    def step(self) -> None:
        """Move every parameter against the running mean of its gradients, scaled by their running size."""
        self.steps += 1
        beta1, beta2 = self.betas
        for i, parameter in enumerate(self.params):
            gradient = parameter.grad
            self.means[i] = beta1 * self.means[i] + (1 - beta1) * gradient
            self.squares[i] = beta2 * self.squares[i] + (1 - beta2) * gradient * gradient
            mean = self.means[i] / (1 - beta1**self.steps)  # both begin at 0: weigh that out
            size = (self.squares[i] / (1 - beta2**self.steps)) ** 0.5
            parameter.data -= self.lr * mean / (size + self.eps)
