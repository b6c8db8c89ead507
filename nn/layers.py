"""Layers on tensors: rows of features in, rows of features out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.functions import FUNCTIONS
from autograd.ops import network
from autograd.ops.linalg import matmul
from autograd.ops.network import affine
from autograd.ops.reduce import mean
from autograd.ops.shape import array_of, reshape, shape_of
from nn.checks import check_whole
from nn.initializers import Initializer, Rng, default_uniform, initialised, normal, uniform
from nn.module import Module


class Linear(Module):
    """``x @ weight + bias``: rows of `in_features` numbers to rows of `out_features`.

    The weight has shape (in_features, out_features), the transpose of PyTorch's, so that no step has to transpose it.
    Weight and bias begin uniform within ±1/√in_features, as PyTorch's; `init` is another way for the weight (see
    `nn.initializers`), and then the bias begins at 0. `rng` is a `numpy.random.Generator`, or a seed for one.

    >>> layer = Linear(3, 2, rng=0)
    >>> layer(np.ones((4, 3))).shape
    (4, 2)

    Raises ValueError for another number of features, and for widths that are no whole numbers from 1.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        init: Initializer | None = None,
        rng: Rng = None,
    ) -> None:
        check_whole(in_features=in_features, out_features=out_features)
        rng = np.random.default_rng(rng)
        self.in_features, self.out_features = in_features, out_features
        self.weight: Any = Tensor(initialised(init or default_uniform, (in_features, out_features), rng))
        self.bias: Any = None
        if bias:
            limit = 1 / math.sqrt(in_features)
            self.bias = Tensor(np.zeros(out_features) if init else uniform((out_features,), rng, -limit, limit))

    def __call__(self, x: Any) -> Any:
        """Rows of shape (…, in_features) to rows of shape (…, out_features)."""
        try:
            return matmul(x, self.weight) if self.bias is None else affine(x, self.weight, self.bias)
        except ValueError:
            shape = array_of(x).shape
            if shape[-1:] == (self.in_features,):
                raise
            raise ValueError(f"{self!r} takes {self.in_features} features, not an array of shape {shape}") from None

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.in_features}, {self.out_features}{'' if self.bias is not None else ', bias=False'}"


class Sequential(Module):
    """Modules, or any functions, one after the other.

    >>> net = Sequential(Linear(2, 3, rng=0), np.tanh, Linear(3, 1, rng=1))
    >>> len(net), net[0](np.zeros((5, 2))).shape
    (3, (5, 3))
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for layer in layers:
            is_kind = isinstance(layer, type) and issubclass(layer, Module)
            if not callable(layer) or is_kind:
                instead = f"; make one of it: {layer.__name__}()" if is_kind else ""
                raise TypeError(f"Sequential() takes modules one by one, not {layer!r}{instead}")
        self.layers = list(layers)

    def __call__(self, x: Any) -> Any:
        """The output of the last one."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, index: int | slice) -> Any:
        """A layer, or a `Sequential` of several."""
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


class Flatten(Module):
    """All axes but the first as one.

    >>> Flatten()(np.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def __call__(self, x: Any) -> Any:
        """Rows of shape (rows, features)."""
        shape = shape_of(x)
        return reshape(x, (shape[0], math.prod(shape[1:])))


class Dropout(Module):
    """In training each element is 0 with probability `p`, and the others grow by 1/(1-p); in use nothing is changed
    (Srivastava et al., 2014).

    >>> Dropout(0.5, rng=0)(np.ones(4))
    array([2., 0., 0., 0.])

    Raises ValueError for a probability outside [0, 1).
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout({p}): the probability must be at least 0 and less than 1")
        self.p = p
        self.rng = np.random.default_rng(rng)

    def __call__(self, x: Any) -> Any:
        """Some elements dropped, in training."""
        if not self.training or self.p == 0:
            return x
        kept = network.kept(self.rng, shape_of(x), self.p)
        dtype = np.dtype(getattr(x, "dtype", float))
        return x * (kept / (1 - self.p)).astype(dtype if dtype.kind in "fc" else float)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"


