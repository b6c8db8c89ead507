"""Optimisers, clipping and schedules: PyTorch's numbers (torch 2.13.0, CPU, float64, recorded), states, bad input."""

import copy
import math
import pickle

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, sin
from autograd.compiler import numba_modules
from nn import updates
from nn.gradients import gradient_norm

C = np.array([[1.0, -2.0], [0.5, 3.0]])
START, Q = np.array([[0.5, -1.25], [2.0, 0.75]]), -0.7

# p and q after 12 steps on `loss` below
TRAJECTORIES = {
    "SGD(lr=0.05)": [0.5897376310860344, -0.6643791601793992, 1.3377082102705862, 0.45987660444443357, -0.570676085747783],
    "SGD(lr=0.05, momentum=0.9)": [
        0.667782572318887, -0.3277539141900277, -0.257978450297073, 0.5168055702815402, -0.5722473358648276],
    "SGD(lr=0.05, momentum=0.9, nesterov=True)": [
        0.6727087702643472, -0.587023060685033, -0.10139710764741872, 0.44943578371673515, -0.5135509753568068],
    "SGD(lr=0.05, momentum=0.8, weight_decay=0.1)": [
        0.59016088214416, -0.4926594508276933, 0.11566382174546598, 0.4683035535651169, -0.5293327010717029],
    "Adagrad(lr=0.1, lr_decay=0.01, weight_decay=0.02)": [
        0.6215459409776446, -0.8143780533930297, 1.4987526048491389, 0.4670252191176044, -0.578119858047648],
    "Adagrad()": [0.5522618227992182, -1.1946965075829477, 1.9442860397069, 0.6959372439343664, -0.678839773313615],
    "RMSprop()": [0.6287737827724305, -0.7994626487146582, 1.4748549802802016, 0.46537876361562164, -0.5757686838323777],
    "RMSprop(lr=0.02, alpha=0.9, momentum=0.5, weight_decay=0.03)": [
        0.5809669434941832, -0.6916947282531, 1.3212704194962492, 0.4525845995022886, -0.5626324080638735],
    "Adam()": [0.5119799539305728, -1.2380047040662463, 1.9880041392478274, 0.7380144407038582, -0.7009733223803417],
    "Adam(lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)": [
        0.5969943152095869, -0.7047634658287095, 1.4162241772118316, 0.38203307123837665, -0.5308483704672773],
    "AdamW()": [0.5119192924504753, -1.2378554823077583, 1.9877648791653053, 0.737925271558138, -0.7008915582322971],
    "AdamW(lr=0.05, weight_decay=0.2)": [
        0.7419866677266973, -0.5970412299078012, 1.2225001373474964, 0.3362460448014564, -0.5256282462396419],
}  # fmt: skip

# from 0.5: the rate before every step, and after the last
RATES = {
    "StepLR(optimizer, step_size=3, gamma=0.5)": [
        0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.0625, 0.0625, 0.0625, 0.03125],
    "ExponentialLR(optimizer, gamma=0.9)": [
        0.5, 0.45, 0.405, 0.36450000000000005, 0.32805000000000006, 0.2952450000000001, 0.2657205000000001,
        0.23914845000000007, 0.21523360500000008, 0.19371024450000007, 0.17433922005000008, 0.15690529804500009,
        0.14121476824050008],
    "CosineAnnealingLR(optimizer, T_max=8, eta_min=0.01)": [
        0.5, 0.48135048546526527, 0.4282411613907041, 0.34875744092944705, 0.255, 0.16124255907055302,
        0.08175883860929586, 0.02864951453473475, 0.01, 0.02864951453473475, 0.08175883860929592, 0.16124255907055313,
        0.25500000000000034],
    "LinearLR(optimizer, start_factor=0.25, total_iters=4)": [0.125, 0.21875, 0.3125, 0.40625, *[0.5] * 9],
    "OneCycleLR(optimizer, max_lr=0.3, total_steps=13)": [
        0.01200000000000001, 0.08854918453923022, 0.23681093741218304, 0.2999106214401762, 0.28931347876505126,
        0.26227676311921627, 0.2219909337314812, 0.17320990738094136, 0.1216900739246198, 0.0735110153010423,
        0.03435808635265794, 0.008851516294236767, 1.2e-06],
    "ReduceLROnPlateau(optimizer, factor=0.3, patience=2)": [
        0.5, 0.5, 0.5, 0.5, 0.5, 0.15, 0.15, 0.15, 0.15, 0.045, 0.045, 0.045, 0.045],
}  # fmt: skip
LOSSES = [1.0, 0.9, 0.91, 0.92, 0.9, 0.89, 0.895, 0.89, 0.89, 0.89, 0.9, 0.8]


