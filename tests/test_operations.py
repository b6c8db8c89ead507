"""Every operation on arrays, by construction: forward, Jacobian, second order, adjoint, dtype, memory, kinks.

`TABLE` says for each operation what NumPy calls it and which operands and parameters it is tried on. An operation
without an entry fails the suite. The numbers drawn keep apart from each other and from zero, so that nothing stands on
a kink; what happens there is in `test_kinks`.
"""

import copy
import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Tensor, Value, grad, gradcheck, make_jvp, make_vjp
from autograd.node import Node
from autograd.ops.primitive import OPERATIONS, PRIMITIVES, Primitive
from autograd.value import to_value

SOME = settings(max_examples=max(settings().max_examples // 3, 1))
FEW = settings(max_examples=max(settings().max_examples // 8, 1))


class Example(NamedTuple):
    """Arrays and constant parameters for one call."""

    operands: list[np.ndarray]
    params: dict[str, Any]


class Operation(NamedTuple):
    """What NumPy makes of the operands, and examples."""

    reference: Callable[..., Any]
    examples: st.SearchStrategy[Example]


def numbers(shape, seed: int, positive: bool = False) -> np.ndarray:
    """Numbers whose sizes are apart from each other and from zero, in random order, with random signs."""
    random = np.random.default_rng(seed)
    n = math.prod(shape)
    sizes = 0.3 + (random.permutation(n) + random.uniform(0, 0.3, n)) * (2 / max(n, 8))
    signs = 1.0 if positive else random.choice([-1.0, 1.0], n)
    made = (sizes * signs).reshape(shape)
    return np.asfortranarray(made) if made.ndim > 1 and seed % 3 == 0 else made


SEEDS = st.integers(0, 2**20)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, max_side=3)
NO_PARAMS = st.just({})


def shapes(min_dims=0, max_dims=3, min_side=1, max_side=3):
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


@st.composite
def on_one(draw, shapes=SHAPES, params=lambda shape: NO_PARAMS, positive=False):
    """One array, and parameters that depend on its shape."""
    shape = draw(shapes)
    return Example([numbers(shape, draw(SEEDS), positive)], draw(params(shape)))


@st.composite
def on_shapes(draw, drawn, **params):
    """Several arrays, of shapes drawn together."""
    operands = [numbers(shape, draw(SEEDS)) for shape in draw(drawn)]
    return Example(operands, {name: draw(value) for name, value in params.items()})


def dicts(**params):
    return st.fixed_dictionaries(params)


def axes(shape):
    """None, a number from either end, or a tuple."""
    if not shape:
        return st.none()
    return st.none() | axis_numbers(shape) | hnp.valid_tuple_axes(len(shape), min_size=1)


def axis_numbers(shape):
    return st.integers(-len(shape), len(shape) - 1)


def reductions(**more):
    return lambda shape: dicts(axis=axes(shape), keepdims=st.booleans(), **more)


@st.composite
def spread(draw):
    """As reductions, with as many elements as a variance needs."""
    example = draw(on_one(shapes(min_dims=1, max_side=4), reductions(ddof=st.sampled_from([0, 1, 0.5]))))
    (x,), params = example
    assume(x.size / np.sum(x, axis=params["axis"]).size > 1)
    return example


def along(shape):
    return dicts(axis=axis_numbers(shape))


def along_or_none(shape):
    return dicts(axis=st.none() | axis_numbers(shape) if shape else st.none())


@st.composite
def reshaped(draw):
    shape = draw(shapes(min_side=0))
    new = [*draw(st.permutations(shape))]
    if draw(st.booleans()) and 0 not in shape and new:
        new[0] = -1
    return Example([numbers(shape, draw(SEEDS))], {"shape": tuple(new)})


def moves(shape):
    places = st.permutations(range(len(shape)))
    some = st.integers(0, len(shape))
    return st.tuples(places, places, some).map(
        lambda drawn: {"source": tuple(drawn[0][: drawn[2]]), "destination": tuple(drawn[1][: drawn[2]])}
    )


def squeezes(shape):
    ones = [axis for axis, side in enumerate(shape) if side == 1]
    return dicts(axis=st.none() | st.sampled_from([(), *((one,) for one in ones), *ones, tuple(ones)]))


def expansions(shape):
    rank = len(shape)
    return dicts(axis=st.integers(-rank - 1, rank) | st.sampled_from([(0, 1), (0, -1), (1,), ()]))


def orders(shape):
    return dicts(axes=st.none() | st.permutations(range(len(shape))).map(tuple))


@st.composite
def broadcasts(draw):
    shape = draw(shapes(max_dims=2, min_side=0))
    wider = draw(hnp.broadcastable_shapes(shape, max_dims=3, max_side=3, min_side=0))
    wide = np.broadcast_shapes(shape, wider)
    return shape, wide


def repeats(shape):
    if not shape:
        return dicts(repeats=st.integers(0, 3), axis=st.none())
    counts = st.integers(0, 3)
    axis = axis_numbers(shape)
    each = axis.flatmap(
        lambda axis: dicts(repeats=st.lists(counts, min_size=shape[axis], max_size=shape[axis]), axis=st.just(axis))
    )
    return dicts(repeats=counts, axis=st.none() | axis) | each


def pads(shape):
    side = st.integers(0, 2)
    pairs = st.lists(st.tuples(side, side), min_size=len(shape), max_size=len(shape))
    modes = st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"])
    return dicts(pad_width=side | st.tuples(side, side) | (pairs if shape else side), mode=modes)


@st.composite
def indexed(draw):
    """An index of any kind, with the shape it picks from."""
    shape = draw(shapes(min_dims=1, max_dims=3))
    kinds = [
        hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True),
        hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3)),
        hnp.arrays(bool, shape),
        hnp.arrays(bool, shape[:1]),
        st.integers(-shape[0], shape[0] - 1).map(lambda i: (i, ...)),
        st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=4).map(np.array),
        st.lists(st.integers(-shape[0], shape[0] - 1), max_size=3).map(lambda each: (..., np.array(each, int)[:, None]))
        if len(shape) == 1
        else st.tuples(st.slices(shape[0]), hnp.arrays(int, (2,), elements=st.integers(0, shape[1] - 1))),
    ]
    return shape, draw(st.sampled_from(kinds).flatmap(lambda kind: kind))


@st.composite
def picked(draw):
    shape, index = draw(indexed())
    return Example([numbers(shape, draw(SEEDS))], {"index": index})


@st.composite
def placed(draw, overwrite=False):
    """An array, what is to stand at an index, and the index."""
    shape, index = draw(indexed())
    x = numbers(shape, draw(SEEDS))
    if overwrite:
        times = np.zeros(shape, int)
        np.add.at(times, index, 1)
        assume((times < 2).all())
    y = numbers(draw(st.sampled_from([x[index].shape, x[index].shape[1:], ()])), draw(SEEDS))
    return Example([x, y], {"index": index})


