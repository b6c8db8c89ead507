"""Windows that slide over images: what convolution and pooling are made of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from autograd.ops.primitive import primitive
from autograd.ops.shape import shape_of

Pair: TypeAlias = tuple[int, int]


def _unfold_rule(g: Any, z: Any, x: Any, size: Pair, stride: Pair, padding: Pair) -> Any:
    return fold(g, shape_of(x), size, stride, padding)


@primitive(internal=True, dx=_unfold_rule)
def unfold(x: Any, size: Pair, stride: Pair, padding: Pair) -> Any:
    """All windows of a size in images of shape (images, channels, height, width), `stride` apart, with that many rows
    and columns of zeros around the image: an array (images, channels, window height, window width, rows, columns).

    >>> unfold(np.arange(9.0).reshape(1, 1, 3, 3), (2, 2), (1, 1), (0, 0))[0, 0, :, :, 1, 1]
    array([[4., 5.],
           [7., 8.]])
    """
    (top, left), (down, right) = padding, stride
    if top or left:
        x = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))[:, :, ::down, ::right]
    return np.ascontiguousarray(windows.transpose(0, 1, 4, 5, 2, 3))


def _fold_rule(g: Any, z: Any, x: Any, shape: tuple[int, ...], size: Pair, stride: Pair, padding: Pair) -> Any:
    return unfold(g, size, stride, padding)


@primitive(internal=True, dx=_fold_rule)
def fold(x: Any, shape: tuple[int, ...], size: Pair, stride: Pair, padding: Pair) -> Any:
    """Images of a shape in which every window was added at its place: the inverse pair of `unfold`."""
    images, channels, height, width = shape
    (top, left), (down, right) = padding, stride
    padded = np.zeros((images, channels, height + 2 * top, width + 2 * left), x.dtype)
    rows, columns = x.shape[4:]
    for i in range(size[0]):
        for j in range(size[1]):
            padded[:, :, i : i + down * rows : down, j : j + right * columns : right] += x[:, :, i, j]
    return np.ascontiguousarray(padded[:, :, top : top + height, left : left + width])