def make(text, parameters):
    name, _, rest = text.partition("(")
    return eval(f"nn.{name}(parameters{', ' if rest != ')' else ''}{rest}", {"nn": nn, "parameters": parameters})


def loss(p, q, step):
    square = sum((each * each for each in np.ravel(p)), 0.0) if isinstance(p, np.ndarray) else (p * p).sum()
    return (sin(p * C) * q + 0.1 * square).sum() + q**4 * (1 + 0.3 * step)


def scalar_loss(p, q, step):
    square = sum(each * each for each in p)
    terms = [(each * c).sin() * q + 0.1 * square for each, c in zip(p, C.ravel().tolist(), strict=True)]
    return sum(terms) + q**4 * (1 + 0.3 * step)


def check_steps_on_tensors(text, ends):
    p, q = Tensor(START.copy()), Tensor(Q)
    optimizer = make(text, [p, q])
    array = p.data
    for step in range(12):
        optimizer.zero_grad()
        loss(p, q, step).backward()
        optimizer.step()
    assert np.abs(np.append(p.data.ravel(), q.data) - ends).max() < 1e-12
    assert p.data is array, "in place"


def check_steps_on_values(text, ends):
    p, q = [Value(each) for each in START.ravel().tolist()], Value(Q)
    optimizer = make(text, [*p, q])
    for step in range(12):
        optimizer.zero_grad()
        scalar_loss(p, q, step).backward()
        optimizer.step()
    assert np.abs(np.array([each.data for each in (*p, q)]) - ends).max() < 1e-12
    assert all(type(each.data) is float for each in (*p, q))


@pytest.mark.parametrize("text", TRAJECTORIES)
def test_steps_on_tensors_and_values_are_pytorchs(text):
    check_steps_on_tensors(text, TRAJECTORIES[text])
    check_steps_on_values(text, TRAJECTORIES[text])


@pytest.mark.parametrize("text", TRAJECTORIES)
def test_a_loaded_state_goes_on_bit_for_bit(text):
    def steps(p, q, optimizer, numbers):
        for step in numbers:
            optimizer.zero_grad()
            loss(p, q, step).backward()
            optimizer.step()

    p, q = Tensor(START.copy()), Tensor(Q)
    optimizer = make(text, [p, q])
    steps(p, q, optimizer, range(5))
    state = optimizer.state_dict()
    twins = Tensor(p.data.copy()), Tensor(q.data.copy())
    other = make(text, list(twins))
    other.load_state_dict(state)
    steps(p, q, optimizer, range(5, 9))
    steps(*twins, other, range(5, 9))
    assert (twins[0].data == p.data).all()
    assert twins[1].data == q.data


@pytest.mark.parametrize("text", TRAJECTORIES)
def test_gradients_and_float32_are_kept(text):
    p = Tensor(START.astype(np.float32))
    optimizer = make(text, [p])
    (p * p).sum().backward()
    before = p.grad.copy()
    optimizer.step()
    assert p.dtype == np.float32
    assert (p.grad == before).all()
    assert (p.data != START.astype(np.float32)).all()


def test_a_parameter_without_gradient_is_left_as_it_is():
    used, unused = Tensor([1.0]), Tensor([1.0])
    optimizer = nn.AdamW([used, unused], lr=0.1, weight_decay=0.5)
    (used * used).sum().backward()
    optimizer.step()
    assert used.item() != 1.0
    assert unused.item() == 1.0
    assert optimizer.steps == [1, 0]


def entries(parameters):
    return np.concatenate([np.ravel(each.data) for each in parameters]).tolist()


@pytest.mark.parametrize("text", TRAJECTORIES)
def test_parameters_stepped_together_change_as_each_does_alone(text):
    rng = np.random.default_rng(0)
    shapes = (2, 3), (3,), (), (120, 100)
    together = [*map(Tensor, map(rng.normal, [0] * 4, [1] * 4, shapes)), *map(Value, rng.normal(size=5).tolist())]
    together.append(Tensor(np.float32([1.0, 2.0])))
    alone = copy.deepcopy(together)
    optimizers = [make(text, together), *(make(text, [each]) for each in alone)]
    for step in range(8):
        for i, pair in enumerate(zip(together, alone, strict=True)):
            gradient = rng.normal(size=pair[0].shape).astype(pair[0].dtype)[()]
            for each in pair:  # from the third step on some have had a gradient more often than others
                each.grad = None if step == 2 and i in (1, 5) else gradient
        if step == 4:
            optimizers = copy.deepcopy(optimizers)
            together, alone = optimizers[0].params, [each.params[0] for each in optimizers[1:]]
            continue
        for optimizer in optimizers:
            optimizer.step()
    assert entries(together) == entries(alone)
    assert all(np.ravel(a.data).dtype == np.ravel(b.data).dtype for a, b in zip(together, alone, strict=True))


