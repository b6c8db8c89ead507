"""Small programs as straight-line Python: one function of floats for the outputs, one for the gradients.

Products of the chain rule are plain there, and `math` may raise. Where a result comes out nan, or an exception does,
the interpreter decides: only for it a zero wins against inf, and only it has IEEE's answer for 1 / 0.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd.compiler.executors import Interpreter
from autograd.compiler.program import Program
from autograd.formula import LEAVES, ONE, ZERO, Formula, parts, substitute
from autograd.readers.floats import FLOAT, NAMESPACE, tried
from autograd.readers.generated import function_from, source_of
from autograd.readers.printer import statements

MOST = 256  # operations
_COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_TRUTH: dict[str, Callable[[float, float], bool]] = {
    text: getattr(operator, name) for name, text in _COMPARE.items()
}  # fmt: skip
_TRUE: Formula = ("==", ZERO, ZERO)
_FALSE: Formula = ("!=", ZERO, ZERO)
_CARRIES_NAN = ("add", "sub", "mul", "neg", "pos", "div", "square", "chain_product")


class Straight:
    """Runs a small program as generated Python."""

    name = "as straight-line Python"

    def __init__(self, program: Program, wanted: Sequence[bool]) -> None:
        self.program = program
        self.interpreter = Interpreter(program, wanted)
        self.depends = self.interpreter.depends.tolist()
        self.names = _names(program)
        self.results = _forward(program, self.names)
        self.is_plain = _carries_nan(self.results)
        self.function = self.returning(self.outputs())
        self.gradient: Callable[..., Any] | None = None

    def gathered(self, numbers: list[float]) -> list[float]:
        """The inputs as they are."""
        return numbers

    def forward(self, inputs: list[float]) -> Sequence[float] | None:
        """The outputs; None if a guard has another answer than was recorded."""
        outputs: Sequence[float] | None = self.function(*inputs)
        return self.interpreter.forward(inputs) if outputs is None else outputs

    def backward(self, inputs: list[float], upstream: Sequence[float]) -> Sequence[float]:
        """The gradients of the inputs, for an upstream gradient of each output."""
        if self.gradient is None:
            self.gradient = self._gradient()
        found: Sequence[float] | None = self.gradient(*inputs, *upstream)
        return self.interpreter.backward(inputs, upstream) if found is None else found

    def outputs(self) -> list[str]:
        """The names of the outputs."""
        return [_text(self.names[slot]) for slot in self.program.outputs.tolist()]

    def returning(self, outputs: list[str], expression: str | None = None) -> Callable[..., Any]:
        """The function of the inputs that returns the outputs, in the form of an expression if one is given; that one
        answers None for anything but floats."""
        names = self.names
        checks = [
            f"{_text(names[left])} {_COMPARE[name]} {_text(names[right])}"
            if answer
            else f"not {_text(names[left])} {_COMPARE[name]} {_text(names[right])}"
            for name, lefts, rights, answers in self.program.guards
            for left, right, answer in zip(lefts.tolist(), rights.tolist(), answers.tolist(), strict=True)
        ]
        inputs = [f"v{i}" for i in range(self.program.count)]
        return _function("forward", inputs, self.results, outputs, expression, checks, self.is_plain)

    def _gradient(self) -> Callable[..., Any]:
        program, names = self.program, self.names
        operands, ops = program.operands.tolist(), program.ops.tolist()
        shares: dict[int, Formula] = {}

        def give(slot: int, share: Formula) -> None:
            shares[slot] = ("add", shares[slot], share) if slot in shares else share

        for i, slot in enumerate(program.outputs.tolist()):
            give(slot, ("name", f"u{i}"))
        results = dict(self.results)
        for i in range(len(ops) - 1, -1, -1):
            slot = program.first + i
            if slot not in shares or not self.depends[slot]:
                continue
            row = program.rows[ops[i]]
            results[f"g{slot}"] = shares[slot]
            given = {
                "z": names[slot],
                **{name: names[each] for name, each in zip(row.names, operands[i], strict=False)},
            }
            for partial, each in zip(row.named_partials.values(), operands[i], strict=False):
                if self.depends[each] and partial != ZERO:
                    upstream = ("name", f"g{slot}")
                    local = _simplified(substitute(partial, given))
                    give(each, upstream if local == ONE else ("chain_product", upstream, local))
        outputs = []
        for i in range(program.count):
            results[f"g{i}"] = shares.get(i, ZERO) if self.depends[i] else ZERO
            outputs.append(f"g{i}")
        parameters = [*(f"v{i}" for i in range(program.count)), *(f"u{i}" for i in range(len(program.outputs)))]
        return _function("gradient", parameters, results, outputs, None, [], _carries_nan(results))


def _names(program: Program) -> list[Formula]:
    """Every slot as a formula: a name, or the number that it holds."""
    constants: list[Formula] = [("number", each) for each in program.constants.tolist()]
    first = program.first
    return [
        *(("name", f"v{i}") for i in range(program.count)), *constants,
        *(("name", f"v{first + i}") for i in range(len(program.ops))),
    ]  # fmt: skip


def _text(name: Formula) -> str:
    return repr(name[1]) if name[0] == "number" else str(name[1])


def _forward(program: Program, names: list[Formula]) -> dict[str, Formula]:
    """The formulas of all results by name; what is but another name for a number is entered among the names."""
    results = {}
    for i, (op, operands) in enumerate(zip(program.ops.tolist(), program.operands.tolist(), strict=True)):
        row = program.rows[op]
        given = {name: names[slot] for name, slot in zip(row.names, operands, strict=False)}
        formula = _simplified(substitute(FLOAT.own_formula(row), given))
        if formula[0] in LEAVES:
            names[program.first + i] = formula
        else:
            results[f"v{program.first + i}"] = formula
    return results


def _carries_nan(results: dict[str, Formula]) -> bool:
    """Whether a nan from a plain product of the chain rule would reach the results: it must not vanish on the way."""
    tainted: set[str] = set()
    for name, formula in results.items():
        if any(part[0] == "chain_product" or (part[0] == "name" and part[1] in tainted) for part in parts(formula)):
            tainted.add(name)
            if not _only_carried(formula, tainted):
                return False
    return True


def _only_carried(formula: Formula, tainted: set[str]) -> bool:
    if formula[0] in LEAVES:
        return True
    if formula[0] in _CARRIES_NAN:
        return all(_only_carried(part, tainted) for part in formula[1:])
    return not any(part[0] == "chain_product" or (part[0] == "name" and part[1] in tainted) for part in parts(formula))


def _simplified(formula: Formula) -> Formula:
    """The formula with what is known of numbers in it worked out: a constant exponent needs no case of its own."""
    if formula[0] in LEAVES:
        return formula
    formula = (formula[0], *(_simplified(part) for part in formula[1:]))
    match formula:
        case (("<" | "<=" | ">" | ">=" | "==" | "!=") as name, ("number", x), ("number", y)):
            return _TRUE if _TRUTH[name](x, y) else _FALSE
        case ("and", test, other) | ("and", other, test) if test in (_TRUE, _FALSE):
            return other if test == _TRUE else _FALSE
        case ("or", test, other) | ("or", other, test) if test in (_TRUE, _FALSE):
            return other if test == _FALSE else _TRUE
        case ("not", test) if test in (_TRUE, _FALSE):
            return _FALSE if test == _TRUE else _TRUE
        case ("where", test, yes, no) if test in (_TRUE, _FALSE):
            chosen: Formula = yes if test == _TRUE else no
            return chosen
        case (("add" | "sub") as name, ("number", x), ("number", y)):
            return ("number", x + y if name == "add" else x - y)
        case ("chain_product", ("number", 0.0), _) | ("chain_product", _, ("number", 0.0)):
            return ZERO
        case ("chain_product", ("number", x), other) | ("chain_product", other, ("number", x)) if math.isfinite(x):
            return other if x == 1 else ("mul", ("number", x), other)
        case ("pos", base) | ("pow", base, ("number", 1.0)):
            return base  # type: ignore[no-any-return]
        case ("pow", x, ("number", 2.0)) if x[0] in LEAVES:
            return ("mul", x, x)
        case ("pow", x, ("number", 3.0)) if x[0] in LEAVES:
            return ("mul", ("mul", x, x), x)
    return formula


def _plain(formula: Formula) -> Formula:
    if formula[0] in LEAVES:
        return formula
    args = tuple(_plain(part) for part in formula[1:])
    return ("mul" if formula[0] == "chain_product" else formula[0], *args)


def _function(
    name: str, parameters: list[str], results: dict[str, Formula], outputs: list[str], expression: str | None,
    checks: list[str], is_plain: bool,
) -> Callable[..., Any]:  # fmt: skip
    if is_plain:
        results = {result: _plain(formula) for result, formula in results.items()}
    lines = [f"{target} = {text}" for target, text in statements(results, FLOAT)]
    if expression and parameters:
        tests = " and ".join(f"type({parameter}) is float" for parameter in parameters)
        lines.insert(0, f"if not ({tests}): return None")
    if outputs:
        lines.append(f"nan_if_any = {' + '.join(outputs)}")
        checks = [*checks, "nan_if_any == nan_if_any"]
    if checks:
        lines.append(f"if not ({' and '.join(checks)}): return None")
    lines.append(f"return {expression or '(' + ''.join(f'{output}, ' for output in outputs) + ')'}")
    return function_from(source_of(name, parameters, tried(lines, "return None")), name, NAMESPACE)
