"""`Module`: something with parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from autograd import scopes
from autograd.node import Node


class Module:
    """Base class of layers and networks. Every leaf that is stored in an attribute, directly or in a list, tuple, dict
    or module, is a parameter; there is nothing to register.

    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> Line().named_parameters()
    [('slope', Value(data=2.0, grad=0.0)), ('offset', Value(data=1.0, grad=0.0))]
    """

    _scope: scopes.Scope | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let drawings know what a call made."""
        super().__init_subclass__(**kwargs)
        if "__call__" in vars(cls):
            cls.__call__ = scopes.noted(vars(cls)["__call__"], _named_parts)  # type: ignore[method-assign]

    def named_parameters(self) -> list[tuple[str, Any]]:
        """The parameters with their paths, such as ``layers.0.neurons.3.w.1``, in the order they were stored.

        A parameter that is stored twice is listed once, under the first of its names.
        """
        return [(path, part) for path, part in _named_parts(self) if isinstance(part, Node)]

    def parameters(self) -> list[Any]:
        """The parameters: the leaves that training changes."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for parameter in self.parameters():
            parameter.grad = 0.0


def _named_parts(module: Module) -> Iterator[tuple[str, Any]]:
    """All modules and parameters in a module, itself among them, each once with the first of its paths."""
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", module)]
    while stack:
        path, thing = stack.pop()
        if id(thing) not in seen:
            seen.add(id(thing))
            if isinstance(thing, Module) or (isinstance(thing, Node) and thing.op is None):
                yield path, thing
            stack += [(f"{path}.{name}" if path else str(name), part) for name, part in _parts(thing)][::-1]


def _parts(thing: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(thing, Module):
        return vars(thing).items()
    if isinstance(thing, dict):
        return thing.items()
    if isinstance(thing, (list, tuple)):
        return enumerate(thing)
    return ()