@pytest.mark.parametrize("text", TRAJECTORIES)
@pytest.mark.parametrize("shape", [(50_000,), (7, 9000), (1, 50_000), (50, 30, 33), (0, 50_000)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_changes_part_by_part_as_it_does_at_once(monkeypatch, text, shape, order):
    rng = np.random.default_rng(0)
    data = np.asarray(rng.normal(size=shape), order=order)
    parts, whole = Tensor(data.copy(order="K")), Tensor(data.copy(order="K"))
    optimizers = [make(text, [parts])]
    with monkeypatch.context() as patch:
        patch.setattr(nn.optimizers, "_PART", 10**9)
        optimizers.append(make(text, [whole]))
    array = parts.data
    for _ in range(3):
        parts.grad = whole.grad = rng.normal(size=shape)
        for optimizer in optimizers:
            optimizer.step()
    assert (optimizers[0]._groups[0].change is nn.optimizers._change_in_parts) == (parts.size > 20_000)
    assert optimizers[1]._groups[0].change is None
    assert parts.data is array
    assert np.array_equal(parts.data, whole.data)
    states = [optimizer.state_dict() for optimizer in optimizers]
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[1])


@pytest.mark.parametrize("text", TRAJECTORIES)
def test_a_copy_of_an_optimiser_goes_on_as_it_does(text):
    rng = np.random.default_rng(0)
    optimizer = make(text, [Tensor(rng.normal(size=shape)) for shape in ((2, 3), (3,), ())])
    for step in range(6):
        if step == 3:
            others = [copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]
        for i, each in enumerate(optimizer.params):
            gradient = rng.normal(size=each.shape)
            for one in [optimizer, *others] if step >= 3 else [optimizer]:
                one.params[i].grad = gradient.copy()
        for one in [optimizer, *others] if step >= 3 else [optimizer]:
            one.step()
    assert entries(optimizer.params) == entries(others[0].params) == entries(others[1].params)


def test_a_change_of_ones_own_sees_each_parameter_by_itself():
    class Normalised(nn.Adam):
        def change(self, gradient, memory, step):
            shapes.append(np.shape(gradient))
            change = super().change(gradient, memory, step)
            return change / np.linalg.norm(change)

    shapes = []
    parameters = [Tensor([1.0, 2.0]), Tensor([3.0]), Value(4.0)]
    for each in parameters:
        each.grad = np.ones(each.shape)[()]
    optimizer = Normalised(parameters)
    optimizer.step()
    optimizer.step()
    assert shapes == [(2,), (1,), ()] * 2
    assert np.allclose(entries(parameters), [1 - 2**0.5, 2 - 2**0.5, 1.0, 2.0])


def test_what_ones_own_optimizer_remembers_is_kept():
    class Heavy(nn.Optimizer):
        remembers = ("velocity",)

        def change(self, gradient, memory, step):
            memory["velocity"] = 0.5 * memory["velocity"] + gradient
            return self.lr * memory["velocity"]

    parameters = [Tensor([1.0, 2.0]), Value(4.0)]
    optimizer = Heavy(parameters, lr=1.0)
    for each in parameters:
        each.grad = np.ones(each.shape)[()]
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    assert entries(parameters) == [-1.5, -0.5, 1.5]


def test_a_gradient_of_another_shape_is_refused():
    parameters = [Tensor([[1.0, 2.0]]), Tensor([3.0])]
    optimizer = nn.Adam(parameters)
    parameters[0].grad, parameters[1].grad = np.ones((2, 1)), np.ones(1)
    with pytest.raises(ValueError, match="shape"):
        optimizer.step()
    assert entries(parameters) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("kind", [nn.Adam, nn.AdamW])
def test_a_parameter_that_has_another_shape_by_now_is_refused(kind):
    parameters = [Tensor(np.ones((2, 3))), Tensor(np.ones(2)), Tensor(np.ones(10_000)), Tensor(np.ones(30_000))]
    optimizer = kind(parameters, lr=0.1, weight_decay=0.1)
    parameters[0].data = np.ones((3, 2))
    for parameter in parameters:
        parameter.grad = np.ones(parameter.shape)
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=r"parameter 0 had shape \(2, 3\) .* make a new optimiser"):
        optimizer.step()
    assert all((parameter.data == 1).all() for parameter in parameters)
    assert all((before[name] == each).all() for name, each in optimizer.state_dict().items())


