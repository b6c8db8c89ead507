"""Scalars that are computed alike, found in a program and arranged as arrays.

Operations are of one class if they are the same row of operands of the same classes; all inputs are one class, and all
constants. So the neurons of a layer are one class, for all samples of a batch. A class never depends on itself: its
members are one block of numbers, computed side by side.

A sum of sums is one operation on all its terms, and a product that is only such a term belongs to the sum: a neuron is
the sum of its bias and 16 products, the mean of losses a sum of 100 terms.

What a block reads is known number by number. The members stand in two axes, outer and inner, chosen so that operands
vary along few of them: the weights of a layer of 16 neurons are the same for every sample, the features of a sample for
every neuron. With the axis of the terms of a sum that gives back the matrix product that a person would have written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.program import Program
from autograd.formula import Row
from autograd.rows import ROWS

Ints = NDArray[np.int64]
_INPUT, _CONSTANT = 0, 1


@dataclass
class Operand:
    """What a block reads: slots in the axes (outer, inner, term), of length 1 where nothing varies."""

    slots: Ints
    kind: int  # the class that all of them are in


@dataclass
class Block:
    """Numbers computed side by side. `terms` are the operands of a row, or of a sum one or two for each kind of term:
    a number, or a product of two."""

    row: Row | None  # None for a sum
    slots: Ints  # of the results, outer × inner
    terms: list[tuple[Operand, ...]]
    lengths: list[int]  # of a sum: how many terms there are of each kind


class TooNarrow(Exception):
    """The program does not consist of many numbers computed alike."""


def find_blocks(program: Program) -> list[Block]:
    """The blocks of a program, in an order in which they can be computed.

    Raises TooNarrow if they hold but a few numbers each.
    """
    return [_arranged(block, program) for block in _classes(program)]


@dataclass
class _Class:
    row: Row | None
    members: list[int]  # slots
    operands: list[Any]  # of each member: slots, or the terms of each kind
    kinds: list[Any]  # the class of each operand, or of each kind of term: one class or a pair


def _classes(program: Program) -> list[_Class]:
    operands: list[list[int]] = program.operands.tolist()
    ops: list[int] = program.ops.tolist()
    first = program.first
    absorbed = _absorbed(program)
    add = program.rows.index(ROWS["add"]) if ROWS["add"] in program.rows else -1
    arity = [len(row.names) for row in program.rows]
    kinds = [_INPUT] * program.count + [_CONSTANT] * len(program.constants)
    products: dict[int, tuple[int, int]] = {}  # the two classes in a class of absorbed products
    known: dict[Any, int] = {}
    found: dict[int, _Class] = {}
    terms: dict[int, list[int]] = {}  # of sums that are terms of another sum
    most = max(64, len(ops) // 4)

    for i, op in enumerate(ops):
        slot = first + i
        mine = operands[i][: arity[op]]
        if op == add:
            left, right = (terms.pop(each) if each in terms else [each] for each in mine)
            if len(left) < len(right):
                left, right = right, left
            left += right
            if absorbed[i]:
                terms[slot] = left
                kinds.append(-1)
                continue
            segments: dict[int, list[int]] = {}
            for term in left:
                segments.setdefault(kinds[term], []).append(term)
            key: Any = ("+", tuple((kind, len(each)) for kind, each in segments.items()))
            operand: Any = list(segments.values())
            inner: Any = [products.get(kind, kind) for kind in segments]
        else:
            inner = [kinds[each] for each in mine]
            key, operand = (op, absorbed[i], *inner), mine
        kind = known.get(key, -1)
        if kind < 0:
            kind = known[key] = len(known) + 2
            if absorbed[i]:
                products[kind] = (inner[0], inner[1])
            else:
                found[kind] = _Class(None if op == add else program.rows[op], [], [], inner)
                if len(found) > most:
                    raise TooNarrow
        kinds.append(kind)
        if not absorbed[i]:
            found[kind].members.append(slot)
            found[kind].operands.append(operand)
    return [found[kind] for kind in sorted(found)]


def _absorbed(program: Program) -> list[bool]:
    """Which sums and products are nothing but a term of a sum."""
    ops, rows = program.ops, program.rows
    is_add = np.array([row.name == "add" for row in rows] or [False])[ops]
    is_mul = np.array([row.name == "mul" for row in rows] or [False])[ops]
    outside: list[Any] = [program.outputs, *(side for _, left, right, _ in program.guards for side in (left, right))]
    used = np.bincount(program.operands[program.operands >= 0], minlength=program.size)
    used += 2 * np.bincount(np.concatenate(outside), minlength=program.size)
    by_add = np.zeros(program.size, bool)
    by_add[program.operands[is_add][:, :2]] = True
    absorbed: list[bool] = ((is_add | is_mul) & (used == 1)[program.first :] & by_add[program.first :]).tolist()
    return absorbed


def _arranged(found: _Class, program: Program) -> Block:
    """A class as a block: the operands of all members as arrays, in two axes."""
    count = len(found.members)
    tables: list[tuple[Ints, ...]] = []  # members × terms, for each operand
    lengths: list[int] = []
    kinds: list[tuple[int, ...]] = []
    if found.row is not None:
        for i, kind in enumerate(found.kinds):
            tables.append((np.array([each[i] for each in found.operands])[:, None],))
            kinds.append((kind,))
            lengths.append(1)
    else:
        for i, kind in enumerate(found.kinds):
            table = np.array([each[i] for each in found.operands])
            lengths.append(table.shape[1])
            if isinstance(kind, tuple):
                pair = program.operands[table - program.first]
                tables.append((pair[..., 0], pair[..., 1]))
                kinds.append(kind)
            else:
                tables.append((table,))
                kinds.append((kind,))
    inner = _inner_length([table for pair in tables for table in pair], count)
    shape = (count // inner, inner)
    terms = [
        tuple(Operand(_reduced(table.reshape(*shape, -1)), kind) for table, kind in zip(pair, mine, strict=True))
        for pair, mine in zip(tables, kinds, strict=True)
    ]
    return Block(found.row, np.array(found.members).reshape(shape), terms, lengths)


def _inner_length(tables: Sequence[Ints], count: int) -> int:
    """The length of the inner axis with which most operands do not vary along one of the axes."""
    candidates = {each for table in tables for each in _periods(table) if 1 < each < count and count % each == 0}

    def spared(inner: int) -> int:
        arranged = [table.reshape(count // inner, inner, -1) for table in tables]
        return sum(int(_is_constant(table, axis)) for table in arranged for axis in (0, 1))

    return max(sorted(candidates), key=spared, default=1)


def _periods(table: Ints) -> Iterator[int]:
    """Where the first member's operands first occur again, and where they first are others."""
    same = (table == table[0]).all(axis=1)
    again = np.flatnonzero(same[1:])
    others = np.flatnonzero(~same)
    if len(again):
        yield int(again[0]) + 1
    if len(others):
        yield int(others[0])


def _is_constant(table: Ints, axis: int) -> bool:
    return bool((table == table.take([0], axis)).all())


def _reduced(table: Ints) -> Ints:
    for axis in range(3):
        if _is_constant(table, axis):
            table = table.take([0], axis)
    return table
