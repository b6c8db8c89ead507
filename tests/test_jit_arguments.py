"""`jit` and arguments that are plain numbers and arrays, for which nodes stand while a run is recorded: what these do
otherwise runs as it is, and a refusal that the function catches stands."""

import copy
import math
import operator

import numpy as np
import pytest

from autograd import JitError, JitWarning, Tensor, Value, jit

FOUND = {0.0: 1.0, 1.0: 5.0}
WEIGHTS, VALUE = Tensor([1.0, 2.0, 3.0]), Value(2.0)


def adds_in_place(x):
    y = x
    y += 1
    return WEIGHTS * x


def scales_a_view(x):
    y = x[1:]
    y *= 10
    return WEIGHTS * x


def centres(x):
    x -= x.mean()
    return WEIGHTS * x


def catches_float(x):
    try:
        k = float(x)
    except TypeError:
        k = 1.0
    return VALUE * x * k


def catches_sqrt(x):
    try:
        k = math.sqrt(x)
    except Exception:
        k = 0.0
    return VALUE * x * k


@pytest.mark.parametrize(
    ("f", "arguments"),
    [
        (adds_in_place, [np.array([1.0, 5.0, 3.0])] * 2), (scales_a_view, [np.array([1.0, 5.0, 3.0])]),
        (centres, [np.array([1.0, 5.0, 3.0])]), (lambda x: (operator.iadd(x, 1), WEIGHTS * x)[1], [np.ones(3)]),
        (catches_float, [1.0, 3.0]), (catches_sqrt, [1.0, 4.0]),
        (lambda x: VALUE * abs(x) if isinstance(x, float) else VALUE * x, [1.0, 2.0, -1.0]),
        (lambda x: VALUE * FOUND.get(x, 9.0), [1.0, 0.0]), (lambda x: VALUE * FOUND.get(x * 1, 9.0), [1.0, 0.0]),
        (lambda x: VALUE * FOUND[x], [1.0, 0.0]), (lambda x: VALUE * (x in {1.0, 2.0}), [1.0, 3.0]),
        (lambda xs: VALUE * len(set(xs)), [[1.0, 1.0], [1.0, 2.0]]), (lambda xs: VALUE * len(set(xs)), [np.array([1.0, 1.0])]),
        (lambda xs: VALUE * dict.fromkeys(xs, 3.0)[1.0], [[1.0, 1.0]]),
    ],
)  # fmt: skip
def test_what_numbers_and_nodes_do_differently_runs_as_it_is(f, arguments):
    compiled = jit(f)
    copies = copy.deepcopy(arguments)
    expected = [f(each).data for each in arguments]
    with pytest.warns(JitWarning, match="runs as it is"):
        found = [compiled(each).data for each in copies]
    assert all(map(np.array_equal, found, expected))
    assert all(map(np.array_equal, copies, arguments)), "the arguments too"


def test_labels_that_are_looked_up():
    compiled = jit(lambda labels: sum(FOUND.get(each, 9.0) * VALUE for each in labels))
    for labels in ([1, 0], [0, 0], [1, 0]):
        assert compiled(np.array(labels)).data == sum(2 * FOUND[each] for each in labels)


def test_a_refusal_stands_even_if_it_is_caught():
    def f(x):
        try:
            return VALUE * x.data
        except Exception:
            return VALUE * 0.0

    with pytest.raises(JitError, match=r"reading \.data"):
        jit(f)(Value(2.0))


def test_what_is_made_of_nodes_may_be_added_to_and_looked_up():
    known = {VALUE: 3.0}

    def f(x):
        total = WEIGHTS * x
        total += x
        total *= 2
        return total.sum() * known[VALUE]

    compiled = jit(f)
    for x in (np.array([1.0, 5.0, 3.0]), np.array([0.0, 1.0, 2.0])):
        assert compiled(x).data == f(x).data
    assert compiled.explain().startswith("f: recorded once")