def test_zero_grad_of_a_tensor_is_none_and_of_a_value_zero():
    x, t = Value(1.0), Tensor([1.0])
    (x * t).sum().backward()
    nn.SGD([x, t]).zero_grad()
    assert x.grad == 0.0
    assert t.grad is None


def test_a_gradient_that_is_a_graph_serves_too():
    t = Tensor([3.0])
    (t * t).sum().backward(create_graph=True)
    nn.SGD([t], lr=0.5).step()
    assert t.tolist() == [0.0]


# ---- clipping


def test_clip_grad_norm_is_pytorchs():
    p = Tensor(START.copy())
    p.grad = np.array([[3.0, -4.0], [12.0, 0.5]])
    assert nn.clip_grad_norm([p], 2.0) == pytest.approx(13.009611831257688, rel=1e-15)
    expected = [[0.4611974297639385, -0.614929906351918], [1.844789719055754, 0.07686623829398975]]
    assert np.abs(p.grad - expected).max() < 1e-12


def test_a_short_gradient_is_not_clipped():
    x, unused = Value(2.0), Tensor([1.0])
    (x * x / 8).backward()
    assert nn.clip_grad_norm([x, unused], 1.0) == 0.5
    assert (x.grad, unused.grad) == (0.5, None)


@pytest.mark.parametrize("text", TRAJECTORIES)
def test_a_huge_gradient_makes_no_warning(text):
    x, t = Value(1.0), Tensor([1.0, 2.0])
    optimizer = make(text, [x, t])
    x.grad, t.grad = 1e300, np.array([1e300, 1.0])
    optimizer.step()  # warnings are errors in these tests


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1.0, 1e160, 1e300])
def test_the_length_of_gradients_whose_squares_are_no_floats(scale):
    x, t, unused = Value(1.0), Tensor([1.0, 2.0]), Tensor([1.0])
    x.grad, t.grad = 2.0 * scale, np.array([-6.0, 9.0]) * scale
    assert gradient_norm([x, t, unused]) == pytest.approx(11.0 * scale, rel=1e-14)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_the_length_of_gradients_that_are_not_finite(wrong):
    x, t = Value(1.0), Tensor([1.0, 2.0])
    x.grad, t.grad = 1e200, np.array([wrong, 1.0])
    assert gradient_norm([x, t]) == pytest.approx(abs(wrong), nan_ok=True)
    assert gradient_norm([Value(1.0), Tensor([1.0])]) == 0.0


def test_clip_grad_value():
    x, t = Value(2.0), Tensor([1.0, -3.0, 0.1])
    (5 * x + (t * t).sum()).backward()
    nn.clip_grad_value([x, t], 0.5)
    assert x.grad == 0.5
    assert type(x.grad) is float
    assert t.grad.tolist() == [0.5, -0.5, 0.2]


@pytest.mark.parametrize("clip", [nn.clip_grad_norm, nn.clip_grad_value])
@pytest.mark.parametrize("bound", [-1.0, math.nan])
def test_a_negative_bound_is_refused(clip, bound):
    with pytest.raises(ValueError, match="0 or more"):
        clip([Value(1.0)], bound)


@pytest.mark.parametrize("clip", [nn.clip_grad_norm, nn.clip_grad_value])
def test_clipping_nothing_is_refused(clip):
    with pytest.raises(ValueError, match="no parameters"):
        clip([], 1.0)


# ---- schedules


@pytest.mark.parametrize("text", RATES)
def test_rates_are_pytorchs(text):
    optimizer = nn.SGD([Value(0.0)], lr=0.5)
    schedule = eval(f"nn.{text}", {"nn": nn, "optimizer": optimizer})
    rates = [optimizer.lr]
    for each in LOSSES:
        schedule.step(each)
        rates.append(optimizer.lr)
    assert np.abs(np.array(rates) - RATES[text]).max() < 1e-12


