"""wengert: a scalar and tensor autograd engine whose whole calculus is one readable table."""

from importlib import import_module
from typing import Any

from autograd.functions import FUNCTIONS
from autograd.modes import AnomalyError, detect_anomaly, enable_grad, is_recording, no_grad
from autograd.ops.primitive import OPERATIONS
from autograd.tensor import Tensor, array
from autograd.transforms import (
    checkpoint,
    elementwise_grad,
    grad,
    hessian,
    hessian_vector_product,
    jacobian,
    make_jvp,
    make_vjp,
    value_and_grad,
)  # fmt: skip
from autograd.value import Value

# every row of the table and every operation on arrays is a function here
globals().update(FUNCTIONS)
globals().update({name: operation for name, operation in OPERATIONS.items() if name not in FUNCTIONS})

__all__ = [
    "AnomalyError", "GradcheckError", "GradcheckReport", "GraphTooLargeError", "JitError", "JitWarning",
    "NumericalGradient", "Tensor", "Value", "array", "checkpoint", "detect_anomaly", "draw", "draw_dot",
    "elementwise_grad", "enable_grad", "explain", "explore", "grad", "gradcheck", "hessian",
    "hessian_vector_product", "is_recording", "jacobian", "jit", "latex", "make_jvp", "make_vjp", "no_grad",
    "numerical_grad", "source", "to_sympy", "value_and_grad",
    *FUNCTIONS, *OPERATIONS,
]  # fmt: skip


# rooms that not everybody enters, loaded on use
_ROOMS = {
    "GraphTooLargeError": "autograd.drawing.picture", "draw": "autograd.drawing.picture",
    "draw_dot": "autograd.drawing.digraph", "explore": "autograd.drawing.explorer",
    "explain": "autograd.explanation", "latex": "autograd.symbolic", "to_sympy": "autograd.symbolic",
    "source": "autograd.inspection", "gradcheck": "autograd.numerical", "numerical_grad": "autograd.numerical",
    **dict.fromkeys(("GradcheckError", "GradcheckReport", "NumericalGradient"), "autograd.numerical"),
    **dict.fromkeys(("JitError", "JitWarning", "jit"), "autograd.compiler"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
