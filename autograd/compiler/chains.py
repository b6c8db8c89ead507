"""Elementwise operations that follow one another in a plan as one compiled loop forward and one back.

A loop goes through memory once where NumPy goes once for every operation. The bias of `affine` is added in the loop of
what follows it. Of many numbers NumPy computes exp, tanh and the like, with vector instructions, between one loop
forward and the next. Results that something else wants, such as the loop back, are stored. A loop returns 0 where all
of these and the products are finite, so that nobody has to look for nan.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd.compiler import numba_modules
from autograd.compiler.plan import Plan, Step
from autograd.formula import Row, parts
from autograd.readers import numba as spelled
from autograd.readers.generated import source_of
from autograd.rows import ROWS

_FLOATS = {np.dtype(np.float64), np.dtype(np.float32)}
_GREATEST = float(np.finfo(np.float64).max)
_FEW = 500  # numbers, of which a loop computes exp, tanh and the like as fast as NumPy
_CALL = re.compile(r"(math|np)\.(?!sqrt\b)")  # sqrt is an instruction


class Call(NamedTuple):
    """A compiled loop and the lines of Python that make its arrays and call it; `found` is the name of its answer."""

    source: str
    lines: list[str]
    found: str
    gradients: dict[int, str]  # of a backward loop: the names of what it finds, by the slots to which they belong


# the gradient of weights where there is one row of inputs, at half the time of NumPy's
OUTER = """@loop
def outer(x, g, h):
    for i in range(x.shape[0]):
        a = x[i]
        for j in range(g.shape[0]):
            h[i, j] = a * g[j]"""


class Part(NamedTuple):
    """A step as a row of the table. An operand is a slot or a number as text."""

    step: Step
    row: Row
    operands: tuple[int | str, ...]
    places: tuple[int, ...]  # of the operands that have gradients
    is_sum: bool = False  # whether the results of the row are added up


@dataclass
class _Body:
    """What a loop does before its first element, before a row, at every element, after a row and after the last one."""

    first: list[str] = field(default_factory=list)
    before_row: list[str] = field(default_factory=list)
    each: list[str] = field(default_factory=list)
    after_row: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    known: set[Any] = field(default_factory=set)  # slots whose values have names in it


@dataclass
class Chain:
    """Steps of one shape and dtype. The first may be `affine`, whose product NumPy computes, the last a sum or mean of
    all, or the cross-entropy of rows.

    In the lines, ``v3`` is the array in slot 3 and ``g3`` its gradient.
    """

    plan: Plan
    steps: list[Step]
    shape: tuple[int, ...]
    dtype: Any

    def forward(self, name: str, wanted: Collection[int]) -> Call:
        """The results of all steps; those that are wanted elsewhere are stored."""
        segments: list[list[Part]] = [[]]
        for part in self._parts():
            if self._is_call(part):
                segments.append([])
            segments[-1].append(part)
        stored: set[Any] = {*wanted, *(self.steps[-1].operands[:1] if self._is_cross_entropy else ())}
        for segment in segments:
            inside = {part.step.result for part in segment if not self._is_call(part)}
            for part in segment:
                stored |= {*part.operands} if self._is_call(part) else {*part.operands} - inside
        calls = []
        for i, segment in enumerate(segments):
            lines: list[str] = []
            body = _Body()
            for part in segment:
                self._add(part, stored, wanted, lines, body)
            if self._is_cross_entropy and segment is segments[-1]:
                self._add_cross_entropy(lines, body)
            calls.append(self._call(f"{name}_{i}", lines, body, {}, self.steps[0].result))
        return Call(
            "\n\n\n".join(call.source for call in calls if call.source),
            [line for call in calls for line in call.lines],
            " or ".join(call.found for call in calls if call.found) or "False",
            {},
        )

    def _add(self, part: Part, stored: Collection[Any], wanted: Collection[int], lines: list[str], body: _Body) -> None:
        """Add a part to a loop forward, in which ``z3`` is the value that belongs in slot 3."""
        step, row, operands, _, is_sum = part
        result, place = step.result, self._at(step.result)
        given = ", ".join(f"z{each}" if each in body.known else self._read(each) for each in operands)
        if self._is_call(part):
            lines.append(f"v{result} = f{result}({', '.join(f'v{each}' for each in operands)})")
            body.each += [_strange(place)] * (result in wanted)
            return
        if step.name == "affine":
            lines.append(f"v{result} = dot(v{step.operands[0]}, v{step.operands[1]})")
        elif result in stored:
            lines.append(f"v{result} = {new_array(self.plan, result)}")
        if is_sum:
            body.first.append(f"z{result} = 0.0")
            body.each.append(f"z{result} = plus(z{result}, z_{row.name}({given}))")
            body.last += _kept(f"v{result}[()]", self._rounded(f"z{result}"))
            return
        body.known.add(result)
        body.each.append(f"z{result} = {self._rounded(f'z_{row.name}({given})')}")
        if result in stored:
            body.each.append(f"{place} = z{result}")
        if result in wanted or step.name == "affine":  # which shows what is in the operands of the product
            body.each.append(_strange(f"z{result}"))

    def backward(self, name: str, upstream: Collection[int], depends: Sequence[bool]) -> Call:
        """The gradients of what the steps read, given which results have one from outside. Of `affine` it is that of
        the product, under the slot of the result."""
        shares: dict[int, list[str]] = {slot: [self._at(slot, "g")] for slot in upstream}
        body = _Body()
        found: dict[int, str] = {}
        if self._is_cross_entropy and self.steps[-1].result in shares:
            slot, share = self._share_of_cross_entropy(body)
            del shares[self.steps[-1].result]
            shares.setdefault(slot, []).append(share)
        for step, row, operands, places, _ in reversed(list(self._parts())):
            if step.result not in shares:
                continue
            body.each.append(f"d{step.result} = {' + '.join(shares.pop(step.result))}")
            for i in places:
                slot = operands[i]
                assert isinstance(slot, int)
                if slot == step.result:
                    found[slot] = f"h{slot}"
                    body.each += _kept(self._at(slot, "h"), f"d{slot}")
                elif depends[slot]:
                    read = set(parts(row.named_partials[f"d{row.args[i]}"]))
                    given = [
                        self._read(each) if ("name", name) in read else "0.0"
                        for each, name in zip((step.result, *operands), ("z", *row.names), strict=True)
                    ]
                    share = self._rounded(f"d{step.result} * d_{row.name}_{i}({', '.join(given)})")
                    shares.setdefault(slot, []).append(share)
        lines = [f"g{slot} = asarray(g{slot})" for slot in upstream if not self.plan.shape(slot)]  # or a NumPy number
        lines += [f"h{slot} = {new_array(self.plan, slot)}" for slot in found]
        for slot, terms in shares.items():
            found[slot] = f"h{slot}"
            is_whole = self.plan.shape(slot) == self.shape
            lines.append(f"h{slot} = {new_array(self.plan, slot, 'empty' if is_whole else 'zeros')}")
            body.each.append(f"s{slot} = {' + '.join(terms)}")
            place = self._at(slot, "h")
            body.each += _kept(place, f"s{slot}" if is_whole else f"plus({place}, s{slot})", f"s{slot}")
        like = next((step.result for step in self.steps if depends[step.result]), -1)
        return self._call(name, lines, body, found, like)

    @property
    def is_worthwhile(self) -> bool:
        """Whether a loop is faster than NumPy."""
        return len(self.steps) > 1 or self._is_cross_entropy

    def rows(self) -> Iterator[Row]:
        """The rows of the table of which the loops consist."""
        yield from (part.row for part in self._parts())
        if self._is_cross_entropy:
            yield from (ROWS[name] for name in ("exp", "log", "sub", "div"))

    def _is_call(self, part: Part) -> bool:
        """Whether NumPy computes this."""
        return math.prod(self.shape) > _FEW and _has_call(spelled.forward(part.row))

    def _parts(self) -> Iterator[Part]:
        """The steps as rows: `affine` adds its bias to what stands where the result will be, a mean is a sum of
        quotients."""
        for step in self.steps:
            if step.row is not None:
                yield Part(step, step.row, step.operands, step.places)
            elif step.name == "affine":
                places = tuple(sorted({int(place == 2) for place in step.places}))
                yield Part(step, ROWS["add"], (step.result, step.operands[2]), places)
            elif step.name != "cross_entropy":
                count = math.prod(self.shape) if step.name == "mean" else 1
                yield Part(step, ROWS["div"], (step.operands[0], f"{count}.0"), step.places, True)

    @property
    def _is_cross_entropy(self) -> bool:
        return self.steps[-1].name == "cross_entropy"

    def _add_cross_entropy(self, lines: list[str], body: _Body) -> None:
        """The mean over rows of log Σ exp(x) - x at the label, made of rows of the table; NumPy's own function where a
        label is out of range."""
        step, rows = self.steps[-1], float(self.shape[0])
        x, z = step.operands[0], step.result
        # a copy: a caller may use the array again before the gradient is asked for
        lines += [
            f"v{z} = {new_array(self.plan, z)}", f"e{z} = {new_array(self.plan, x)}", f"l{z} = {self._labels()}.copy()",
        ]  # fmt: skip
        body.first += [f"z{z} = 0.0", "is_bad = False"]
        body.after_row += [
            "greatest = -inf",
            f"for i1 in range(v{x}.shape[1]):",
            f"    greatest = max(greatest, v{x}[i0, i1])",  # so that no exponential is beyond all bounds
            "total = 0.0",
            f"for i1 in range(v{x}.shape[1]):",
            f"    e{z}[i0, i1] = z_exp(z_sub(v{x}[i0, i1], greatest))",
            f"    total = plus(total, e{z}[i0, i1])",
            "label = labels[i0]",
            f"is_bad |= not 0 <= label < v{x}.shape[1]",
            f"at_label = z_sub(v{x}[i0, label if 0 <= label < v{x}.shape[1] else 0], greatest)",
            f"z{z} = plus(z{z}, z_div(z_sub(z_log(total), at_label), {rows}))",
        ]
        body.last += [*_kept(f"v{z}[()]", self._rounded(f"z{z}")), "if is_bad: return 2"]

    def _share_of_cross_entropy(self, body: _Body) -> tuple[int, str]:
        """The slot whose elements get a share of the gradient, and that share."""
        step, rows = self.steps[-1], float(self.shape[0])
        x, z = step.operands[0], step.result
        body.first.append(f"share = np.empty(v{x}.shape[1], np.{self.dtype})")
        body.before_row += [
            "total = 0.0",
            f"for i1 in range(v{x}.shape[1]):",
            f"    total = plus(total, e{z}[i0, i1])",
            f"upstream = g{z}[()] * d_div_0(0.0, 0.0, {rows})",
            "slope = upstream * d_log_0(0.0, total)",
            f"for i1 in range(v{x}.shape[1]):",
            f"    share[i1] = slope * d_exp_0(e{z}[i0, i1], 0.0)",
            "share[labels[i0]] -= upstream",
        ]
        return x, "share[i1]"

    def _call(self, name: str, lines: list[str], body: _Body, found: dict[int, str], like: int) -> Call:
        text = "\n".join([*body.before_row, *body.each, *body.after_row, *body.last])
        if not text:
            return Call("", lines, "", found)
        arrays = [
            f"{letter}{slot}"
            for letter in "vegh"
            for slot in range(len(self.plan.likes))
            if f"{letter}{slot}[" in text or f"{letter}{slot}.shape" in text
        ]  # fmt: skip
        whole = next((array for array in arrays if self.plan.shape(int(array[1:])) == self.shape), "")
        if not whole:  # all that is read and written is stretched, so a result tells how far
            whole = f"v{like}"
            if not found:  # forward, the result may be stored nowhere
                whole = f"w{like}"
                lines.append(f"{whole} = {new_array(self.plan, like)}")
            arrays.append(whole)
        loops = body.each
        for axis in range(len(self.shape) - 1, -1, -1):
            # the compiler must not know the length of a short loop: it would unroll it, at many times the cost
            loops = [f"for i{axis} in range({whole}.shape[{axis}]):", *_indented(loops)] if loops else []
            if axis == 1 and (body.before_row or body.after_row):
                loops = [*body.before_row, *loops, *body.after_row]
        parameters = [*arrays, "labels"] if self._is_cross_entropy and "labels" in text else arrays
        given = [*arrays, f"l{self.steps[-1].result}"] if len(parameters) > len(arrays) else arrays
        calls = [f"{name}_found = {name}({', '.join(given)})"]
        if len(parameters) > len(arrays) and not found:
            last = self.steps[-1]
            calls.append(f"if {name}_found == 2: f{last.result}({''.join(f'v{slot}, ' for slot in last.operands)})")
        whole_body = ["strange = 0", *body.first, *loops, *body.last, "return strange"]
        source = f"@loop\n{source_of(name, parameters, whole_body)}"
        return Call(source, [*lines, *calls], f"{name}_found", found)

    def _labels(self) -> str:
        step = self.steps[-1]
        return f"v{step.operands[1]}" if len(step.operands) > 1 else f"labels{step.result}"

    def _rounded(self, value: str) -> str:
        """A value as NumPy would keep it; what is in double precision is so as it is."""
        return f"np.float32({value})" if self.dtype == np.float32 else value

    def _read(self, operand: int | str) -> str:
        if isinstance(operand, str):
            return self._rounded(operand)
        number = self.plan.number(operand)
        return self._at(operand) if number is None else self._rounded(repr(float(number)))

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
        ends = _is_cross_entropy(plan, step) or _ends(plan, step)
        slot = step.operands[0] if ends else step.result
        goes_on = chain is not None and (chain.shape, chain.dtype) == (plan.shape(slot), plan.dtype(slot))
        if multiplies(plan, step) or ((_fits(plan, step) or _is_cross_entropy(plan, step)) and not goes_on):
            chain = Chain(plan, [step], plan.shape(slot), plan.dtype(slot))
            units.append(chain)
        elif chain is not None and goes_on and (_fits(plan, step) or ends):
            chain.steps.append(step)
            chain = chain if step.row is not None else None
        else:
            chain = None
            units.append(step)
    return [each.steps[0] if isinstance(each, Chain) and not each.is_worthwhile else each for each in units]


def compiled(calls: Sequence[Call], rows: Collection[Row]) -> dict[str, Callable[..., Any]]:
    """The loops of some calls, by their names."""
    texts = [text for row in dict.fromkeys(rows) for text in spelled.functions(row)] + [call.source for call in calls]
    module = numba_modules.module("\n\n\n".join([numba_modules.HEAD, OUTER, *texts]) + "\n")
    return {name: each for name, each in vars(module).items() if name.startswith(("forward", "backward", "outer"))}


def multiplies(plan: Plan, step: Step) -> bool:
    """Whether this is `affine` of rows or one row, which NumPy multiplies with the weights before a loop adds the
    bias."""
    slots = (*step.operands, step.result)
    return step.name == "affine" and _are_arrays(plan, slots) and [
        len(plan.shape(slot)) for slot in slots
    ] in ([2, 2, 1, 2], [1, 2, 1, 1])  # fmt: skip


def _fits(plan: Plan, step: Step) -> bool:
    """Whether loops compute this and its gradients as fast as NumPy, which has vector instructions for exp, tanh and
    the like, but for few numbers takes longer to call."""
    size = math.prod(plan.shape(step.result))
    return (
        step.row is not None
        and len(step.operands) == len(step.row.names)
        and spelled.can_spell(step.row)
        and (size <= _FEW or not any(_has_call(spelled.partial(step.row, place)) for place in step.places))
        and size > 0
        and _are_arrays(plan, [slot for slot in (*step.operands, step.result) if plan.number(slot) is None])
    )


def _ends(plan: Plan, step: Step) -> bool:
    """Whether this is the sum or mean of all elements of an array."""
    return (
        step.name in ("sum", "mean")
        and step.params == {"axis": None, "keepdims": False}
        and _are_arrays(plan, step.operands)
        and plan.dtype(step.result) == plan.dtype(step.operands[0])
    )


def _is_cross_entropy(plan: Plan, step: Step) -> bool:
    """Whether this is the cross-entropy of rows and their labels."""
    labels = step.params.get("labels")
    return (
        step.name == "cross_entropy"
        and isinstance(labels, np.ndarray)
        and labels.dtype == np.int64
        and _are_arrays(plan, step.operands[:1])
        and plan.dtype(step.result) == plan.dtype(step.operands[0])
        and math.prod(plan.shape(step.operands[0])) > 0
    )


def _kept(place: str, value: str, checked: str = "") -> list[str]:
    """Lines that write a value to its place, and note in `strange` whether it, or what is to be checked, is nan or
    inf."""
    return [f"{place} = {value}", _strange(checked or value)]


def _strange(value: str) -> str:
    return f"strange |= int(not abs({value}) <= {_GREATEST!r})"


def _has_call(statements: list[tuple[str, str]]) -> bool:
    """Whether statements call a function for which there is no instruction."""
    return any(_CALL.search(text) for _, text in statements)


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def new_array(plan: Plan, slot: int, maker: str = "empty") -> str:
    """A call that makes an array for what belongs in a slot."""
    dtype = plan.dtype(slot)
    return f"{maker}({plan.shape(slot)}{'' if dtype == np.float64 else f', {dtype}'})"


def _are_arrays(plan: Plan, slots: Sequence[int]) -> bool:
    """Whether in these slots are arrays with axes, all of the same dtype of floats."""
    dtypes = {plan.dtype(slot) for slot in slots}
    return (
        len(dtypes) == 1
        and dtypes <= _FLOATS
        and all(plan.number(slot) is None and plan.shape(slot) != () for slot in slots)
    )
