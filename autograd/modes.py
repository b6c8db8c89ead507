"""Switches for a stretch of code: recording off, anomalies reported. Each thread and each task has its own."""

from __future__ import annotations

import inspect
import os
import sys
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Protocol, TypeAlias, TypeVar, cast, overload

import numpy as np

from autograd.formula import parts
from autograd.node import Node

_F = TypeVar("_F", bound=Callable[..., Any])

# What the hot path asks: is any mode on anywhere? Only then are the context's own switches looked at.
active: list[str] = []

_recording: ContextVar[bool] = ContextVar("recording", default=True)
# where a node was made, and the arrays that its gradient depends on with their checksums
_Origin: TypeAlias = tuple[str, list[tuple[Any, int]]]
_origins: ContextVar[dict[int, _Origin] | None] = ContextVar("origins", default=None)  # by the node's number
# is told of every new node
_watcher: ContextVar[Callable[[Node], None] | None] = ContextVar("watcher", default=None)
# the modes that were entered here, with what their switches were before, and whether that was something else
_entered: ContextVar[tuple[tuple[Mode, Any, bool], ...]] = ContextVar("entered", default=())
_HERE = __file__.rpartition(os.sep)[0]  # pathlib would cost a tenth of our import time
# where code lies that is not the user's: this package and nn, what is generated, Python's own library
_OURS = (_HERE + os.sep, _HERE[: -len("autograd")] + "nn" + os.sep, "<generated")
_LIBRARY = os.__file__.rpartition(os.sep)[0] + os.sep


class AnomalyError(ArithmeticError):
    """A nan or inf was born; the message names the operation and the line."""


class Mode:
    """A switch set to something for a stretch of code: what `with` takes, as often as wanted, or what decorates a
    function."""

    def __init__(self, name: str, switch: ContextVar[Any], make: Callable[[], Any]) -> None:
        self._name, self._switch, self._make = name, switch, make

    def __enter__(self) -> None:
        before, now = self._switch.get(), self._make()
        _entered.set((*_entered.get(), (self, before, now is not before)))
        if now is not before:  # or every operation would be slower for nothing
            self._switch.set(now)
            active.append(self._name)

    def __exit__(self, *_: object) -> None:
        entered = list(_entered.get())
        place = max(i for i, (mode, *_) in enumerate(entered) if mode is self)  # generators leave in another order
        before, is_changed = entered.pop(place)[1:]
        _entered.set(tuple(entered))
        if is_changed:
            self._switch.set(before)
            active.remove(self._name)

    def __call__(self, function: _F) -> _F:
        """The function with the switch set while it runs. Raises TypeError for a generator."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{self._name}() does not decorate a generator, because the code that takes its items would run in it "
                f"too; write 'with {self._name}():' inside, around what lies between two yields"
            )
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def later(*args: Any, **kwargs: Any) -> Any:
                with Mode(self._name, self._switch, self._make):
                    return await function(*args, **kwargs)

            return cast(_F, later)

        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with Mode(self._name, self._switch, self._make):
                return function(*args, **kwargs)

        return cast(_F, inside)


class _Switch(Protocol):
    """What makes a mode when it is called, and decorates a function with parentheses or without."""

    @overload
    def __call__(self) -> Mode: ...
    @overload
    def __call__(self, function: _F) -> _F: ...


def _also_bare(mode: Callable[[], Mode]) -> _Switch:
    @wraps(mode)
    def either(function: Any = None) -> Any:
        return mode() if function is None else mode()(function)

    return either


@_also_bare
def no_grad() -> Mode:
    """Nothing computed inside is recorded: results are leaves. Also a decorator: ``@no_grad``.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.inputs
    ()
    """
    return Mode("no_grad", _recording, lambda: False)


@_also_bare
def enable_grad() -> Mode:
    """Recording on again, inside `no_grad`."""
    return Mode("enable_grad", _recording, lambda: True)


def is_recording() -> bool:
    """Whether operations are recorded here and now."""
    return not active or _recording.get()


@_also_bare
def detect_anomaly() -> Mode:
    """Raise `AnomalyError` where the first nan or inf is born, forward or backward, naming the operation and the line
    of your code that called it; in backward also where an array was changed in place since it was used. Slow.

    >>> from autograd import Value
    >>> with detect_anomaly():
    ...     Value(0.0, label="x").log()
    Traceback (most recent call last):
    autograd.modes.AnomalyError: log(x=0.0) = -inf, at <doctest autograd.modes.detect_anomaly[1]>, line 2
    """
    return Mode("detect_anomaly", _origins, dict)


def anomaly_is_on() -> bool:
    """Whether anomalies are looked for here and now."""
    return bool(active) and _origins.get() is not None


def watched(watcher: Callable[[Node], None]) -> Mode:
    """Show every node that is made inside to a function, before `no_grad` makes it forget its history."""
    return Mode("watched", _watcher, lambda: watcher)


def is_watched() -> bool:
    """Whether somebody looks at every new node here and now."""
    return bool(active) and _watcher.get() is not None


def strangeness(data: Any) -> int:
    """0 for data that is finite, 1 where there is an inf in it, 2 where there is a nan."""
    return 0 if np.isfinite(data).all() else 2 if np.isnan(data).any() else 1


def watch(node: Node, forget: Callable[[], None]) -> None:
    """See a new node while any mode is on: forget its history or look for anomalies, as the context asks."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(node)
    origins = _origins.get()
    if origins is not None:
        line = line_of_caller()
        operands = [operand.data if isinstance(operand, Node) else operand for operand in node.inputs]
        kind = strangeness(node.data)
        if kind > max(map(strangeness, operands), default=0):
            raise AnomalyError(f"{describe(node)}{_where(node, kind)}, at {line}")
        number = int(node.number)
        origins[number] = line, [(each, _checksum(each)) for each in _used(node)]
        weakref.finalize(node, origins.pop, number, None)
    if not _recording.get():
        forget()


