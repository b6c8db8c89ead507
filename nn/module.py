"""`Module`: something with parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from autograd import Tensor, Value, scopes
from autograd.node import UNTOUCHED, Node
from autograd.ops.shape import data_of
from autograd.tree import flatten

_M = TypeVar("_M", bound="Module")


class Module:
    """Base class of layers and networks. Every leaf that is stored in an attribute, directly or in a list, tuple, dict
    or module, is a parameter; there is nothing to register. An array that is no node is kept with the parameters in
    the state, but not trained.

    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> Line().named_parameters()
    [('slope', Value(data=2.0, grad=0.0)), ('offset', Value(data=1.0, grad=0.0))]

    A method `forward`, as PyTorch has it, serves in place of ``__call__``.
    """

    training = True  # what `Dropout` and `BatchNorm1d` ask

    _scope: scopes.Scope | None = None
    _frozen: Mapping[str, Any] = MappingProxyType({})  # attributes as they were before their leaves became constants

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let drawings know what a call made."""
        super().__init_subclass__(**kwargs)
        call = vars(cls).get("__call__", vars(cls).get("forward"))
        if call is not None:
            cls.__call__ = scopes.noted(call, _named_parts)  # type: ignore[method-assign]  # for drawings

    def named_parameters(self) -> list[tuple[str, Any]]:
        """The parameters with their paths, such as ``layers.0.neurons.3.w.1``, in the order they were stored.

        A parameter that is stored twice is listed once, under the first of its names.
        """
        return [(path, part) for path, part in _named_parts(self) if isinstance(part, Node)]

    def parameters(self) -> list[Any]:
        """The parameters: the leaves that training changes."""
        return [parameter for _, parameter in self.named_parameters()]

    def modules(self) -> list[Module]:
        """This module and all modules in it."""
        return [part for _, part in _named_parts(self) if isinstance(part, Module)]

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        clear(self.parameters())

    def train(self: _M, mode: bool = True) -> _M:
        """Behave as in training, here and in all modules inside; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: _M) -> _M:
        """Behave as in use: `Dropout` drops nothing, `BatchNorm1d` takes the averages of training."""
        return self.train(False)

    def freeze(self: _M) -> _M:
        """Use the parameters as constants: they are not differentiated, and `parameters()` does not list them.

        >>> from nn import Linear
        >>> Linear(2, 1, rng=0).freeze().parameters()
        []
        """
        for module in self.modules():
            module._freeze_own()
        return self

    def unfreeze(self: _M) -> _M:
        """Make parameters of what `freeze()` made constants, the same nodes as before."""
        for module in self.modules():
            vars(module).update(vars(module).pop("_frozen", {}))
        return self

    def _freeze_own(self) -> None:
        frozen = dict(self._frozen)
        for name, thing in _parts(self, False):
            parts, rebuild = flatten(thing)
            if any(map(_is_leaf, parts)):
                frozen[name] = thing
                clear(filter(_is_leaf, parts))  # or an optimiser that knows them would go on
                setattr(self, name, rebuild(part.data if _is_leaf(part) else part for part in parts))
        if frozen:
            self._frozen = frozen

    def state_dict(self) -> dict[str, Any]:
        """Copies of all parameters, frozen ones too, and of the arrays that are kept with them, by their paths."""
        return {path: np.array(data_of(part)) for path, part in stored(self).items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict()` of a module of the same architecture gave.

        Raises ValueError that names every missing, unexpected or misshapen entry, before anything is changed.
        """
        check_state(self, state)
        frozen = [module for module in self.modules() if module._frozen]
        for module in frozen:
            module.unfreeze()
        for path, part in stored(self).items():
            new = np.asarray(state[path])
            if isinstance(part, (Value, Tensor)):
                part.data = float(new) if isinstance(part, Value) else new.astype(part.dtype)
            else:
                part[...] = new
        for module in frozen:
            module._freeze_own()

    def summary(self) -> str:
        """A table of the modules that hold parameters: their paths, kinds, shapes, and how many numbers that is.

        >>> from nn import Linear, ReLU, Sequential
        >>> print(Sequential(Linear(64, 10), ReLU(), Linear(10, 2)).summary())
        layers.0        Linear          weight 64×10, bias 10            650
        layers.2        Linear          weight 10×2, bias 2               22
        total                                                            672
        """
        lines, total = [], 0
        for path, module in _named_parts(self):
            if isinstance(module, Module):
                shapes, count = [], 0
                for name, thing in _parts(module, True):
                    leaves = [leaf for leaf in flatten(thing)[0] if _is_leaf(leaf)]
                    size = sum(leaf.size for leaf in leaves)
                    count += size
                    if leaves:
                        shape = "×".join(map(str, leaves[0].shape)) if len(leaves) == 1 else str(size)
                        shapes.append(f"{name} {shape or 1}")
                if shapes:
                    lines.append((path, type(module).__name__, ", ".join(shapes), count))
                total += count
        lines.append(("total", "", "", total))
        wide = [max(least, *(len(str(line[i])) + 2 for line in lines)) for i, least in enumerate((16, 16, 24))]
        return "\n".join(
            f"{path:<{wide[0]}}{kind:<{wide[1]}}{shapes:<{wide[2]}}{count:>12,}" for path, kind, shapes, count in lines
        )

    def extra_repr(self) -> str:
        """What `repr` shows of the module itself between its brackets."""
        return ""

    def __repr__(self) -> str:
        return _tree(self, set())


