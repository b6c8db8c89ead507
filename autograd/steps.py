"""The chain rule on one graph, line by line: forward the values, then backward edge by edge, in words and numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from autograd.backward import reachable
from autograd.functions import FUNCTIONS
from autograd.naming import brief, derivative, local_derivative, operation, unique_names
from autograd.node import Node
from autograd.ops.shape import data_of
from autograd.readers.printer import spell
from autograd.readers.text import TEXT, holds
from autograd.value import Value

_FORWARD = "forward: every value is computed from values above it"
_BACKWARD = """\
backward, from the last line to the first: a result hands its own derivative on to each operand,
times the partial derivative of the operation; what arrives at one operand is added up"""
_ATOM = re.compile(r"[\w.]*(\([^()]*\))?")


def steps(output: Value, name: str = "f", precision: int = 6) -> str:
    """How a graph of Values came to its value, and how `output.backward()`, which has run, came to the derivatives.

    Leaves are called by their labels, other nodes v1, v2 …, and the output `name`. Numbers are shown with `precision`
    significant digits.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.backward()
    >>> print(steps(y))  # doctest: +ELLIPSIS
    forward: every value is computed from values above it
      x = 3
      v1 = x * x = 3 * 3 = 9
      f = v1
    <BLANKLINE>
    backward, ...
      df/dv1 = 1
      v1 = x * x
        df/dx += df/dv1 * x = 0 + 1 * 3 = 3
        df/dx += df/dv1 * x = 3 + 1 * 3 = 6
    """
    nodes: list[Any] = reachable([output])[::-1]
    names = unique_names(nodes)
    lines = [_FORWARD]
    for node in nodes:
        value = _numbers(precision, "number", node.data)
        texts = [value] if node.op is None else [operation(node, names), _with_numbers(node, precision), value]
        lines.append(f"  {' = '.join([names[node], *dict.fromkeys(texts)])}")
    lines += [f"  {name} = {names[output]}"] if names[output] != name else []
    lines += ["", _BACKWARD, f"  {derivative(name, names[output], 'd')} = 1"]
    arrived: dict[Node, float] = {}
    for node in reversed(nodes):
        if node.op is not None:
            lines.append(f"  {names[node]} = {operation(node, names)}")
            lines += (f"    {line}" for line in _edges(node, names, name, precision, arrived))
    return "\n".join(lines)


def weak_places(output: Value, precision: int = 6) -> list[str]:
    """The operations of a graph that have no derivative where they are, so that the chain rule need not hold.

    >>> weak_places(Value(0.0).relu() * 2)
    ['relu(0) is at a kink, where the table chooses the derivative']
    """
    places = []
    nodes: list[Any] = reachable([output])[::-1]
    for node in nodes:
        if node.op is None:
            continue
        operands = {name: data_of(operand) for name, operand in zip(node.op.names, node.inputs, strict=True)}
        if node.op.kink and holds(node.op.kink, operands):
            places.append(f"{_with_numbers(node, precision)} is at a kink, where the table chooses the derivative")
        elif not all(math.isfinite(partial) for partial in node.partials if partial is not None):
            places.append(f"{_with_numbers(node, precision)} has no finite derivative")
    return list(dict.fromkeys(places))


def _edges(
    node: Any, names: Mapping[Node, str], output: str, precision: int, arrived: dict[Node, float]
) -> Iterator[str]:
    """A line for each operand that is a node; `arrived` holds the sums so far."""
    upstream = node.grad
    for index, (operand, partial) in enumerate(zip(node.inputs, node.partials, strict=True)):
        if partial is None:
            continue
        share = FUNCTIONS["chain_product"](upstream, partial)
        before = arrived.get(operand, 0.0)
        arrived[operand] = before + share
        local = local_derivative(node, index, names)
        rule = f"{derivative(output, names[node], 'd')} * {local if _ATOM.fullmatch(local) else f'({local})'}"
        product = ("mul", ("number", upstream), ("number", partial))
        terms = _numbers(precision, "add", ("number", before), product)
        note = "  (zero times anything is zero)" if math.isnan(upstream * partial) and share == 0 else ""
        total = _numbers(precision, "number", arrived[operand])
        yield f"{derivative(output, names[operand], 'd')} += {rule} = {terms} = {total}{note}"


def _with_numbers(node: Node, precision: int) -> str:
    return _numbers(precision, node.op.name, *(("number", data_of(operand)) for operand in node.inputs))


def _numbers(precision: int, *formula: Any) -> str:
    target = replace(TEXT, number=lambda number: brief(number, precision))
    return spell(formula, target)
