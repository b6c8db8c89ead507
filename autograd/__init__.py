"""wengert: a scalar and tensor autograd engine whose whole calculus is one readable table."""

from autograd.functions import FUNCTIONS
from autograd.modes import AnomalyError, detect_anomaly, enable_grad, is_recording, no_grad
from autograd.value import Value

globals().update(FUNCTIONS)

__all__ = ["AnomalyError", "Value", "detect_anomaly", "enable_grad", "is_recording", "no_grad", *FUNCTIONS]
