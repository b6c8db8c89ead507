"""NumPy's own functions find the rows of the table, and the operations on arrays: `np.tanh(v)`, `np.float64(2) * v`,
`np.sum(t, axis=0)`."""

from __future__ import annotations

from functools import cache
from inspect import Parameter, signature
from typing import Any

import numpy as np

from autograd.composed import COMPOSED
from autograd.formula import Row
from autograd.functions import FUNCTIONS, call
from autograd.node import Node
from autograd.ops import convolution, index, linalg, network, reduce, shape, spectral  # noqa: F401  (each registers its own)
from autograd.ops.primitive import BY_NUMPY, Primitive
from autograd.ops.shape import data_of
from autograd.plain import kind_of
from autograd.readers.arrays import NUMPY_NAMES
from autograd.rows import ROWS

UFUNCS: dict[Any, Row] = {
    **{getattr(np, numpy_name): ROWS[name] for name, numpy_name in NUMPY_NAMES.items()},
    np.float_power: ROWS["pow"], np.fabs: ROWS["abs"],
}  # fmt: skip
# SciPy's, known by their names, as SciPy is not imported
SPECIAL = {
    "erf": ROWS["erf"], "erfc": ROWS["erfc"], "expit": ROWS["sigmoid"], "logit": ROWS["logit"],
    "log_expit": ROWS["log_sigmoid"], **{name: ROWS[name] for name in ("cbrt", "exp2", "expm1", "log1p")},
}  # fmt: skip


def clip(x: Any, a_min: Any = None, a_max: Any = None, **named: Any) -> Any:
    """NumPy's clip: a bound that is None is no bound."""
    lo, hi = named.pop("min", a_min), named.pop("max", a_max)
    if named:
        raise TypeError(f"np.clip with {', '.join(named)}= has no rule for nodes; call np.clip(x, lo, hi) on its own")
    return FUNCTIONS["clip"](x, -np.inf if lo is None else lo, np.inf if hi is None else hi)


def rounded(x: Any, decimals: int = 0) -> Any:
    """NumPy's round: to so many decimals."""
    if not isinstance(decimals, (int, np.integer)):
        raise TypeError(f"round() takes an int for the argument decimals, not {kind_of(decimals)}")
    return FUNCTIONS["round"](x) if decimals == 0 else FUNCTIONS["round"](x * 10.0**decimals) / 10.0**decimals


def _where(condition: Any, *choices: Any) -> Any:
    return FUNCTIONS["where"](condition, *choices) if choices else np.nonzero(data_of(condition))


