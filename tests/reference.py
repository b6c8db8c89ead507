"""A naive engine to compare with: the chain rule as it is defined, one node at a time. No walk in order, nothing
accumulated on the way, no table, no recorded numbers where a graph of gradients is wanted.
"""

import math

# name: the value, and the partial derivatives; both of numbers or of references
RULES = {
    "add": (lambda x, y: x + y, lambda z, x, y: (1.0, 1.0)),
    "sub": (lambda x, y: x - y, lambda z, x, y: (1.0, -1.0)),
    "mul": (lambda x, y: x * y, lambda z, x, y: (y, x)),
    "div": (lambda x, y: x / y, lambda z, x, y: (apply("div", 1.0, y), apply("neg", apply("div", z, y)))),
    "neg": (lambda x: -x, lambda z, x: (-1.0,)),
    "square": (lambda x: x * x, lambda z, x: (apply("mul", 2.0, x),)),
    "exp": (math.exp, lambda z, x: (z,)),
    "sin": (math.sin, lambda z, x: (apply("cos", x),)),
    "cos": (math.cos, lambda z, x: (apply("neg", apply("sin", x)),)),
    "tanh": (math.tanh, lambda z, x: (apply("sub", 1.0, apply("mul", z, z)),)),
    "relu": (lambda x: max(x, 0.0), lambda z, x: (float(compare(x, 0.0) > 0),)),
    "abs": (abs, lambda z, x: (float(compare(x, 0.0)),)),
    "maximum": (max, lambda z, x, y: (share := (compare(x, y) + 1) / 2, 1.0 - share)),
    "where": (lambda c, x, y: x if c else y, lambda z, c, x, y: (0.0, float(bool(c)), float(not c))),
}


def compare(x, y):
    """-1, 0 or 1."""
    return (number(x) > number(y)) - (number(x) < number(y))


def number(operand):
    """The number that a reference holds, or that is given."""
    return operand.data if isinstance(operand, Reference) else operand


def apply(name, *operands):
    """An operation: on numbers a number, else a reference."""
    if any(isinstance(operand, Reference) for operand in operands):
        return Reference(RULES[name][0](*map(number, operands)), name, operands)
    return RULES[name][0](*operands)


class Reference:
    """A node. `version` counts how often its data was set; `seen` are its inputs' versions when it was made."""

    def __init__(self, data, name=None, operands=()):
        self.data, self.name, self.operands = data, name, operands
        self.grad, self.version = 0.0, 0
        self.inputs = [operand for operand in operands if isinstance(operand, Reference)]
        self.seen = [operand.version for operand in self.inputs]
        self.recorded = RULES[name][1](data, *map(number, operands)) if name else ()

    def below(self):
        """The node and everything it was computed from."""
        found, stack = [], [self]
        while stack:
            node = stack.pop()
            if node not in found:
                found.append(node)
                stack += node.inputs
        return found

    def is_stale(self):
        """Whether data was set since it was used."""
        return any(
            node.name and (node.version or node.seen != [each.version for each in node.inputs]) for node in self.below()
        )

    def derivative(self, node, as_graph, known):
        """Of this node with respect to another: 1 for itself, else the sum over its operands."""
        if self is node:
            return 1.0
        if self not in known:
            known[self] = 0.0
            local = RULES[self.name][1](self, *self.operands) if as_graph and self.name else self.recorded
            for operand, slope in zip(self.operands, local, strict=bool(self.name)):
                if isinstance(operand, Reference):
                    share = apply("mul", slope, operand.derivative(node, as_graph, known))
                    known[self] = apply("add", known[self], share)
        return known[self]

    def backward(self, upstream=1.0, as_graph=False):
        """Leaves accumulate, as nodes if asked; others hold the numbers of the last call."""
        found = [(node, apply("mul", upstream, self.derivative(node, as_graph, {}))) for node in self.below()]
        for node, gradient in found:
            if node.name:
                node.grad = number(gradient)
                continue
            if as_graph and not isinstance(gradient, Reference):
                gradient = Reference(gradient)
            node.grad = apply("add", node.grad, gradient)
