"""Two moons told apart by a network of scalar nodes: micrograd's own demo, number by number."""

import random
from pathlib import Path

import numpy as np
from tqdm import tqdm

from autograd import no_grad
from nn import MLP, SGD, plot_decision_boundary


def run(steps: int = 100, save: Path | None = None) -> dict[str, list[float]]:
    """Print the report, save the picture if a folder is given; return the loss and the accuracy before every step."""
    points, labels = moons()
    net = network()
    optimizer = SGD(net.parameters(), lr=1.0)
    losses, accuracies = [], []
    print(f"100 points, a network of {len(net.parameters())} parameters, the hinge loss and L2:")
    for step in tqdm(range(steps), disable=None, leave=False):
        scores = [net(point) for point in points]
        margins = [label * score for label, score in zip(labels, scores, strict=True)]
        hinge = sum((1 - margin).relu() for margin in margins) / len(margins)
        loss = hinge + 1e-4 * sum(p * p for p in net.parameters())
        losses.append(loss.data)
        accuracies.append(sum(margin > 0 for margin in margins) / len(margins))
        if step % 10 == 0 or step == steps - 1:
            tqdm.write(f"  step {step:>2}   loss {losses[-1]:.6f}   accuracy {accuracies[-1]:4.0%}")

        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = 1.0 - 0.9 * step / 100
        optimizer.step()

    print("The two moons (o and +), and where the network has its border:")
    print(picture(net, points, labels))
    if save:
        ax = plot_decision_boundary(net, points, labels, steps=120)
        ax.figure.savefig(save / "moons.png")
    return {"losses": losses, "accuracies": accuracies}


def moons() -> tuple[list[list[float]], list[float]]:
    """The points, and their labels -1 and 1."""
    try:
        from sklearn.datasets import make_moons
    except ImportError as error:
        raise ImportError("the moons come from scikit-learn: pip install scikit-learn") from error
    points, labels = make_moons(n_samples=100, noise=0.1, random_state=1337)
    return points.tolist(), (labels * 2.0 - 1.0).tolist()


def network() -> MLP:
    """The network with the weights that micrograd's demo draws, from Python's generator."""
    net = MLP(2, [16, 16, 1])
    draw = random.Random(1337)
    for layer in net.layers:
        for neuron in layer.neurons:
            for weight in neuron.w:
                weight.data = draw.uniform(-1, 1)
    return net


@no_grad()
def picture(net: MLP, points: list[list[float]], labels: list[float]) -> str:
    """The plane as text: the points, and where the score is positive."""
    xs, ys = np.linspace(-1.5, 2.5, 65), np.linspace(1.5, -1.0, 21)
    rows = [["·" if net([x, y]) > 0 else " " for x in xs.tolist()] for y in ys.tolist()]
    for (x, y), label in zip(points, labels, strict=True):
        rows[int(abs(ys - y).argmin())][int(abs(xs - x).argmin())] = "+" if label > 0 else "o"
    return "\n".join("  " + "".join(row) for row in rows)
