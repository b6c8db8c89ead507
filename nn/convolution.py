"""Layers on images of shape (images, channels, height, width)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.ops.convolution import Pair, unfold
from autograd.ops.linalg import matmul
from autograd.ops.reduce import max as greatest
from autograd.ops.reduce import mean
from autograd.ops.shape import array_of, reshape
from nn.checks import check_whole
from nn.initializers import Initializer, Rng, default_uniform, initialised, uniform
from nn.module import Module


class Conv2d(Module):
    """Every window of the image times a kernel for each output channel, plus a bias (a cross-correlation, as in
    PyTorch): strided views of the image, and one product of matrices.

    The weight has shape (out_channels, in_channels, kernel height, kernel width). Weight and bias begin uniform within
    ±1/√inputs of a kernel; `init` is another way for the weight, and then the bias begins at 0. `padding` is the number
    of zeros around the image.

    >>> Conv2d(1, 4, 3, padding=1, rng=0)(np.zeros((2, 1, 8, 8))).shape
    (2, 4, 8, 8)

    Raises ValueError for images of another number of channels, or smaller than the kernel.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int | Pair, *, stride: int | Pair = 1,
        padding: int | Pair = 0, init: Initializer | None = None, rng: Rng = None,
    ) -> None:  # fmt: skip
        check_whole(in_channels=in_channels, out_channels=out_channels)
        self.size, self.stride = _pair("kernel_size", kernel_size, 1), _pair("stride", stride, 1)
        self.padding = _pair("padding", padding, 0)
        rng = np.random.default_rng(rng)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.weight: Any = Tensor(initialised(init or default_uniform, (out_channels, in_channels, *self.size), rng))
        limit = 1 / math.sqrt(in_channels * math.prod(self.size))
        self.bias: Any = Tensor(np.zeros(out_channels) if init else uniform((out_channels,), rng, -limit, limit))

    def __call__(self, x: Any) -> Any:
        """Images (images, in_channels, height, width) to (images, out_channels, new height, new width)."""
        x = _images(self, x, self.in_channels)
        windows = _windows(self, x, self.size, self.stride, self.padding)
        count, channels, height, width, rows, columns = windows.shape
        kernels = reshape(self.weight, (self.out_channels, -1))
        patches = reshape(windows, (count, channels * height * width, rows * columns))
        made = matmul(kernels, patches) + reshape(self.bias, (-1, 1))
        return reshape(made, (count, self.out_channels, rows, columns))

    def extra_repr(self) -> str:
        """Channels, kernel, stride and padding."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.size}, stride={self.stride}, "
            f"padding={self.padding}"
        )


class MaxPool2d(Module):
    """The greatest number of every window; windows lie side by side unless `stride` is another distance.

    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])

    Raises ValueError for anything but images, or for images smaller than the window.
    """

    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None) -> None:
        self.size = _pair("kernel_size", kernel_size, 1)
        self.stride = self.size if stride is None else _pair("stride", stride, 1)

    def __call__(self, x: Any) -> Any:
        """Images of the same channels, but fewer rows and columns."""
        x = _images(self, x, None)
        return self.reduce(_windows(self, x, self.size, self.stride, (0, 0)))

    def reduce(self, windows: Any) -> Any:
        """What is left of windows on axes 2 and 3."""
        return greatest(windows, (2, 3))

    def extra_repr(self) -> str:
        """The window and the stride."""
        return f"{self.size}, stride={self.stride}"


class AvgPool2d(MaxPool2d):
    """The mean of every window; windows lie side by side unless `stride` is another distance.

    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """

    def reduce(self, windows: Any) -> Any:
        """What is left of windows on axes 2 and 3."""
        return mean(windows, (2, 3))


def _images(layer: Module, x: Any, channels: int | None) -> Any:
    x = array_of(x)
    if x.ndim != 4 or channels not in (None, x.shape[1]):
        wanted = "channels" if channels is None else channels
        raise ValueError(f"{layer!r} takes images of shape (images, {wanted}, height, width), not {x.shape}")
    return x


def _windows(layer: Module, x: Any, size: Pair, stride: Pair, padding: Pair) -> Any:
    if any(side + 2 * around < width for side, around, width in zip(x.shape[2:], padding, size, strict=True)):
        raise ValueError(f"{layer!r} takes images of at least {size[0]}×{size[1]}, not of shape {x.shape}")
    return unfold(x, size, stride, padding)


def _pair(name: str, number: int | Pair, least: int) -> Pair:
    pair = tuple(number) if isinstance(number, (tuple, list)) else (number, number)
    if len(pair) != 2 or any(not isinstance(each, (int, np.integer)) or each < least for each in pair):
        raise ValueError(f"{name}={number!r} is neither a whole number of at least {least} nor a pair of them")
    return int(pair[0]), int(pair[1])