@pytest.mark.parametrize("text", RATES)
def test_a_schedule_goes_on_from_its_state(text):
    def fresh():
        optimizer = nn.SGD([Value(0.0)], lr=0.5)
        return optimizer, eval(f"nn.{text}", {"nn": nn, "optimizer": optimizer})

    first, schedule = fresh()
    for each in LOSSES[:6]:
        schedule.step(each)
    second, twin = fresh()
    twin.load_state_dict(schedule.state_dict())
    for each in LOSSES[6:]:
        schedule.step(each)
        twin.step(each)
    assert first.lr == second.lr
    with pytest.raises(ValueError, match="not one of this"):
        twin.load_state_dict({"something": 1})


def test_a_plateau_needs_the_loss():
    with pytest.raises(ValueError, match=r"schedule\.step\(loss\)"):
        nn.ReduceLROnPlateau(nn.SGD([Value(0.0)])).step()


def test_a_bare_schedule_has_no_rate():
    with pytest.raises(NotImplementedError):
        nn.Schedule(nn.SGD([Value(0.0)]))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("StepLR(o, step_size=0)", "step_size"), ("CosineAnnealingLR(o, T_max=0)", "T_max"),
        ("LinearLR(o, total_iters=0)", "total_iters"), ("OneCycleLR(o, max_lr=1, total_steps=0)", "total_steps"),
        ("OneCycleLR(o, max_lr=1, total_steps=9, pct_start=1.5)", "pct_start"),
        ("ReduceLROnPlateau(o, factor=2.0)", "factor"),
    ],
)  # fmt: skip
def test_a_schedule_of_nonsense_is_refused(text, hint):
    with pytest.raises(ValueError, match=hint):
        eval(f"nn.{text}", {"nn": nn, "o": nn.SGD([Value(0.0)])})


# ---- bad input


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("SGD(lr=0.1, momentum=-1)", "momentum"), ("SGD(lr=0.1, nesterov=True)", "nesterov"),
        ("SGD(lr=0.1, weight_decay=-1)", "weight decay"), ("Adam(betas=(1.0, 0.9))", "beta1"),
        ("Adam(betas=(0.9, -0.1))", "beta2"), ("Adam(eps=-1)", "eps"), ("Adagrad(lr_decay=-1)", "lr_decay"),
        ("RMSprop(alpha=1.0)", "alpha"), ("RMSprop(momentum=-1)", "momentum"), ("AdamW(weight_decay=-1)", "weight_decay"),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(text, hint):
    with pytest.raises(ValueError, match=hint):
        make(text, [Value(1.0)])


def test_the_state_of_another_optimizer_is_refused_before_anything_is_changed():
    one, other = nn.Adam([Tensor(np.zeros(3))]), nn.Adam([Tensor(np.zeros(3)), Value(0.0)])
    misshapen = nn.Adam([Tensor(np.zeros(4))])
    for p in (*one.params, *misshapen.params):
        p.grad = np.ones(p.shape)
    one.step()
    misshapen.step()
    before = one.state_dict()
    for wrong, hint in ((other.state_dict(), "1 parameters"), (misshapen.state_dict(), "shape"), ({}, "not one of")):
        with pytest.raises(ValueError, match=hint):
            one.load_state_dict(wrong)
    with pytest.raises(ValueError, match="not one of this SGD"):
        nn.SGD(one.params).load_state_dict(before)
    after = one.state_dict()
    assert all((after[name] == before[name]).all() for name in before)


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.parametrize("make", [lambda p: nn.SGD(p, lr=0.1, weight_decay=0.5, momentum=0.9), lambda p: nn.AdamW(p)])
def test_a_parameter_that_took_no_part_is_left_as_it_is(kind, make):
    used, unused = kind(1.0), kind(1.0)
    optimizer = make([used, unused])
    for _ in range(2):
        optimizer.zero_grad()
        (used * used).backward()
        optimizer.step()
    assert unused.data == 1.0
    assert used.data < 1.0


@pytest.mark.parametrize(
    "make",
    [
        lambda o: nn.ExponentialLR(o, -1.0), lambda o: nn.ExponentialLR(o, math.nan), lambda o: nn.StepLR(o, 1, -1.0),
        lambda o: nn.StepLR(o, 2.5), lambda o: nn.CosineAnnealingLR(o, 5, eta_min=-3.0),
        lambda o: nn.LinearLR(o, start_factor=-1.0), lambda o: nn.LinearLR(o, total_iters=2.5),
        lambda o: nn.OneCycleLR(o, -1.0, 10), lambda o: nn.OneCycleLR(o, 1.0, 10, div_factor=0),
        lambda o: nn.ReduceLROnPlateau(o, patience=-1), lambda o: nn.ReduceLROnPlateau(o, min_lr=-1.0),
    ],
)  # fmt: skip
def test_schedules_of_no_learning_rate_are_refused_and_change_nothing(make):
    optimizer = nn.SGD([Value(1.0)], lr=0.1)
    with pytest.raises(ValueError, match="must be|cannot be 0"):
        make(optimizer)
    assert optimizer.lr == 0.1


