"""Numerical derivatives that know their own error, and a check of analytic gradients against them.

The numbers are Ridders': central differences over ever smaller steps, extrapolated to the step zero; how well
neighbouring extrapolations agree tells the error. (C. J. F. Ridders, Accurate computation of F'(x) and F'(x)F''(x),
Advances in Engineering Software 4(2), 1982.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import modes
from autograd.backward import gradients
from autograd.node import Node
from autograd.ops.shape import data_of
from autograd.plain import constant, kind_of, positions
from autograd.tensor import Tensor
from autograd.tree import flatten
from autograd.value import Value

_EPSILON = float(np.finfo(np.float64).eps)
_TINIEST = 5e-324  # the last digit of the numbers near zero
_SHRINK = np.e - 1  # one step over the next; at rational ratios a periodic f can show the same slope at every step
_COLUMNS = 6  # how often a difference is extrapolated, so also for how many steps a bad one is remembered
# For a smooth f the central slope has an error in even powers of the step. The jump from the slope on the left to that
# on the right has odd powers: it vanishes with the step, and what is left of it is an error as well.
_POWERS = _SHRINK ** np.array([[[2 * column + 2], [2 * column + 1]] for column in range(_COLUMNS)])
_STEPS = 70  # from 0.1 down to 1e-17
# Where f is flat at small steps and not at larger ones, its values were rounded: to multiples of less than this if f
# computes with numbers of another size, or in single precision; to more it is a staircase, such as np.floor.
_STAIR = 1e-5

# An entry may be off by the sum of these.
_RELATIVE = 1e-7  # of its own size
_ERRORS = 10.0  # of the numbers' own error
_SINGLE_OUTPUTS = 100  # up to so many outputs, each is also checked alone


class NumericalGradient(NamedTuple):
    """What `numerical_grad` returns: three parts of the same structure and shape.

    `value` is the derivative, `error` an estimate of its absolute error. `smooth` is False where there is no
    derivative: at a kink, a jump, a pole or the edge of the domain. At a kink the slopes on the two sides are
    ``value - error`` and ``value + error``, in whichever order; at a jump, where there are none, the error is inf.
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

    Raises TypeError for an argument or a result that is not real, or where there is none; for an `argnum` that is not
    a position TypeError, IndexError or ValueError, as `grad` does.

    >>> import math
    >>> slope = numerical_grad(math.log, 0.001)
    >>> round(slope.value, 6), slope.error < 1e-6, slope.smooth
    (1000.0, True, True)
    >>> numerical_grad(abs, 0.0).smooth
    False
    """
    if not args:
        raise TypeError(
            f"numerical_grad() has no argument number {argnum}: pass the point too, as in numerical_grad(f, 2.0)"
        )
    chosen = {index: args[index] for index in positions(argnum, len(args))}
    leaves, rebuild = flatten(chosen)
    points = [_real(leaf, path) for leaf, path in zip(leaves, _paths(chosen, "args"), strict=True)]

    def output(x: np.ndarray) -> np.ndarray:
        given = list(args)
        for index, changed in rebuild(_unpack(x, points)).items():
            given[index] = changed
        return np.asarray(_real(data_of(f(*given)), "the result of f"))

    x = _pack(points)
    shape = output(x).shape

    def structured(table: np.ndarray) -> Any:
        blocks = [
            block.item() if shape == () and isinstance(point, float) else block.reshape(shape + np.shape(point))
            for block, point in zip(np.split(table, _ends(points), axis=1), points, strict=False)
        ]
        parts = tuple(rebuild(blocks).values())
        return parts if isinstance(argnum, tuple) else parts[0]

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
    value, error, smooth = _search(f, x, center, noise, 0.1 * max(abs(x), 1.0))
    coarse = ~smooth & np.isfinite(center) & (np.isinf(error) | (abs(x) < 1e-12))
    if 0 < abs(x) < 1 and coarse.any():  # f may vary at x's own size, or end there
        near_value, near_error, near_smooth = _search(f, x, center, noise, 0.1 * abs(x))
        nearer = near_smooth & (near_error <= 0.01 * error)  # not just because rounding hides a kink
        value, error = np.where(nearer, near_value, value), np.where(nearer, near_error, error)
        smooth = np.where(nearer, near_smooth, smooth)
    return value, error, smooth


def _search(
    f: Callable[[float], np.ndarray], x: float, center: np.ndarray, noise: float, step: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same, as far as it is found by steps from `step` downwards."""
    value, error, bound = np.full_like(center, np.nan), np.full_like(center, np.inf), np.zeros_like(center)
    smooth, unsettled = np.full(center.shape, False), np.full(center.shape, True)
    steepest, quantum, hidden = np.zeros_like(center), np.full_like(center, np.inf), np.zeros_like(center)
    first, reach = step, np.full_like(center, step)  # the steps of the first and of the best
    last_value, last_error = value, error  # of the smallest steps that rounding leaves clear: what a kink looks like
    table = np.empty((0, 2, center.size))  # of the last step: extrapolated so often, slope or jump, output
    greatest = np.max(abs(center), initial=0.0, where=np.isfinite(center))
    for count in range(_STEPS):
        right, left = x + step, x - step
        if right == x or left == x:
            break
        f_right, f_left = f(right), f(left)
        to_right, to_left = f_right - center, center - f_left
        slope = (f_right - f_left) / (right - left)
        jump = to_right / (right - x) - to_left / (x - left)
        table, old_table = _extrapolated(np.stack([slope, jump]), table), table[:_COLUMNS]
        steepness = abs(slope) + abs(jump)
        steepest = np.where(np.isfinite(steepness), np.maximum(steepest, steepness), steepest)
        changes = abs(np.stack([to_right, to_left]))
        quantum = np.minimum(quantum, np.where(changes > 0, changes, np.inf).min(axis=0))
        if count:
            if not changes.all():
                sloped = (error < 0.01 * abs(value)) & (quantum < _STAIR)
                hidden = np.maximum(hidden, _rounded(changes, quantum, sloped, step > 1e-7 * max(abs(x), 1.0)))
            # what rounding costs: that, the last digit of f, and that of x where f computes with it
            digits = _EPSILON * (2 * np.maximum(abs(f_right), abs(f_left)) + abs(x) * steepness) + 2 * _TINIEST
            lost = (hidden + digits + noise) / step
            found, spread = table[1:, 0], _spread(table, old_table) + lost
            spread[np.isnan(spread)] = np.inf
            best = spread.argmin(axis=0), np.arange(center.size)
            better = unsettled & (spread[best] < error)
            value, error = np.where(better, found[best], value), np.where(better, spread[best], error)
            reach = np.where(better, step, reach)
            clear = lost <= 0.01 * spread[best]
            last_value = np.where(clear, found[best], last_value)
            last_error = np.where(clear, spread[best], last_error)
            # a small output may carry the rounding of greater ones: what is below that is no kink
            bound = np.where(better, 1e-5 * steepest + 30 * (lost + _EPSILON * greatest / step), bound)
            smooth = error <= bound + 30 * hidden / reach
            # Smaller steps help if they just did, or if there may be a kink within these that rounding does not hide.
            # Otherwise all they would find is rounding errors, which may agree by chance.
            unsettled = better | (~smooth & ~(lost > 0.01 * error))
            if not unsettled.any():
                break
        step /= _SHRINK
    last_error = np.where(last_error > 100 * error, np.inf, last_error)  # a jump: its slopes grow as the steps shrink
    error = error + hidden / reach
    doubtful = smooth & (error * reach > _STAIR)
    if doubtful.any():  # from afar a staircase looks like a slope
        difference, lost = _seen_from_near(f, x, value, noise, 1e-12 * first)
        doubtful &= difference > np.maximum(0.5 * abs(value), 10 * lost)
        error = np.where(doubtful, difference, error)
    return np.where(smooth, value, last_value), np.where(smooth, error, last_error), smooth