@st.composite
def put(draw):
    shape, index = draw(indexed())
    return Example([numbers(np.empty(shape)[index].shape, draw(SEEDS))], {"index": index, "shape": shape})


@st.composite
def places(draw, inverse):
    shape = draw(shapes(max_dims=2, min_side=0))
    other = draw(shapes(max_dims=2))
    at = draw(
        hnp.arrays(int, other if inverse else shape, elements=st.integers(0, math.prod(shape if inverse else other)))
    )
    return Example([numbers(shape, draw(SEEDS))], {"places": at} if inverse else {"places": at, "shape": other})


@st.composite
def joined(draw, stacked=False):
    shape = draw(shapes(min_dims=0 if stacked else 1, max_dims=2, min_side=0))
    count = draw(st.integers(1, 3))
    rank = len(shape) + stacked
    axis = draw(st.integers(-rank, rank - 1))
    if stacked:
        all_shapes = [shape] * count
    elif draw(st.booleans()):
        all_shapes, axis = [draw(shapes(min_dims=0, max_dims=2)) for _ in range(count)], None
    else:
        all_shapes = [list(shape) for _ in range(count)]
        for each in all_shapes:
            each[axis] = draw(st.integers(0, 3))
    return Example([numbers(tuple(each), draw(SEEDS)) for each in all_shapes], {"axis": axis})


@st.composite
def parts(draw, equal):
    shape = draw(shapes(min_dims=1, max_dims=2, max_side=6))
    axis = draw(axis_numbers(shape))
    counts = [n for n in range(1, 5) if not equal or shape[axis] % n == 0]
    cuts = draw(st.sampled_from(counts) | st.lists(st.integers(0, shape[axis] + 1), max_size=3).map(sorted))
    return Example([numbers(shape, draw(SEEDS))], {"indices_or_sections": cuts, "axis": axis})


@st.composite
def taken(draw):
    shape = draw(shapes(min_dims=1, max_dims=2))
    axis = draw(st.none() | axis_numbers(shape))
    side = math.prod(shape) if axis is None else shape[axis]
    where = hnp.arrays(int, hnp.array_shapes(min_dims=0, max_dims=2, max_side=3), elements=st.integers(-side, side - 1))
    return Example([numbers(shape, draw(SEEDS))], {"indices": draw(where), "axis": axis})


@st.composite
def taken_along(draw):
    shape = draw(shapes(min_dims=1))
    axis = draw(st.none() | axis_numbers(shape))
    if axis is None:
        picked, side = (draw(st.integers(0, 4)),), math.prod(shape)
    else:
        picked, side = list(shape), shape[axis]
        picked[axis] = draw(st.integers(0, 4))
    where = hnp.arrays(int, tuple(picked), elements=st.integers(-side, side - 1))
    return Example([numbers(shape, draw(SEEDS))], {"indices": draw(where), "axis": axis})


def products(min_side=0):
    """Shapes that np.matmul takes: vectors, matrices, stacks that broadcast."""
    drawn = hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, min_side=min_side, max_side=3)
    return drawn.map(lambda drawn: drawn.input_shapes)


DOTS = st.sampled_from(
    [((), ()), ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2)),
     ((2, 1, 3), (3,)), ((2, 3), (2, 3, 1)), ((2, 1, 3), (2, 3, 2)), ((0,), (0,)), ((2, 0), (0, 3))]
)  # fmt: skip
INNERS = st.sampled_from(
    [((), (2,)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (1, 3)), ((1, 2, 3), (2, 3))]
)
TENSORDOTS = st.sampled_from(
    [((2, 3), (3, 2), 1), ((2, 3), (2, 3), 2), ((2,), (3,), 0), ((2, 3, 1), (3, 2), ([0, 1], [1, 0])),
     ((2, 3), (2, 2), (0, 1)), ((2, 3), (4, 3), (-1, -1)), ((1, 2, 3), (3, 2, 1), ([2, 0], [0, 2])),
     ((2, 0), (0, 2), 1)]
)  # fmt: skip
EINSUMS = st.sampled_from(
    [("ij,jk->ik", (2, 3), (3, 2)), ("ij,jk", (2, 3), (3, 2)), ("i,i->", (3,), (3,)), ("i,j->ji", (2,), (3,)),
     ("ii->", (3, 3)), ("ii->i", (2, 2)), ("iij->j", (2, 2, 3)), ("ij->", (2, 3)), ("ji", (2, 3)), ("ij->i", (2, 3)),
     ("bij,bjk->bik", (2, 1, 2), (2, 2, 1)), ("i,ij,j->", (2,), (2, 3), (3,)),
     ("...ij,...jk->...ik", (2, 2, 1), (1, 2)),
     ("...i,...i", (1, 3), (2, 3)), ("i...->...", (2, 3)), ("ij,ij->ij", (2, 2), (2, 2)), ("ii,i->i", (2, 2), (2,)),
     ("i , i -> i", (2,), (2,)), ("ij,ik->ijk", (1, 2), (1, 2)), (",i->i", (), (2,)), ("ij,j->i", (0, 2), (2,)),
     ("...,...->...", (2, 1), (1, 3)), ("aa,ab->b", (2, 2), (2, 3)), ("->", ())]
)  # fmt: skip


@st.composite
def dotted(draw):
    left, right, how = draw(TENSORDOTS)
    return Example([numbers(left, draw(SEEDS)), numbers(right, draw(SEEDS))], {"axes": how})


@st.composite
def summed(draw):
    subscripts, *given = draw(EINSUMS)
    return Example([numbers(shape, draw(SEEDS)) for shape in given], {"subscripts": subscripts})


@st.composite
def matrices(draw):
    """A stack of well-conditioned square matrices."""
    n = draw(st.integers(1, 3))
    stack = draw(st.sampled_from([(), (2,), (2, 1)]))
    return 0.4 * numbers((*stack, n, n), draw(SEEDS)) + 3 * np.eye(n)


UPLO = st.sampled_from("LU")
OF_SYMMETRIC = ("cholesky", "eigenvalues", "eigenvectors", "eigh", "eigvalsh")


@st.composite
def on_matrix(draw, **params):
    return Example([draw(matrices())], {name: draw(value) for name, value in params.items()})


def far_from_singular(shape, seed):
    """Matrices whose singular values are apart from each other and from zero."""
    random = np.random.default_rng(seed)
    least = min(shape[-2:])
    left, right = (np.linalg.qr(random.normal(size=(*shape[:-2], n, least)))[0] for n in shape[-2:])
    return left * (1.0 + np.arange(least) + random.uniform(0, 0.3, least)) @ right.swapaxes(-1, -2)


