"""Reads a row for JavaScript, so that a page can compute values and partial derivatives by the table's own formulas."""

from __future__ import annotations

from autograd import special
from autograd.formula import LEAVES, ZERO, Formula, Row
from autograd.readers.printer import Target, statements

_MATH = (
    "abs sign exp expm1 log log2 log10 log1p sqrt cbrt sin cos tan hypot sinh cosh tanh floor ceil trunc".split()
)  # fmt: skip
_OWN = "pow exp2 mod floordiv round erf erfc".split()  # defined in PRELUDE, as pow_, exp2_ …

JAVASCRIPT = Target(
    functions={
        **{name: f"Math.{name}" for name in _MATH},
        **{f"arc{name}": f"Math.a{name}" for name in "sin cos tan tan2 sinh cosh tanh".split()},
        "maximum": "Math.max", "minimum": "Math.min",
        **{name: f"{name}_" for name in _OWN},
        "neg": "-",  # -(x): two signs in a row would be a decrement
    },
    infix={"add": " + ", "sub": " - ", "mul": " * ", "div": " / "},
    conditions={"and": "&&", "or": "||", "not": "!", "==": "===", "!=": "!=="},
    where="{0} ? {1} : {2}",
    constants={"pi": "Math.PI", "inf": "Infinity", "nan": "NaN"},
)  # fmt: skip

# What Math lacks, or has otherwise than IEEE and NumPy. The error function follows autograd/special.py.
PRELUDE = f"""\
const pow_ = (x, y) => x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);
const exp2_ = (x) => Math.pow(2, x);
const mod_ = (x, y) => {{ const m = x % y; return m !== 0 && m < 0 !== y < 0 ? m + y : m; }};
const floordiv_ = (x, y) => {{
  const m = x % y, q = (x - m) / y - (m !== 0 && m < 0 !== y < 0 ? 1 : 0), f = Math.floor(q);
  return y === 0 ? x / y : q - f > 0.5 ? f + 1 : f;
}};
const round_ = (x) => {{
  const f = Math.floor(x), r = x - f;
  return r < 0.5 || (r === 0.5 && f % 2 === 0) ? f : Math.ceil(x);
}};
const polynomial = (c, x) => c.reduce((sum, each) => sum * x + each, 0);
const erfNear = (x) => x * polynomial({[*special._NEAR_P]}, x * x) / polynomial({[*special._NEAR_Q]}, x * x);
const erfTail = (x) => {{
  const y = Math.min(x, 30), w = 1 / (y * y), r = Math.floor(y * 16) / 16;
  const scaled = y > {special._FAR}
    ? (1 / Math.sqrt(Math.PI) - w * polynomial({[*special._FAR_P]}, w) / polynomial({[*special._FAR_Q]}, w)) / y
    : polynomial({[*special._MIDDLE_P]}, y) / polynomial({[*special._MIDDLE_Q]}, y);
  return Math.exp(-r * r) * Math.exp(-(y - r) * (y + r)) * scaled;
}};
const erf_ = (x) => Math.abs(x) > {special._NEAR} ? Math.sign(x) * (1 - erfTail(Math.abs(x))) : erfNear(x);
const erfc_ = (x) => Math.abs(x) > {special._NEAR} ? (x > 0 ? erfTail(x) : 2 - erfTail(-x)) : 1 - erfNear(x);
"""


def source(row: Row) -> str:
    """The source of a function that returns the row's value and its partial derivatives, ``[z, dx, dy]``.

    It may use what `PRELUDE` defines.

    >>> from autograd.rows import ROWS
    >>> print(source(ROWS["tanh"]))
    function tanh(x) {
      const z = Math.tanh(x);
      const dx = 1 - z * z;
      return [z, dx];
    }
    <BLANKLINE>
    """
    results = {"z": JAVASCRIPT.own_formula(row), **row.named_partials}
    assignments = statements({name: _with_truths(formula) for name, formula in results.items()}, JAVASCRIPT)
    lines = [f"  const {name} = {text};\n" for name, text in assignments]
    return f"function {row.name}({', '.join(row.names)}) {{\n{''.join(lines)}  return [{', '.join(results)}];\n}}\n"


def _with_truths(formula: Formula, is_condition: bool = False) -> Formula:
    """The formula with ``c != 0`` where a number decides: JavaScript takes nan for false."""
    head = formula[0]
    if head in LEAVES:
        return ("!=", formula, ZERO) if is_condition else formula
    decides = head in ("and", "or", "not")
    parts = (_with_truths(part, decides or (head == "where" and not place)) for place, part in enumerate(formula[1:]))
    return (head, *parts)