def test_a_schedule_that_runs_away_is_stopped():
    optimizer = nn.SGD([Value(1.0)], lr=1e300)
    schedule = nn.ExponentialLR(optimizer, 1e300)
    with pytest.raises(ValueError, match="gives the learning rate inf after 1 steps"):
        schedule.step()
    assert (schedule.count, optimizer.lr) == (0, 1e300)


def test_a_schedule_is_one_of_an_optimizer():
    with pytest.raises(TypeError, match="sets the learning rate of an optimizer"):
        nn.StepLR(Tensor([1.0]), 1)
    with pytest.raises(TypeError, match="sets the learning rate of an optimizer"):
        nn.ReduceLROnPlateau("SGD")


@pytest.mark.parametrize(
    "make",
    [lambda p: nn.SGD(p, lr="0.1"), lambda p: nn.Adam(p, betas=0.9), lambda p: nn.Adam(p, betas=(0.9, 0.99, 0.5)),
     lambda p: nn.clip_grad_norm(p, "1"), lambda p: nn.clip_grad_norm(p, None)],
)  # fmt: skip
def test_what_is_no_number_is_refused(make):
    with pytest.raises(TypeError, match="must be a"):
        make([Value(1.0)])


@pytest.mark.parametrize("text", TRAJECTORIES)
@pytest.mark.parametrize("wrong", [np.ones(5), np.array("text"), np.ones(3, complex), np.array(1.0)])
def test_a_wrong_gradient_changes_nothing(text, wrong):
    params = [Tensor(np.ones((2, 3))), Tensor(np.ones(3)), Value(1.0)]
    optimizer = make(text, params)
    for each in params:
        each.grad = np.ones(each.shape)[()]
    optimizer.step()
    before, weights = optimizer.state_dict(), entries(params)
    params[1].grad = wrong
    with pytest.raises(ValueError, match=r"gradient of parameter 1, of shape \(3,\)"):
        optimizer.step()
    after = optimizer.state_dict()
    assert entries(params) == weights
    assert all((before[name] == after[name]).all() for name in before)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("lr", -1.0), ("lr", np.inf), ("steps", [1.5, 1.0]), ("steps", [-1, 1]), ("squares.1", "text"), ("sums.0", 1j)],
)
def test_a_state_of_other_numbers_changes_nothing(name, wrong):
    params = [Tensor(np.ones(3)), Tensor(np.ones(2))]
    optimizer = nn.Adam(params)
    for each in params:
        each.grad = np.ones(each.shape)
    optimizer.step()
    before = optimizer.state_dict()
    for state in (before | {name: np.array(wrong)}, None, [1.0]):
        with pytest.raises(ValueError, match="not one of this Adam of 2 parameters"):
            optimizer.load_state_dict(state)
    assert all((before[each] == now).all() for each, now in optimizer.state_dict().items())


@pytest.mark.parametrize("kind", [nn.SGD, nn.Adam])
def test_a_parameter_that_no_step_could_change_is_refused(kind):
    frozen = Tensor(np.broadcast_to(1.0, (3,)))
    with pytest.raises(ValueError, match="the array of parameter 1 is read-only"):
        kind([Tensor([1.0, 2.0]), frozen])


def test_clipping_of_what_is_infinite_warns_of_nothing():
    x, y = Tensor([1.0, 2.0]), Value(1.0)
    x.grad, y.grad = np.array([np.inf, 1.0]), 1.0
    assert nn.clip_grad_norm([x, y], 1.0) == np.inf
    assert np.isnan(x.grad[0])
    assert (x.grad[1], y.grad) == (0.0, 0.0)