@st.composite
def on_rectangle(draw, **params):
    shape = (*draw(st.sampled_from([(), (2,)])), draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    return Example([far_from_singular(shape, draw(SEEDS))], {name: draw(value) for name, value in params.items()})


@st.composite
def equations(draw):
    x = draw(matrices())
    n = x.shape[-1]
    right = [(n,), (n, 2), (2, 1, n, 1)]
    return Example([x, numbers(draw(st.sampled_from(right)), draw(SEEDS))], {})


@st.composite
def weighted(draw):
    n, m = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rows = draw(st.sampled_from([(2,), (2, 2), (1,), ()]))
    return Example([numbers((*rows, n), draw(SEEDS)), numbers((n, m), draw(SEEDS)), numbers((m,), draw(SEEDS))], {})


@st.composite
def classified(draw):
    rows, classes = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    labels = draw(hnp.arrays(int, rows, elements=st.integers(0, classes - 1)))
    chances = numbers((rows, classes), draw(SEEDS), positive=True)
    return Example([numbers((rows, classes), draw(SEEDS))], {"labels": draw(st.sampled_from([labels, chances]))})


def positive(x):
    """A symmetric matrix made of any, whose eigenvalues are positive."""
    return x + np.swapaxes(x, -1, -2) + np.diag(np.arange(5.0, 5.0 + x.shape[-1])).astype(x.dtype)


def overwritten(x, y, index):
    x = np.array(x)
    x[index] = y
    return x


def added(x, y, index):
    x = np.array(x)
    np.add.at(x, index, np.broadcast_to(y, x[index].shape))
    return x


def softmaxed(x, axis):
    return np.exp(x) / np.sum(np.exp(x), axis, keepdims=True)


def mean_surprise(x, labels):
    chosen = labels if labels.ndim == 2 else np.eye(x.shape[1])[labels]
    return -np.sum(np.log(softmaxed(x, 1)) * chosen) / len(x)


def lengths(x, axis, keepdims):
    return np.sqrt(np.sum(x**2, axis=axis, keepdims=keepdims))


def norms(shape):
    orders = st.sampled_from([None, 1, 2, 3, 2.5, -1, np.inf, -np.inf])
    return dicts(ord=orders, axis=axis_numbers(shape), keepdims=st.booleans()) | dicts(
        ord=st.none(), axis=axes(shape).filter(lambda axis: not isinstance(axis, tuple) or len(axis) < 3)
    )


def diagonals(shape):
    offset = st.integers(-2, 2)
    return dicts(offset=offset) | st.permutations(range(len(shape))).flatmap(
        lambda order: dicts(offset=offset, axis1=st.just(order[0]), axis2=st.just(order[1] - len(shape)))
    )


def turns(shape):
    return dicts(k=st.integers(-2, 5), axes=st.permutations(range(len(shape))).map(lambda order: tuple(order[:2])))


def shifts(shape):
    if not shape:
        return dicts(shift=st.integers(-4, 4))
    pair = dicts(shift=st.just((1, -2)), axis=st.just((0, -1)))
    return dicts(shift=st.integers(-4, 4), axis=st.none() | axis_numbers(shape)) | pair


def triangles(shape):
    return dicts(k=st.integers(-2, 2))


def differences(shape):
    return dicts(n=st.integers(0, 2), axis=axis_numbers(shape))


def casts(shape):
    return dicts(dtype=st.sampled_from([np.float64, np.longdouble]))


SIZED_OR_NOT = shapes(min_side=0)
LINED = shapes(min_dims=1)
FLAT = shapes(min_dims=2, max_dims=2)
DEEP = shapes(min_dims=2, max_dims=3)


@st.composite
def images(draw, folded=False):
    """Images larger than a window, with its size, stride and padding; or such windows and the shape of the images."""
    count, channels, padding = draw(st.tuples(*[st.integers(1, 2)] * 2)) + (draw(st.tuples(*[st.integers(0, 1)] * 2)),)
    size, stride = draw(st.tuples(*[st.integers(1, 2)] * 2)), draw(st.tuples(*[st.integers(1, 3)] * 2))
    shape = (count, channels, *(each + draw(st.integers(0, 2)) for each in size))
    params = {"size": size, "stride": stride, "padding": padding}
    if folded:
        windows = window_by_window(np.zeros(shape), size, stride, padding).shape
        return Example([numbers(windows, draw(SEEDS))], {"shape": shape, **params})
    return Example([numbers(shape, draw(SEEDS))], params)


def window_by_window(x, size, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), *((each, each) for each in padding)))
    corners = [range(0, n - k + 1, step) for n, k, step in zip(padded.shape[2:], size, stride, strict=True)]
    columns = [
        np.stack([padded[:, :, i : i + size[0], j : j + size[1]] for j in corners[1]], axis=-1) for i in corners[0]
    ]
    return np.stack(columns, axis=-2)


def put_back_window_by_window(x, shape, size, stride, padding):
    places = window_by_window(np.arange(1.0, math.prod(shape) + 1).reshape(shape), size, stride, padding).astype(int)
    return added(np.zeros(math.prod(shape) + 1, x.dtype), x, places)[1:].reshape(shape)


