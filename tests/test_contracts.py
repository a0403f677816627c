"""What every public name of `nexus` keeps, tried on the example that its test file gives of it.

A test file ends with `examples()`, one entry a public function or class of its module:
`(partial(GroupedQueryAttention, 24, heads=6, kv_heads=2), (x,))`. CONTRIBUTING.md says more.
One module alone: `pytest tests/test_contracts.py -k nexus.attention.grouped_query_attention:`.
"""

import importlib
import inspect
import pickle

import numpy as np
import pytest
import torch
from contracts import sources
from contracts.symbols import found, is_shared, modules, public, run
from contracts.values import (
    batched,
    elsewhere,
    floats,
    is_finite,
    leaves,
    mapped,
    same,
    snapshot,
    whole,
)
from torch import Generator, Tensor, nn
from torch.autograd import grad
from torch.testing import assert_close


def of(takes):
    """The kind of example that a contract is about."""
    return lambda test: setattr(test, "takes", takes) or test


def pytest_generate_tests(metafunc):
    """One item a module or an example; with -k and part of a module's name only those are read."""
    names = modules(metafunc.config.getoption("keyword") or "")
    if "module" in metafunc.fixturenames:
        metafunc.parametrize("module", names, ids=[f"{name}:" for name in names])
    if "example" in metafunc.fixturenames:
        takes = metafunc.function.takes
        chosen = [e for name in names for e in found(name)[0] if takes(e)]
        metafunc.parametrize("example", chosen, ids=str)


def test_every_public_name_has_an_example(module):
    if wrong := found(module)[1]:
        pytest.fail(wrong, pytrace=False)


def test_every_public_name_has_a_docstring(module):
    try:
        names = public(importlib.import_module(module))
    except Exception:
        return  # the contract above says so
    missing = [name for name, value in names.items() if not value.__doc__]
    assert not missing, f"{module}: write what {', '.join(missing)} does, in its docstring"


def test_it_imports_only_what_its_page_builds_on(module):
    if wrong := list(sources.imports(module)):
        pytest.fail("\n".join(wrong), pytrace=False)


def test_its_docstring_names_the_paper_of_its_page(module):
    if not is_shared(module) and (wrong := list(sources.docstring(module))):
        pytest.fail("\n".join(wrong), pytrace=False)


@of(lambda e: e.is_module)
def test_it_builds_on_the_device_that_is_current(example):
    make, _ = example.fresh()
    args, keywords = elsewhere(make.args, "meta"), elsewhere(make.keywords, "meta")
    with torch.device("meta"):
        built = make.func(*args, **keywords)
    kept = dict([*built.named_parameters(), *built.named_buffers()])
    wrong = [name for name, x in kept.items() if not x.is_meta]
    assert not wrong, f"under torch.device('meta') these lie elsewhere: {', '.join(wrong)}"


@of(lambda e: e.called)
def test_values_and_gradients_are_finite(example):
    make, inputs = example.fresh()
    given = [x for x in floats(inputs) if x.is_leaf]
    marked = [x for x in given if x.requires_grad]
    for x in () if marked else given:
        x.requires_grad_()
    built, _, output, _ = run(example, (make, inputs))
    wrong = [x for x in leaves(output) if not is_finite(x)]
    assert not wrong, f"the output is not finite: {wrong[0]}"
    smooth = [y for y in floats(output) if y.requires_grad]
    weights = dict(built.named_parameters()) if isinstance(built, nn.Module) else {}
    weights = {name: w for name, w in weights.items() if w.requires_grad}
    must = [*weights, *(f"input {i}" for i, x in enumerate(given) if any(x is m for m in marked))]
    if not smooth:
        assert not must or not floats(output), f"the output has no gradient to {', '.join(must)}"
        return
    wanted = weights | {f"input {i}": x for i, x in enumerate(given) if x.requires_grad}
    total = torch.stack([(y * torch.randn_like(y)).sum().double() for y in smooth]).sum()
    slopes = grad(total, list(wanted.values()), allow_unused=True) if wanted else ()
    for name, slope in zip(wanted, slopes, strict=True):
        assert slope is not None or name not in must, f"the output has no gradient to {name}"
        assert slope is None or is_finite(slope), f"the gradient to {name} is not finite: {slope}"


@of(lambda e: True)
def test_same_seed_same_bits(example):
    one, two = (run(example, example.fresh()) for _ in "12")
    assert same(one.output, two.output), "two runs from one seed differ: something draws unseeded"
    assert same(one.built, two.built), "two objects built from one seed differ"


