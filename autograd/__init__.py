"""wengert: a scalar and tensor autograd engine whose whole calculus is one readable table.

    derivatives                the table; `formula` and `rows` read it and derive its rules
    readers/                   code made of rows: for floats, arrays, nodes, numba, JavaScript, SymPy, text
    value, tensor              the nodes; `node` is what they share
    backward                   the walk that applies the chain rule
    ops/                       operations on arrays, each with its rules; composed/: functions of NumPy made of them
    protocols, functions       how NumPy's functions, and the functions of this package, find all these
    modes, scopes, naming      no_grad and the like; which module made which node; what a node is called
    pickling, memory           copies of graphs and pickles; what collector and C library are told about memory
    plain, tree                what counts as a plain number; nested lists and dicts
    special, quiet, nans       the error function, which NumPy lacks; NumPy's warnings off; gradients that are nan
    transforms, numpy, extend  grad, jacobian, …: HIPS autograd's interface
    numerical                  numerical derivatives, gradcheck
    symbolic, explanation, steps, inspection, expression   a graph in formulas, words, lines, code; a formula as a graph
    drawing/                   pictures and pages
    compiler/                  jit

What an operation hands back to one operand is called its share of the gradient (the vector-Jacobian product).
"""

from importlib import import_module
from typing import Any

from autograd import memory
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

memory.keep_freed()

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


# what not everybody needs, loaded on use
_LAZY = {
    "GraphTooLargeError": "autograd.drawing.picture", "draw": "autograd.drawing.picture",
    "draw_dot": "autograd.drawing.digraph", "explore": "autograd.drawing.explorer",
    "explain": "autograd.explanation", "latex": "autograd.symbolic", "to_sympy": "autograd.symbolic",
    "source": "autograd.inspection", "gradcheck": "autograd.numerical", "numerical_grad": "autograd.numerical",
    **dict.fromkeys(("GradcheckError", "GradcheckReport", "NumericalGradient"), "autograd.numerical"),
    **dict.fromkeys(("JitError", "JitWarning", "jit"), "autograd.compiler"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
