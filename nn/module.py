"""`Module`: something with parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from functools import partial
from inspect import unwrap
from operator import is_not
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor, Value, scopes
from autograd.node import Node
from autograd.ops.shape import data_of
from autograd.plain import kind_of
from autograd.tree import flatten

_M = TypeVar("_M", bound="Module")


class Module:
    """Base class of layers and networks. Every leaf that is stored in an attribute, directly or in a list, tuple, dict
    or module, is a parameter; there is nothing to register. An array of real numbers that is no node is kept with the
    parameters in the state, but not trained; a cache is kept out of it by a name with an underscore first.

    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> Line().named_parameters()
    [('slope', Value(data=2.0, grad=0.0)), ('offset', Value(data=1.0, grad=0.0))]

    A method `forward`, as PyTorch has it, serves in place of ``__call__``; the layers here offer it too.
    """

    forward: Callable[..., Any]

    training = True  # what `Dropout` and `BatchNorm1d` ask

    _scope: scopes.Scope | None = None
    _frozen: Mapping[str, Any] = MappingProxyType({})  # attributes as they were before their leaves became constants

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let a call be one of `forward`, unless the user's own class says otherwise, and let drawings know of it."""
        super().__init_subclass__(**kwargs)
        definer = next((each for each in cls.__mro__ if "__call__" in vars(each)), Module)
        call: Any = vars(definer).get("__call__")
        if definer is cls:
            if _is_of_nn(cls):
                cls.forward = call
        elif not _is_of_nn(cls) and hasattr(cls, "forward") and (
            _is_of_nn(definer) or ("forward" in vars(cls) and not _mentions_forward(call))
        ):  # fmt: skip
            call = _caller(cls)
        elif issubclass(definer, Module):
            return
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

        A constant is a copy: a module that shares the parameter and is not frozen may train it on, without a change
        here, also by `load_state_dict()`; and `unfreeze()` takes up the parameter itself, as it then is.

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

    def to(self: _M, dtype: Any) -> _M:
        """Hold all parameters, frozen ones too, and other arrays of floats in this dtype; returns the module.

        In single precision a training takes about three quarters of the time, if the data is in single precision as
        well: NumPy computes in the larger of two dtypes. Make the optimiser afterwards. Values stay Python's floats.

        >>> from nn import Linear
        >>> Linear(2, 1, rng=0).to(np.float32)(np.ones((1, 2), np.float32)).dtype
        dtype('float32')

        Raises TypeError for anything but a dtype of floats.
        """
        try:
            kind = np.dtype(dtype)
        except TypeError:
            kind = np.dtype(object)
        if dtype is None or kind.kind != "f":
            raise TypeError(f"to() takes a dtype of floats, such as np.float32, not {dtype!r}; there are no devices")
        for module in self.modules():
            for name, thing in [*vars(module).items()]:
                parts, rebuild = flatten(thing)
                new = [_cast(part, kind) for part in parts]
                if any(map(is_not, new, parts)):
                    setattr(module, name, rebuild(new))
        return self

    def _freeze_own(self) -> None:
        frozen = dict(self._frozen)
        for name, thing in _parts(self, False):
            parts, rebuild = flatten(thing)
            if any(map(_is_leaf, parts)):
                frozen[name] = thing
                clear(filter(_is_leaf, parts))  # or an optimiser that knows them would go on
                setattr(self, name, rebuild(copy(part.data) if _is_leaf(part) else part for part in parts))
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
        put_back(self, state)

    def summary(self) -> str:
        """A table of the modules that hold parameters: their paths, kinds, shapes, and how many numbers that is.

        >>> from nn import Linear, ReLU, Sequential
        >>> print(Sequential(Linear(64, 10), ReLU(), Linear(10, 2)).summary())
        layers.0        Linear          weight 64×10, bias 10            650
        layers.2        Linear          weight 10×2, bias 2               22
        total                                                            672
        """
        lines, total = [], 0
        seen: set[int] = set()
        for path, module in _named_parts(self):
            if isinstance(module, Module):
                shapes, count = [], 0
                for name, thing in _parts(module, True):
                    new = {id(leaf): leaf for leaf in flatten(thing)[0] if _is_leaf(leaf) and id(leaf) not in seen}
                    leaves = list(new.values())
                    seen |= new.keys()
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
        parameter.grad = parameter.untouched


def check_state(module: Module, state: Mapping[str, Any]) -> None:
    """Raise ValueError if a state is not one of this module's, naming all that differs."""
    if not isinstance(state, Mapping):
        raise TypeError(f"a state is what state_dict() gave, not {kind_of(state)}")
    own = stored(module)
    problems = [f"{path} is missing" for path in own if path not in state]
    # names with an underscore were once part of the state
    strange = [path for path in state if path not in own and not path.rpartition(".")[2].startswith("_")]
    problems += [f"{path} is unexpected" for path in strange]
    for path, part in own.items():
        if path in state:
            new, shape = np.asarray(state[path]), np.shape(data_of(part))
            if new.shape != shape:
                problems.append(f"{path} has shape {new.shape}, not {shape}")
            elif new.dtype.kind not in "fiub":
                problems.append(f"{path} holds {new.dtype}, not numbers")
            elif not _holds(np.asarray(data_of(part)).dtype, new):
                problems.append(f"{path} holds numbers that are none of its dtype {np.asarray(data_of(part)).dtype}")
    if problems:
        kind = type(module).__name__
        missing = [part for path, part in own.items() if path not in state]
        if own.keys() != state.keys() and all(isinstance(part, np.ndarray) for part in missing):
            problems.append("arrays that are no part of the state need names that begin with an underscore")
        raise ValueError(f"the state is not one of this {kind}, and nothing was loaded: {'; '.join(problems)}")


