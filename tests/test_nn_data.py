"""DataLoader, the readers of MNIST files, metrics, pictures: what they give, and every kind of unusable input."""

import gzip
import struct

import matplotlib.axes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor
from nn import mnist

X, Y = np.arange(14.0).reshape(7, 2), np.arange(7)


# ---- batches


@given(st.integers(1, 20), st.integers(1, 25), st.booleans(), st.booleans(), st.integers(0, 5))
def test_every_row_comes_once_and_with_its_target(rows, size, shuffle, drop_last, seed):
    if drop_last and rows < size:
        return
    x, y = np.arange(2.0 * rows).reshape(rows, 2), np.arange(rows)
    loader = nn.DataLoader(x, y, batch_size=size, shuffle=shuffle, drop_last=drop_last, seed=seed)
    batches = list(loader)
    assert len(batches) == len(loader)
    labels = np.concatenate([labels for _, labels in batches])
    kept = rows - rows % size if drop_last else rows
    assert len(set(labels.tolist())) == len(labels) == kept
    assert all((inputs[:, 0] == 2 * labels).all() for inputs, labels in batches)
    assert all(len(labels) == size for _, labels in batches[:-1])
    if not shuffle:
        assert labels.tolist() == list(range(kept))


def test_shuffling_is_seeded_and_another_one_every_epoch():
    def epochs(seed):
        loader = nn.DataLoader(Y, batch_size=7, shuffle=True, seed=seed)
        return [next(iter(loader))[0].tolist() for _ in range(3)]

    before = np.random.get_state()[1].copy()
    assert epochs(1) == epochs(1) == epochs(np.random.default_rng(1)) != epochs(2)
    assert len(set(map(tuple, epochs(1)))) == 3
    assert (np.random.get_state()[1] == before).all()


@pytest.mark.parametrize(
    ("arrays", "options", "error", "hint"),
    [
        ([], {}, ValueError, "nothing"),
        ([np.zeros((0, 2))], {}, ValueError, "nothing"),
        ([X, Y[:5]], {}, ValueError, "7 and 5 rows"),
        ([X], {"batch_size": 0}, ValueError, "batch_size=0"),
        ([X], {"batch_size": 1.5}, ValueError, "batch_size=1.5"),
        ([X], {"batch_size": 8, "drop_last": True}, ValueError, "nothing of 7 rows"),
        ([np.array([[1.0, 2.0], [3.0, np.nan]])], {}, ValueError, r"array 0 holds nan at \[1, 1\]"),
        ([X, np.array([0, 1, 2, 3, 4, 5, np.inf])], {}, ValueError, r"array 1 holds inf at \[6\]"),
        ([["a", "b"]], {}, TypeError, "array 0 must hold rows of numbers, not <U1"),
        ([[[1.0], [1.0, 2.0]]], {}, ValueError, "ragged"),
        ([3.0], {}, TypeError, "rows"),
        ([np.ma.masked_less(X, 1.0)], {}, ValueError, "array 0 has masked entries"),
        ([[None, 1]], {}, TypeError, "object"),
    ],
)
def test_unusable_data_are_refused(arrays, options, error, hint):
    with pytest.raises(error, match=hint):
        nn.DataLoader(*arrays, **options)


# ---- MNIST files


def digits(count, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 28, 28)).astype(np.uint8), rng.integers(0, 10, count).astype(np.uint8)


TRAIN, TEST = digits(5, 0), digits(3, 1)


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def csv(images, labels, header=""):
    rows = [",".join(map(str, (label, *image.ravel()))) for image, label in zip(images, labels, strict=True)]
    return (header + "\n".join(rows) + "\n").encode()


def write_idx(path, compress=False):
    for name, array in zip(mnist._IDX, (*TRAIN, *TEST), strict=True):
        contents = idx(array)
        (path / (name + ".gz" * compress)).write_bytes(gzip.compress(contents) if compress else contents)
    return path


def write_csv(path, compress=False):
    for name, (images, labels) in zip(mnist._CSV, (TRAIN, TEST), strict=True):
        header = "label," + ",".join(f"{i}x{j}" for i in range(28) for j in range(28)) + "\n" if compress else ""
        contents = csv(images, labels, header)
        (path / (name + ".gz" * compress)).write_bytes(gzip.compress(contents) if compress else contents)
    return path


