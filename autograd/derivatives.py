"""The table of derivatives: the whole calculus of this package, one row an operation.

A row gives the operation's formula, its symbol, one partial derivative for each argument, and the domain its tests
draw from. `x`, `y` are the arguments, `z` is the result; a name with `=` is a constant parameter. `by` is the stable
way to compute what the formula defines. Nobody writes a derivative anywhere else: every reader, from `Value` to the
printed table, interprets these rows.

Where there is no derivative (`kink`) one rule chooses: the subgradient nearest to zero; equal shares at ties; at the
closed edge of a domain the limit from inside.

The formulas: Abramowitz & Stegun, Handbook of Mathematical Functions, chapters 3, 4 and 7, or one line of calculus.
"""

from autograd.formula import row

# ---- arithmetic

row("add(x, y) = x + y", symbol="+", dx="1", dy="1")
row("sub(x, y) = x - y", symbol="-", dx="1", dy="-1")
row("mul(x, y) = x * y", symbol="×", dx="y", dy="x")
row("div(x, y) = x / y", symbol="÷", dx="1 / y", dy="-z / y", domain="y != 0")
row("pow(x, y) = x ** y", symbol="**", domain="x > 0", edges="x=0 y=2; x=0 y=1; x=0 y=0; x=-2 y=3; x=0 y=-1",
    # where y is 0 that is 0 too, even against x**-1 = inf; but its derivative with respect to y is not
    dx="where(y == 0, chain_product(y, x ** (y - 1)), y * x ** (y - 1))",
    dy="where(x == 0 and y >= 0, 0, z * log(x))")  # fmt: skip
row("neg(x) = -x", symbol="-", dx="-1")
row("pos(x) = x", symbol="+", dx="1")
row("abs(x)", dx="sign(x)", kink="x == 0")
row("sign(x) = where(x > 0, 1, where(x < 0, -1, where(x == 0, 0, x)))", dx="0", kink="x == 0")
row("square(x) = x * x", dx="2 * x")
row("reciprocal(x) = 1 / x", dx="-z * z", domain="x != 0")
row("mod(x, y) = x - y * floor(x / y)", symbol="%", dx="1", dy="-floordiv(x, y)",
    domain="y != 0", kink="x / y == round(x / y)")  # fmt: skip
row("floordiv(x, y) = floor(x / y)", symbol="//", dx="0", dy="0", domain="y != 0", kink="x / y == round(x / y)")

# ---- exponentials and logarithms

row("exp(x)", dx="z")
row("exp2(x)", dx="z * log(2)")
row("expm1(x)", dx="exp(x)")
row("log(x)", dx="1 / x", domain="x > 0", edges="x=0; x=-1")
row("log2(x)", dx="1 / (x * log(2))", domain="x > 0")
row("log10(x)", dx="1 / (x * log(10))", domain="x > 0")
row("log1p(x)", dx="1 / (1 + x)", domain="x > -1")
row("logaddexp(x, y) = log(exp(x) + exp(y))", by="where(x == y, x + log(2), maximum(x, y) + log1p(exp(-abs(x - y))))",
    dx="where(x == y and abs(x) == inf, 0.5, sigmoid(x - y))",
    dy="where(x == y and abs(x) == inf, 0.5, sigmoid(y - x))")  # fmt: skip

# ---- roots

row("sqrt(x)", dx="0.5 / abs(z)", domain="x > 0", edges="x=0")
row("cbrt(x)", dx="1 / (3 * z * z)", domain="x != 0", edges="x=0")

# ---- trigonometry

row("sin(x)", dx="cos(x)")
row("cos(x)", dx="-sin(x)")
row("tan(x)", dx="1 + z * z", domain="-1.5 < x < 1.5")
row("arcsin(x)", dx="1 / sqrt((1 - x) * (1 + x))", domain="-1 < x < 1", edges="x=1")
row("arccos(x)", dx="-1 / sqrt((1 - x) * (1 + x))", domain="-1 < x < 1", edges="x=1")
row("arctan(x)", dx="1 / (1 + x * x)")
row("arctan2(x, y)", domain="x != 0 or y != 0", kink="x == 0 and y <= 0", edges="x=0 y=0",
    dx="where(x == 0 and y == 0, 0, y / hypot(x, y) / hypot(x, y))",
    dy="where(x == 0 and y == 0, 0, -x / hypot(x, y) / hypot(x, y))")  # fmt: skip
row("hypot(x, y)", kink="x == 0 and y == 0", edges="x=0 y=0",
    dx="where(z == 0, 0, x / z)", dy="where(z == 0, 0, y / z)")  # fmt: skip

# ---- hyperbolic functions