@of(lambda e: e.samples)
def test_the_generator_alone_decides(example):
    one, two, other = (
        run(example, example.fresh(), Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert same(one.output, two.output), "two generators of one seed give two results"
    assert not one.drew, "with a generator it still draws from the global random numbers"
    assert not same(one.output, other.output), "generators of two seeds give one result"


@of(lambda e: True)
def test_global_random_numbers_of_numpy_are_left_alone(example):
    fresh = example.fresh()
    np.random.seed(12345)
    before = pickle.dumps(np.random.get_state())
    run(example, fresh)
    assert before == pickle.dumps(np.random.get_state()), "it draws from np.random, or seeds it"


@of(lambda e: e.called and not e.name.endswith("_"))
def test_inputs_stay_as_they_were(example):
    fresh = example.fresh()
    before = snapshot(fresh[1])
    run(example, fresh)
    assert same(before, snapshot(fresh[1])), (
        "it changes its input in place; only a name that ends in _ may"
    )


@of(lambda e: e.called)
def test_members_of_a_batch_do_not_influence_each_other(example):
    make, inputs = example.fresh()
    hints, result = example.hints(make, inputs)
    sizes = {len(x) for v, h in zip(inputs, hints, strict=True) for x in batched(v, h)}
    ours = batched(run(example, (make, inputs)).output, result)
    if not sizes or not ours:
        return  # no axis b on both sides
    assert max(sizes) > 1, "give this example a batch of two or more"

    def replaced(x: Tensor) -> Tensor:
        return x.detach().index_copy(
            0, torch.tensor([1]), x.detach()[-1 if len(x) > 2 else 0][None]
        )

    make, inputs = example.fresh()
    inputs = tuple(mapped(v, h, replaced) for v, h in zip(inputs, hints, strict=True))
    theirs = batched(run(example, (make, inputs)).output, result)
    for a, b in zip(ours, theirs, strict=True):
        close = torch.allclose(a[0].double(), b[0].double(), rtol=1e-12, atol=1e-12)
        assert close, "another member 1 of the batch changes member 0 of the output"


@of(lambda e: e.decodes)
def test_repeated_steps_equal_the_full_pass(example):
    built, (x, *_), _, _ = run(example, example.fresh())
    built.eval()
    state, outputs = built.start(len(x)), []
    for token in x.unbind(1):
        out, state = built.step(token, state)
        outputs.append(out)
        assert hasattr(state, "_fields"), f"a state is a NamedTuple of tensors, not a {type(state)}"
        assert all(isinstance(leaf, Tensor) for leaf in leaves(state)), "a state holds tensors only"
    assert_close(torch.stack(outputs, 1), built(x), msg=lambda m: f"step is not forward: {m}")


@of(lambda e: e.decodes)
def test_what_decodes_is_causal(example):
    built, (x, *_), _, _ = run(example, example.fresh())
    built.eval()
    half = x.shape[1] // 2
    assert half, "give this example two tokens or more"
    later = torch.cat([x[:, :half], x[:, half:].flip(0)], 1)
    assert not torch.equal(x, later), "give this example two members of a batch that differ"
    seen = "output t depends on inputs after t"
    assert_close(built(x)[:, :half], built(later)[:, :half], msg=lambda m: f"{seen}: {m}")
    if x.is_floating_point():
        x = x.detach().requires_grad_()
        (slope,) = grad(built(x)[:, half - 1].sum(), x)
        assert (slope[:, half:] == 0).all(), seen


@of(lambda e: e.called and (e.is_module or not inspect.isclass(e.func)))
def test_it_works_where_its_input_lies(example):
    make, inputs = example.fresh()
    if not snapshot(inputs):
        return  # nothing to take a device from
    place, wrong, output = make() if example.is_module else make, "", None
    try:
        with torch.device("meta"):  # what is made without a device lies there now
            output = whole(place(*inputs))
    except (RuntimeError, NotImplementedError) as error:
        wrong = str(error)
    wrong = wrong or any(isinstance(y, Tensor) and y.is_meta for y in leaves(output))
    assert not wrong, f"it makes a tensor on the current device, not its input's: {wrong}"


@of(lambda e: e.called)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_output_has_the_precision_of_the_input(example, dtype):
    torch.set_default_dtype(dtype)
    built, inputs, output, _ = run(example, example.fresh())
    given = {x.dtype for x in floats([inputs, built])}
    got = {y.dtype for y in floats(output)}
    wrong = got - given if given else set()
    assert not wrong, f"from {given} it makes {wrong}: take dtype and device from an input"