TABLE: dict[str, Operation] = {
    "sum": Operation(np.sum, on_one(SIZED_OR_NOT, reductions())),
    "mean": Operation(np.mean, on_one(SHAPES, reductions())),
    "var": Operation(np.var, spread()),
    "std": Operation(np.std, spread()),
    "max": Operation(np.max, on_one(SHAPES, reductions())),
    "min": Operation(np.min, on_one(SHAPES, reductions())),
    "prod": Operation(np.prod, on_one(SIZED_OR_NOT, reductions())),
    "ptp": Operation(np.ptp, on_one(SHAPES, reductions())),
    "cumsum": Operation(np.cumsum, on_one(SIZED_OR_NOT, along_or_none)),
    "cumprod": Operation(np.cumprod, on_one(SIZED_OR_NOT, along_or_none)),
    "diff": Operation(np.diff, on_one(LINED, differences)),
    "logsumexp": Operation(
        lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis, keepdims=keepdims)), on_one(SHAPES, reductions())
    ),
    "softmax": Operation(softmaxed, on_one(LINED, along)),
    "log_softmax": Operation(lambda x, axis: np.log(softmaxed(x, axis)), on_one(LINED, along)),
    "euclidean": Operation(lengths, on_one(SHAPES, reductions())),
    "norm": Operation(np.linalg.norm, on_one(LINED, norms)),
    "reshape": Operation(lambda x, shape: np.reshape(x, shape), reshaped()),
    "transpose": Operation(np.transpose, on_one(SIZED_OR_NOT, orders)),
    "swapaxes": Operation(
        np.swapaxes, on_one(LINED, lambda shape: dicts(axis1=axis_numbers(shape), axis2=axis_numbers(shape)))
    ),
    "moveaxis": Operation(np.moveaxis, on_one(SIZED_OR_NOT, moves)),
    "squeeze": Operation(np.squeeze, on_one(SHAPES, squeezes)),
    "expand_dims": Operation(np.expand_dims, on_one(LINED, expansions)),
    "ravel": Operation(np.ravel, on_one(SIZED_OR_NOT)),
    "astype": Operation(lambda x, dtype: x.astype(dtype), on_one(SHAPES, casts)),
    "to_tensor": Operation(np.asarray, on_one(SHAPES)),
    "to_value": Operation(lambda x: x.item(), on_one(shapes(max_side=1))),
    "broadcast_to": Operation(
        np.broadcast_to, broadcasts().flatmap(lambda drawn: on_shapes(st.just(drawn[:1]), shape=st.just(drawn[1])))
    ),
    "sum_to": Operation(
        autograd.ops.shape.sum_to.op.forward,
        broadcasts().flatmap(lambda drawn: on_shapes(st.just(drawn[1:]), shape=st.just(drawn[0]))),
    ),
    "repeat": Operation(np.repeat, on_one(SHAPES, repeats)),
    "tile": Operation(
        np.tile,
        on_one(
            SHAPES, lambda shape: dicts(reps=st.integers(0, 2) | st.lists(st.integers(0, 2), max_size=3).map(tuple))
        ),
    ),
    "flip": Operation(np.flip, on_one(SIZED_OR_NOT, lambda shape: dicts(axis=axes(shape)))),
    "roll": Operation(np.roll, on_one(SIZED_OR_NOT, shifts)),
    "rot90": Operation(np.rot90, on_one(DEEP, turns)),
    "diag": Operation(np.diag, on_one(shapes(min_dims=1, max_dims=2), triangles)),
    "diagonal": Operation(np.diagonal, on_one(DEEP, diagonals)),
    "trace": Operation(np.trace, on_one(DEEP, diagonals)),
    "triu": Operation(np.triu, on_one(DEEP, triangles)),
    "tril": Operation(np.tril, on_one(DEEP, triangles)),
    "pad": Operation(np.pad, on_one(SHAPES, pads)),
    "concatenate": Operation(lambda *each, axis: np.concatenate(each, axis), joined()),
    "stack": Operation(lambda *each, axis: np.stack(each, axis), joined(stacked=True)),
    "vstack": Operation(
        lambda *each: np.vstack(each), on_shapes(st.sampled_from([((2, 3), (1, 3)), ((3,), (2, 3)), ((), ()), ((2,),)]))
    ),
    "hstack": Operation(
        lambda *each: np.hstack(each), on_shapes(st.sampled_from([((2, 3), (2, 1)), ((3,), (0,)), ((), (2,)), ((2,),)]))
    ),
    "split": Operation(np.split, parts(equal=True)),
    "array_split": Operation(np.array_split, parts(equal=False)),
    "atleast_1d": Operation(np.atleast_1d, on_one(SIZED_OR_NOT)),
    "atleast_2d": Operation(np.atleast_2d, on_one(SIZED_OR_NOT)),
    "getitem": Operation(lambda x, index: x[index], picked()),
    "put": Operation(lambda x, index, shape: added(np.zeros(shape), x, index), put()),
    "set_at": Operation(overwritten, placed(overwrite=True)),
    "add_at": Operation(added, placed()),
    "gather": Operation(lambda x, places: np.concatenate([np.zeros(1), x.ravel()])[places], places(inverse=True)),
    "scatter": Operation(
        lambda x, places, shape: added(np.zeros(math.prod(shape) + 1), x, places)[1:].reshape(shape),
        places(inverse=False),
    ),
    "take": Operation(np.take, taken()),
    "take_along_axis": Operation(np.take_along_axis, taken_along()),
    "sort": Operation(np.sort, on_one(LINED, along_or_none)),
    "matmul": Operation(np.matmul, on_shapes(products())),
    "dot": Operation(np.dot, on_shapes(DOTS)),
    "inner": Operation(np.inner, on_shapes(INNERS)),
    "outer": Operation(np.outer, on_shapes(st.tuples(shapes(max_dims=2), shapes(max_dims=1, min_side=0)))),
    "kron": Operation(np.kron, on_shapes(st.tuples(FLAT, FLAT))),
    "tensordot": Operation(np.tensordot, dotted()),
    "einsum": Operation(lambda *each, subscripts: np.einsum(subscripts, *each), summed()),
    "inv": Operation(np.linalg.inv, on_matrix()),
    "det": Operation(np.linalg.det, on_matrix()),
    "log_abs_det": Operation(lambda x: np.linalg.slogdet(x)[1], on_matrix()),
    "slogdet": Operation(np.linalg.slogdet, on_matrix()),
    "solve": Operation(np.linalg.solve, equations()),
    "cholesky": Operation(lambda x: np.linalg.cholesky(positive(x)), on_matrix()),
    "eigenvalues": Operation(lambda x, UPLO: np.linalg.eigh(positive(x), UPLO)[0], on_matrix(UPLO=UPLO)),
    "eigenvectors": Operation(lambda x, UPLO: np.linalg.eigh(positive(x), UPLO)[1], on_matrix(UPLO=UPLO)),
    "eigh": Operation(lambda x, UPLO: np.linalg.eigh(positive(x), UPLO), on_matrix(UPLO=UPLO)),
    "eigvalsh": Operation(lambda x, UPLO: np.linalg.eigvalsh(positive(x), UPLO), on_matrix(UPLO=UPLO)),
    "singular_values": Operation(lambda x: np.linalg.svd(x, compute_uv=False), on_rectangle()),
    "left": Operation(lambda x: np.linalg.svd(x, full_matrices=False)[0], on_rectangle()),
    "right": Operation(lambda x: np.linalg.svd(x, full_matrices=False)[2].swapaxes(-1, -2), on_rectangle()),
    "svd": Operation(np.linalg.svd, on_rectangle(full_matrices=st.just(False), compute_uv=st.booleans())),
    "pinv": Operation(np.linalg.pinv, on_rectangle(rcond=st.sampled_from([1e-15, 1e-8]))),
    "affine": Operation(lambda x, w, b: x @ w + b, weighted()),
    "half_squares": Operation(
        lambda x, y: np.sum((x - y) ** 2) / 2, on_shapes(SIZED_OR_NOT.map(lambda shape: (shape, shape)))
    ),
    "cross_entropy": Operation(mean_surprise, classified()),
    "unfold": Operation(lambda x, size, stride, padding: window_by_window(x, size, stride, padding), images()),
    "fold": Operation(put_back_window_by_window, images(folded=True)),
}