row("sinh(x)", dx="cosh(x)")
row("cosh(x)", dx="sinh(x)")
row("tanh(x)", dx="1 - z * z", domain="-5 < x < 5")
row("arcsinh(x)", dx="1 / hypot(x, 1)")
row("arccosh(x)", dx="1 / (sqrt(x - 1) * sqrt(x + 1))", domain="x > 1", edges="x=1")
row("arctanh(x)", dx="1 / ((1 - x) * (1 + x))", domain="-1 < x < 1", edges="x=1")

# ---- error function and logistic functions

row("erf(x)", dx="2 / sqrt(pi) * exp(-x * x)")
row("erfc(x) = 1 - erf(x)", dx="-2 / sqrt(pi) * exp(-x * x)")
row("sigmoid(x) = 1 / (1 + exp(-x))", by="exp(minimum(x, 0)) / (1 + exp(-abs(x)))",
    dx="z * (1 - z)", domain="-30 < x < 10")  # fmt: skip
row("logit(x) = log(x / (1 - x))", by="log(x) - log1p(-x)", dx="1 / (x * (1 - x))", domain="0 < x < 1")
row("softplus(x) = log(1 + exp(x))", by="maximum(x, 0) + log1p(exp(-abs(x)))", dx="sigmoid(x)")
row("log_sigmoid(x) = log(sigmoid(x))", by="minimum(x, 0) - log1p(exp(-abs(x)))", dx="sigmoid(-x)")

# ---- activations

row("relu(x) = maximum(x, 0)", symbol="ReLU", dx="where(x > 0, 1, 0)", kink="x == 0")
row("leaky_relu(x, slope=0.01) = where(x > 0, x, slope * x)", kink="x == 0",
    dx="where(x > 0, 1, where(x == 0, clip(slope, 0, 1), slope))")  # fmt: skip
row("elu(x, alpha=1.0) = where(x > 0, x, alpha * expm1(x))", kink="x == 0",
    dx="where(x > 0, 1, where(x == 0, clip(alpha, 0, 1), alpha * exp(x)))")  # fmt: skip
row("selu(x) = 1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * expm1(x))", kink="x == 0",
    dx="1.0507009873554805 * where(x >= 0, 1, 1.6732632423543772 * exp(x))")  # fmt: skip
row("gelu(x) = 0.5 * x * (1 + erf(x / sqrt(2)))", by="0.5 * x * erfc(-x / sqrt(2))")
row("silu(x) = x * sigmoid(x)")
row("mish(x) = x * tanh(softplus(x))")
row("softsign(x) = x / (1 + abs(x))", dx="1 / ((1 + abs(x)) * (1 + abs(x)))")
row("hardtanh(x) = minimum(maximum(x, -1), 1)", dx="where(-1 < x < 1, 1, 0)", kink="x == -1 or x == 1")

# ---- choices

row("maximum(x, y) = where(x >= y or x != x, x, y)", symbol="max", kink="x == y",
    dx="where(x == y, 0.5, where(x > y, 1, 0))", dy="where(x == y, 0.5, where(x < y, 1, 0))")  # fmt: skip
row("minimum(x, y) = where(x <= y or x != x, x, y)", symbol="min", kink="x == y",
    dx="where(x == y, 0.5, where(x < y, 1, 0))", dy="where(x == y, 0.5, where(x > y, 1, 0))")  # fmt: skip
row("fmax(x, y) = where(x >= y or y != y, x, y)", kink="x == y",
    dx="where(x == y, 0.5, where(x > y or y != y, 1, 0))",
    dy="where(x == y, 0.5, where(x < y or x != x, 1, 0))")  # fmt: skip
row("fmin(x, y) = where(x <= y or y != y, x, y)", kink="x == y",
    dx="where(x == y, 0.5, where(x < y or y != y, 1, 0))",
    dy="where(x == y, 0.5, where(x > y or x != x, 1, 0))")  # fmt: skip
row("clip(x, lo, hi) = minimum(maximum(x, lo), hi)", kink="x == lo or x == hi or lo == hi", domain="lo < hi")
row("where(c, x, y)", symbol="?", dc="0", dx="where(c, 1, 0)", dy="where(c, 0, 1)", kink="c == 0")
row("chain_product(x, y) = where(x == 0 or y == 0, 0, x * y)", symbol="·", dx="y", dy="x")

# ---- rounding: flat where it is smooth

row("floor(x)", dx="0", kink="x == round(x)")
row("ceil(x)", dx="0", kink="x == round(x)")
row("trunc(x)", dx="0", kink="x == round(x)")
row("round(x)", dx="0", kink="x - 0.5 == floor(x)")
