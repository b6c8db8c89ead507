"""`jit`: a function run once, recorded, and replayed as a compiled program.

- `tracing`: one run of the function: the nodes it makes, the comparisons it asks for, what it must not do
- `captured`: what the function reaches from outside, so that a change of it is seen
- `program`: the recorded scalars as a flat list of rows of the table; its interpreter defines what is right
- `executors`: what runs a program, and the interpreter as the simplest way
- `straight`: a small program as one line of Python after the other
- `lanes`: a large one on arrays: `blocks` finds what is computed alike, `kernels` makes compiled loops of it
- `plan`, `replay`: recorded operations on arrays, and the two Python functions that are generated of them; `chains`
  makes compiled loops of elementwise ones in a row
- `numba_modules`: generated loops as modules of numba functions, in files
- `written_out`: loops over things that stay the same, as a line of Python for each
- `entry`: a recorded run with its program, and the node that a call makes of it
- `compiled`: `jit` itself: which recorded run answers which call
"""

from autograd.compiler.compiled import disabled, jit
from autograd.compiler.tracing import JitError, JitWarning

jit.disabled = disabled  # type: ignore[attr-defined]  # the type of a function has no attributes

__all__ = ["JitError", "JitWarning", "jit"]