class BatchNorm1d(Module):
    """Every feature shifted and scaled to mean 0 and variance 1, then by a learnt bias and weight (Ioffe & Szegedy,
    2015). In training by the mean and variance of the batch, in use by their running averages.

    Features are on axis 1: (rows, features), or (rows, features, …).

    >>> BatchNorm1d(1)(np.array([[1.0], [3.0]])).data.round(4).ravel()
    array([-1.,  1.])

    Raises ValueError for another number of features, and in training for a single number for each feature.
    """

    def __init__(self, num_features: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        check_whole(num_features=num_features)
        if not 0 <= momentum <= 1 or not eps >= 0:
            raise ValueError(f"BatchNorm1d with momentum={momentum!r}, eps={eps!r}: from 0 to 1, and 0 or more")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight: Any = Tensor(np.ones(num_features))
        self.bias: Any = Tensor(np.zeros(num_features))
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)

    def __call__(self, x: Any) -> Any:
        """The normalised features."""
        x = array_of(x)
        if x.ndim < 2 or x.shape[1] != self.num_features:
            raise ValueError(f"{self!r} takes {self.num_features} features on axis 1, not an array of shape {x.shape}")
        shape = (-1,) + (1,) * (x.ndim - 2)
        if self.training:
            axes = (0, *range(2, x.ndim))
            count = math.prod(x.shape) // self.num_features
            if count < 2:
                raise ValueError(
                    f"{self!r} takes two rows or more in training; drop_last leaves out a last batch of one"
                )
            centre = mean(x, axes, keepdims=True)
            x = x - centre
            variance = mean(x * x, axes, keepdims=True)
            network.follow(self.running_mean, centre, self.momentum)
            network.follow(self.running_var, variance * (count / (count - 1)), self.momentum)
            x = x / FUNCTIONS["sqrt"](variance + self.eps)
        else:
            dtype = x.dtype if x.dtype.kind == "f" else self.running_mean.dtype
            centre, size = (each.astype(dtype) for each in (self.running_mean, np.sqrt(self.running_var + self.eps)))
            x = (x - centre.reshape(shape)) / size.reshape(shape)
        return x * reshape(self.weight, shape) + reshape(self.bias, shape)

    def extra_repr(self) -> str:
        """The number of features."""
        return str(self.num_features)


class LayerNorm(Module):
    """Every row shifted and scaled to mean 0 and variance 1 along the last axis, then by a learnt bias and weight for
    each feature (Ba et al., 2016).

    >>> LayerNorm(2)(np.array([[1.0, 3.0]])).data.round(4)
    array([[-1.,  1.]])

    Raises ValueError for another number of features.
    """

    def __init__(self, num_features: int, *, eps: float = 1e-5) -> None:
        check_whole(num_features=num_features)
        if not eps >= 0:
            raise ValueError(f"LayerNorm with eps={eps!r}: 0 or more")
        self.num_features, self.eps = num_features, eps
        self.weight: Any = Tensor(np.ones(num_features))
        self.bias: Any = Tensor(np.zeros(num_features))

    def __call__(self, x: Any) -> Any:
        """The normalised rows."""
        x = array_of(x)
        if x.shape[-1:] != (self.num_features,):
            raise ValueError(f"{self!r} takes {self.num_features} features, not an array of shape {x.shape}")
        x = x - mean(x, -1, keepdims=True)
        x = x / FUNCTIONS["sqrt"](mean(x * x, -1, keepdims=True) + self.eps)
        return x * self.weight + self.bias

    def extra_repr(self) -> str:
        """The number of features."""
        return str(self.num_features)


class Embedding(Module):
    """A table of vectors, picked by their numbers; they begin normal with variance 1.

    >>> Embedding(10, 3, rng=0)(np.array([[1, 2], [0, 9]])).shape
    (2, 2, 3)

    Raises IndexError for numbers outside the table, TypeError for anything but integers.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, *, init: Initializer = normal, rng: Rng = None) -> None:
        check_whole(num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight: Any = Tensor(initialised(init, (num_embeddings, embedding_dim), np.random.default_rng(rng)))

    def __call__(self, x: Any) -> Any:
        """The vectors, on a new last axis."""
        index = np.asarray(x)
        if index.dtype.kind not in "iu":
            raise TypeError(f"{self!r} takes integers, not {index.dtype}")
        if index.size and not 0 <= index.min() <= index.max() < self.num_embeddings:
            raise IndexError(
                f"{self!r} has the numbers 0 to {self.num_embeddings - 1}, not {index.min()} to {index.max()}"
            )
        return self.weight[index]

    def extra_repr(self) -> str:
        """The size of the table."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