def clear(parameters: Iterable[Any]) -> None:
    """Clear gradients, as they are at first: 0.0 of a Value, None of a Tensor."""
    for parameter in parameters:
        parameter.grad = UNTOUCHED if isinstance(parameter, Value) else None


def check_state(module: Module, state: Mapping[str, Any]) -> None:
    """Raise ValueError if a state is not one of this module's, naming all that differs."""
    own = stored(module)
    problems = [f"{path} is missing" for path in own if path not in state]
    problems += [f"{path} is unexpected" for path in state if path not in own]
    for path, part in own.items():
        if path in state:
            new, shape = np.asarray(state[path]), np.shape(data_of(part))
            if new.shape != shape:
                problems.append(f"{path} has shape {new.shape}, not {shape}")
            elif new.dtype.kind not in "fiub":
                problems.append(f"{path} holds {new.dtype}, not numbers")
    if problems:
        kind = type(module).__name__
        raise ValueError(f"the state is not one of this {kind}, and nothing was loaded: {'; '.join(problems)}")


def _is_leaf(thing: Any) -> bool:
    return isinstance(thing, Node) and thing.op is None


def stored(module: Module) -> dict[str, Any]:
    """All that makes up the state, by path: parameters, frozen ones too, and arrays.

    Raises ValueError if two of them have the same path, as keys of dicts with dots in them may make it.
    """
    found: dict[str, Any] = {}
    for path, part in _named_parts(module, everything=True):
        if not isinstance(part, Module):
            if path in found:
                raise ValueError(f"two parts of this {type(module).__name__} have the path {path}; rename one of them")
            found[path] = part
    return found


def _named_parts(module: Module, everything: bool = False) -> Iterator[tuple[str, Any]]:
    """All modules and parameters in a module, itself among them, each once with the first of its paths; with
    `everything` also the frozen parameters, and the arrays that are not parameters."""
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", module)]
    while stack:
        path, thing = stack.pop()
        if id(thing) not in seen:
            seen.add(id(thing))
            if isinstance(thing, Module) or _is_leaf(thing) or (everything and isinstance(thing, np.ndarray)):
                yield path, thing
            parts = _parts(thing, everything)
            stack += [(f"{path}.{name}" if path else str(name), part) for name, part in parts][::-1]


def _parts(thing: Any, everything: bool) -> Iterable[tuple[Any, Any]]:
    if isinstance(thing, Module):
        parts = {name: part for name, part in vars(thing).items() if name != "_frozen"}
        return (parts | dict(thing._frozen) if everything else parts).items()
    if isinstance(thing, dict):
        return thing.items()
    if isinstance(thing, (list, tuple)):
        return enumerate(thing)
    return ()


def _tree(module: Module, above: set[int]) -> str:
    """A module as text, the modules in it on lines of their own."""
    above = above | {id(module)}
    lines = []
    for name, thing in _parts(module, False):
        for path, part in _inside(name, thing):
            if id(part) not in above:
                text = _tree(part, above) if type(part).__repr__ is Module.__repr__ else repr(part)
                lines.append(f"  ({path}): " + text.replace("\n", "\n  "))
    inside = module.extra_repr()
    if lines:
        inside += "\n" + "\n".join(lines) + "\n"
    return f"{type(module).__name__}({inside})"


def _inside(path: str, thing: Any) -> Iterator[tuple[str, Module]]:
    """The modules that an attribute holds, itself or in lists and dicts, by their paths."""
    if isinstance(thing, Module):
        yield path, thing
    else:
        for name, part in _parts(thing, False):
            yield from _inside(f"{path}.{name}", part)