def write_npz(path, compress=False):
    file = path / "mnist.npz"
    arrays = dict(zip(mnist._NPZ, (*TRAIN, *TEST), strict=True))
    (np.savez_compressed if compress else np.savez)(file, **arrays)
    return file


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("write", [write_idx, write_csv, write_npz])
def test_mnist_is_read_from_every_form(tmp_path, write, compress):
    found = nn.read_mnist(write(tmp_path, compress))
    for array, expected in zip(found, (*TRAIN, *TEST), strict=True):
        assert array.dtype == np.uint8
        assert (array == expected).all()


@pytest.mark.parametrize("write", [write_idx, write_npz])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97])
def test_files_cut_short_are_refused(tmp_path, write, compress, share):
    path = write(tmp_path, compress)
    file = path if path.is_file() else path / (mnist._IDX[0] + ".gz" * compress)
    contents = file.read_bytes()
    file.write_bytes(contents[: int(len(contents) * share)])
    with pytest.raises(ValueError, match="cut short|no IDX"):
        nn.read_mnist(path)


@pytest.mark.parametrize(
    ("contents", "hint"),
    [
        (b"\0\0\x0d\x01\0\0\0\x01\0", "no IDX file of bytes"),
        (b"\0\0\x08\0", "no IDX"),
        (b"not an idx file at all", "no IDX"),
        (idx(Y.astype(np.uint8)) + b"\0", "too long"),
        (b"\0\0\x08\x02\0\0\0\x05\0", "cut short"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "cut short"),
    ],
)
def test_another_format_is_refused(tmp_path, contents, hint):
    file = tmp_path / "file"
    file.write_bytes(contents)
    with pytest.raises(ValueError, match=hint):
        mnist.read_idx(file)


@pytest.mark.parametrize(
    ("contents", "hint"),
    [
        (b"", "no images"),
        (b"label,1x1\n", "no images"),
        (b"1,2,3\n", "785 numbers, not 3"),
        (csv(*TRAIN) + b"1,2\n", f"line {len(TRAIN[0]) + 1}: .*785 numbers, not 2"),
        (csv(*TRAIN).replace(b"\n", b",x\n", 1), "line 1: could not convert|invalid"),
        (csv(TRAIN[0].astype(int) + 1000, TRAIN[1]), "line 1: pixels go from 0 to 255"),
        (b"\nlabel,1x1\n\n" + csv(TRAIN[0].astype(int) + 1000, TRAIN[1]), "line 4: pixels go from 0 to 255"),
        (b"label,1x1\n\n" + csv(*TRAIN)[:-2] + b"x\n", f"line {len(TRAIN[0]) + 2}: could not convert"),
        (csv(TRAIN[0], TRAIN[1] + 10), "labels go from 0 to 9"),
    ],
)
def test_lines_of_anything_else_are_refused(tmp_path, contents, hint):
    file = tmp_path / "mnist.csv"
    file.write_bytes(contents)
    with pytest.raises(ValueError, match=hint):
        mnist.read_csv(file)


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"y_test": None}, "y_test not found"),
        ({"x_train": TRAIN[0][:2]}, "do not belong together"),
        ({"y_train": TRAIN[1] + 90}, "labels go from 0 to 9"),
        ({"x_test": TEST[0].astype(float)}, "must hold bytes, not float64"),
        ({"x_test": TEST[0].reshape(3, 784)}, "do not belong together"),
        ({"x_train": np.array([{}, None])}, "pickle|Object"),
    ],
)
def test_archives_of_anything_else_are_refused(tmp_path, change, hint):
    arrays = dict(zip(mnist._NPZ, (*TRAIN, *TEST), strict=True)) | change
    np.savez(tmp_path / "mnist.npz", **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ValueError, match=hint):
        nn.read_mnist(tmp_path / "mnist.npz")


def test_one_array_is_no_archive(tmp_path):
    np.save(tmp_path / "x.npy", TRAIN[0])
    with pytest.raises(ValueError, match="no .npz archive"):
        nn.read_mnist(tmp_path / "x.npy")


def test_images_and_labels_of_different_counts_are_refused(tmp_path):
    write_idx(tmp_path)
    (tmp_path / mnist._IDX[1]).write_bytes(idx(TRAIN[1][:4]))
    with pytest.raises(ValueError, match="do not belong together"):
        nn.read_mnist(tmp_path)


def test_missing_files_are_missed(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"neither mnist_train\.csv"):
        nn.read_mnist(tmp_path)
    with pytest.raises(FileNotFoundError):
        nn.read_mnist(tmp_path / "mnist.npz")


# ---- metrics