def test_clipping_leaves_alone_what_no_gradient_has_reached():
    for clip in (lambda params: nn.clip_grad_norm(params, 1.0), lambda params: nn.clip_grad_value(params, 0.5)):
        x, w = Value(1.0), Value(2.0)
        optimizer = nn.AdamW([x, w], lr=0.1, weight_decay=0.5)
        optimizer.zero_grad()
        (w * w).backward()
        clip(optimizer.params)
        optimizer.step()
        assert (x.data, optimizer.steps) == (1.0, [0, 1])
        single = Tensor(np.float32(3.0))
        (single * single).backward()
        clip([single])
        assert type(single.grad) is np.ndarray
        assert single.grad.dtype == np.float32


def test_a_pickled_optimiser_knows_what_no_gradient_has_reached():
    x, w = Value(1.0), Value(2.0)
    optimizer = pickle.loads(pickle.dumps(nn.AdamW([x, w], lr=0.1, weight_decay=0.5)))
    x, w = optimizer.params
    (w * w).backward()
    optimizer.step()
    assert (x.data, optimizer.steps) == (1.0, [0, 1])


def test_adamw_shrinks_what_is_decayed_alone():
    params = [Tensor(np.ones(2)), Tensor(np.ones(2))]
    optimizer = nn.AdamW(params, lr=0.1, weight_decay=0.5)
    optimizer.undecayed = {1}
    for each in params:
        each.grad = np.zeros(2)
    optimizer.step()
    assert entries(params) == [0.95, 0.95, 1.0, 1.0]
    assert "weight_decay=0.5" in repr(optimizer)


def test_the_length_of_tiny_gradients_in_single_precision():
    x = Tensor(np.zeros(2, np.float32))
    x.grad = np.array([3e-23, 4e-23], np.float32)
    assert gradient_norm([x]) == pytest.approx(5e-23, rel=1e-6)
    x.grad = np.array([3e30, 4e30], np.float32)
    assert gradient_norm([x]) == pytest.approx(5e30, rel=1e-6)
    with np.errstate(all="raise"):
        x.grad = np.array([np.inf, 1.0], np.float32)
        assert gradient_norm([x]) == np.inf


def test_a_change_of_ones_own_cannot_be_fused():
    class Own(nn.SGD):
        def change(self, gradient, memory, step):
            return gradient

    with pytest.raises(ValueError, match=r"Own has a change\(\) of its own"):
        Own([Value(1.0)], fused=True)


def test_without_numba_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(numba_modules, "has_numba", lambda: False)
    updates.by_entries.cache_clear()
    with pytest.raises(ImportError, match=r'pip install "wengert\[jit\]"'):
        nn.SGD([Value(1.0)], fused=True)


@pytest.mark.parametrize("kind", [nn.SGD, nn.RMSprop])
def test_momentum_is_set_from_the_beginning(kind):
    x = Value(1.0)
    optimizer = kind([x])
    optimizer.momentum = 0.9
    x.grad = 1.0
    with pytest.raises(ValueError, match="keeps no velocity; make a"):
        optimizer.step()
    assert x.data == 1.0


def test_a_rule_of_ones_own():
    class Halves(nn.Optimizer):
        rule = "sums *= share\nsums += gradient\nchange = sums / (sqrt(sums * sums) + 1) * lr"
        names, remembers = ("share", "lr"), ("sums",)

        def numbers(self, step):
            return 0.5, self.lr

    x, y = Value(1.0), Tensor([1.0, 2.0])
    optimizer = Halves([x, y], lr=2.0)
    for gradient in (1.0, 2.0):
        x.grad, y.grad = gradient, np.array([gradient, -gradient])
        optimizer.step()
    change = 2 * (1 / 2 + 2.5 / 3.5)
    assert x.data == pytest.approx(1 - change)
    assert y.data.tolist() == pytest.approx([1 - change, 2 + change])


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.parametrize("rule", ["sums += gradient\nchange = sums", "change = gradient"])
def test_a_change_need_not_be_computed(kind, rule):
    class Whole(nn.Optimizer):
        remembers = ("sums",)

    Whole.rule = rule
    parameters = [kind(1.0), kind(2.0)]
    optimizer = Whole(parameters, lr=0.0)
    for expected in ([0.75, 1.75], [0.25, 1.25] if "sums" in rule else [0.5, 1.5]):
        for each in parameters:
            each.grad = each.data * 0 + 0.25
        optimizer.step()
        assert entries(parameters) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "change = gradient * lr\nchange *= 2", "a = gradient * lr\nchange = a", "gradient *= 2\nchange = gradient * lr",
        "change = gradient**2", "change = -gradient", "change = rate * gradient", "sums = gradient\nchange = sums",
        "change = (gradient * lr) / (gradient * lr)", "change = exp(gradient)", "sums += gradient", "change = sums, lr",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(ValueError, match="rule|needs memory"):
        updates.by_arrays(rule, ("sums",), ("lr",))


