"""Derivatives by numbers that know their own error, and a check of analytic gradients against them.

The numbers are Ridders': central differences over ever smaller steps, extrapolated to the step zero; how well
neighbouring extrapolations agree tells the error. (C. J. F. Ridders, Accurate computation of F'(x) and F'(x)F''(x),
Advances in Engineering Software 4(2), 1982.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import modes
from autograd.backward import gradients
from autograd.node import Node
from autograd.plain import constant, kind_of
from autograd.tensor import Tensor
from autograd.value import Value

_EPSILON = float(np.finfo(np.float64).eps)
_SHRINK = 1.7  # one step over the next; not a whole number, or a period of f could be a multiple of every step
_COLUMNS = 6  # how often a difference is extrapolated, so also for how many steps a bad one is remembered
_STEPS = 70  # from 0.1 down to 1e-17

# An entry may be off by the sum of these.
_RELATIVE = 1e-7  # of its own size
_ROUNDING = 1e-13  # of the largest entry
_ERRORS = 10.0  # of the numbers' own error
_SINGLE_OUTPUTS = 100  # up to so many outputs, each is also checked alone


class NumericalGradient(NamedTuple):
    """What `numerical_grad` returns: three parts of the same structure and shape.

    `value` is the derivative, `error` an estimate of its absolute error. `smooth` is False where there is no
    derivative: at a kink, a jump, a pole or the edge of the domain. At a kink the slopes on the two sides are
    ``value - error`` and ``value + error``, in whichever order.
    """

    value: Any
    error: Any
    smooth: Any


def numerical_grad(f: Callable[..., Any], *args: Any, argnum: int | tuple[int, ...] = 0) -> NumericalGradient:
    """The derivative of `f` with respect to one argument, or to a tuple of them, by Ridders' extrapolation.

    The argument is a float, an array, or a nested dict, list or tuple of them, and reaches `f` in float64; `f` returns
    a float or an array, plain or as a node. The result is a float where both are floats, else an array of the output's
    shape followed by the argument's, in the argument's structure. Where `f` is nan, inf or an exception near by, the
    steps shrink until it is not.

    Raises TypeError for an argument or a result that is not real.

    >>> import math
    >>> slope = numerical_grad(math.log, 0.001)
    >>> round(slope.value, 6), slope.error < 1e-6, slope.smooth
    (1000.0, True, True)
    >>> numerical_grad(abs, 0.0).smooth
    False
    """
    chosen = {index: args[index] for index in ((argnum,) if isinstance(argnum, int) else argnum)}
    points = [_real(leaf, path) for path, leaf in _leaves(chosen, "args")]

    def output(x: np.ndarray) -> np.ndarray:
        given = list(args)
        for index, changed in _rebuild(chosen, iter(_unpack(x, points))).items():
            given[index] = changed
        return np.asarray(_real(_data(f(*given)), "the result of f"))

    x = _pack(points)
    shape = output(x).shape

    def structured(table: np.ndarray) -> Any:
        blocks = [
            block.item() if shape == () and isinstance(point, float) else block.reshape(shape + np.shape(point))
            for block, point in zip(np.split(table, _cuts(points), axis=1), points, strict=True)
        ]
        parts = tuple(_rebuild(chosen, iter(blocks)).values())
        return parts[0] if isinstance(argnum, int) else parts

    return NumericalGradient(*map(structured, _jacobian(lambda x: output(x).ravel(), x)))


def _jacobian(
    f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, noise: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, error and smoothness of the derivatives of a vector's function, as tables of (output, input).

    `noise` is an error that the function's values have beyond the rounding of their last digit.
    """
    with np.errstate(all="ignore"):
        center = f(x)
        shape = (center.size, x.size)
        value, error, smooth = np.empty(shape), np.empty(shape), np.empty(shape, dtype=bool)
        for index in range(x.size):

            def at(moved: float, index: int = index) -> np.ndarray:
                point = x.copy()
                point[index] = moved
                try:
                    return f(point)
                except (ArithmeticError, ValueError, TypeError):  # what some raise, or turn complex, out of domain
                    return np.full_like(center, np.nan)

            value[:, index], error[:, index], smooth[:, index] = _derivative(at, float(x[index]), center, noise)
    return value, error, smooth