def test_accuracy():
    logits = np.array([[0.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    assert nn.accuracy(logits, [1, 2]) == 0.5
    assert nn.accuracy(np.array([0.3, -0.2]), [1, -1]) == 1.0
    assert nn.accuracy(np.array([0.3, -0.2]), [1, 1]) == 0.5
    assert nn.accuracy(np.array([0.3, -0.2]), [0, 0]) == 0.5
    assert nn.accuracy(Tensor(logits), [1, 2]) == 0.5


@pytest.mark.parametrize("targets", [[1, 0, 1], [[1], [0], [1]], [1, -1, 1], [[1.0], [-1.0], [1.0]]])
def test_accuracy_of_one_score_a_row(targets):
    assert nn.accuracy(np.array([[2.0], [-1.0], [0.5]]), targets) == 1.0
    assert nn.accuracy(np.array([[2.0], [1.0], [0.5]]), targets) == 2 / 3


def test_accuracy_of_what_does_not_belong_together():
    logits = np.array([[0.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    for outputs, targets in ((logits, [1]), (logits, [[1], [2]]), (np.zeros((0, 2)), [])):
        with pytest.raises(ValueError, match="accuracy"):
            nn.accuracy(outputs, targets)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30))
def test_confusion_matrix(pairs):
    predicted, labels = (np.array([pair[i] for pair in pairs], int) for i in range(2))
    matrix = nn.confusion_matrix(predicted, labels, classes=5)
    assert matrix.tolist() == [[pairs.count((j, i)) for j in range(5)] for i in range(5)]


def test_a_confusion_of_nonsense_is_refused():
    with pytest.raises(ValueError, match="0 to 1"):
        nn.confusion_matrix([0, 2], [0, 1], classes=2)
    with pytest.raises(ValueError, match="one length"):
        nn.confusion_matrix([0, 1], [0])
    with pytest.raises(ValueError, match="from 0"):
        nn.confusion_matrix([0, -1], [0, 1])
    with pytest.raises(TypeError, match="class indices"):
        nn.confusion_matrix([0.0], [0])


def test_gradient_norms_by_layer():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=0))
    net(X).sum().backward()
    norms = nn.gradient_norms(net)
    expected = np.sqrt((net[2].weight.grad ** 2).sum() + (net[2].bias.grad ** 2).sum())
    assert norms["layers.2"] == pytest.approx(expected, rel=1e-14)
    scalars = nn.MLP(2, [2, 1], rng=0)
    scalars([1.0, 2.0]).backward()
    names = ["layers.0.neurons.0", "layers.0.neurons.1", "layers.1.neurons.0"]
    assert list(nn.gradient_norms(scalars)) == names


# ---- pictures


ROWS = [{"loss": 1.0, "gradient norm": 1.0, "lr": 0.1, "validation loss": 2.0, "accuracy": 0.5}] * 3


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: nn.plot_history(ROWS, ax),
        lambda ax: nn.plot_confusion_matrix(np.eye(3, dtype=int), ax, labels="abc"),
        lambda ax: nn.plot_gradient_norms({"first": 0.1, "second": 1.0}, ax),
        lambda ax: nn.plot_images(np.zeros((9, 8, 8)), range(9), ax),
        lambda ax: nn.plot_decision_boundary(lambda x: x[:, 0] - 3, X, Y > 3, ax),
        lambda ax: nn.plot_decision_boundary(lambda x: np.where(x[:, 0] > 3, 5, 9), X, np.where(Y > 3, 5, 9), ax),
        lambda ax: nn.plot_decision_boundary(lambda x: np.eye(3)[(x[:, 0] > 3) * 2], X, Y % 3, ax),
    ],
)
def test_pictures_go_on_the_axes_they_are_given(tmp_path, draw):
    ax = draw(None)
    assert isinstance(ax, matplotlib.axes.Axes)
    assert draw(ax) is ax
    ax.figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000


def test_a_history_of_one_epoch_is_drawn_as_points():
    for rows in (ROWS, ROWS[:1]):
        left, right = nn.plot_history(rows).figure.axes
        for line in (*left.lines, *right.lines):
            assert (line.get_marker() == "o") == (len(rows) == 1)
    assert all(float(tick).is_integer() for tick in left.get_xticks())


def test_every_class_has_its_colour_and_its_name():
    ax = nn.plot_decision_boundary(lambda x: np.full(len(x), "dog"), X, np.where(Y > 3, "cat", "dog"))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["cat", "dog"]
    points = ax.collections[-2:]
    assert [len(each.get_offsets()) for each in points] == [3, 4]
    assert tuple(points[0].get_facecolor()[0]) != tuple(points[1].get_facecolor()[0])


