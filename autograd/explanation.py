"""The chain rule for one leaf in words and numbers: path by path, term by term."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from autograd.backward import gradients, reachable
from autograd.functions import FUNCTIONS
from autograd.naming import brief, derivative, local_derivative, operation, unique_names
from autograd.node import Node
from autograd.plain import kind_of
from autograd.value import Value

_MOST_COUNTED = 10**15  # more paths than this are not counted
_LONGEST = 12  # steps of a path that are all shown; of a longer one the middle is left out
_WIDEST = 40  # characters of a formula for a local derivative
_WIDTH = 110  # characters of a line

# A step of a path: the node, and which of its operands the path goes on to.
_Path = list[tuple[Value, int]]
_chain_product = FUNCTIONS["chain_product"]  # in which a zero wins, even against inf


class Explanation(str):
    """Text that shows itself as it is, line by line, at the prompt too."""

    __slots__ = ()

    __repr__ = str.__str__


def explain(output: Value, leaf: Value, *, max_paths: int = 6) -> str:
    """Why the derivative of `output` with respect to `leaf` is what it is, as text to print.

    Along each path from the output back to the leaf the local derivatives, as they were recorded, multiply; the paths
    add up. Of more than `max_paths` paths those with the largest products are shown, and what the others contribute
    together. `leaf` may be any node below the output. The gradient of nothing is touched.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.label = "y"
    >>> explain(y, x)
    How does y = 9 change with x = 3?
    2 paths lead from y back to x: along each the local derivatives multiply, and the paths add up.
    <BLANKLINE>
    path 1: y ← x
      y = x * x = 9    ∂y/∂x (operand 1) = x = 3
    <BLANKLINE>
    path 2: y ← x
      y = x * x = 9    ∂y/∂x (operand 2) = x = 3
    <BLANKLINE>
    ∂y/∂x = 3 + 3 = 6, and backward() finds the same.

    Raises TypeError for anything but Values, ValueError for a `max_paths` below 1.
    """
    for name, node in (("output", output), ("leaf", leaf)):
        if not isinstance(node, Value):
            raise TypeError(
                f"explain(output, leaf) takes two Values, as in explain(loss, w); {name} is {kind_of(node)}"
                + (", so pick one of its elements: t[0].to_value()" if isinstance(node, Node) else "")
            )
    if not isinstance(max_paths, int) or max_paths < 1:
        raise ValueError(f"max_paths is how many paths to show, 1 or more, not {max_paths!r}")
    nodes: list[Any] = reachable([output])
    for node in nodes:
        if not isinstance(node, Value):
            raise TypeError(f"explain() follows Values alone; this graph goes through {kind_of(node)}")
        if getattr(node.op, "joint_rule", None) is not None:
            raise TypeError(f"explain() does not see into {node.op.name}; run a compiled function under jit.disabled()")
    names = unique_names([*nodes, leaf])
    start, end = names[output], names[leaf]
    total = derivative(start, end)
    if leaf is output:
        return Explanation(f"{end} is the output itself, so {total} = 1.")
    count, paths = _paths(nodes, leaf, max_paths)
    if not count:
        meant = f"; did you mean explain({end}, {start})?" if any(node is output for node in reachable([leaf])) else "."
        return Explanation(f"{start} does not depend on {end}: no path leads back to it, so {total} = 0{meant}")
    if count == 1:
        lead = f"One path leads from {start} back to {end}: along it the local derivatives multiply."
    else:
        number = f"{count:,}" if count < _MOST_COUNTED else f"More than {count:,}"
        lead = f"{number} paths lead from {start} back to {end}: along each the local derivatives multiply, "
        lead += "and the paths add up."
    lines = [f"How does {start} = {brief(output.data)} change with {end} = {brief(leaf.data)}?", lead]
    for position, path in enumerate(paths, 1):
        route = " ← ".join([*_shortened([names[node] for node, _ in path]), end])
        lines += ["", route if count == 1 else f"path {position}: {route}"]
        lines += (f"  {line}" for line in _steps(path, names))
        if len(path) > 1:
            lines += _chain(path, names, f"{total} = " if count == 1 else "")
    gradient = gradients([(output, 1.0)], keep="all")[leaf]
    lines += ["", *_sum(total, [_product(path) for path in paths], count, gradient)]
    return Explanation("\n".join(lines))


def _paths(nodes: list[Any], leaf: Value, most: int) -> tuple[int, list[_Path]]:
    """How many paths lead to the leaf from the first of the nodes, and those with the largest products.

    Each node knows its best ways on to the leaf, as (product, operand, which of the operand's ways), so the time is
    that of the graph however many paths there are.
    """
    counts: dict[Any, int] = {leaf: 1}
    best: dict[Any, list[tuple[float, int, int]]] = {leaf: [(1.0, 0, 0)]}
    for node in reversed(nodes):
        edges = [
            (index, operand, partial)
            for index, (operand, partial) in enumerate(zip(node.inputs, node.partials, strict=True))
            if partial is not None and operand in best
        ]
        if edges and node is not leaf:
            counts[node] = min(sum(counts[operand] for _, operand, _ in edges), _MOST_COUNTED)
            ways = [
                (_chain_product(partial, product), index, rank)
                for index, operand, partial in edges
                for rank, (product, _, _) in enumerate(best[operand])
            ]
            best[node] = sorted(ways, key=_size, reverse=True)[:most]
    paths = []
    for rank in range(len(best.get(nodes[0], ()))):
        node, path = nodes[0], []
        while node is not leaf:
            _, index, rank = best[node][rank]
            path.append((node, index))
            node = node.inputs[index]
        paths.append(path)
    return counts.get(nodes[0], 0), paths


def _size(way: tuple[float, int, int]) -> float:
    return math.inf if math.isnan(way[0]) else abs(way[0])


def _factors(path: _Path) -> list[Any]:
    return [node.partials[index] for node, index in path]


def _product(path: _Path) -> float:
    return reduce(_chain_product, _factors(path), 1.0)


def _steps(path: _Path, names: Mapping[Node, str]) -> Iterator[str]:
    """A line for each step: what was computed, and its derivative with respect to the operand the path goes on to."""
    lines = []
    for node, index in _shortened(path, gap=[]):
        operand = node.inputs[index]
        is_repeated = sum(each is operand for each in node.inputs) > 1
        which = f" (operand {index + 1})" if is_repeated else ""
        formula, number = local_derivative(node, index, names), brief(_factors([(node, index)])[0])
        rule = "" if formula == number or len(formula) > _WIDEST else f"{formula} = "
        lines.append(
            (
                f"{names[node]} = {operation(node, names)} = {brief(node.data)}",
                f"{derivative(names[node], names[operand])}{which} = {rule}{number}",
            )
        )
    width = max(len(computed) for computed, _ in lines)
    texts = [f"{computed:<{width}}    {local}" for computed, local in lines]
    if len(path) > len(texts):
        texts.insert(len(texts) // 2, f"… {len(path) - len(texts):,} more steps …")
    yield from texts


def _chain(path: _Path, names: Mapping[Node, str], start: str) -> list[str]:
    """The chain rule along a path, as in '∂L/∂n · ∂n/∂x = 0.5 × 2 = 1'."""
    factors = _factors(path)
    symbols = [derivative(names[node], names[node.inputs[index]]) for node, index in path]
    numbers = [brief(factors[0]), *(f"({brief(each)})" if each < 0 else brief(each) for each in factors[1:])]
    zero_wins = "  (a zero on the path wins)" if 0.0 in factors and not all(map(math.isfinite, factors)) else ""
    product = brief(_product(path)) + zero_wins
    texts = [start + " · ".join(_shortened(symbols)), " × ".join(_shortened(numbers)), product]
    line = f"  {' = '.join(texts)}"
    return [line] if len(line) <= _WIDTH else [f"  {texts[0]}", *(f"    = {text}" for text in texts[1:])]


def _shortened(items: list[Any], gap: Any = ("…",)) -> list[Any]:
    """The beginning and the end of what is long."""
    half = _LONGEST // 2
    return items if len(items) <= _LONGEST else [*items[:half], *gap, *items[-half:]]


def _sum(total: str, products: list[float], count: int, gradient: float) -> Iterator[str]:
    """The last lines: what the paths add up to, and what the backward walk finds."""
    found, others = sum(products), count - len(products)
    if others:
        rest = gradient - found
        if not math.isfinite(rest):
            yield f"Not all paths are shown; backward() finds {total} = {brief(gradient)}."
            return
        number = f"{others:,}" if count < _MOST_COUNTED else "all others"
        yield f"Paths not shown: {number}. Their products are no larger, and together contribute {brief(rest)}."
        products, found = [*products, rest], gradient
    terms = brief(products[0]) + "".join(f" {'-' if each < 0 else '+'} {brief(abs(each))}" for each in products[1:])
    rounding = 1e-9 * sum(map(abs, products)) + sys.float_info.min
    if found == gradient or abs(found - gradient) <= rounding or (math.isnan(found) and math.isnan(gradient)):
        verdict = "and backward() finds the same."
    else:
        verdict = f"but backward() finds {brief(gradient)}: it adds up at every node on the way, not at the end."
    yield f"{total} = {' = '.join(dict.fromkeys([terms, brief(found)]))}, {verdict}"
