"""Small networks made of the nodes of `autograd`."""

from nn.layers import MLP, Layer, Neuron
from nn.module import Module
from nn.optimizers import SGD, Adam, Optimizer

__all__ = ["MLP", "SGD", "Adam", "Layer", "Module", "Neuron", "Optimizer"]