def origin(node: Node) -> str:
    """Where a node was made, if it was made while anomalies were looked for."""
    return _origin(node)[0]


def check_in_place(node: Node) -> None:
    """Raise `AnomalyError` if an array that the node's gradient depends on was changed in place since it was used."""
    line, arrays = _origin(node)
    for array, checksum in arrays:
        if _checksum(array) != checksum:
            which = "the result" if array is node.data else f"an operand of shape {array.shape}"
            raise AnomalyError(
                f"{which} of {describe(node)} was changed in place between forward and backward, so the gradient "
                f"would be false; the operation is at {line}"
            )


def _used(node: Any) -> list[Any]:
    """The arrays that a node's gradient depends on: of a row, those that its partial derivatives name."""
    given = [*getattr(node, "recorded", ()), node.data]
    row = getattr(node.op, "row", None)
    if row is not None:
        named = {part[1] for each in row.named_partials.values() for part in parts(each) if part[0] == "name"}
        given = [each for name, each in zip((*row.names, "z"), given, strict=True) if name in named]
    return [each for each in given if hasattr(each, "tobytes")]


def _origin(node: Node) -> _Origin:
    origins = _origins.get()
    unknown: _Origin = ("a line outside detect_anomaly()", [])
    return unknown if origins is None else origins.get(int(node.number), unknown)


def _checksum(array: Any) -> int:
    return hash(array.tobytes())


def describe(node: Node) -> str:
    """A node as an equation, as in 'log(x=0.0) = -inf'."""
    return f"{node.op.name}({', '.join(map(_operand, node.inputs))}) = {_brief(node.data)}"


def _where(node: Node, kind: int) -> str:
    """Where in an array the first inf or nan is, and what stands there in operands of the same shape."""
    data = node.data
    if not getattr(data, "shape", ()):
        return ""
    place = next(index for index in np.ndindex(data.shape) if strangeness(data[index]) == kind)
    given = [each.data if isinstance(each, Node) else each for each in node.inputs]
    beside = [f"{each[place]}" for each in given if getattr(each, "shape", ()) == data.shape]
    index = ", ".join(map(str, place))
    return f", first {data[place]} at [{index}]" + (f", of {' and '.join(beside)}" if beside else "")


def _operand(operand: Any) -> str:
    if not isinstance(operand, Node):
        return _brief(operand)
    return f"{operand.label}={_brief(operand.data)}" if operand.label else _brief(operand.data)


def _brief(data: Any) -> str:
    shape = getattr(data, "shape", ())
    return f"<{data.dtype} array of shape {shape}>" if shape else repr(float(data)) if shape == () else repr(data)


def line_of_caller() -> str:
    """The place in the user's code from which this package was called."""
    innermost: Any = sys._getframe(1)
    while innermost.f_back and innermost.f_code.co_filename.startswith(_OURS):
        innermost = innermost.f_back
    frame = innermost
    while frame and frame.f_code.co_filename.startswith((*_OURS, _LIBRARY)):
        frame = frame.f_back
    frame = frame or innermost
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"