ARRAY_FUNCTIONS: dict[Any, Any] = {
    **COMPOSED, **BY_NUMPY, np.clip: clip, np.where: _where, np.round: rounded, np.around: rounded,
    np.linalg.matmul: BY_NUMPY[np.matmul],
}  # fmt: skip
COMPARISONS = {
    np.less: "lt", np.less_equal: "le", np.greater: "gt", np.greater_equal: "ge", np.equal: "eq", np.not_equal: "ne",
}  # fmt: skip
# These have no derivative; they answer about the data.
PREDICATES = {
    *COMPARISONS, np.isnan, np.isinf, np.isfinite, np.signbit,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.bitwise_and, np.bitwise_or, np.invert, np.bitwise_xor,  # of comparisons
}  # fmt: skip
QUESTIONS = {
    np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.all, np.any, np.count_nonzero, np.nonzero,
    np.array_equal, np.allclose, np.isclose, np.zeros_like, np.ones_like, np.empty_like,
    np.flatnonzero, np.argwhere, np.searchsorted, np.digitize, np.nanargmax, np.nanargmin, np.lexsort,
    np.argpartition, np.isin, np.isreal, np.iscomplex, np.tril_indices_from, np.triu_indices_from, np.diag_indices_from,
    np.linalg.matrix_rank, np.array_repr, np.array_str, np.array2string, np.result_type, np.iscomplexobj, np.isrealobj,
}  # fmt: skip
_UFUNC_DEFAULTS = {"out": None, "where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True}
_MOSTLY = {"axis", "keepdims"}  # the arguments that are given in most calls
# what the methods of some ufuncs are called as functions
METHODS: dict[Any, dict[str, Any]] = {
    np.add: {"reduce": np.sum, "accumulate": np.cumsum}, np.multiply: {"reduce": np.prod, "accumulate": np.cumprod},
    np.maximum: {"reduce": np.max}, np.minimum: {"reduce": np.min},
}  # fmt: skip
# the node's own methods, as they are faster: array * tensor takes 2 µs by one of them, 3 to 4 by `call`
REFLECTED = {"add": "__radd__", "sub": "__rsub__", "mul": "__rmul__", "div": "__rtruediv__"}
MASK = Primitive("mask", lambda answer: answer, ())


def array_ufunc(self: Node, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """NumPy calls this when one of its ufuncs meets a node (NEP 13)."""
    if options and method == "__call__":
        options = _but_defaults(options, _UFUNC_DEFAULTS)
    row = UFUNCS.get(ufunc) or SPECIAL.get(ufunc.__name__)
    if row is not None and method == "__call__" and not options:
        if len(inputs) == 2 and inputs[1] is self and row.name in REFLECTED:
            result = getattr(self, REFLECTED[row.name])(inputs[0])
            if result is not NotImplemented:
                return result
        return getattr(self, row.name)() if len(inputs) == 1 else call(row, *inputs)
    if method in METHODS.get(ufunc, ()) and not options.keys() - {"axis", "keepdims"}:
        return METHODS[ufunc][method](*inputs, **{"axis": 0} | options)
    if method == "outer" and not options:
        x, y = inputs
        return ufunc(np.reshape(x, np.shape(x) + (1,) * np.ndim(y)), y)
    if "out" in options and method == "__call__":
        raise TypeError(
            f"np.{ufunc.__name__} with out= has no rule for nodes: an array cannot be changed in place by what has a "
            "gradient; write a = a + x in place of a += x, or np.stack for an array that is filled bit by bit"
        )
    if method != "__call__" or options:
        asked = f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method}"
        extra = f" with {', '.join(f'{name}=' for name in options)}" if options else ""
        raise TypeError(f"{asked}{extra} has no rule for nodes; call np.{ufunc.__name__} on its own")
    if ufunc in PREDICATES:
        answer = ufunc(*map(data_of, inputs))
        return bool(answer) if np.ndim(answer) == 0 and self.priority < 2 else Node.array_kind._apply(MASK, [answer])
    if ufunc in ARRAY_FUNCTIONS:
        return ARRAY_FUNCTIONS[ufunc](*inputs)
    raise TypeError(_no_rule(ufunc))


def array_function(self: Node, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """NumPy calls this when one of its other functions meets a node (NEP 18)."""
    if function in QUESTIONS:
        return function(*map(data_of, args), **{name: data_of(value) for name, value in kwargs.items()})
    if function not in ARRAY_FUNCTIONS:
        raise TypeError(_no_rule(function))
    if not kwargs.keys() <= _MOSTLY:
        kwargs = _but_defaults(kwargs, _defaults(function))
    return ARRAY_FUNCTIONS[function](*args, **kwargs)


@cache
def _defaults(function: Any) -> dict[str, Any]:
    """The values of NumPy's arguments that are not given."""
    try:
        parameters = signature(function).parameters
    except ValueError:  # of what is written in C
        return {"out": None, "dtype": None}
    return {name: each.default for name, each in parameters.items() if each.default is not Parameter.empty}


def _but_defaults(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Arguments without those that NumPy has by default anyway, as programs may spell them out."""
    return {
        name: each
        for name, each in given.items()
        if not (
            (default := defaults.get(name, ...)) is each or (type(each) is type(default) is str and each == default)
        )
    }


def _no_rule(function: Any) -> str:
    if function is np.copyto:  # as np.full_like of an array calls it
        return "np.copyto cannot fill an array with what has a gradient; write np.stack, or full from autograd.numpy"
    name = function.__name__
    if not isinstance(function, np.ufunc):
        name = f"{function.__module__}.{name}".replace("numpy", "np", 1)
    else:  # SciPy's look like NumPy's
        name = f"np.{name}" if getattr(np, name, None) is function else f"the ufunc {name}"
    return (
        f"{name} has no derivative rule, so it would lose the gradient; pass x.data if a plain number or array is meant"
    )
