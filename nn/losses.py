"""Losses: what training makes small. Names and numbers are those of PyTorch's functions; classifiers give logits.

Each takes the output of a network and its target, a number or an array of the same shape. The output may be a Tensor,
a Value, or a (nested) list of Values; a list gives a Value. `reduction` is 'mean', 'sum' or 'none'.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.functions import FUNCTIONS
from autograd.node import Node
from autograd.ops import network
from autograd.ops.reduce import log_softmax, mean
from autograd.ops.reduce import sum as total
from autograd.ops.shape import array_of, shape_of
from autograd.tensor import array
from autograd.tree import flatten

_abs, _minimum, _relu, _softplus, _log, _where = (
    FUNCTIONS[name] for name in ("abs", "minimum", "relu", "softplus", "log", "where")
)

_REDUCTIONS = ("mean", "sum", "none")


def _elementwise(formula: Callable[..., Any]) -> Callable[..., Any]:
    """A loss from its formula for one output and one target."""

    @wraps(formula)
    def loss(input: Any, target: Any, reduction: str = "mean", **params: Any) -> Any:
        _check_reduction(reduction)
        if isinstance(input, (list, tuple)):
            outputs, rebuild = flatten(input)
            given, like = flatten(target.tolist() if isinstance(target, np.ndarray) else target)
            shape = target.shape if isinstance(target, Node) else np.shape(like(0.0 for _ in given))
            _check_shapes(formula, np.shape(rebuild(0.0 for _ in outputs)), shape)
            given = [*target.reshape(-1)] if isinstance(target, Tensor) else given
            terms = [formula(x, t, **params) for x, t in zip(outputs, given, strict=True)]
            if reduction == "none":
                return rebuild(terms)
            return sum(terms[1:], terms[0]) / (len(terms) if reduction == "mean" else 1)
        target = array_of(target)
        _check_shapes(formula, shape_of(input), target.shape)
        if target.ndim == 0 and not isinstance(target, Node):
            target = float(target)
        if not isinstance(input, Node):
            input = input + 0.0  # whole numbers without a sign would wrap around
        return _reduced(formula(input, target, **params), reduction)

    shown = list(signature(formula).parameters.values())
    reduction = Parameter("reduction", Parameter.POSITIONAL_OR_KEYWORD, default="mean", annotation="str")
    params = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in shown[2:]]
    loss.__signature__ = Signature([*shown[:2], reduction, *params])  # type: ignore[attr-defined]  # a function has none
    return loss


def _reduced(loss: Any, reduction: str) -> Any:
    if reduction == "none" or not shape_of(loss):
        return loss
    return mean(loss) if reduction == "mean" else total(loss)


@_elementwise
def mse_loss(input: Any, target: Any) -> Any:
    """The squared error ``(input - target)²``.

    >>> mse_loss(Tensor([1.0, 3.0]), [1.0, 1.0]).item()
    2.0

    Raises ValueError if input and target differ in shape, or for an unknown reduction.
    """
    error = input - target
    return error * error


def half_squared_error(input: Any, target: Any) -> Any:
    """½ Σ (input - target)², over everything: the error whose gradient is the plain difference.

    >>> half_squared_error(Tensor([1.0, 3.0]), [1.0, 1.0]).item()
    2.0

    Raises ValueError if input and target differ in shape.
    """
    if not isinstance(input, Tensor):
        return mse_loss(input, target, "sum") / 2
    target = array_of(target)
    _check_shapes(half_squared_error, input.shape, target.shape)
    return network.half_squares(input, target)


@_elementwise
def l1_loss(input: Any, target: Any) -> Any:
    """The absolute error ``|input - target|``.

    >>> l1_loss(Tensor([1.0, 3.0]), [1.0, 1.0]).item()
    1.0
    """
    return _abs(input - target)


@_elementwise
def huber_loss(input: Any, target: Any, delta: float = 1.0) -> Any:
    """Half the squared error up to `delta`, from there on a straight line (Huber, 1964).

    >>> huber_loss(Tensor([0.5, 3.0]), [0.0, 0.0], reduction="none").tolist()
    [0.125, 2.5]

    Raises ValueError unless delta is positive.
    """
    if not delta > 0:
        raise ValueError(f"delta must be more than 0, not {delta!r}")
    error = input - target
    size = _abs(error)
    return _where(size < delta, error * error / 2, delta * (size - delta / 2))


@_elementwise
def bce_with_logits(input: Any, target: Any) -> Any:
    """-log of the probability of a target 0 or 1, or one between, where sigmoid(input) is that of 1.

    >>> bce_with_logits(Tensor([0.0, 1000.0]), [1, 1]).item()
    0.34657359027997264

    Raises ValueError for targets outside [0, 1].
    """
    if not _is_within(0, target, 1):
        raise ValueError("bce_with_logits() takes targets from 0 to 1; labels -1 and 1 are hinge_loss's")
    return target * _softplus(-input) + (1 - target) * _softplus(input)


@_elementwise
def hinge_loss(input: Any, target: Any) -> Any:
    """``max(0, 1 - target * input)``, for targets -1 and 1: nothing more to gain beyond a margin of 1.

    >>> hinge_loss(Tensor([0.5, 2.0]), [1, 1]).item()
    0.25

    Raises ValueError for targets other than -1 and 1.
    """
    if not _is_within(1, abs(target), 1):
        raise ValueError("hinge_loss() takes targets -1 and 1; write 2 * labels - 1 for labels 0 and 1")
    return _relu(1 - target * input)


def kl_div(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The Kullback-Leibler divergence ``target * (log(target) - input)``, of log-probabilities from probabilities.

    'batchmean' is the sum divided by the number of rows, the divergence itself; 'mean' divides by all elements.

    >>> kl_div(Tensor(np.log([[0.5, 0.5]])), [[1.0, 0.0]], reduction="batchmean").item()
    0.6931471805599453

    Raises ValueError if the shapes differ, for negative targets, or an unknown reduction.
    """
    _check_reduction(reduction, "batchmean")
    input = array(input)
    target = target if isinstance(target, Node) else array(target, input.dtype)
    _check_shapes(kl_div, input.shape, target.shape)
    if not _is_within(0, target, np.inf):
        raise ValueError("kl_div() takes probabilities as target; one of them is negative or nan")
    some = target > 0
    loss = _where(some, target * (_log(_where(some, target, 1.0)) - input), 0.0)
    return total(loss) / input.shape[0] if reduction == "batchmean" else _reduced(loss, reduction)