def applied(name, operands, params):
    """What the operation makes of the operands: its public function where there is one."""
    if name == "to_value":
        return to_value(*operands)
    if name in OF_SYMMETRIC:  # their rules hold for symmetric matrices alone
        operands = [positive(operands[0])]
    if name == "einsum":
        return OPERATIONS[name](params["subscripts"], *operands)
    if name in ("concatenate", "stack", "vstack", "hstack"):
        return OPERATIONS[name](operands, **params)
    if name in OPERATIONS:
        return OPERATIONS[name](*operands, **params)
    op = PRIMITIVES[name]
    return Tensor._apply(op, operands, {**op.params, **params})


def outputs(results):
    """One output or several, those that are nodes."""
    return [each for each in (results if isinstance(results, (list, tuple)) else [results]) if isinstance(each, Node)]


def the_output(name, params):
    """The operation as a function with one output."""

    def f(*operands):
        found = outputs(applied(name, operands, params))
        return found[0] if len(found) == 1 else autograd.concatenate([each.reshape(-1) for each in found])

    return f


def upstream_for(result, seed=7):
    shape = np.shape(result)
    random = np.random.default_rng(seed)
    u = random.uniform(0.5, 1.5, shape) * random.choice([-1.0, 1.0], shape)
    return float(u) if isinstance(result, Value) else np.asarray(u)


def pulled(f, operands, upstream=None):
    """The result and the gradients of fresh leaves."""
    leaves = [Tensor(x) for x in operands]
    result = f(*leaves)
    result.backward(upstream_for(result) if upstream is None else upstream)
    return result, [leaf.grad for leaf in leaves]


every_operation = pytest.mark.parametrize("name", TABLE)


def test_every_operation_is_in_the_table():
    assert set(TABLE) == {*OPERATIONS, *PRIMITIVES}


@every_operation
@SOME
@given(data=st.data())
def test_forward_is_numpys(name, data):
    operands, params = data.draw(TABLE[name].examples)
    expected = TABLE[name].reference(*(x.copy() for x in operands), **params)
    found = applied(name, [Tensor(x) for x in operands], params)
    several = isinstance(found, (list, tuple))
    for each, wanted in zip(found if several else [found], expected if several else [expected], strict=True):
        made = each.data if isinstance(each, Node) else each
        assert np.shape(made) == np.shape(wanted)
        assert isinstance(made, float) or made.dtype == np.asarray(wanted).dtype
        np.testing.assert_allclose(made, wanted, rtol=1e-12, atol=1e-14)


@every_operation
@FEW
@given(data=st.data())
def test_plain_arrays_make_plain_arrays(name, data):
    operands, params = data.draw(TABLE[name].examples)
    if name in OPERATIONS:
        plain = applied(name, operands, params)
        recorded = applied(name, [Tensor(x) for x in operands], params)
        assert not outputs(plain)
        several = isinstance(plain, (list, tuple))
        for one, other in zip(plain if several else [plain], recorded if several else [recorded], strict=True):
            np.testing.assert_array_equal(one, getattr(other, "data", other))


@every_operation
@SOME
@given(data=st.data())
def test_jacobian(name, data):
    operands, params = data.draw(TABLE[name].examples)
    gradcheck(the_output(name, params), *operands)


@every_operation
@FEW
@given(data=st.data())
def test_second_order(name, data):
    operands, params = data.draw(TABLE[name].examples)
    gradcheck(the_output(name, params), *operands, order=2)


@every_operation
@SOME
@given(data=st.data())
def test_adjoint_and_linearity(name, data):
    """⟨u, Jv⟩ = ⟨Jᵀu, v⟩, and Jᵀ(2u - w) = 2Jᵀu - Jᵀw."""
    operands, params = data.draw(TABLE[name].examples)
    f = the_output(name, params)
    every = tuple(range(len(operands)))
    vjp, value = make_vjp(f, every)(*operands)
    random = np.random.default_rng(data.draw(SEEDS))
    u, w = (upstream_for(value, seed) for seed in (1, 2))
    v = tuple(random.standard_normal(x.shape) for x in operands)
    same, pushed = make_jvp(f, every)(*operands)(v)
    np.testing.assert_array_equal(same, value)
    shares = vjp(u)
    left, right = np.sum(u * pushed), sum(np.sum(share * each) for share, each in zip(shares, v, strict=True))
    size = np.sum(abs(u * pushed)) + sum(np.sum(abs(share * each)) for share, each in zip(shares, v, strict=True))
    assert abs(left - right) <= 1e-12 * size
    for one, other, both in zip(shares, vjp(w), vjp(2 * u - w), strict=True):
        np.testing.assert_allclose(both, 2 * one - other, rtol=1e-10, atol=1e-11 * (1 + np.max(abs(both), initial=0)))


@every_operation
@SOME
@given(data=st.data())
def test_single_precision_stays_single(name, data):
    operands, params = data.draw(TABLE[name].examples)
    params = {each: np.float32 if each == "dtype" else value for each, value in params.items()}
    if name == "cross_entropy" and params["labels"].ndim == 2:
        params["labels"] = params["labels"].astype(np.float32)
    f = the_output(name, params)
    result, gradients = pulled(f, [x.astype(np.float32) for x in operands])
    exact, exact_gradients = pulled(f, operands)
    if not isinstance(result, Value):
        assert result.dtype == np.float32
    np.testing.assert_allclose(result.data, exact.data, rtol=1e-4, atol=1e-4)
    for gradient, wanted in zip(gradients, exact_gradients, strict=True):
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, wanted, rtol=1e-3, atol=1e-3 * (1 + np.max(abs(wanted), initial=0)))


@every_operation
@SOME
@given(data=st.data())
def test_memory_is_its_own(name, data):
    """Operands and upstream gradients stay as they were; a gradient shares memory with nothing else."""
    operands, params = data.draw(TABLE[name].examples)
    kept = [x.copy() for x in operands]
    f = the_output(name, params)
    upstream = upstream_for(f(*map(Tensor, operands)))
    kept_upstream = np.copy(upstream)
    result, gradients = pulled(f, operands, upstream)
    for x, before in zip(operands, kept, strict=True):
        np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(upstream, kept_upstream)
    everything = [*gradients, *operands, np.asarray(result.data), np.asarray(upstream)]
    for gradient, x in zip(gradients, operands, strict=True):
        assert gradient.shape == x.shape
        assert gradient.flags.writeable
        assert sum(np.shares_memory(gradient, each) for each in everything) <= 1  # with itself, unless it is empty


TWICE = {
    "matmul": {}, "dot": {}, "inner": {}, "outer": {}, "kron": {}, "solve": {}, "affine": {}, "vstack": {},
    "hstack": {},
    "tensordot": {"axes": 1}, "einsum": {"subscripts": "ij,ij->j"}, "concatenate": {"axis": 1}, "stack": {"axis": -1},
    "set_at": {"index": (slice(None, None, -1), [1, 0])}, "add_at": {"index": (slice(None), [1, 0])},
}  # fmt: skip


