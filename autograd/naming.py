"""Nodes in words: a name for each and never one name for two; an operation and its derivative in those names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograd.formula import LEAVES, Formula, substitute
from autograd.node import Node
from autograd.readers.printer import spell
from autograd.readers.text import TEXT, holds


def unique_names(nodes: Iterable[Node], stem: str = "v") -> dict[Node, str]:
    """A name for each node: its label, else x1, x2 … for a leaf and v1, v2 … for any other, in order of creation.

    A label that two nodes bear is given to the older one; the younger becomes ``label_2``.

    >>> from autograd import Value
    >>> list(unique_names([Value(1.0), Value(2.0, label="w"), Value(3.0, label="w")]).values())
    ['x1', 'w', 'w_2']
    """
    ordered = sorted(dict.fromkeys(nodes), key=lambda node: (node.op is not None, node.number))
    labels = [" ".join(str(node.label).split()) for node in ordered]  # on one line, whatever it is
    stems = ["x" if node.op is None else stem for node in ordered]
    return dict(zip(ordered, told_apart(labels, stems), strict=True))


def told_apart(labels: Sequence[str], stems: Sequence[str]) -> list[str]:
    """The labels, a number behind each that stood before; for an empty one its stem with a number."""
    taken, given = set(labels), set()
    numbers: dict[str, Iterator[int]] = {}
    names = []
    for label, stem in zip(labels, stems, strict=True):
        name = label
        if not label or label in given:
            start, first = (f"{label}_", 2) if label else (stem, 1)
            numbered = numbers.setdefault(start, itertools.count(first))
            name = next(each for number in numbered if (each := f"{start}{number}") not in taken)
            taken.add(name)
        given.add(name)
        names.append(name)
    return names


def as_operand(name: str) -> str:
    """A name as it stands in a formula: a label that is a formula itself stands in parentheses.

    >>> as_operand("w1"), as_operand("x1*w1 + b")
    ('w1', '(x1*w1 + b)')
    """
    return f"({name})" if _COMPOUND.search(name) else name


def derivative(of: str, by: str, d: str = "∂") -> str:
    """The derivative of one name with respect to another, as in ``∂y/∂x``."""
    return f"{d}{as_operand(of)}/{d}{as_operand(by)}"


def brief(number: float, digits: int = 6) -> str:
    """A number for people.

    >>> brief(220.00000000000003), brief(-0.0), brief(0.70710678, 4)
    ('220', '0', '0.7071')
    """
    return f"{number + 0.0:.{digits}g}"  # -0.0 + 0.0 is 0.0


def operation(node: Node, names: Mapping[Node, str]) -> str:
    """What was computed, as in ``tanh(v1)`` or ``w * x``."""
    return spell((node.op.name, *(_named(operand, names) for operand in node.inputs)), _TARGET)


def local_derivative(node: Node, index: int, names: Mapping[Node, str]) -> str:
    """The table's formula for the derivative with respect to one operand, as in ``1 - v2 * v2``.

    Of a `where` in it only the branch that was taken is left.
    """
    row = node.op
    known: dict[str, Any] = {**dict(zip(row.names, node.inputs, strict=True)), "z": node}
    data = {name: operand.data if isinstance(operand, Node) else operand for name, operand in known.items()}
    formula = _branch(row.partials[index], data)
    return spell(substitute(formula, {name: _named(operand, names) for name, operand in known.items()}), _TARGET)


def _named(operand: Any, names: Mapping[Node, str]) -> Formula:
    return ("name", as_operand(names[operand])) if isinstance(operand, Node) else ("number", operand)


def _branch(formula: Formula, data: Mapping[str, float]) -> Formula:
    if formula[0] in LEAVES:
        return formula
    if formula[0] == "where":
        return _branch(formula[2 if holds(formula[1], data) else 3], data)
    return (formula[0], *(_branch(part, data) for part in formula[1:]))


_COMPOUND = re.compile(r"[\s+*/%@=<>|&^-]")
_TARGET = replace(TEXT, number=brief)