def test_pictures_of_images_are_as_high_as_their_rows():
    heights = [nn.plot_images(np.zeros((count, 8, 8)), range(count)).figure.get_figheight() for count in (3, 8, 9)]
    assert heights[0] == heights[1] < heights[2]


def test_regions_are_where_the_model_says():
    ax = nn.plot_decision_boundary(lambda x: x[:, 0] - 6.0, X, (Y > 3).astype(int), steps=50)
    drawn = ax.collections[0]
    assert len(drawn.get_paths()) == 2
    left, right = (path.get_extents() for path in drawn.get_paths())
    assert left.x1 == pytest.approx(6.0, abs=0.3)
    assert right.x0 == pytest.approx(6.0, abs=0.3)


def plane_and_points(ax):
    """For each class drawn, the colours of its points, and that of the plane under them."""
    plane, *points = ax.collections
    for each, path, colour in zip(points, plane.get_paths(), plane.get_facecolor(), strict=True):
        for place in each.get_offsets():
            assert path.contains_point(place)
            assert tuple(colour[:3]) == tuple(each.get_facecolor()[0][:3])
    return [text.get_text() for text in ax.get_legend().get_texts()]


GRID = np.stack(np.meshgrid([-2.0, -1.0, 1.0, 2.0], [-0.02, 0.02]), -1).reshape(-1, 2)
SIDE = (GRID[:, 0] > 0).astype(int)


@pytest.mark.parametrize("labels", [["a", "b"], [1, 2], [-1, 1], [0, 1], [False, True]])
@pytest.mark.parametrize(
    "model",
    [lambda x: x[:, 0] * 9, lambda x: x[:, :1] * 9, lambda x: np.stack([-x[:, 0], x[:, 0]], 1),
     lambda x: np.stack([-x[:, 0], x[:, 0]], 1).argmax(1), lambda x: x[:, 0] > 0],
)  # fmt: skip
def test_points_lie_on_the_colour_of_their_class(labels, model):
    y = np.array(labels)[SIDE]
    for each in (y, y[:, None]):
        assert plane_and_points(nn.plot_decision_boundary(model, GRID, each)) == [str(label) for label in labels]


def test_a_class_without_points_has_its_colour_too():
    def model(x):
        return np.stack([-x[:, 0], 0 * x[:, 0] - 9, x[:, 0]], 1)

    for decide in (model, lambda x: model(x).argmax(1)):
        ax = nn.plot_decision_boundary(decide, GRID, 2 * SIDE)
        named = [text.get_text() for text in ax.get_legend().get_texts()]
        assert named == (["0", "1", "2"] if decide is model else ["0", "2"])
        assert [len(points.get_offsets()) for points in ax.collections[1:]] == [4] + [0] * (len(named) - 2) + [4]
    ax = nn.plot_decision_boundary(lambda x: (x[:, 0] > 0).astype(int), GRID[SIDE == 1], SIDE[SIDE == 1] * 0)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1"]
    with pytest.raises(ValueError, match="tells 3 classes apart"):
        nn.plot_decision_boundary(model, GRID, np.array(["a", "b"])[SIDE])


def test_the_margin_of_a_plane_is_a_share_of_its_range():
    ax = nn.plot_decision_boundary(lambda x: x[:, 0], GRID, SIDE)
    assert ax.get_xlim() == pytest.approx((-2.32, 2.32))
    assert ax.get_ylim() == pytest.approx((-0.0232, 0.0232))


