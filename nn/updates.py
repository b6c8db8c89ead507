"""Update rules of optimisers: lines of arithmetic, which NumPy runs array by array, or a compiled loop entry by entry.

    squares += gradient * gradient
    change = gradient / (sqrt(squares) + eps) * lr

`gradient` and what is remembered of a parameter are arrays to the one, entries of them to the other; the rest are
numbers. A rule ends with `change`, which is subtracted from the parameter.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from autograd.compiler import numba_modules
from autograd.readers.generated import function_from, source_of

_UFUNCS: dict[type, str] = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}
_Names = tuple[str, ...]
AT_ONCE = 4  # parameters that a compiled function steps: with only one, calling it would take most of the time

_OTHER = (
    "a rule has lines such as 'sums += gradient', which change what is remembered, and then 'change = …', made of "
    "+ - * /, sqrt(), the gradient, what is remembered and numbers"
)


@cache
def by_arrays(rule: str, remembered: _Names, numbers: _Names) -> Callable[..., Any]:
    """A function of the gradient, a list of what is remembered and an array to write to, and the numbers: it changes
    what is remembered, and returns the change, in the array to write to unless nothing had to be computed.

    Raises ValueError for anything but a rule.
    """
    source = array_source(rule, remembered, numbers)
    return function_from(source, "update", {name: getattr(np, name) for name in (*_UFUNCS.values(), "sqrt")})


def array_source(rule: str, remembered: _Names, numbers: _Names) -> str:
    """The source of that function. No result needs memory of its own: asking for it would take longer than the
    arithmetic.

    >>> print(array_source("sums += gradient\\nchange = (sums + gradient) * lr", ("sums",), ("lr",)))
    def update(gradient, memory, numbers):
        [sums, scratch] = memory
        [lr] = numbers
        add(sums, gradient, sums)
        add(sums, gradient, scratch)
        multiply(scratch, lr, scratch)
        return scratch
    <BLANKLINE>
    """
    arrays, lines = {"gradient", *remembered}, []

    def computed(node: ast.expr) -> str:
        """The name of what an expression comes to, after the lines that compute it."""
        match node:
            case ast.Name(id=name) if name in arrays or name in numbers:
                return name
            case ast.Constant(value=int() | float()):
                return ast.unparse(node)
            case ast.Call(func=ast.Name(id="sqrt"), args=[inner], keywords=[]):
                lines.append(f"sqrt({computed(inner)}, scratch)")
                return "scratch"
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _UFUNCS:
                if not any(isinstance(each, ast.Name) and each.id in arrays for each in ast.walk(node)):
                    return f"({ast.unparse(node)})"
                first, second = computed(left), computed(right)
                if first == second == "scratch":
                    raise ValueError(f"{ast.unparse(node)!r} needs memory for two results at once")
                lines.append(f"{_UFUNCS[type(op)]}({first}, {second}, scratch)")
                return "scratch"
        raise ValueError(f"{ast.unparse(node)!r} cannot stand in a rule: {_OTHER}")

    *changes, last = ast.parse(rule).body
    for line in changes:
        match line:
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value) if (
                name in remembered and type(op) in _UFUNCS
            ):
                lines.append(f"{_UFUNCS[type(op)]}({name}, {computed(value)}, {name})")
            case _:
                raise ValueError(f"{ast.unparse(line)!r} cannot stand in a rule: {_OTHER}")
    match last:
        case ast.Assign(targets=[ast.Name(id="change")], value=value):
            lines.append(f"return {computed(value)}")
        case _:
            raise ValueError(f"{ast.unparse(last)!r} cannot be the last line of a rule: {_OTHER}")
    lines[:0] = [f"[{', '.join((*remembered, 'scratch'))}] = memory", f"[{', '.join(numbers)}] = numbers"]
    return source_of("update", ("gradient", "memory", "numbers"), lines)


@cache
def by_entries(rule: str, remembered: _Names, numbers: _Names, dtypes: tuple[Any, ...]) -> Callable[..., None]:
    """A compiled function that steps `AT_ONCE` parameters of one of these dtypes: it takes of each where its entries
    begin in what is remembered, itself and its gradient, as vectors; then what is remembered of all, and the numbers.
    It changes the parameters and what is remembered, bit for bit as NumPy does; but a number that is written in the
    rule itself is of double precision, and so is what is computed with it.

    Raises ImportError without numba, ValueError for other than single and double precision.
    """
    for dtype in dtypes:
        if dtype not in (np.float32, np.float64):
            raise ValueError(f"fused=True steps parameters of dtype float32 or float64, not {dtype}")
    if not numba_modules.has_numba():
        raise ImportError('fused=True compiles the steps with numba: pip install "wengert[jit]"')
    shared = ", ".join((*(f"_all_{name}" for name in remembered), *numbers))
    each = [f"_start{i}, _parameter{i}, _gradient{i}" for i in range(AT_ONCE)]
    lines = [
        "gradient = _its_gradient[_i]", *(f"{name} = _its_{name}[_i]" for name in remembered),
        *rule.strip().splitlines(), *(f"_its_{name}[_i] = {name}" for name in remembered), "_parameter[_i] -= change",
    ]  # fmt: skip
    loop = [
        *(f"_its_{name} = _all_{name}[_start : _start + _parameter.size]" for name in remembered),
        "for _i in range(_parameter.size):", *(f"    {line}" for line in lines),
    ]  # fmt: skip
    step = source_of("_step", ("_start", "_parameter", "_its_gradient", shared), loop)
    several = source_of("update", (*each, shared), [f"_step({own}, {shared})" for own in each])
    source = f"{numba_modules.HEAD}from math import sqrt\n\n\n@kernel\n{step}\n\n@loop\n{several}"
    update: Callable[..., None] = numba_modules.module(source).update
    for dtype in dtypes:  # compiled now, rather than in the middle of a step
        empty = np.empty(0, dtype)
        update(*(0, empty, empty) * AT_ONCE, *(empty for _ in remembered), *(dtype.type(1) for _ in numbers))
    return update
