"""Switches for a stretch of code: recording off, anomalies reported. Each thread and each task has its own."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from autograd.node import Node

# What the hot path asks: is any mode on anywhere? Only then are the context's own switches looked at.
active: list[str] = []

_recording: ContextVar[bool] = ContextVar("recording", default=True)
_origins: ContextVar[weakref.WeakKeyDictionary[Node, str] | None] = ContextVar("origins", default=None)
_HERE = f"{Path(__file__).parent}{os.sep}"


class AnomalyError(ArithmeticError):
    """A nan or inf was born; the message names the operation and the line."""


@contextmanager
def _mode(name: str, switch: ContextVar[Any], setting: Any) -> Iterator[None]:
    token = switch.set(setting)
    active.append(name)
    try:
        yield
    finally:
        active.remove(name)
        switch.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Nothing computed inside is recorded: results are leaves. Also a decorator: ``@no_grad()``.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.inputs
    ()
    """
    with _mode("no_grad", _recording, False):
        yield


@contextmanager
def enable_grad() -> Iterator[None]:
    """Recording on again, inside `no_grad`."""
    with _mode("enable_grad", _recording, True):
        yield


def is_recording() -> bool:
    """Whether operations are recorded here and now."""
    return not active or _recording.get()


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise `AnomalyError` where the first nan or inf is born, forward or backward, naming the operation and the line
    of your code that called it; in backward also where an array was changed in place since it was used. Slow.

    >>> from autograd import Value
    >>> with detect_anomaly():
    ...     Value(0.0, label="x").log()
    Traceback (most recent call last):
    autograd.modes.AnomalyError: log(x=0.0) = -inf, at <doctest autograd.modes.detect_anomaly[1]>, line 2
    """
    with _mode("anomaly", _origins, weakref.WeakKeyDictionary()):
        yield


def anomaly_is_on() -> bool:
    """Whether anomalies are looked for here and now."""
    return bool(active) and _origins.get() is not None


def watch(node: Node, is_finite: Callable[[Any], bool], forget: Callable[[], None]) -> None:
    """See a new node while any mode is on: forget its history or look for anomalies, as the context asks."""
    origins = _origins.get()
    if origins is not None:
        line = _line_of_caller()
        operands = [operand.data if isinstance(operand, Node) else operand for operand in node.inputs]
        if not is_finite(node.data) and all(map(is_finite, operands)):
            raise AnomalyError(f"{describe(node)}, at {line}")
        origins[node] = line
    if not _recording.get():
        forget()


def origin(node: Node) -> str:
    """Where a node was made, if it was made while anomalies were looked for."""
    origins = _origins.get()
    return (origins.get(node) if origins is not None else None) or "a line outside detect_anomaly()"


def describe(node: Node) -> str:
    """A node as an equation, as in 'log(x=0.0) = -inf'."""
    return f"{node.op.name}({', '.join(map(_operand, node.inputs))}) = {_brief(node.data)}"


def _operand(operand: Any) -> str:
    if not isinstance(operand, Node):
        return _brief(operand)
    return f"{operand.label}={_brief(operand.data)}" if operand.label else _brief(operand.data)


def _brief(data: Any) -> str:
    shape = getattr(data, "shape", ())
    return f"<{data.dtype} array of shape {shape}>" if shape else repr(float(data)) if shape == () else repr(data)


def _line_of_caller() -> str:
    frame = sys._getframe(1)
    while frame.f_back and (frame.f_code.co_filename.startswith((_HERE, "<generated"))):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"