def _derivative(
    f: Callable[[float], np.ndarray], x: float, center: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, error and smoothness of the derivative of a vector by a number, where the vector is `center` at x."""
    value, error, rounding = np.full_like(center, np.nan), np.full_like(center, np.inf), np.zeros_like(center)
    slopes: list[np.ndarray] = []
    jumps: list[np.ndarray] = []
    step = 0.1 * max(abs(x), 1.0)
    for count in range(_STEPS):
        right, left = x + step, x - step
        if right == x or left == x:
            break
        f_right, f_left = f(right), f(left)
        old_slopes, old_jumps = slopes[:_COLUMNS], jumps[:_COLUMNS]
        slopes = [(f_right - f_left) / (right - left)]
        jumps = [(f_right - center) / (right - x) - (center - f_left) / (x - left)]
        lost = (2 * _EPSILON * np.maximum(abs(f_right), abs(f_left)) + noise) / step
        for column, (old_slope, old_jump) in enumerate(zip(old_slopes, old_jumps, strict=True)):
            # For a smooth f the central slope has even powers of the step alone, and the jump from the left slope to
            # the right one has odd powers: it vanishes with the step, and what is left of it is an error as well.
            even, odd = _SHRINK ** (2 * column + 2), _SHRINK ** (2 * column + 1)
            slopes.append((even * slopes[-1] - old_slope) / (even - 1))
            jumps.append((odd * jumps[-1] - old_jump) / (odd - 1))
            spread = np.maximum(abs(slopes[-1] - slopes[-2]), abs(slopes[-1] - old_slope))
            spread = np.maximum(spread, abs(jumps[-1]) / 2) + lost
            better = spread < error  # never where f was nan or inf
            value, error = np.where(better, slopes[-1], value), np.where(better, spread, error)
            rounding = np.where(better, lost, rounding)
        if count > 3 and np.all((error <= 1e-11 * abs(value)) | (error <= 4 * rounding) | (error <= lost)):
            break
        step /= _SHRINK
    return value, error, error <= 1e-3 * abs(value) + 1e6 * rounding


class Entry(NamedTuple):
    """One entry of a Jacobian, computed in both ways; `excess` is the difference over what is allowed."""

    name: str
    analytic: float
    numerical: float
    error: float
    smooth: bool
    excess: float

    def __str__(self) -> str:
        both = f"{self.analytic:.10g} by the chain rule, {self.numerical:.10g} ± {self.error:.1g} by numbers"
        if self.smooth:
            return f"{self.name} = {both}"
        if np.isnan(self.numerical):
            return f"{self.name} = {both}: there are no finite values on both sides of the point"
        left, right = self.numerical - self.error, self.numerical + self.error
        return f"{self.name} = {both}: a kink or a jump, with slopes of about {left:.4g} and {right:.4g} on its sides"


class GradcheckReport(NamedTuple):
    """What `gradcheck` found: entries checked, wrong ones, ones without a derivative, and the worst of all."""

    checked: int
    wrong: int
    undefined: int
    worst: Entry | None

    def __str__(self) -> str:
        counts = f"{self.checked} entries checked, {self.wrong} wrong, {self.undefined} without a derivative"
        return f"{counts}; the worst:\n{self.worst}" if self.worst else counts


class GradcheckError(AssertionError):
    """A gradient differs from the numbers, or there is no derivative to compare it with; ``args[0]`` is the report."""


def gradcheck(f: Callable[..., Any], *args: Any, order: int = 1) -> GradcheckReport:
    """Compare every entry of the gradient of `f` by the chain rule with Ridders' extrapolation.

    The arguments are floats, arrays (checked in float64), and nested dicts, lists and tuples of them; `f` is called
    with nodes in their place and returns nodes, or a structure of them. The walk starts from a random combination
    ``u·f`` of all outputs and, where these are no more than 100, from each alone. With ``order=2`` the gradient is
    then checked as a function itself, and so on. No `grad` is written to.

    An entry is wrong if the two differ by more than 1e-7 of its own size and ten times the numbers' own error.

    Raises GradcheckError for a wrong entry, or at a point where `f` has no derivative; TypeError for an argument or a
    result that is not real.

    >>> from autograd import sin
    >>> print(gradcheck(lambda x, y: sin(x) / y, 0.5, 2.0, order=2))
    """
    found = _leaves(args, "args")

    def outputs(leaves: list[Any]) -> list[tuple[str, Any]]:
        return _leaves(f(*_rebuild(args, iter(leaves))), "f")

    with modes.enable_grad():
        reports = _check(outputs, "f", [path for path, _ in found], [_real(leaf, path) for path, leaf in found], order)
    checked, wrong, undefined = (sum(report[part] for report in reports) for part in range(3))
    worst = max((report.worst for report in reports if report.worst), key=_badness, default=None)
    report = GradcheckReport(checked, wrong, undefined, worst)
    if wrong or undefined:
        raise GradcheckError(report)
    return report


def _check(
    outputs: Callable[[list[Any]], list[tuple[str, Any]]],
    title: str,
    paths: list[str],
    points: list[Any],
    order: int,
    scale: float = 1.0,
    noise: float = 0.0,
) -> list[GradcheckReport]:
    """Compare the Jacobian of a function of leaves that returns named outputs; up to the order, its gradient's too.

    `scale` is by how much upstream gradients have enlarged the outputs, `noise` their error beyond the last digit.
    """

    def evaluate(x: np.ndarray) -> tuple[list[Any], list[tuple[str, Any]], list[Any]]:
        leaves = [_leaf(point) for point in _unpack(x, points)]
        results = outputs(leaves)
        return leaves, results, [_real(_data(result), name) for name, result in results]

    def pull(leaves: list[Any], results: list[tuple[str, Any]], weights: np.ndarray, as_graph: bool) -> list[Any]:
        pieces = zip(results, _unpack(weights, values), strict=True)
        found = gradients([(node, piece) for (_, node), piece in pieces if isinstance(node, Node)], as_graph)
        return [found.get(leaf, 0.0 * point) for leaf, point in zip(leaves, points, strict=True)]

    def gradient(leaves: list[Any]) -> list[tuple[str, Any]]:
        return [
            (f"(∂{name}/∂{path})", each)
            for path, each in zip(paths, pull(leaves, outputs(leaves), upstream, True), strict=True)
        ]

    x = _pack(points)
    leaves, results, values = evaluate(x)
    y = _pack(values)
    value, error, smooth = _jacobian(lambda x: _pack(evaluate(x)[2]), x, noise)
    random = np.random.default_rng(order)
    upstream = random.uniform(0.5, 1.5, y.size) * random.choice([-1.0, 1.0], y.size)
    walks = [(f"(u·{title})", upstream, scale)] if y.size != 1 else []
    if y.size <= _SINGLE_OUTPUTS:
        names = _entry_names([name for name, _ in results], values)
        walks += zip(names, np.diag(upstream), scale * upstream, strict=True)
    inputs = _entry_names(paths, points)
    reports = []
    for name, weights, factor in walks:
        rows = np.flatnonzero(weights)
        w = weights[rows] / factor
        reports.append(
            _compare(
                [f"∂{name}/∂{each}" for each in inputs],
                _pack([_data(each) for each in pull(leaves, results, weights, False)]) / factor,
                w @ value[rows],
                abs(w) @ error[rows],
                smooth[rows].all(axis=0),
                abs(w) @ abs(value[rows]),
            )
        )
    if order > 1:
        name, _, factor = walks[0]
        noise = float(_EPSILON * abs(upstream) @ abs(y) + noise * abs(upstream).sum())
        reports += _check(gradient, f"∇{name}", paths, points, order - 1, factor, noise)
    return reports


def _compare(
    names: list[str],
    analytic: np.ndarray,
    numerical: np.ndarray,
    error: np.ndarray,
    smooth: np.ndarray,
    terms: np.ndarray,
) -> GradcheckReport:
    """Hold gradient entries against numbers; `terms` is the sum of the sizes of what each was added up from."""
    if not names:
        return GradcheckReport(0, 0, 0, None)
    with np.errstate(all="ignore"):
        difference = abs(analytic - numerical)
        size = np.fmax(abs(analytic), abs(numerical))
        allowed = _RELATIVE * size + _ROUNDING * np.max(terms, where=smooth, initial=0.0) + _ERRORS * error
        excess = np.where(difference == 0, 0.0, difference / allowed)
    excess[~smooth | np.isnan(excess)] = np.inf
    entries = [
        Entry(*entry)
        for entry in zip(
            names, analytic.tolist(), numerical.tolist(), error.tolist(), smooth.tolist(), excess.tolist(), strict=True
        )
    ]
    return GradcheckReport(
        len(entries), int(np.sum(smooth & (excess > 1))), int(np.sum(~smooth)), max(entries, key=_badness)
    )


def _badness(entry: Entry) -> tuple[bool, float]:
    """Wrong entries are worse than those without a derivative."""
    return entry.smooth and entry.excess > 1, entry.excess


def _leaf(point: Any) -> Node:
    return Value(point) if isinstance(point, float) else Tensor(point)


def _data(output: Any) -> Any:
    return output.data if isinstance(output, Node) else output


def _real(number: Any, what: str) -> Any:
    """A float, or an array of float64 of its own."""
    if isinstance(number, np.ndarray):
        if number.dtype.kind in "fiub":
            return number.astype(np.float64)
    elif (real := constant(number)) is not None:
        return real
    way_out = "; pass its .data" if isinstance(number, Node) else ""
    raise TypeError(f"{what} is {kind_of(number)}, but only real numbers and arrays have derivatives{way_out}")


def _pack(numbers: Sequence[Any]) -> np.ndarray:
    """Floats and arrays in one vector."""
    return np.concatenate([np.empty(0), *map(np.ravel, numbers)])


def _unpack(vector: np.ndarray, like: Sequence[Any]) -> list[Any]:
    """The vector's parts as floats and arrays again."""
    pieces = np.split(vector, _cuts(like))
    return [
        float(piece[0]) if isinstance(each, float) else piece.reshape(each.shape)
        for piece, each in zip(pieces, like, strict=True)
    ]


def _cuts(numbers: Sequence[Any]) -> Any:
    return np.cumsum([np.size(each) for each in numbers])[:-1]


def _entry_names(paths: Sequence[str], numbers: Sequence[Any]) -> list[str]:
    return [
        path if isinstance(each, float) else f"{path}{list(index)}"
        for path, each in zip(paths, numbers, strict=True)
        for index in np.ndindex(np.shape(each))
    ]


def _leaves(structure: Any, path: str) -> list[tuple[str, Any]]:
    """What nested dicts, lists and tuples hold, each with the way to it."""
    if isinstance(structure, dict):
        return [leaf for key, part in structure.items() for leaf in _leaves(part, f"{path}[{key!r}]")]
    if isinstance(structure, (list, tuple)):
        return [leaf for index, part in enumerate(structure) for leaf in _leaves(part, f"{path}[{index}]")]
    return [(path, structure)]


def _rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """The same structure with other leaves."""
    if isinstance(structure, dict):
        return {key: _rebuild(part, leaves) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        parts = [_rebuild(part, leaves) for part in structure]
        if hasattr(structure, "_fields"):
            return type(structure)(*parts)  # a named tuple
        return parts if isinstance(structure, list) else tuple(parts)
    return next(leaves)
