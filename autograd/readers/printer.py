"""One printer of formulas for all targets; a target is little more than a dictionary of spellings.

An operation that a target cannot spell is printed as what it is made of, so a row needs no second implementation
anywhere. Parts that occur more than once are computed once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from autograd.formula import CONDITIONS, LEAVES, Formula, Row, substitute
from autograd.rows import ROWS

_INFIX = {"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "mod": " % ", "floordiv": " // ", "pow": "**"}
_LEVEL = {
    "where": 0, "or": 1, "and": 2, "not": 3, **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), 4),
    "add": 5, "sub": 5, "mul": 6, "div": 6, "mod": 6, "floordiv": 6, "neg": 7, "pow": 8,
}  # fmt: skip
_ATOM = 9


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


@dataclass(eq=False)
class Target:
    """How one language spells the operations."""

    functions: Mapping[str, str]  # row → the name of the function that computes it
    infix: Mapping[str, str] = field(default_factory=lambda: _INFIX)  # row → operator
    conditions: Mapping[str, str] = field(default_factory=dict)  # 'and', 'or', 'not' where not Python's
    where: str = "{1} if {0} else {2}"
    where_is_lazy: bool = True
    constants: Mapping[str, str] = field(default_factory=lambda: {name: name for name in ("pi", "inf", "nan")})
    number: Callable[[float], str] = _number
    expand: bool = True  # whether an unknown row is replaced by its definition (else it is called by its name)

    def own_formula(self, row: Row) -> Formula:
        """How the row is computed here: by the target's own function where there is one."""
        return row.call if self.knows(row.name) else row.compute

    def knows(self, name: str) -> bool:
        """Whether the target can spell a row without taking it apart."""
        return not self.expand or name in self.functions or name in self.infix or name in ("where", "neg")


def expanded(formula: Formula, target: Target) -> Formula:
    """The formula in operations that the target can spell, with constant parts computed where it expands at all."""
    head = formula[0]
    if head in LEAVES:
        return formula
    args = tuple(expanded(part, target) for part in formula[1:])
    if head in CONDITIONS or target.knows(head):
        formula = (head, *args)
    else:
        row = ROWS[head]
        formula = expanded(substitute(row.compute, dict(zip(row.names, args, strict=True))), target)
    return _folded(formula) if target.expand else formula


def _folded(formula: Formula) -> Formula:
    """A call of a function of numbers alone, as in log(2) or 2 / sqrt(pi), is a number."""
    values = [arg[1] if arg[0] == "number" else getattr(math, arg[1]) for arg in formula[1:] if arg[0] in LEAVES[:2]]
    if len(values) < len(formula) - 1:
        return formula
    match formula[0], values:
        case "neg", [value]:
            return ("number", -value)
        case "mul", [left, right]:
            return ("number", left * right)
        case "div", [left, right] if right:
            return ("number", left / right)
        case "log" | "sqrt" as name, [value] if value > 0:
            return ("number", getattr(math, name)(value))
    return formula


def spell(formula: Formula, target: Target) -> str:
    """The formula as one expression of the target's language, with no more parentheses than it needs."""
    return _spell(expanded(formula, target), target)[0]


def _spell(formula: Formula, target: Target) -> tuple[str, int]:
    head, args = formula[0], formula[1:]
    if head == "number":
        return target.number(args[0]), _LEVEL["neg"] if args[0] < 0 else _ATOM
    if head == "constant":
        return target.constants[args[0]], _ATOM
    if head == "name":
        return args[0], _ATOM
    spelled = [_spell(arg, target) for arg in args]

    def within(index: int, level: int) -> str:
        text, own = spelled[index]
        return text if own >= level else f"({text})"

    if head == "where":
        if target.where_is_lazy:
            return target.where.format(*(within(i, 1) for i in range(3))), _LEVEL["where"]
        return target.where.format(*(text for text, _ in spelled)), _ATOM
    level = _LEVEL.get(head, _ATOM)
    if head in CONDITIONS:
        word = target.conditions.get(head, head)
        if word in "&|":  # bind tighter than comparisons
            return f"({spelled[0][0]}) {word} ({spelled[1][0]})", _LEVEL["or"]
        if head == "not" != word:
            return f"{word}({spelled[0][0]})", _ATOM
        if head == "not":
            return f"{word} {within(0, level)}", level
        return f"{within(0, level)} {word} {within(1, level + 1)}", level
    if head in target.infix:
        left, right = (level + 1, level) if head == "pow" else (level, level + 1)
        return f"{within(0, left)}{target.infix[head]}{within(1, right)}", level
    if head == "neg" and head not in target.functions:
        return f"-{within(0, level)}", level
    return f"{target.functions.get(head, head)}({', '.join(text for text, _ in spelled)})", _ATOM


def statements(results: Mapping[str, Formula], target: Target) -> list[tuple[str, str]]:
    """Assignments ``(name, expression)`` that compute all results in order, every shared part once.

    A later formula may use the name of an earlier result. A part that occurs only inside the branches of a lazy
    `where` is left there.
    """
    formulas = {name: expanded(formula, target) for name, formula in results.items()}
    seen: Counter[Formula] = Counter()
    surely: set[Formula] = set()
    for formula in formulas.values():
        _count(formula, target, True, seen, surely)
    lines: list[tuple[str, str]] = []
    known: dict[Formula, Formula] = {}

    def shared(formula: Formula, whole: bool = False) -> Formula:
        if formula in known:
            return known[formula]
        if formula[0] in LEAVES:
            return formula
        rebuilt = (formula[0], *(shared(part) for part in formula[1:]))
        if whole or seen[formula] < 2 or formula not in surely or formula[0] in CONDITIONS:
            return rebuilt
        name = f"t{sum(line.startswith('t') for line, _ in lines) + 1}"
        lines.append((name, _spell(rebuilt, target)[0]))
        known[formula] = ("name", name)
        return known[formula]

    for name, formula in formulas.items():
        lines.append((name, _spell(shared(formula, whole=True), target)[0]))
        if formula[0] not in LEAVES:
            known.setdefault(formula, ("name", name))
    return lines


def _count(formula: Formula, target: Target, sure: bool, seen: Counter[Formula], surely: set[Formula]) -> None:
    if formula[0] in LEAVES:
        return
    seen[formula] += 1
    if sure:
        surely.add(formula)
    if seen[formula] > 1:
        return  # its parts are shared along with it
    lazy = formula[0] == "where" and target.where_is_lazy
    for index, part in enumerate(formula[1:]):
        _count(part, target, sure and not (lazy and index > 0), seen, surely)
