"""Reads a row for numba: expressions of floats in compiled loops. IEEE results come from numba's error model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd.formula import Row, parts
from autograd.readers.floats import FLOAT
from autograd.readers.generated import source_of
from autograd.readers.printer import Target, statements

NUMBA = Target(
    functions={
        **FLOAT.functions,
        # in numba's math they return integers, or are missing
        **{name: f"np.{name}" for name in "floor ceil trunc exp2 cbrt mod".split()},
        "round": "np.rint",
    },
    infix={"add": " + ", "sub": " - ", "mul": " * ", "div": " / "},
    number=repr,
)


def can_spell(row: Row) -> bool:
    """Whether compiled loops compute the row as IEEE has it: numba's floor division differs at inf."""
    formulas = ((row.name,), NUMBA.own_formula(row), *row.named_partials.values())
    return not any(part[0] == "floordiv" for formula in formulas for part in parts(formula))


def forward(row: Row) -> list[tuple[str, str]]:
    """Assignments that compute ``z`` from the row's names."""
    return statements({"z": NUMBA.own_formula(row)}, NUMBA)


def partial(row: Row, index: int) -> list[tuple[str, str]]:
    """Assignments that compute a partial derivative, called ``d``, from ``z`` and the row's names."""
    return statements({"d": row.named_partials[f"d{row.args[index]}"]}, NUMBA)


def functions(row: Row) -> Iterator[str]:
    """The source of the row and its partial derivatives as functions of numbers, for compiled loops."""
    yield _function(f"z_{row.name}", row.names, forward(row), "z")
    for i in range(len(row.args)):
        yield _function(f"d_{row.name}_{i}", ("z", *row.names), partial(row, i), "d")


def _function(name: str, names: Sequence[str], lines: list[tuple[str, str]], result: str) -> str:
    body = [f"{target} = {text}" for target, text in lines]
    return f"@kernel\n{source_of(name, names, [*body, f'return {result}'])}"