def _holds(dtype: np.dtype[Any], numbers: NDArray[Any]) -> bool:
    """Whether numbers stay what they are in a dtype; floats may be rounded, but not become inf."""
    with np.errstate(all="ignore"):
        cast = numbers.astype(dtype)
    return bool(np.all(np.isfinite(cast) | ~np.isfinite(numbers) if dtype.kind == "f" else cast == numbers))


def put_back(module: Module, state: Mapping[str, Any]) -> None:
    """Take over a state that the module itself had before. Its arrays may have come, gone or changed their shapes."""
    frozen = [each for each in module.modules() if each._frozen]
    trained = set(map(id, module.parameters()))
    shared = [  # constants that are to stay, whatever became of the parameters elsewhere
        {name: vars(each)[name] for name, thing in each._frozen.items() if trained & set(map(id, flatten(thing)[0]))}
        for each in frozen
    ]
    for each in frozen:
        each.unfreeze()
    own, owners = stored(module), dict(_named_parts(module))
    for path, new in state.items():
        new, part = np.asarray(new), own.get(path)
        owner, _, name = path.rpartition(".")
        if isinstance(part, (Value, Tensor)):
            part.data = float(new) if isinstance(part, Value) else new.astype(part.dtype)
        elif part is not None and part.shape == new.shape:
            part[...] = new
        elif isinstance(owners.get(owner), Module):
            setattr(owners[owner], name, new.copy())
    for each, constants in zip(frozen, shared, strict=True):
        each._freeze_own()
        vars(each).update(constants)


def _is_of_nn(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "nn"


def _mentions_forward(call: Any) -> bool:
    """Whether it is a user's own way to call `forward`, which a subclass with another `forward` is to keep."""
    code = getattr(unwrap(call), "__code__", None)
    return code is not None and "forward" in code.co_names and code.co_name != "call_forward"  # which `_caller` makes


def _caller(cls: type[Module]) -> Callable[..., Any]:
    """A ``__call__`` by way of `forward`: of the object, but where a subclass reaches for this call, of the class."""

    def call_forward(self: Module, *args: Any, **kwargs: Any) -> Any:
        if type(self).__call__ is cls.__call__:
            return self.forward(*args, **kwargs)
        return cls.forward(self, *args, **kwargs)

    return call_forward


def _cast(part: Any, dtype: Any) -> Any:
    """An array of floats in another dtype; a parameter itself, changed; anything else as it is."""
    if _is_leaf(part) and isinstance(part, Tensor) and part.dtype != dtype:
        part.data = part.data.astype(dtype)
        clear([part])
    is_array = isinstance(part, np.ndarray) and part.dtype.kind == "f"
    return part.astype(dtype, copy=False) if is_array else part


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
    `everything` also the frozen parameters, and the arrays that are not parameters but part of the state."""
    seen: set[int] = set()
    stack: list[tuple[str, Any, bool]] = [("", module, everything)]
    while stack:
        path, thing, arrays = stack.pop()
        if isinstance(thing, np.ndarray) and not (arrays and thing.dtype.kind in "fiub"):
            continue
        if id(thing) not in seen:
            seen.add(id(thing))
            is_module = isinstance(thing, Module)
            if is_module or _is_leaf(thing) or isinstance(thing, np.ndarray):
                yield path, thing
            stack += [
                (f"{path}.{name}" if path else str(name), part,
                 everything and not str(name).startswith("_") if is_module else arrays)
                for name, part in _parts(thing, everything)
            ][::-1]  # fmt: skip


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
                if not isinstance(part, Module):
                    text = _name_of(part)
                else:
                    text = _tree(part, above) if type(part).__repr__ is Module.__repr__ else repr(part)
                lines.append(f"  ({path}): " + text.replace("\n", "\n  "))
    inside = module.extra_repr()
    if lines:
        inside += "\n" + "\n".join(lines) + "\n"
    return f"{type(module).__name__}({inside})"


def _inside(path: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """The modules that an attribute holds, itself or in lists and dicts, and the functions there, by their paths."""
    if isinstance(thing, Module):
        yield path, thing
    else:
        for name, part in _parts(thing, False):
            if callable(part) and not isinstance(part, (Module, Node)):
                yield f"{path}.{name}", part
            yield from _inside(f"{path}.{name}", part)


def _name_of(function: Any) -> str:
    if isinstance(function, partial):
        given = [("", each) for each in function.args] + [
            (f"{name}=", each) for name, each in function.keywords.items()
        ]
        told = [name + (repr(each) if isinstance(each, (str, int, float)) else "…") for name, each in given]
        return f"{_name_of(function.func)}({', '.join(told)})"
    name: str = getattr(function, "__name__", type(function).__name__)
    return name