@pytest.mark.parametrize("name", TWICE)
def test_one_operand_twice(name):
    """The gradient of f(x, x) is the sum of what two leaves of the same data get; so too when its result is reused."""
    f = the_output(name, TWICE[name])
    x = numbers((2, 2), 1)
    count = 3 if name == "affine" else 2
    result, gradients = pulled(f, [x] * count)
    leaf = Tensor(x)
    twice = f(*[leaf] * count)
    (twice + twice).backward(upstream_for(result))
    np.testing.assert_allclose(leaf.grad, 2 * sum(gradients), rtol=1e-12)
    if name != "solve":  # solve(x, x) is constant
        gradcheck(lambda x: f(*[x] * count), x, order=2)


SCALARS = {
    **{name: {} for name in ("sum mean max min prod ptp cumsum cumprod logsumexp euclidean norm ravel flip").split()},
    **{name: {} for name in ("stack vstack hstack atleast_1d atleast_2d dot inner outer").split()},
    "reshape": {"shape": (1, 1)}, "expand_dims": {"axis": 0}, "broadcast_to": {"shape": (2,)}, "repeat": {"repeats": 2},
    "tile": {"reps": (2, 2)}, "roll": {"shift": 1}, "pad": {"pad_width": 0}, "einsum": {"subscripts": ",->"},
    "transpose": {}, "squeeze": {}, "take": {"indices": [0, 0]}, "to_tensor": {},
}  # fmt: skip
BINARY = ("stack", "vstack", "hstack", "dot", "inner", "outer", "einsum")


@pytest.mark.parametrize("at", [0.7, 0.0])
@pytest.mark.parametrize("name", SCALARS)
def test_values_are_operands_without_axes(name, at):
    """A Value in place of an array without axes gives the same result, and gets the same gradient as a float."""
    f = the_output(name, SCALARS[name])
    operands = [np.array(at), np.array(-0.3)][: 1 + (name in BINARY)]
    result, gradients = pulled(f, operands)
    values = [Value(x.item()) for x in operands]
    mixed = f(*values)
    mixed.backward(upstream_for(result))
    np.testing.assert_array_equal(mixed.data, result.data)
    for value, gradient in zip(values, gradients, strict=True):
        assert type(value.grad) is float
        assert value.grad == gradient
    assert [type(each.grad) for each in values] == [float] * len(values)
    f(*values).backward(upstream_for(result), create_graph=True)
    for value, gradient in zip(values, gradients, strict=True):
        assert value.grad.data == 2 * gradient


@every_operation
@SOME
@given(data=st.data())
def test_constant_operands_are_left_out(name, data):
    """With some operands plain arrays the others get the same gradients."""
    operands, params = data.draw(TABLE[name].examples)
    f = the_output(name, params)
    result, gradients = pulled(f, operands)
    for chosen in itertools.combinations(range(len(operands)), max(len(operands) - 1, 1)):
        given_ = [Tensor(x) if index in chosen else x for index, x in enumerate(operands)]
        f(*given_).backward(upstream_for(result))
        for index in chosen:
            np.testing.assert_array_equal(given_[index].grad, gradients[index])


