"""Reads a row as a method of `Value`: the fast path of scalar code, compiled on first use.

The method keeps the floats under the names the table uses: ``x``, ``y`` for the operands, ``z`` for the result,
``dx``, ``dy`` for the partial derivatives that are recorded with the new node.
"""

from __future__ import annotations

from autograd.formula import Row
from autograd.readers.floats import body
from autograd.readers.generated import source_of

_RECORD = """\
    out = new_value()
    out._primal = z
    out.x = {left}
    out.y = {right}
    out.dx = {dx}
    out.dy = {dy}
    out.op = row
    out.grad = UNTOUCHED
    out.number = next(numbers)
    if active:
        out._watch()
    return out
"""


def method_source(row: Row) -> str:
    """The source of ``self.row(other)``, or of ``self.row()``."""
    if len(row.names) == 1:
        (x,) = row.args
        lines = f"    {x} = self._primal\n" + _compute(row, (f"d{x}",), "    ")
        return f"def {row.name}(self):\n{lines}" + _RECORD.format(left="self", right="None", dx=f"d{x}", dy="None")
    if len(row.args) == 2 and not row.params:
        return _binary(row, row.name, "self", "other")
    others = [f"{name}={row.params[name]}" if name in row.params else name for name in row.names[1:]]
    return source_of(row.name, ["self", *others], [f"return call(row, self, {', '.join(row.names[1:])})"])


def operator_source(row: Row, reflected: bool = False) -> str:
    """The source of ``self + other`` and the like; reflected, of ``other + self``."""
    if len(row.names) == 1:
        return method_source(row)
    return _binary(row, row.name, *(("other", "self") if reflected else ("self", "other")), is_operator=True)


def _binary(row: Row, name: str, left: str, right: str, is_operator: bool = False) -> str:
    x, y = row.args
    mine, its = (x, y) if left == "self" else (y, x)
    dx, dy = f"d{x}", f"d{y}"
    other_node = f"        {its} = other._primal\n" + _compute(row, (dx, dy), " " * 8)
    # an unknown operand: an operator lets Python ask the other side, a method asks it outright
    otherwise = f"mixed(row, {left}, {right})" if is_operator else f"call(row, {left}, {right})"
    # a constant stays on the node as a float, without a partial; an int may be beyond all floats
    constant = f"        try:\n            other = {its} = 1.0 * other\n"
    constant += f"        except OverflowError:\n            return {otherwise}\n"
    constant += _compute(row, (f"d{mine}",), " " * 8) + f"        d{its} = None\n"
    return (
        f"def {name}(self, other):\n"
        f"    {mine} = self._primal\n"
        f"    if type(other) is Value:\n{other_node}"
        f"    elif type(other) is float or type(other) is int:\n{constant}"
        f"    else:\n        return {otherwise}\n"
    ) + _RECORD.format(left=left, right=right, dx=dx, dy=dy)


def _compute(row: Row, wanted: tuple[str, ...], indent: str) -> str:
    results = ", ".join(name if name in ("z", *wanted) else "_" for name in ("z", *(f"d{arg}" for arg in row.args)))
    lines = body(row, wanted, f"{results} = ieee({', '.join(row.names)})")
    return "".join(f"{indent}{line}\n" for line in lines)