def _extrapolated(row: np.ndarray, old: np.ndarray) -> np.ndarray:
    """The slope and the jump, below them what they are extrapolated to with those of the last step: once, twice …"""
    rows = [row]
    for power, coarser in zip(_POWERS, old, strict=False):
        rows.append((power * rows[-1] - coarser) / (power - 1))
    return np.stack(rows)


def _spread(table: np.ndarray, old: np.ndarray) -> np.ndarray:
    """How far each extrapolated slope is from the two that it was made of, or half of what is left of the jump."""
    found, jump = table[1:, 0], table[1:, 1]
    spread: np.ndarray = np.maximum(abs(found - table[:-1, 0]), abs(found - old[:, 0]))
    spread = np.maximum(spread, abs(jump) / 2)
    return spread


def _rounded(changes: np.ndarray, quantum: np.ndarray, sloped: np.ndarray, is_large: bool) -> np.ndarray:
    """By how much f was rounded inside where it is flat on a side: by the least change there was if larger steps have
    found a slope; otherwise, of a step large enough to tell, perhaps by the last digit of 1."""
    flat = changes == 0
    last_digit = np.minimum(quantum, _EPSILON) if is_large else 0.0
    rounded: np.ndarray = np.where(sloped, flat.any(axis=0) * quantum, flat.all(axis=0) * last_digit)
    return rounded


