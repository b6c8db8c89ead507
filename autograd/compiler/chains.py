"""Elementwise operations that follow one another in a plan as one compiled loop forward and one back.

A loop goes through memory once where NumPy goes once for every operation. The bias of `affine` is added in the loop of
what follows it. All results are stored: what wants them one by one, such as the walk in which a zero wins, finds them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd.compiler import kernels
from autograd.compiler.plan import Plan, Step
from autograd.formula import Row, parts
from autograd.readers import numba as spelled
from autograd.rows import ROWS

_FLOAT64 = np.dtype(np.float64)


class Call(NamedTuple):
    """A compiled loop and the lines of Python that make its arrays and call it."""

    source: str
    lines: list[str]
    gradients: dict[int, str]  # of a backward loop: the names of what it finds, by the slots to which they belong


class Part(NamedTuple):
    """A step as a row of the table. An operand is a slot or a number."""

    step: Step
    row: Row
    operands: tuple[int | float, ...]
    places: tuple[int, ...]  # of the operands that have gradients
    is_sum: bool = False  # whether the results of the row are added up


@dataclass
class Chain:
    """Steps of one shape. The first may be `affine`, whose product NumPy computes, the last a sum or mean of all.

    In the lines, ``v3`` is the array in slot 3 and ``g3`` its gradient.
    """

    plan: Plan
    steps: list[Step]
    shape: tuple[int, ...]

    def forward(self, name: str) -> Call:
        """The results of all steps."""
        lines: list[str] = []
        body: list[str] = []
        known: set[Any] = set()
        before, after = [], []
        for step, row, operands, _, is_sum in self.parts():
            result = step.result
            given = ", ".join(
                f"z{each}" if type(each) is int and each in known else self._read(each) for each in operands
            )
            made = f"empty({self.plan.shape(result)})"
            if step.name == "affine":
                made = f"dot(v{step.operands[0]}, v{step.operands[1]})"
            lines.append(f"v{result} = {made}")
            if is_sum:
                before.append(f"z{result} = 0.0")
                body.append(f"z{result} += z_{row.name}({given})")
                after.append(f"v{result}[()] = z{result}")
            else:
                body += [f"z{result} = z_{row.name}({given})", f"{self._at(result)} = z{result}"]
            known.add(result)
        return self._call(name, lines, (before, body, after), {})

    def backward(self, name: str, upstream: Collection[int], depends: Sequence[bool]) -> Call:
        """The gradients of what the steps read, given which results have one from outside. Of `affine` it is that of
        the product, under the slot of the result."""
        shares: dict[int, list[str]] = {slot: [self._at(slot, "g")] for slot in upstream}
        body: list[str] = []
        found: dict[int, str] = {}
        for step, row, operands, places, _ in reversed(list(self.parts())):
            if step.result not in shares:
                continue
            body.append(f"d{step.result} = {' + '.join(shares.pop(step.result))}")
            for i in places:
                slot = operands[i]
                assert isinstance(slot, int)
                if slot == step.result:
                    found[slot] = f"h{slot}"
                    body.append(f"{self._at(slot, 'h')} = d{slot}")
                elif depends[slot]:
                    read = set(parts(row.named_partials[f"d{row.args[i]}"]))
                    given = [
                        self._read(each) if ("name", name) in read else "0.0"
                        for each, name in zip((step.result, *operands), ("z", *row.names), strict=True)
                    ]
                    shares.setdefault(slot, []).append(f"d{step.result} * d_{row.name}_{i}({', '.join(given)})")
        lines = [f"g{slot} = asarray(g{slot})" for slot in upstream if not self.plan.shape(slot)]  # or a NumPy number
        lines += [f"h{slot} = empty({self.shape})" for slot in found]
        for slot, terms in shares.items():
            found[slot] = f"h{slot}"
            is_whole = self.plan.shape(slot) == self.shape
            lines.append(f"h{slot} = {'empty' if is_whole else 'zeros'}({self.plan.shape(slot)})")
            body.append(f"{self._at(slot, 'h')} {'=' if is_whole else '+='} {' + '.join(terms)}")
        return self._call(name, lines, ([], body, []), found)

    def parts(self) -> Iterator[Part]:
        """The steps as rows: `affine` adds its bias to what stands where the result will be, a mean is a sum of
        quotients."""
        for step in self.steps:
            if step.row is not None:
                yield Part(step, step.row, step.operands, step.places)
            elif step.name == "affine":
                places = tuple(sorted({int(place == 2) for place in step.places}))
                yield Part(step, ROWS["add"], (step.result, step.operands[2]), places)
            else:
                count = float(math.prod(self.shape)) if step.name == "mean" else 1.0
                yield Part(step, ROWS["div"], (step.operands[0], count), step.places, True)

    def _call(
        self, name: str, lines: list[str], body: tuple[list[str], list[str], list[str]], found: dict[int, str]
    ) -> Call:
        text = "\n".join([*body[1], *body[2]])
        arrays = [
            f"{letter}{slot}"
            for letter in "vgh"
            for slot in range(len(self.plan.likes))
            if f"{letter}{slot}[" in text
        ]  # fmt: skip
        whole = next(array for array in arrays if self.plan.shape(int(array[1:])) == self.shape)
        loops = body[1]
        for axis in range(len(self.shape) - 1, -1, -1):
            # the compiler must not know the length of a short loop: it would unroll it, at many times the cost
            loops = [f"for i{axis} in range({whole}.shape[{axis}]):", *(f"    {line}" for line in loops)]
        given = ", ".join(arrays)
        inner = [f"    {line}" for line in (*body[0], *loops, *body[2])]
        return Call("\n".join([f"@loop\ndef {name}({given}):", *inner]), [*lines, f"{name}({given})"], found)

    def _read(self, operand: int | float) -> str:
        number = self.plan.number(operand) if isinstance(operand, int) else operand
        return self._at(int(operand)) if number is None else repr(float(number))

    def _at(self, slot: int, letter: str = "v") -> str:
        """An element in the loop; axes of length one are stretched, and missing ones come first."""
        shape = self.plan.shape(slot)
        axes = range(len(self.shape) - len(shape), len(self.shape))
        index = ", ".join("0" if n == 1 else f"i{axis}" for n, axis in zip(shape, axes, strict=True))
        return f"{letter}{slot}[{index or '()'}]"


def chained(plan: Plan) -> list[Step | Chain]:
    """The steps of a plan, with chains in place of those that make one."""
    units: list[Step | Chain] = []
    chain: Chain | None = None
    for step in plan.steps:
        if _starts(plan, step) or (_fits(plan, step) and (chain is None or chain.shape != plan.shape(step.result))):
            chain = Chain(plan, [step], plan.shape(step.result))
            units.append(chain)
        elif chain is not None and (_fits(plan, step) or _ends(plan, step, chain.shape)):
            chain.steps.append(step)
            chain = chain if step.row is not None else None
        else:
            chain = None
            units.append(step)
    return [each.steps[0] if isinstance(each, Chain) and len(each.steps) == 1 else each for each in units]


def compiled(calls: Sequence[Call], rows: Collection[Row]) -> dict[str, Callable[..., Any]]:
    """The loops of some calls, by their names."""
    texts = [text for row in dict.fromkeys(rows) for text in _functions(row)] + [call.source for call in calls]
    module = kernels.module("\n\n\n".join([kernels.HEAD, *texts]) + "\n")
    return {name: each for name, each in vars(module).items() if name.startswith(("forward", "backward"))}


def _functions(row: Row) -> Iterator[str]:
    """A row and its partials as functions of numbers, for the loops."""
    yield _function(f"z_{row.name}", row.names, spelled.forward(row), "z")
    for i in range(len(row.args)):
        yield _function(f"d_{row.name}_{i}", ("z", *row.names), spelled.partial(row, i), "d")


def _function(name: str, names: Sequence[str], lines: list[tuple[str, str]], result: str) -> str:
    body = "".join(f"    {target} = {text}\n" for target, text in lines)
    return f"@kernel\ndef {name}({', '.join(names)}):\n{body}    return {result}"


def _starts(plan: Plan, step: Step) -> bool:
    """Whether this is `affine` on matrices, which are multiplied before a loop adds the bias."""
    slots = (*step.operands, step.result)
    return step.name == "affine" and all(_is_array(plan, slot) for slot in slots) and [
        len(plan.shape(slot)) for slot in slots
    ] == [2, 2, 1, 2]  # fmt: skip


def _fits(plan: Plan, step: Step) -> bool:
    """Whether a loop computes this as fast as NumPy, which has vector instructions for exp, tanh and the like."""
    return (
        step.row is not None
        and len(step.operands) == len(step.row.names)
        and spelled.can_spell(step.row)
        and not any("math." in text or "np." in text for _, text in spelled.forward(step.row))
        and math.prod(plan.shape(step.result)) > 0
        and _is_array(plan, step.result)
        and all(_is_array(plan, slot) or plan.number(slot) is not None for slot in step.operands)
    )


def _ends(plan: Plan, step: Step, shape: tuple[int, ...]) -> bool:
    """Whether this is the sum or mean of all elements of an array of that shape."""
    return (
        step.name in ("sum", "mean")
        and step.params == {"axis": None, "keepdims": False}
        and _is_array(plan, step.operands[0])
        and plan.shape(step.operands[0]) == shape
        and plan.dtype(step.result) == _FLOAT64
    )


def _is_array(plan: Plan, slot: int) -> bool:
    return plan.number(slot) is None and plan.dtype(slot) == _FLOAT64 and plan.shape(slot) != ()
