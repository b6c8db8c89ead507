"""The chain rule on one graph, line by line: forward the values, then backward edge by edge, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from autograd.backward import reachable
from autograd.formula import LEAVES, Formula, parts, substitute
from autograd.node import Node
from autograd.readers.printer import Target, spell
from autograd.readers.text import TEXT, holds
from autograd.value import Value

_FORWARD = "forward: every value is computed from values above it"
_BACKWARD = """\
backward, from the last line to the first: a result hands its own derivative on to each operand,
times the partial derivative of the operation; what arrives at one operand is added up"""


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
    nodes = reachable([output])[::-1]
    names = _names(nodes)
    target = replace(TEXT, number=lambda number: f"{number + 0.0:.{precision}g}")  # -0.0 + 0.0 is 0.0
    lines = [_FORWARD]
    for node in nodes:
        lines.append(f"  {names[node]} = {_computed(node, names, target)}")
    lines += [f"  {name} = {names[output]}", "", _BACKWARD, f"  d{name}/d{names[output]} = 1"]
    arrived: dict[Node, float] = {}
    for node in reversed(nodes):
        if node.op is not None:
            lines.append(f"  {names[node]} = {_operation(node, names, target)}")
            lines += (f"    {line}" for line in _edges(node, names, target, name, arrived))
    return "\n".join(lines)


def _names(nodes: list[Node]) -> dict[Node, str]:
    labels = {node.label for node in nodes}
    prefix = "v"
    while any(label.startswith(prefix) and label[len(prefix) :].isdigit() for label in labels):
        prefix += "_"
    unnamed = [node for node in nodes if node.op is not None or not node.label]
    return {node: node.label for node in nodes} | {node: f"{prefix}{i}" for i, node in enumerate(unnamed, 1)}


def _computed(node: Node, names: Mapping[Node, str], target: Target) -> str:
    value = spell(("number", node.data), target)
    if node.op is None:
        return value
    numbers = (("number", getattr(operand, "data", operand)) for operand in node.inputs)
    texts = [_operation(node, names, target), spell((node.op.name, *numbers), target), value]
    return " = ".join(dict.fromkeys(texts))


def _operation(node: Node, names: Mapping[Node, str], target: Target) -> str:
    return spell((node.op.name, *(_named(operand, names) for operand in node.inputs)), target)


def _named(operand: Any, names: Mapping[Node, str]) -> Formula:
    return ("name", names[operand]) if isinstance(operand, Node) else ("number", operand)


def _edges(
    node: Any, names: Mapping[Node, str], target: Target, output: str, arrived: dict[Node, float]
) -> Iterator[str]:
    """A line for each operand; `arrived` holds the sums so far."""
    row = node.op
    known = {"z": _named(node, names)} | {
        name: _named(operand, names) for name, operand in zip(row.names, node.inputs, strict=True)
    }
    for arg, operand, partial in zip(row.names, node.inputs, node.partials, strict=True):
        if partial is None:
            continue  # a constant
        product = node.grad * partial
        share = product if node.grad and partial else 0.0
        before = arrived.get(operand, 0.0)
        arrived[operand] = before + share
        local = _decided(substitute(row.named_partials[f"d{arg}"], known))
        rule = ("mul", ("name", f"d{output}/d{names[node]}"), local)
        numbers = ("add", ("number", before), ("mul", ("number", node.grad), ("number", partial)))
        note = "" if share == product or math.isnan(share) else "  (zero times anything is zero here)"
        total = spell(("number", arrived[operand]), target)
        yield f"d{output}/d{names[operand]} += {spell(rule, target)} = {spell(numbers, target)} = {total}{note}"


def _decided(formula: Formula) -> Formula:
    """The formula without the choices that constants have made, as in where(2 == 0, 0, 2 * x)."""
    if formula[0] in LEAVES:
        return formula
    if formula[0] == "where" and not any(part[0] == "name" for part in parts(formula[1])):
        return _decided(formula[2 if holds(formula[1], {}) else 3])
    return (formula[0], *map(_decided, formula[1:]))