EMPTY = {
    "sum": [(0,)], "prod": [(0, 2)], "mean": [(0,)], "cumsum": [(0,)], "cumprod": [(0,)], "sort": [(2, 0)],
    "norm": [(0,)], "matmul": [(2, 0), (0, 3)], "outer": [(0,), (2,)], "concatenate": [(0,), (2,)],
    "reshape": [(0, 3)], "inv": [(0, 0)], "det": [(0, 0)], "solve": [(0, 0), (0,)], "flip": [(0,)], "diag": [(0,)],
    "triu": [(0, 2)], "pad": [(0,)], "take": [(0,)], "diff": [(0,)], "softmax": [(0, 2)], "trace": [(0, 0)],
    "affine": [(0, 2), (2, 3), (3,)], "dot": [(0,), (0,)], "einsum": [(0, 2)], "var": [(0,)], "std": [(0,)],
    "logsumexp": [(2, 0)], "split": [(0,)],
}  # fmt: skip
WITH = {
    "reshape": {"shape": (3, 0)}, "pad": {"pad_width": 1}, "take": {"indices": []}, "einsum": {"subscripts": "ij->j"},
    "logsumexp": {"axis": 0}, "split": {"indices_or_sections": 2},
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_at_all(name):
    """Arrays of size 0 go forward and backward without a warning; the gradient of nothing is empty."""
    if name == "logsumexp":
        x = Tensor(np.zeros((2, 0)))
        assert autograd.logsumexp(x, axis=0).shape == (0,)
        return
    f = the_output(name, {"indices": np.array([], int)} if name == "take" else WITH.get(name, {}))
    result, gradients = pulled(f, [np.ones(shape) for shape in EMPTY[name]])
    assert [gradient.shape for gradient in gradients] == EMPTY[name]
    with np.errstate(all="ignore"):
        if name not in ("mean", "var", "std"):
            expected = TABLE[name].reference
            if name not in ("split", "take", "cumsum", "cumprod", "softmax", "concatenate"):
                np.testing.assert_array_equal(
                    result.data, expected(*(np.ones(shape) for shape in EMPTY[name]), **WITH.get(name, {}))
                )
        else:
            assert np.isnan(result.data)


HALF, THIRD, INF = 1 / 2, 1 / 3, np.inf
KINKS = [
    # what of, at, gradient: the subgradient nearest to zero, equal shares at ties, limits at the edge of a domain
    (autograd.max, [1.0, 3.0, 3.0], [0, HALF, HALF]),
    (autograd.max, [[1.0, 1.0], [1.0, 0.0]], [[THIRD, THIRD], [THIRD, 0]]),
    (autograd.min, [1.0, 3.0, 1.0], [HALF, 0, HALF]),
    (autograd.max, [INF, INF, 1.0], [HALF, HALF, 0]),
    (autograd.ptp, [2.0, 2.0], [0, 0]),
    (lambda x: autograd.max(x, axis=0).sum(), [[1.0, 2.0], [1.0, 0.0]], [[HALF, 1], [HALF, 0]]),
    (autograd.norm, [0.0, 0.0], [0, 0]),
    (autograd.norm, [[0.0, 0.0]], [[0, 0]]),
    (lambda x: autograd.norm(x, axis=1).sum(), [[0.0, 0.0], [3.0, 4.0]], [[0, 0], [0.6, 0.8]]),
    (lambda x: autograd.norm(x, 1), [0.0, -2.0], [0, -1]),
    (lambda x: autograd.norm(x, 3), [0.0, 0.0], [0, 0]),
    (lambda x: autograd.norm(x, 1.5), [0.0, 2.0], [0, 1]),
    (lambda x: autograd.norm(x, np.inf), [-1.0, 1.0], [-HALF, HALF]),
    (autograd.std, [2.0, 2.0, 2.0], [0, 0, 0]),
    (autograd.std, [0.1, 0.1, 0.1], [0, 0, 0]),  # whose rounded mean is not 0.1
    (lambda x: autograd.std(x, axis=1).sum(), [[5.0, 5.0], [0.0, 2.0]], [[0, 0], [-HALF, HALF]]),
    (autograd.var, [2.0, 2.0], [0, 0]),
    (autograd.prod, [0.0, 2.0, 3.0], [6, 0, 0]),
    (autograd.prod, [0.0, 0.0, 3.0], [0, 0, 0]),
    (autograd.prod, [1e-200, 1e-200, 1.0], [1e-200, 1e-200, 0]),  # it underflows, its derivatives do not
    (autograd.prod, [1e200, 1e200, 1e-300], [1e-100, 1e-100, INF]),
    (lambda x: autograd.cumprod(x).sum(), [0.0, 2.0, 3.0], [1 + 2 + 6, 0, 0]),
    (lambda x: autograd.cumprod(x).sum(), [2.0, 0.0, 3.0], [1, 2 + 6, 0]),
    (lambda x: autograd.cumprod(x)[2], [0.0, 0.0, 3.0], [0, 0, 0]),
    (lambda x: (autograd.sort(x) * np.array([1.0, 10.0, 100.0])).sum(), [2.0, 1.0, 1.0], [100, 1, 10]),
    (autograd.logsumexp, [-INF, -INF], [HALF, HALF]),
    (autograd.logsumexp, [-INF, 0.0], [0, 1]),
    (autograd.logsumexp, [INF, 0.0], [1, 0]),
    (autograd.logsumexp, [1000.0, 1000.0], [HALF, HALF]),
    (lambda x: autograd.softmax(x)[0], [1000.0, -1000.0], [0, 0]),
    (lambda x: autograd.log_softmax(x)[0], [-1000.0, 1000.0], [1, -1]),
    (autograd.det, [[1.0, 2.0], [2.0, 4.0]], [[4, -2], [-2, 1]]),
    (autograd.det, [[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]], [[6, 0, 0], [0, 0, 0], [0, 0, 0]]),
    (lambda x: np.clip(x, 0, 1).sum(), [0.0, 1.0, 0.5, 2.0], [HALF, HALF, 1, 0]),
    (lambda x: np.clip(x, 0, None).sum(), [0.0, 1.0, -1.0], [HALF, 1, 0]),
]


@pytest.mark.parametrize(("f", "at", "gradient"), KINKS)
def test_kinks(f, at, gradient):
    x = Tensor(at)
    f(x).backward()
    np.testing.assert_allclose(x.grad, gradient, rtol=1e-12)
    if np.isfinite(at).all():  # a graph of gradients says the same
        y = Tensor(at)
        f(y).backward(create_graph=True)
        np.testing.assert_allclose(y.grad.data, gradient, rtol=1e-12)


ZERO_PATHS = [
    # an infinite derivative meets a zero one: the path contributes zero
    (lambda x: autograd.log(x.max()), [-1.0, 0.0], [0, INF]),
    (lambda x: autograd.log(x.std()), [1.0, 1.0], [0, 0]),
    (lambda x: autograd.sqrt(x.var()), [1.0, 1.0, 1.0], [0, 0, 0]),
    (lambda x: autograd.sqrt(autograd.norm(x)), [0.0, 0.0], [0, 0]),
    (lambda x: autograd.log(x.prod()), [0.0, 2.0, 3.0], [INF, 0, 0]),
    (lambda x: autograd.sqrt((x * x).sum()), [0.0, 0.0], [0, 0]),
    (lambda x: (np.array([1.0, 0.0]) * autograd.log(autograd.softmax(x))).sum(), [1000.0, -1000.0], [0, 0]),
    (lambda x: autograd.log(x)[1:].sum(), [0.0, 2.0], [0, HALF]),
    (lambda x: autograd.log(x.at[0].set(1.0)).sum(), [0.0, 2.0], [0, HALF]),
]


@pytest.mark.parametrize(("f", "at", "gradient"), ZERO_PATHS)
def test_a_path_with_a_zero_on_it_contributes_zero(f, at, gradient):
    x = Tensor(at)
    f(x).backward()
    np.testing.assert_array_equal(x.grad, gradient)


SECOND = [
    # what of, at, Hessian, where the first derivative is taken at zeros
    (autograd.prod, [0.0, 2.0, 3.0], [[0, 3, 2], [3, 0, 0], [2, 0, 0]]),
    (autograd.prod, [0.0, 0.0, 3.0], [[0, 3, 0], [3, 0, 0], [0, 0, 0]]),
    (lambda x: autograd.cumprod(x)[2], [0.0, 2.0, 3.0], [[0, 3, 2], [3, 0, 0], [2, 0, 0]]),
    (autograd.det, [[1.0, 2.0], [2.0, 4.0]], np.array([0, 0, 0, 1, 0, 0, -1, 0, 0, -1, 0, 0, 1, 0, 0, 0.0])),
    (lambda x: autograd.std(x) ** 2, [1.0, 1.0], [[0, 0], [0, 0]]),
]


@pytest.mark.parametrize(("f", "at", "hessian"), SECOND)
def test_second_order_at_zeros(f, at, hessian):
    at = np.array(at)
    found = autograd.hessian(f)(at)
    np.testing.assert_allclose(found, np.reshape(hessian, at.shape * 2), atol=1e-14)


def test_third_order():
    x = np.array([0.5, -1.0, 2.0])
    third = autograd.jacobian(autograd.hessian(lambda x: autograd.prod(x) ** 2))(x)
    u = np.prod(x) ** 2
    assert third[0, 1, 2] == pytest.approx(8 * u / np.prod(x))
    assert third[0, 0, 1] == pytest.approx(4 * u / (x[0] ** 2 * x[1]))


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda x: x.var(ddof=2), (2,)), (lambda x: x.std(ddof=1), (1,)), (lambda x: x.var(ddof=3), (2,)),
        (lambda x: x.mean(), (0,)), (lambda x: x.mean(axis=0).sum(), (0, 2)), (lambda x: x.var(), (0,)),
    ],
)  # fmt: skip
def test_degenerate_moments_are_ieee(f, shape):
    """Too few elements for a mean or a variance give nan or inf, without an exception or a warning."""
    x = Tensor(np.arange(1.0, 1 + np.prod(shape)).reshape(shape))
    result = f(x)
    result.backward()
    assert not np.isfinite(result.data)