def test_nesterov_is_set_from_the_beginning():
    x = Value(1.0)
    for options in ({}, {"momentum": 0.9}):
        optimizer = nn.SGD([x], **options)
        optimizer.nesterov = True
        x.grad = 1.0
        with pytest.raises(ValueError, match="make a new one"):
            optimizer.step()
    assert x.data == 1.0


def test_a_gradient_in_single_precision_is_taken_as_it_is():
    p = Tensor(np.ones(2))
    p.grad = np.float32([0.1, 0.2])
    nn.SGD([p], lr=0.1).step()
    assert p.data.tolist() == [1 - float(np.float32(0.1)) * 0.1, 1 - float(np.float32(0.2)) * 0.1]


def test_a_change_of_ones_own_may_remember_more_than_the_one_it_calls():
    class Counting(nn.Adam):
        def change(self, gradient, memory, step):
            memory["calls"] = memory.get("calls", 0) + 1
            return super().change(gradient, memory, step)

    own, usual = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    optimizers = [Counting([own]), nn.Adam([usual])]
    for gradient in ([1.0, -2.0], [3.0, 0.5]):
        own.grad = usual.grad = np.array(gradient)
        for optimizer in optimizers:
            optimizer.step()
    assert own.data.tolist() == usual.data.tolist()
    assert optimizers[0]._groups[0].memory["calls"] == 2


def test_the_state_of_another_kind_is_refused():
    def one(kind, **options):
        return kind([Tensor([1.0, 2.0])], lr=0.1, **options)

    nesterov = {"momentum": 0.9, "nesterov": True}
    for given, taker, hint in (
        (one(nn.Adagrad), one(nn.RMSprop), "is one of Adagrad, and not one of this RMSprop"),
        (one(nn.Adam), one(nn.AdamW), "is one of Adam, and not one of this AdamW"),
        (one(nn.AdamW), one(nn.Adam), "is one of AdamW, and not one of this Adam"),
        (one(nn.SGD, momentum=0.9), one(nn.SGD, **nesterov), "SGD with momentum, .* this SGD with nesterov momentum"),
        (one(nn.SGD), one(nn.SGD, momentum=0.9), "one of SGD, .* this SGD with momentum"),
    ):
        with pytest.raises(ValueError, match=hint):
            taker.load_state_dict(given.state_dict())
        old = {name: each for name, each in taker.state_dict().items() if name != "kind"}
        taker.load_state_dict(old | {"lr": np.array(0.5)})
        assert taker.lr == 0.5


def test_a_warm_up_and_what_follows_are_made_at_once():
    optimizer = nn.SGD([Value(0.0)], lr=1.0)
    before = repr(optimizer)
    warm_up, rest = nn.LinearLR(optimizer, 0.2, total_iters=5), nn.ExponentialLR(optimizer, gamma=0.9)
    rates = [optimizer.lr]
    for schedule in [warm_up] * 5 + [rest] * 2:
        schedule.step()
        rates.append(optimizer.lr)
    assert rates == pytest.approx([0.2, 0.36, 0.52, 0.68, 0.84, 1.0, 0.9, 0.81], rel=1e-14)
    assert nn.ExponentialLR(optimizer, gamma=0.5).base == optimizer.lr == 0.81
    assert repr(optimizer) == before.replace("lr=1.0", "lr=0.81")
    other = nn.SGD([Value(0.0)], lr=1.0)
    nn.LinearLR(other, 0.2)
    other.lr = 0.5
    assert nn.ExponentialLR(other, gamma=0.9).base == other.lr == 0.5


@pytest.mark.parametrize("kind", [float, np.float32, np.array, Value, Tensor])
def test_a_plateau_keeps_a_rate_that_was_set_by_hand(kind):
    optimizer = nn.SGD([Value(0.0)], lr=1.0)
    schedule = nn.ReduceLROnPlateau(optimizer, patience=1)
    optimizer.lr = 0.1
    schedule.step(kind(0.5))
    assert optimizer.lr == 0.1
    assert schedule.state_dict()["best"] == 0.5
    assert type(schedule.best) is float
    optimizer.lr = 0.2
    twin = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=1.0), patience=1)
    twin.load_state_dict(schedule.state_dict())
    for each in (schedule, twin):
        each.step(0.5)
        each.step(0.5)
        assert each.optimizer.lr == pytest.approx(0.02)
