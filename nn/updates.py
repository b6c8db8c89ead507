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
from autograd.readers.generated import function_from

_UFUNCS: dict[type, str] = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide"}
_Names = tuple[str, ...]


@cache
def by_arrays(rule: str, remembered: _Names, numbers: _Names) -> Callable[..., Any]:
    """A function of an array to write to, the gradient, what is remembered, and the numbers: it changes what is
    remembered, and returns the change in the array to write to."""
    source = array_source(rule, remembered, numbers)
    return function_from(source, "update", {name: getattr(np, name) for name in (*_UFUNCS.values(), "sqrt")})


def array_source(rule: str, remembered: _Names, numbers: _Names) -> str:
    """The source of that function. No result needs memory of its own: asking for it would take longer than the
    arithmetic.

    >>> print(array_source("sums += gradient\\nchange = (sums + gradient) * lr", ("sums",), ("lr",)))
    def update(scratch, gradient, sums, lr):
        add(sums, gradient, sums)
        add(sums, gradient, scratch)
        multiply(scratch, lr, scratch)
        return scratch
    """
    lines: list[str] = []

    def computed(node: ast.expr) -> str:
        """The name of what an expression comes to, after the lines that compute it."""
        if isinstance(node, ast.Call):
            lines.append(f"{ast.unparse(node.func)}({computed(node.args[0])}, scratch)")
        elif isinstance(node, ast.BinOp) and any(
            isinstance(each, ast.Name) and each.id in arrays for each in ast.walk(node)
        ):
            left, right = computed(node.left), computed(node.right)
            assert not left == right == "scratch", "this takes memory for two results"
            lines.append(f"{_UFUNCS[type(node.op)]}({left}, {right}, scratch)")
        else:
            return ast.unparse(node)
        return "scratch"

    arrays = {"gradient", *remembered}
    for line in ast.parse(rule).body:
        if isinstance(line, ast.AugAssign):
            target = ast.unparse(line.target)
            lines.append(f"{_UFUNCS[type(line.op)]}({target}, {computed(line.value)}, {target})")
        elif isinstance(line, ast.Assign):
            lines.append(f"return {computed(line.value)}")
    parameters = ", ".join(("scratch", "gradient", *remembered, *numbers))
    return f"def update({parameters}):\n" + "\n".join(f"    {line}" for line in lines)


@cache
def by_entries(rule: str, remembered: _Names, numbers: _Names) -> Callable[..., None]:
    """A compiled function of the parameter, the gradient and what is remembered, as vectors, and of the numbers: it
    changes the parameter and what is remembered, in double precision bit for bit as NumPy does.

    Raises ImportError without numba.
    """
    if not numba_modules.has_numba():
        raise ImportError('fused=True compiles the steps with numba: pip install "wengert[jit]"')
    vectors = ("gradient", *remembered)
    lines = [
        *(f"{name} = {name}_vector[i]" for name in vectors), *rule.splitlines(),
        *(f"{name}_vector[i] = {name}" for name in remembered), "parameter_vector[i] -= change",
    ]  # fmt: skip
    parameters = ", ".join((*(f"{name}_vector" for name in ("parameter", *vectors)), *numbers))
    source = [
        numba_modules.HEAD, "from math import sqrt\n\n", "@sweep", f"def update({parameters}):",
        "    for i in range(parameter_vector.size):", *(f"        {line}" for line in lines),
    ]  # fmt: skip
    update: Callable[..., None] = numba_modules.module("\n".join(source) + "\n").update
    return update