def test_numbers_of_a_confusion_stand_out_from_their_shade():
    ax = nn.plot_confusion_matrix([[90, 60], [40, 100]], labels=["a cat of any kind", "a dog of any kind at all"])
    assert [text.get_color() for text in ax.texts] == ["w", "w", "k", "w"]
    assert [text.get_text() for text in ax.texts] == ["90", "60", "40", "100"]
    assert ax.images[0].norm.vmin == 0
    assert ax.get_xticklabels()[0].get_rotation() == 45
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    ax = nn.plot_confusion_matrix([[1 / 3, 2 / 3], [0.0, 1.0]], labels=["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["0.33", "0.67", "0.00", "1.00"]
    assert ax.get_xticklabels()[0].get_rotation() == 0


def test_names_in_pictures_of_training():
    ax = nn.plot_history([{"loss": 3.0}, *ROWS])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training loss", "validation loss", "accuracy"]
    assert np.isnan(ax.lines[1].get_ydata()[0])
    assert nn.plot_history([{"loss": 1.0}]).get_legend().get_texts()[0].get_text() == "loss"
    assert nn.plot_gradient_norms({"first": 0.1}).get_ylabel() == "gradient norm"


def test_bars_of_gradients_that_are_nearly_alike_look_nearly_alike():
    ax = nn.plot_gradient_norms({"first": 0.03, "second": 0.04, "dead": 0.0})
    assert ax.get_ylim()[0] == pytest.approx(0.003)


def test_images_have_one_scale_of_grey():
    images = nn.plot_images(np.arange(3.0).reshape(3, 1, 1) * np.ones((3, 2, 2)), "abc").images
    assert [(each.norm.vmin, each.norm.vmax) for each in images] == [(0.0, 2.0)] * 3


def test_pictures_of_nothing_are_refused():
    for draw in (lambda: nn.plot_history([]), lambda: nn.plot_gradient_norms({}),
                 lambda: nn.plot_images(np.zeros((2, 8, 8)), [1]), lambda: nn.plot_confusion_matrix(np.zeros((2, 3))),
                 lambda: nn.plot_decision_boundary(np.sum, np.zeros((3, 4)), [0, 1, 0]),
                 lambda: nn.plot_decision_boundary(np.sum, X, Y[:3]),
                 lambda: nn.plot_decision_boundary(nn.Linear(2, 2), X, Y, steps=0),
                 lambda: nn.plot_images(np.zeros((1, 8, 8)), [1], columns=0)):  # fmt: skip
        with pytest.raises(ValueError, match="there are no|expected|needs|square|must be a whole number"):
            draw()


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        nn.plot_history(ROWS)


@pytest.mark.parametrize("outputs", [np.full((2, 3), np.nan), np.full(2, np.nan), [[np.nan, 1.0], [np.nan, 0.0]]])
def test_nan_is_no_right_answer(outputs):
    assert nn.accuracy(outputs, [0, 0]) == 0.0


@pytest.mark.parametrize(
    ("outputs", "targets", "error"),
    [(np.eye(2), ["a", "b"], TypeError), ([0.5, -0.5], [2, 3], ValueError), (np.eye(3), [0, 1, 7], ValueError),
     (np.eye(3), [0, 1, -1], ValueError)],
)  # fmt: skip
def test_targets_that_are_none_of_the_classes(outputs, targets, error):
    with pytest.raises(error, match="accuracy"):
        nn.accuracy(outputs, targets)


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_are_copies(shuffle):
    x = np.ones((3, 2))
    for (batch,) in nn.DataLoader(x, batch_size=3, shuffle=shuffle):
        batch *= 0
    assert x.all()


def test_a_decision_boundary_of_a_module_an_estimator_and_a_function():
    points, labels = np.array([[-1.0, 0.0], [1.0, 0.0], [2.0, 1.0]]), np.array([0, 1, 1])
    net = nn.Linear(2, 2, rng=0)
    of_values = nn.MLP(2, [3, 1], rng=0)
    estimator = nn.MLPClassifier((3,), max_iter=200, tol=1.0, random_state=0).fit(points, labels)
    for model in (net, of_values, estimator, lambda rows: rows[:, 0]):
        ax = nn.plot_decision_boundary(model, points, labels, steps=5)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1"]


def test_images_of_two_sizes_are_refused(tmp_path):
    images, labels = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)
    np.savez(tmp_path / "m.npz", x_train=images, y_train=labels, x_test=images[:, :20, :20], y_test=labels)
    with pytest.raises(ValueError, match="pixels to learn from, but of"):
        nn.read_mnist(tmp_path / "m.npz")


def test_one_file_of_several_is_no_archive(tmp_path):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(b"anything"))
    with pytest.raises(ValueError, match="of IDX or CSV files give the folder"):
        nn.read_mnist(path)


def test_bad_labels_are_reported_of_their_own_file(tmp_path):
    write_idx(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte"
    contents = bytearray(labels.read_bytes())
    contents[-1] = 77
    labels.write_bytes(contents)
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte: labels go from 0 to 9, not to 77"):
        nn.read_mnist(tmp_path)


def test_a_mark_at_the_beginning_and_empty_lines_are_read_over(tmp_path):
    write_csv(tmp_path)
    before = nn.read_mnist(tmp_path)
    path = tmp_path / "mnist_train.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\n\n")
    assert all((one == other).all() for one, other in zip(before, nn.read_mnist(tmp_path), strict=True))