def cross_entropy(input: Any, target: Any, reduction: str = "mean") -> Any:
    """-log softmax(input) at the target: of logits of shape (rows, classes), or (classes,) for one sample.

    The target is class indices (rows,), or probabilities (rows, classes).

    >>> cross_entropy(Tensor([[0.0, 0.0]]), [1]).item()
    0.6931471805599453

    Raises ValueError for targets of another shape or dtype, class indices out of range, or an unknown reduction.
    """
    if type(input) is Tensor and type(target) is np.ndarray and target.ndim == 1 and reduction == "mean":
        shape = input.shape
        if len(shape) == 2 and 0 not in shape:  # by far the most calls, the shortest way
            return _of_labels(input, target)
    _check_reduction(reduction)
    input, target, one = _rows(input, target)
    if target.ndim == 2 and not _is_within(0, target, np.inf):
        raise ValueError("cross_entropy() takes class indices, or probabilities; one of these is negative or nan")
    # probabilities with gradients of their own
    is_graph = isinstance(target, Node) and target.dtype.kind == "f" and target.ndim == 2
    if is_graph or reduction == "none":
        if target.ndim == 2:
            _check_shapes(cross_entropy, input.shape, target.shape)
            loss = -total(log_softmax(input) * target, axis=1)
        else:
            loss = _at_labels("cross_entropy", log_softmax(input), target)
        return _reduced(loss[0] if one else loss, reduction)
    loss = _of_labels(input, target)
    return loss if reduction == "mean" else loss * len(target)


def _of_labels(input: Any, target: Any) -> Any:
    try:
        return network.cross_entropy(input, target)
    except IndexError:
        raise _out_of_range("cross_entropy", input, np.asarray(target)) from None


def nll_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """-input at the target: of log-probabilities of shape (rows, classes), as `log_softmax` gives them.

    >>> nll_loss(Tensor(np.log([[0.25, 0.75]])), [0]).item()
    1.3862943611198906

    Raises ValueError for targets of another shape or dtype, class indices out of range, or an unknown reduction.
    """
    _check_reduction(reduction)
    input, target, one = _rows(input, target)
    loss = _at_labels("nll_loss", input, target)
    return _reduced(loss[0] if one else loss, reduction)


def _at_labels(name: str, input: Any, target: Any) -> Any:
    """-input at the target, of each row."""
    if target.shape != input.shape[:1] or target.dtype.kind not in "iu":
        raise ValueError(
            f"{name}() of shape {input.shape} takes {input.shape[0]} class indices, not a target of shape "
            f"{target.shape} and dtype {target.dtype}"
        )
    if target.min() < 0 or target.max() >= input.shape[1]:
        raise _out_of_range(name, input, target)
    return -input[np.arange(len(target)), target]


def _is_within(low: float, target: Any, high: float) -> bool:
    """Whether a number, or all of an array or node, lie between two numbers: asked of the node itself, so that a
    compiled function asks again."""
    shape = shape_of(target)
    if 0 in shape:
        return True
    least, greatest = (target.min(), target.max()) if shape else (target, target)
    return bool(low <= least and greatest <= high)


def _rows(input: Any, target: Any) -> tuple[Any, Any, bool]:
    """Rows of logits and an array of their targets, and whether they are one sample without an axis of rows."""
    input = input if isinstance(input, Tensor) else array(input)
    target, shape = array_of(target), input.shape
    if len(shape) == 1:
        return *_rows(input.reshape(1, -1), target[None])[:2], True
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"expected logits of shape (rows, classes), not {shape}")
    return input, target, False


def _out_of_range(name: str, input: Any, target: Any) -> ValueError:
    return ValueError(
        f"{name}() of {input.shape[1]} classes takes labels 0 to {input.shape[1] - 1}, not {target.min()} to "
        f"{target.max()}"
    )


def _check_shapes(loss: Callable[..., Any], input: tuple[int, ...], target: tuple[int, ...]) -> None:
    if input != target:
        raise ValueError(
            f"{loss.__name__}() of an output of shape {input} and a target of shape {target}: they must be the same; "
            "reshape the target"
        )
    if 0 in input:
        raise ValueError(f"{loss.__name__}() of nothing: the shape is {input}")


def _check_reduction(reduction: str, *more: str) -> None:
    if reduction not in _REDUCTIONS + more:
        raise ValueError(f"reduction={reduction!r} is none of {', '.join(_REDUCTIONS + more)}")