def _seen_from_near(
    f: Callable[[float], np.ndarray], x: float, value: np.ndarray, noise: float, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """How far the slope over a tiny step is from the one that was found, and what rounding costs there."""
    f_right, f_left = f(x + step), f(x - step)
    difference = abs((f_right - f_left) / ((x + step) - (x - step)) - value)
    lost = (_EPSILON * (2 * np.maximum(abs(f_right), abs(f_left)) + abs(x * value)) + noise) / step
    return difference, lost


class Entry(NamedTuple):
    """One entry of a Jacobian, computed in both ways; `excess` is the difference over what is allowed."""

    name: str
    analytic: float
    numerical: float
    error: float
    smooth: bool
    excess: float

    def __str__(self) -> str:
        both = f"{self.analytic:.10g} by the chain rule, {self.numerical:.10g} ± {self.error:.1g} numerically"
        if self.smooth:
            remark = ""
        elif np.isnan(self.numerical):
            remark = ": f is not finite on both sides of the point"
        elif np.isinf(self.error):
            remark = (
                ": a jump or a vertical tangent, where the slopes grow without bound as the steps shrink, or a point "
                "so far out that the floats beside it are too few"
            )
        else:
            remark = ": a kink, whose two slopes are the ends of that range"
        return f"{self.name} = {both}{remark}"


class GradcheckReport(NamedTuple):
    """What `gradcheck` found: entries checked, wrong ones, ones without a derivative, and the worst of all."""

    checked: int
    wrong: int
    undefined: int
    worst: Entry | None

    def __str__(self) -> str:
        counts = f"entries checked: {self.checked}, wrong: {self.wrong}, without a derivative: {self.undefined}"
        return f"{counts}; the worst is\n{self.worst}" if self.worst else counts

    def __repr__(self) -> str:
        return str(self)  # readable at the prompt too


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
    result that is not real; ValueError for an order below 1.

    >>> from autograd import sin
    >>> report = gradcheck(lambda x, y: sin(x) / y, 0.5, 2.0, order=2)
    >>> report.checked, report.wrong
    (8, 0)
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order is how often f is differentiated, 1 or more, not {order!r}")
    leaves, rebuild = flatten(args)
    paths = _paths(args, "args")
    points = [_real(leaf, path) for leaf, path in zip(leaves, paths, strict=True)]

    def outputs(leaves: list[Any]) -> tuple[list[str], list[Any]]:
        result = f(*rebuild(leaves))
        return _paths(result, "f"), flatten(result)[0]

    with modes.enable_grad():
        reports = _check(outputs, "f", paths, points, order)
    report = GradcheckReport(
        sum(each.checked for each in reports),
        sum(each.wrong for each in reports),
        sum(each.undefined for each in reports),
        max((each.worst for each in reports if each.worst), key=_badness, default=None),
    )
    if report.wrong or report.undefined:
        raise GradcheckError(report)
    return report


def _check(
    outputs: Callable[[list[Any]], tuple[list[str], list[Any]]],
    title: str,
    paths: list[str],
    points: list[Any],
    order: int,
    scale: float = 1.0,
    noise: float = 0.0,
) -> list[GradcheckReport]:
    """Compare the Jacobian of a function of leaves, which returns names and outputs; up to the order, its gradient's.

    `scale` is by how much upstream gradients have enlarged the outputs, `noise` their error beyond the last digit.
    """

    def evaluate(x: np.ndarray) -> tuple[list[Any], list[str], list[Any], list[Any]]:
        leaves = [Value(point) if isinstance(point, float) else Tensor(point) for point in _unpack(x, points)]
        names, results = outputs(leaves)
        return leaves, names, results, [_real(data_of(each), name) for each, name in zip(results, names, strict=True)]

    def measure(x: np.ndarray) -> np.ndarray:
        y = _pack(evaluate(x)[3])
        return y if few else np.array([upstream @ y])

    def pull(leaves: list[Any], results: list[Any], weights: np.ndarray, as_graph: bool) -> list[Any]:
        pieces = zip(results, _unpack(weights, values), strict=True)
        found = gradients([(each, piece) for each, piece in pieces if isinstance(each, Node)], as_graph)
        return [found.get(leaf, np.zeros(np.shape(point))) for leaf, point in zip(leaves, points, strict=True)]

    def gradient(leaves: list[Any]) -> tuple[list[str], list[Any]]:
        return [f"(∂{walks[-1][0]}/∂{path})" for path in paths], pull(leaves, outputs(leaves)[1], upstream, True)

    x = _pack(points)
    leaves, names, results, values = evaluate(x)
    y = _pack(values)
    few = y.size <= _SINGLE_OUTPUTS
    random = np.random.default_rng(order)
    upstream = random.uniform(0.5, 1.5, y.size) * random.choice([-1.0, 1.0], y.size)
    mixed_noise = float(_EPSILON * abs(upstream) @ abs(y) + noise * abs(upstream).sum())
    value, error, smooth = _jacobian(measure, x, noise if few else mixed_noise)
    walks = [(f"(u·{title})", upstream, scale)]
    if few:
        alone = list(zip(_entries(names, values), np.diag(upstream), (scale * upstream).tolist(), strict=True))
        walks = alone if y.size == 1 else alone + walks
    inputs = _entries(paths, points)
    reports = []
    for name, weights, factor in walks:
        analytic = _pack([data_of(each) for each in pull(leaves, results, weights, False)]) / factor
        rows = np.flatnonzero(weights) if few else np.array([0])
        w = (weights[rows] if few else np.ones(1)) / factor
        numbers = w @ value[rows], abs(w) @ error[rows], smooth[rows].all(axis=0)
        reports.append(_compare([f"∂{name}/∂{each}" for each in inputs], analytic, *numbers))
    if order > 1:
        name, _, factor = walks[-1]
        reports += _check(gradient, f"∇{name}", paths, points, order - 1, factor, mixed_noise)
    return reports


def _compare(
    names: list[str], analytic: np.ndarray, numerical: np.ndarray, error: np.ndarray, smooth: np.ndarray
) -> GradcheckReport:
    """Hold the entries of a gradient against the numbers."""
    with np.errstate(all="ignore"):
        difference = abs(analytic - numerical)
        allowed = _RELATIVE * np.fmax(abs(analytic), abs(numerical)) + _ERRORS * error
        excess = np.where(difference == 0, 0.0, difference / allowed)
    excess[~smooth | np.isnan(excess)] = np.inf
    columns = (part.tolist() for part in (analytic + 0.0, numerical + 0.0, error, smooth, excess))  # no -0.0
    entries = [Entry(*entry) for entry in zip(names, *columns, strict=True)]
    wrong, undefined = int(np.sum(smooth & (excess > 1))), int(np.sum(~smooth))
    return GradcheckReport(len(entries), wrong, undefined, max(entries, key=_badness, default=None))


def _badness(entry: Entry) -> tuple[bool, float]:
    """Wrong entries are worse than those without a derivative."""
    return entry.smooth and entry.excess > 1, entry.excess


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
    """The vector's parts as floats and arrays again, of their own memory."""
    pieces = np.split(vector, _ends(like))
    return [
        float(piece[0]) if isinstance(each, float) else piece.reshape(each.shape).copy()
        for piece, each in zip(pieces, like, strict=False)
    ]


def _ends(numbers: Sequence[Any]) -> Any:
    """Where each ends in the packed vector."""
    return np.cumsum([np.size(each) for each in numbers], dtype=int)


def _paths(tree: Any, path: str) -> list[str]:
    """The ways to the leaves of nested dicts, lists and tuples."""
    if isinstance(tree, (dict, list, tuple)):
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return [found for key, part in items for found in _paths(part, f"{path}[{key!r}]")]
    return [path]


def _entries(paths: Sequence[str], numbers: Sequence[Any]) -> list[str]:
    """A name for every entry of floats and arrays."""
    return [
        f"{path}{list(index)}" if index else path
        for path, each in zip(paths, numbers, strict=True)
        for index in np.ndindex(np.shape(each))
    ]
