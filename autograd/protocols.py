"""NumPy's own functions find the rows of the table: `np.tanh(v)`, `np.float64(2) * v`, `np.clip(v, 0, 1)`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.formula import Row
from autograd.functions import FUNCTIONS, call
from autograd.node import Node
from autograd.readers.arrays import NUMPY_NAMES
from autograd.rows import ROWS

UFUNCS: dict[Any, Row] = {
    **{getattr(np, numpy_name): ROWS[name] for name, numpy_name in NUMPY_NAMES.items()},
    np.float_power: ROWS["pow"], np.fabs: ROWS["abs"],
}  # fmt: skip
ARRAY_FUNCTIONS: dict[Any, Any] = {
    np.clip: FUNCTIONS["clip"], np.where: FUNCTIONS["where"], np.round: FUNCTIONS["round"],
    np.around: FUNCTIONS["round"],
}  # fmt: skip
# These have no derivative; they answer about the data.
PREDICATES = {
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.isnan, np.isinf, np.isfinite,
    np.signbit, np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
}  # fmt: skip


def array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy calls this when one of its ufuncs meets a node (NEP 13)."""
    if method != "__call__" or options:
        asked = f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method}"
        extra = f" with {', '.join(f'{name}=' for name in options)}" if options else ""
        raise TypeError(f"{asked}{extra} has no rule for nodes; call np.{ufunc.__name__} on its own")
    if ufunc in PREDICATES:
        return ufunc(*(each.data if isinstance(each, Node) else each for each in inputs))[()]
    if ufunc not in UFUNCS:
        raise TypeError(_no_rule(ufunc))
    return call(UFUNCS[ufunc], *inputs)


def array_function(self: Node, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """NumPy calls this when one of its other functions meets a node (NEP 18)."""
    if function not in ARRAY_FUNCTIONS:
        raise TypeError(_no_rule(function))
    return ARRAY_FUNCTIONS[function](*args, **kwargs)


def _no_rule(function: Any) -> str:
    return (
        f"np.{function.__name__} has no derivative rule, so it would lose the gradient; "
        "pass x.data if a plain number or array is meant"
    )
