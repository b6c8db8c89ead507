"""Matrices of Values as nested lists, and how a report shows them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import autograd
from autograd import Value


def each(change: Callable[[Any], Any], matrix: Any) -> Any:
    """The matrix, a list of any depth, with every entry changed."""
    return [each(change, part) for part in matrix] if isinstance(matrix, list) else change(matrix)


def entries(matrix: Any) -> list[Any]:
    """The entries of a matrix, row by row."""
    return [entry for part in matrix for entry in entries(part)] if isinstance(matrix, list) else [matrix]


def values(numbers: Any) -> Any:
    """A matrix of Values with these numbers."""
    return each(Value, numbers)


def data(matrix: Any) -> Any:
    """The numbers in a matrix of Values."""
    return each(lambda value: value.data, matrix)


def grad(matrix: Any) -> Any:
    """The gradients in a matrix of Values."""
    return each(lambda value: value.grad, matrix)


def affine(W: list[list[Any]], x: list[Any], b: list[Any]) -> list[Any]:
    """W @ x + b, with a row of W for each output; of Values or of plain numbers."""
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) + bi for row, bi in zip(W, b, strict=True)]


def sigmoid(z: list[Any]) -> list[Any]:
    """The sigmoid of every entry."""
    return [autograd.sigmoid(entry) for entry in z]


def half_squared_error(output: list[Any], target: list[float]) -> Any:
    """½ Σ (output - target)²."""
    return sum((o - t) ** 2 for o, t in zip(output, target, strict=True)) / 2


def norm(numbers: Iterable[float]) -> float:
    """The Euclidean length of a vector of numbers."""
    return float(np.linalg.norm(list(numbers)))


def show(numbers: dict[str, Any]) -> dict[str, Any]:
    """Print the numbers under their names, floats in full and lists to 8 digits, and return them."""
    for name, number in numbers.items():
        if isinstance(number, list):
            text = np.array2string(np.array(number), precision=8, max_line_width=110).replace("\n", "\n" + " " * 24)
        else:
            text = str(number)
        print(f"  {name:<22}{text}")
    return numbers
