"""The finished table: every call in it checked, and the partials that nobody had to write derived by the chain rule."""

from __future__ import annotations

import copyreg
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

import autograd.derivatives  # noqa: F401  (fills the table)
from autograd.formula import CONDITIONS, LEAVES, ONE, ZERO, Formula, Row, declared_rows, parts, refuse, substitute


def finish(declared: Mapping[str, Row]) -> dict[str, Row]:
    """The rows with every call checked and every missing partial derived.

    Raises FormulaError for a call of a row that is not there, or with the wrong number of arguments, and for rows that
    are made of each other in a circle.
    """
    for row in declared.values():
        for formula in (row.definition, row.compute, *row.partials, row.domain, row.kink):
            if formula is not None:
                _check_calls(formula, row, declared)
    for row in declared.values():
        _check_circles(row, (), declared)
    finished: dict[str, Row] = {}

    def partials_of(name: str) -> tuple[Formula, ...]:
        if name not in finished:
            row = declared[name]
            derived = tuple(
                derive(row.compute, arg, partials_of) if partial is None else partial
                for arg, partial in zip(row.args, row.partials, strict=True)
            )
            finished[name] = replace(row, partials=derived)
        return finished[name].partials  # type: ignore[return-value]  # no None is left

    for name in declared:
        partials_of(name)
    return {name: finished[name] for name in declared}


def derive(formula: Formula, name: str, partials_of: Callable[[str], tuple[Formula, ...]]) -> Formula:
    """The derivative of a formula with respect to a name, by the chain rule over the rows it is made of."""
    head, args = formula[0], formula[1:]
    if head == "name":
        return ONE if args[0] == name else ZERO
    if head in LEAVES:
        return ZERO
    if head == "where":
        left, right = (derive(arg, name, partials_of) for arg in args[1:])
        return left if left == right else ("where", args[0], left, right)
    total = ZERO
    given = {"z": formula, **dict(zip(declared_rows()[head].names, args, strict=True))}
    for partial, arg in zip(partials_of(head), args, strict=False):  # parameters have no partial
        inner = derive(arg, name, partials_of)
        if inner != ZERO:
            local = substitute(partial, given)
            total = _plus(total, _times(local, inner))
    return total


@cache
def share_row(row: Row, index: int, has_upstream: bool = True) -> Row:
    """What a row hands back to one argument, as a row itself: the upstream gradient times the partial derivative.

    Its arguments are the upstream gradient (left out if it is 1), the row's result and the row's own names, as far as
    they occur. Its own partial derivatives follow from the formula, and so on to any order.

    >>> share_row(ROWS["tanh"], 0).names
    ('u', 'r')
    """
    upstream, result = (_unused(name, row.names) for name in "ur")  # the row may be such a row itself
    partial = substitute(row.named_partials[f"d{row.args[index]}"], {"z": ("name", result)})
    formula = ("chain_product", ("name", upstream), partial) if has_upstream else partial
    names = {part[1] for part in parts(formula) if part[0] == "name"}
    args = tuple(name for name in (upstream, result, *row.names) if name in names)
    return replace(
        row,
        name=f"{'share' if has_upstream else 'slope'}_{row.args[index]}_{row.name}",
        args=args,
        params=MappingProxyType({}),
        definition=formula,
        compute=formula,
        partials=tuple(_pulled(formula, name, ONE) for name in args),
        symbol=f"∂{row.symbol}",
        domain=None,
        kink=None,
        edges=(),
        texts={"z": f"g · ∂{row.name}/∂{row.args[index]}"},
    )


def _unused(name: str, names: Collection[str]) -> str:
    while name in names:
        name += "_"
    return name


def find_row(name: str) -> Row:
    """The row of that name; raises KeyError with a suggestion."""
    try:
        return ROWS[name]
    except KeyError:
        raise KeyError(f"the table of derivatives has no row {name!r}{did_you_mean(name, ROWS)}") from None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """'; did you mean …?' where something known is near, else nothing."""
    import difflib  # only an error message needs it

    known = list(known)
    swapped = [each for each in known if sorted(each) == sorted(name)]  # 'tahn' is tanh, though nearer to tan
    near = swapped or difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    return f"; did you mean {near[0]!r}?" if near else ""


def _check_calls(formula: Formula, row: Row, declared: Mapping[str, Row]) -> None:
    for part in parts(formula):
        head = part[0]
        if head in LEAVES or head in CONDITIONS:
            continue
        if head not in declared:
            problem = f"{head!r} is not a row of the table{did_you_mean(head, declared)}"
        elif len(part) - 1 != len(declared[head].names):
            problem = f"{head} takes {len(declared[head].names)} arguments, not {len(part) - 1}"
        else:
            continue
        call = re.compile(rf"\b{head}\(")
        text = next((text for text in row.texts.values() if call.search(text)), row.texts["z"])
        found = call.search(text)
        refuse(f"row {row.name!r}: {problem}", text, found.start() if found else 0, row.place)


def _check_circles(row: Row, above: tuple[str, ...], declared: Mapping[str, Row]) -> None:
    if row.compute == row.call:
        return  # the readers know how to compute it
    above = (*above, row.name)
    for part in parts(row.compute):
        if part[0] in above:
            circle = " -> ".join((*above[above.index(part[0]) :], part[0]))
            refuse(f"row {row.name!r} is made of itself: {circle}", row.texts["z"], 0, row.place)
        if part[0] in declared:
            _check_circles(declared[part[0]], above, declared)


def _plus(left: Formula, right: Formula) -> Formula:
    return right if left == ZERO else left if right == ZERO else ("add", left, right)


def _times(left: Formula, right: Formula) -> Formula:
    if ZERO in (left, right):
        return ZERO
    return right if left == ONE else left if right == ONE else ("mul", left, right)


def _pulled(formula: Formula, name: str, upstream: Formula) -> Formula:
    """What the backward walk over a formula hands back to a name: on every path a zero wins against inf and nan."""
    head, args = formula[0], formula[1:]
    if head == "name":
        return upstream if args[0] == name else ZERO
    if head in LEAVES:
        return ZERO
    if head == "where":
        left, right = (_pulled(arg, name, upstream) for arg in args[1:])
        return left if left == right else ("where", args[0], left, right)
    total = ZERO
    given = {"z": formula, **dict(zip(ROWS[head].names, args, strict=True))}
    for partial, arg in zip(ROWS[head].named_partials.values(), args, strict=False):
        local = substitute(partial, given)
        product = _times(upstream, local)
        if product == ("mul", upstream, local):
            product = ("chain_product", upstream, local)
        total = _plus(total, _pulled(arg, name, product))
    return total


ROWS: Mapping[str, Row] = MappingProxyType(finish(declared_rows()))
copyreg.pickle(Row, lambda row: (find_row, (row.name,)))  # a row is pickled by its name
