"""Small networks made of the nodes of `autograd`, and what trains them.

module                             what layers and networks share: parameters, state, freezing
neurons                            micrograd's networks, of Values
layers, convolution, activations   on Tensors; `initializers`: how weights begin
losses, metrics                    what training makes small; what tells how well a model does
optimizers, updates, schedules     steps, the arithmetic in them, their rates; `gradients`: long ones cut
data, mnist                        batches; MNIST from files
training, callbacks, prediction    the loop, what it tells others, a model in use
checkpoints, resuming              models in files; trainings in files
estimators, plots                  for scikit-learn; with matplotlib
checks                             arguments out of range
"""

from typing import Any

from nn import initializers as initializers
from nn.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)  # fmt: skip
from nn.callbacks import EarlyStopping, History
from nn.checkpoints import load, save
from nn.convolution import AvgPool2d, Conv2d, MaxPool2d
from nn.data import DataLoader
from nn.gradients import clip_grad_norm, clip_grad_value
from nn.layers import BatchNorm1d, Dropout, Embedding, Flatten, LayerNorm, Linear, Sequential
from nn.losses import (
    bce_with_logits,
    cross_entropy,
    half_squared_error,
    hinge_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
)  # fmt: skip
from nn.metrics import accuracy, confusion_matrix, gradient_norms
from nn.mnist import read_mnist
from nn.module import Module
from nn.neurons import MLP, Layer, Neuron
from nn.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from nn.plots import plot_confusion_matrix, plot_decision_boundary, plot_gradient_norms, plot_history, plot_images
from nn.prediction import predict
from nn.schedules import CosineAnnealingLR, ExponentialLR, LinearLR, OneCycleLR, ReduceLROnPlateau, Schedule, StepLR
from nn.training import fit

__all__ = [
    "Activation", "Adagrad", "Adam", "AdamW", "AvgPool2d", "BatchNorm1d", "Conv2d", "CosineAnnealingLR", "DataLoader",
    "Dropout", "ELU", "EarlyStopping", "Embedding", "ExponentialLR", "Flatten", "GELU", "Hardtanh", "History", "Layer",
    "LayerNorm", "LeakyReLU", "Linear", "LinearLR", "LogSigmoid", "LogSoftmax", "MLP", "MaxPool2d", "Mish", "Module",
    "Neuron", "OneCycleLR", "Optimizer", "RMSprop", "ReLU", "ReduceLROnPlateau", "SELU", "SGD", "Schedule",
    "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Softsign", "StepLR", "Tanh", "accuracy",
    "bce_with_logits", "clip_grad_norm", "clip_grad_value", "confusion_matrix", "cross_entropy", "fit",
    "gradient_norms", "half_squared_error", "hinge_loss", "huber_loss", "kl_div", "l1_loss", "load", "mse_loss",
    "nll_loss", "plot_confusion_matrix", "plot_decision_boundary", "plot_gradient_norms", "plot_history",
    "plot_images", "predict", "read_mnist", "save",
]  # fmt: skip


_ESTIMATORS = "MLPClassifier", "MLPRegressor"


def __getattr__(name: str) -> Any:
    """The estimators, which need scikit-learn, on first use."""
    if name in _ESTIMATORS:
        from nn import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module 'nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ESTIMATORS})
