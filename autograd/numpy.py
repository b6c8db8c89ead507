"""NumPy as code written for HIPS autograd knows it: ``import autograd.numpy as np``.

NumPy's functions find nodes by themselves, but not inside lists, nor where they only fill an array. Here they do:
`array`, `asarray`, `full`, `r_` and `c_` build Tensors of nodes, and a list of nodes may be given for an array.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy

from autograd.node import Node
from autograd.ops.shape import broadcast_to
from autograd.tensor import array, holds_nodes

__all__ = [*numpy.__all__, "array"]

# the first argument of these is a list of arrays, and not one array
_OF_SEVERAL = set("concatenate concat stack vstack hstack dstack column_stack multi_dot block".split())

for _name in ("linalg", "random", "fft"):
    sys.modules[f"{__name__}.{_name}"] = getattr(numpy, _name)


def asarray(a: Any, dtype: Any = None, **options: Any) -> Any:
    """What `numpy.asarray` makes; a Tensor is left as it is, and lists that hold nodes become one.

    >>> asarray([1.0, 2.0])
    array([1., 2.])
    """
    is_plain = not isinstance(a, Node) and not (isinstance(a, (list, tuple)) and holds_nodes(a))
    return numpy.asarray(a, dtype, **options) if is_plain else array(a, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """What `numpy.full` makes; of a node a Tensor, with gradient.

    >>> full(2, 3.0)
    array([3., 3.])
    """
    if isinstance(fill_value, Node):
        return asarray(broadcast_to(fill_value, shape), dtype)
    return numpy.full(shape, fill_value, dtype)


class _Joined:
    """`numpy.r_` and `numpy.c_`, which join what is written in the brackets."""

    def __init__(self, plain: Any, join: Callable[[Any], Any]) -> None:
        self._plain, self._join = plain, join

    def __getitem__(self, parts: Any) -> Any:
        parts = parts if isinstance(parts, tuple) else (parts,)
        if not holds_nodes(parts):
            return self._plain[parts]
        return self._join([
            self._plain[each] if isinstance(each, slice) else numpy.atleast_1d(asarray(each)) for each in parts
        ])  # fmt: skip


r_ = _Joined(numpy.r_, numpy.concatenate)
c_ = _Joined(numpy.c_, numpy.column_stack)


def _given(each: Any) -> Any:
    return array(each) if isinstance(each, (list, tuple)) and holds_nodes(each) else each


def _taking_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def takes_lists(*args: Any, **kwargs: Any) -> Any:
        if function.__name__ in _OF_SEVERAL and args and isinstance(args[0], (list, tuple)):
            return function([*map(_given, args[0])], *args[1:], **kwargs)
        return function(*map(_given, args), **{name: _given(each) for name, each in kwargs.items()})

    return takes_lists


def __getattr__(name: str) -> Any:
    found = getattr(numpy, name)
    if hasattr(found, "__wrapped__"):  # one of those that ask their arguments whether they know better
        globals()[name] = found = _taking_lists(found)
    return found


def __dir__() -> list[str]:
    return dir(numpy)
