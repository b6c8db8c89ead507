"""A graph as an indented tree of text, the output first."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.drawing.cards import clean, summed_up
from autograd.drawing.snapshot import Item, Snapshot
from autograd.naming import as_operand
from autograd.readers.printer import spell
from autograd.readers.text import TEXT

_MOST_LINES = 30


def tree(snapshot: Snapshot, precision: int, most: int = _MOST_LINES) -> str:
    """The tree, each value once; of a large graph the beginning."""
    names = snapshot.names()
    lines: list[str] = []
    for line in _lines(snapshot, names, precision):
        if len(lines) == most:
            lines.append(f"… ({sum(item.kind != 'constant' for item in snapshot.items)} values in all)")
            break
        lines.append(line)
    return "\n".join(lines)


def equation(snapshot: Snapshot, index: int, names: list[str]) -> str:
    """What was computed, as in ``x * w`` or ``sum(t, axis=0)``."""
    item = snapshot.items[index]
    operands = [
        names[operand] if snapshot.items[operand].kind == "constant" else as_operand(names[operand])
        for operand in item.inputs
    ]
    if item.row is not None:
        return spell((item.row.name, *(("name", operand) for operand in operands)), TEXT)
    return f"{item.op}({', '.join([*operands, item.params] if item.params else operands)})"


def _lines(snapshot: Snapshot, names: list[str], precision: int) -> Iterator[str]:
    seen: set[int] = set()
    stack = [(output, "", "") for output in reversed(snapshot.outputs)]
    while stack:
        index, lead, indent = stack.pop()
        item = snapshot.items[index]
        if index in seen and item.inputs:
            yield f"{lead}{clean(names[index])}, see above"
            continue
        seen.add(index)
        yield lead + _line(snapshot, item, index, names, precision)
        below = [operand for operand in dict.fromkeys(item.inputs) if snapshot.items[operand].kind != "constant"]
        for place, operand in reversed(list(enumerate(below))):
            last = place == len(below) - 1
            stack.append((operand, indent + ("└─ " if last else "├─ "), indent + ("   " if last else "│  ")))


def _line(snapshot: Snapshot, item: Item, index: int, names: list[str], precision: int) -> str:
    parts = [names[index]]
    if item.inputs:
        parts.append(equation(snapshot, index, names))
    parts.append(summed_up(item.value, precision))
    gradient = (
        f"   ∂ {summed_up(item.gradient, precision)}" if item.gradient is not None and snapshot.has_gradients else ""
    )
    return clean(" = ".join(parts)) + gradient
