"""What was generated from the rows of the table, for anybody to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from autograd.formula import Row
from autograd.readers import arrays, floats, javascript, methods, nodes, numba, sympy, text
from autograd.rows import did_you_mean, find_row
from autograd.value import OPERATORS


def source(name: str, reader: str = "value") -> str:
    """The source that a reader generates for the row called `name`.

    Readers: ``"value"`` (methods and operators of Value), ``"float"`` (the row and its partial derivatives on floats),
    ``"array"`` (the same on NumPy arrays), ``"vjp"`` (what a Tensor hands back to each operand), ``"node"`` (the
    partial derivatives on nodes, for derivatives of derivatives), ``"javascript"`` (the row and its partial derivatives
    for a page), ``"numba"`` (the same for compiled loops), ``"sympy"`` (the row as an expression of sympy's) and
    ``"text"`` (the row for people).

    >>> print(source("tanh", "float"))
    def evaluate_tanh(x):
        try:
            z = math.tanh(x)
            dx = 1.0 - z * z
        except (ArithmeticError, ValueError):
            return ieee(x)
        return z, dx
    <BLANKLINE>

    Raises KeyError for a name that is not in the table, ValueError for a reader that there is not, ImportError for
    ``"sympy"`` without sympy.
    """
    if reader not in READERS:
        raise ValueError(
            f"there is no reader {reader!r}{did_you_mean(reader, READERS)}; readers are {', '.join(READERS)}"
        )
    return "\n\n".join(READERS[reader](find_row(name)))


def _methods(row: Row) -> Iterator[str]:
    yield methods.method_source(row)
    if row.name in OPERATORS:
        yield f"# as __{OPERATORS[row.name]}__\n{methods.operator_source(row)}"
        if len(row.args) == 2:
            yield f"# as __r{OPERATORS[row.name]}__\n{methods.operator_source(row, reflected=True)}"


def _expression(row: Row) -> Iterator[str]:
    symbols = sympy.load().symbols(row.names)
    yield f"{row.name}({', '.join(row.names)}) = {sympy.apply(row, symbols)}\n"


READERS: dict[str, Callable[[Row], Iterable[str]]] = {
    "value": _methods,
    "float": lambda row: [floats.source(row)],
    "array": lambda row: [
        arrays.forward_source(row),
        arrays.evaluate_source(row),
        *(arrays.partial_source(row, index) for index in range(len(row.args))),
    ],
    "vjp": lambda row: (arrays.vjp_source(row, index) for index in range(len(row.args))),
    "numba": numba.functions,
    "javascript": lambda row: [javascript.source(row)],
    "node": lambda row: (nodes.source(row, index) for index in range(len(row.args))),
    "sympy": _expression,
    "text": lambda row: [text.row_text(row)],
}