OUT_OF_RANGE = [
    lambda x: x.sum(axis=2), lambda x: x.mean(axis=(0, 2)), lambda x: np.max(x, axis=-3), lambda x: np.sort(x, axis=2),
    lambda x: np.diff(x, axis=2), lambda x: np.take(x, [0], axis=2),
    lambda x: np.take_along_axis(x, np.ones((1, 1), int), 2),
    lambda x: np.concatenate([x, x], axis=2), lambda x: np.stack([x, x], axis=3), lambda x: np.split(x, 1, axis=2),
    lambda x: np.array_split(x, 2, axis=-3), lambda x: np.flip(x, axis=2), lambda x: np.roll(x, 1, axis=2),
    lambda x: np.cumsum(x, axis=2), lambda x: np.cumprod(x, axis=2), lambda x: np.tensordot(x, x, axes=([2], [0])),
    lambda x: np.swapaxes(x, 0, 2), lambda x: np.moveaxis(x, 0, 2), lambda x: np.expand_dims(x, 4),
    lambda x: np.squeeze(x, 2), lambda x: x.std(axis=2), lambda x: np.linalg.norm(x, axis=2),
    lambda x: autograd.softmax(x, axis=2), lambda x: autograd.logsumexp(x, axis=2), lambda x: np.ptp(x, axis=2),
    lambda x: np.repeat(x, 2, axis=2), lambda x: np.var(x, axis=2), lambda x: np.prod(x, axis=2),
]  # fmt: skip


@pytest.mark.parametrize("f", OUT_OF_RANGE)
def test_an_axis_out_of_range_is_numpys_error(f):
    with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
        f(Tensor(np.ones((2, 2))))


def test_equal_eigenvalues_and_singular_values():
    """Their own gradients are there; vectors that could be others have none, and say so."""
    x = 2 * np.eye(3)
    c = np.arange(9.0).reshape(3, 3)
    assert (grad(lambda x: np.linalg.eigvalsh(x).sum())(x) == np.eye(3)).all()
    assert (grad(lambda x: np.linalg.svd(x).S.sum())(x) == np.eye(3)).all()
    assert not np.isfinite(grad(lambda x: (np.linalg.eigh(x).eigenvectors * c).sum())(x)).any()
    assert not np.isfinite(grad(lambda x: (np.linalg.svd(x).U * c).sum())(x)).all()
    apart = np.diag([1.0, 2.0, 2.0])  # the vector of the eigenvalue 1 is a function of x all the same
    found = grad(lambda x: (np.linalg.eigh(x).eigenvectors[:, 0] * c[1]).sum())(apart)
    np.testing.assert_allclose(found, [[0, -2, -2.5], [-2, 0, 0], [-2.5, 0, 0]])


def test_cross_entropy_keeps_what_its_rule_needs():
    x = np.random.default_rng(0).normal(size=(5, 3))
    for dtype in (np.int64, np.int8, np.uint64, np.uint8):
        labels = np.array([0, 2, 1, 2, 2], dtype)
        for shape in (5, 2):  # more rows than classes, and fewer
            leaf = Tensor(x[:shape])
            loss = autograd.cross_entropy(leaf, labels[:shape])
            assert loss.inputs == (leaf,)
            again = copy.deepcopy(loss)
            for times in (1, 2):  # what was kept is still there
                loss.backward()
                wanted = np.exp(x[:shape]) / np.exp(x[:shape]).sum(-1, keepdims=True)
                wanted[np.arange(shape), labels[:shape].astype(int)] -= 1
                np.testing.assert_allclose(leaf.grad, times * wanted / shape, rtol=1e-13)
            again.backward()
            np.testing.assert_allclose(again.inputs[0].grad, wanted / shape, rtol=1e-13)
    half = Tensor(x.astype(np.float32))
    loss = autograd.cross_entropy(half, labels)
    loss.backward()
    assert loss.dtype == half.grad.dtype == np.float32
    for wrong in (np.array([0, 3, 0, 0, 0]), np.array([0, 0, -1, 0, 0]), np.full(5, 2**64 - 1, np.uint64)):
        with pytest.raises(IndexError, match="of 3 classes takes class indices from 0"):
            autograd.cross_entropy(Tensor(x), wrong)


def test_affine_takes_matrices_of_weights():
    for x, w, b in (((3, 3), (3,), ()), ((2, 2, 2), (2, 2, 2), (2,)), ((5, 3), (3, 2), (1, 5, 2))):
        with pytest.raises(ValueError, match=r"affine\(\) of shapes .*(weights are to be a matrix|broadcast)"):
            autograd.affine(Tensor(np.ones(x)), np.ones(w), np.ones(b))


def test_cross_entropy_of_unusual_logits():
    x = Tensor([[1000.0, 0.0, 0.0]])
    np.sqrt(autograd.cross_entropy(x, [0])).backward()  # an infinite slope times zeros
    assert x.grad.tolist() == [[0.0, 0.0, 0.0]]
    x = Tensor([[0.0, -2000.0, -1.0]])
    autograd.cross_entropy(x, [0]).backward(np.array(np.inf))
    assert x.grad.tolist() == [[-np.inf, 0.0, np.inf]]
    many = Tensor(np.zeros((20000, 1000), np.float16))
    assert autograd.cross_entropy(many, np.zeros(20000, int)).item() == pytest.approx(np.log(1000), rel=1e-3)
    whole = autograd.cross_entropy(np.array([[1, 2], [3, 4]]), np.array([0, 1]))
    assert whole == pytest.approx((np.log1p(np.e) + np.log1p(1 / np.e)) / 2)
    for shape in ((3,), (2, 3, 4)):
        with pytest.raises(ValueError, match="logits of shape"):
            autograd.cross_entropy(Tensor(np.ones(shape)), np.zeros(shape[:1], int))


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, z, x, by, shift: g * by,
        lambda g, z, x, by=2.0, shift=0.0: g * by,
        lambda g, z, x, by=3.0, shift=0.0: g * by,
        lambda g, z, x, by, shift=2.0: g * by,
        lambda g, z, x, shift=0.0, by=3.0: g * by,
        lambda g, z, x, **params: g * params["by"],
    ],
)
def test_a_rule_gets_the_parameters_of_the_call(rule):
    """Also where its own defaults are others, and where they are the same and it is called without."""
    scale = Primitive("scale", lambda x, by=2.0, shift=0.0: by * x + shift, (rule,), params={"by": 2.0, "shift": 0.0})
    for params, slope in ((None, 2.0), ({"by": 2.0, "shift": 1.0}, 2.0), ({"by": 5.0, "shift": 0.0}, 5.0)):
        x = Tensor([1.0, 3.0])
        Tensor._apply(scale, (x,), params).sum().backward()
        assert x.grad.tolist() == [slope, slope]
