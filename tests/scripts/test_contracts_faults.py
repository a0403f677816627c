"""The battery of tests/test_contracts.py finds each planted fault, by name, and nothing else."""

import re
import shutil
from pathlib import Path

TESTS = Path(__file__).parents[1]

CONFTEST = """
import pytest, torch

@pytest.fixture(autouse=True)
def _double():
    torch.set_default_dtype(torch.float64)
"""

HEAD = '''
"""Faults.

Source: Author et al. 2017, A paper, https://arxiv.org/abs/1706.03762, section 1.
Differs: nothing.

Letters: b batch, n tokens, d width.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn


'''

MODULE = (
    HEAD
    + '''
class State(NamedTuple):
    """Tokens seen so far."""

    total: Float[Tensor, "b d"]


def sound(x: Float[Tensor, "b n"], *, generator: Generator | None = None) -> Float[Tensor, "b n"]:
    """x plus noise."""
    return x + torch.randn(x.shape, generator=generator, device=x.device)


def leaks(x: Float[Tensor, "b n"]) -> Float[Tensor, "b n"]:
    """x about the mean of the batch."""
    return x - x.mean(0)


def leaks_inside(x: State) -> tuple[State, float]:
    """The same, in a tuple of its own."""
    return State(x.total - x.total.mean(0)), 1.0


def has_a_gradient_of_nan(x: Tensor) -> Tensor:
    """√x², whose derivative at 0 is 0 / 0."""
    return x.square().sqrt()


def has_no_gradient(x: Tensor) -> Tensor:
    """2 x, detached."""
    return 2 * x.detach()


def divides_by_nothing(x: Tensor) -> Tensor:
    """x / 0."""
    return x / 0


def draws_unseeded(x: Tensor) -> Tensor:
    """x plus noise."""
    generator = Generator()
    generator.seed()
    return x + torch.randn(x.shape, generator=generator, device=x.device)


def ignores_its_generator(x: Tensor, *, generator: Generator | None = None) -> Tensor:
    """x plus noise."""
    return x + torch.randn(x.shape, device=x.device)


def draws_from_numpy(x: Tensor) -> Tensor:
    """x plus a half, after a draw."""
    np.random.seed(3)
    return x + np.random.rand()


def writes_into_its_input(x: Tensor) -> Tensor:
    """x + 1."""
    with torch.no_grad():
        x += 1
    return x.clone()


def add_(x: Tensor) -> Tensor:
    """x + 1, in place, as its name says."""
    with torch.no_grad():
        x += 1
    return x.clone()


def doubles_precision(x: Tensor) -> Tensor:
    """x in float64."""
    return x.double()


def forgets_the_device(x: Tensor) -> Tensor:
    """x plus the place of each number."""
    return x + torch.arange(x.shape[-1])


def forgotten(x: Tensor, *, size: int) -> Tensor:
    """No example calls it."""
    return x * size


def undocumented(x: Tensor) -> Tensor:
    return x


class StaysOnTheProcessor(nn.Module):
    """It names a device."""

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.ones(3, device="cpu"))


class Sum(nn.Module):
    """A running sum of a projection."""

    def __init__(self, dim: int):
        super().__init__()
        self.project = nn.Linear(dim, dim)

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return self.project(x).cumsum(1)

    def start(self, batch: int) -> State:
        """Nothing yet."""
        return State(self.project.weight.new_zeros(batch, len(self.project.weight)))

    def step(self, x: Float[Tensor, "b d"], state: State) -> tuple[Float[Tensor, "b d"], State]:
        """One more."""
        total = state.total + self.project(x)
        return total, State(total)


class StepsOtherwise(Sum):
    """A step forgets the projection."""

    def step(self, x: Float[Tensor, "b d"], state: State) -> tuple[Float[Tensor, "b d"], State]:
        """One more."""
        return state.total + x, State(state.total + x)


class KeepsAList(Sum):
    """Its state is no NamedTuple."""

    def start(self, batch: int) -> list:
        """Nothing yet."""
        return [super().start(batch)]

    def step(self, x: Float[Tensor, "b d"], state: list) -> tuple[Float[Tensor, "b d"], list]:
        """One more."""
        out, after = super().step(x, state[0])
        return out, [after]


class ReadsAhead(Sum):
    """It sums from the other end."""

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        return self.project(x).sum(1, keepdim=True) + 0 * x


class HasAnIdleWeight(Sum):
    """A weight that nothing reads."""

    def __init__(self, dim: int):
        super().__init__(dim)
        self.idle = nn.Linear(dim, dim)
'''
)

NAMES = re.findall(r"^(?:def|class) (\w+)", MODULE, re.M)
EXAMPLES = f"""
from functools import partial

import torch

from nexus.attention.toy import {", ".join(NAMES)}

def examples():
    x = torch.randn(3, 5)
    plain = [
        sound, leaks, divides_by_nothing, draws_unseeded, ignores_its_generator, draws_from_numpy,
        writes_into_its_input, add_, doubles_precision, undocumented,
        forgets_the_device
    ]
    mixers = [Sum, StepsOtherwise, KeepsAList, ReadsAhead, HasAnIdleWeight]
    return [
        *((partial(f), (x,)) for f in plain),
        (partial(leaks_inside), (State(x),)),
        (partial(has_a_gradient_of_nan), (torch.zeros(3),)),
        (partial(has_no_gradient), (x.requires_grad_(),)),
        (partial(StaysOnTheProcessor), None),
        *((partial(kind, 4), (torch.randn(3, 6, 4),)) for kind in mixers),
    ]
"""

CAUGHT = {
    ("every_public_name_has_an_example", "toy:"): "lacks (partial(forgotten, size=…), (x,))",
    ("every_public_name_has_a_docstring", "toy:"): "write what undocumented",
    ("members_of_a_batch_do_not", "toy:leaks"): "another member 1",
    ("members_of_a_batch_do_not", "toy:leaks_inside"): "another member 1",
    ("values_and_gradients", "toy:has_a_gradient_of_nan"): "gradient to input 0 is not finite",
    ("values_and_gradients", "toy:has_no_gradient"): "no gradient to input 0",
    ("values_and_gradients", "toy:HasAnIdleWeight"): "no gradient to idle.weight",
    ("values_and_gradients", "toy:divides_by_nothing"): "not finite",
    ("same_seed", "toy:draws_unseeded"): "something draws unseeded",
    ("the_generator_alone", "toy:ignores_its_generator"): "still draws from the global",
    ("global_random_numbers", "toy:draws_from_numpy"): "np.random",
    ("inputs_stay", "toy:writes_into_its_input"): "in place",
    ("precision", "toy:doubles_precision-torch.float32"): "torch.float64",
    ("it_works_where_its_input_lies", "toy:forgets_the_device"): "on the current device",
    ("it_builds", "toy:StaysOnTheProcessor"): "lie elsewhere: scale",
    ("repeated_steps", "toy:StepsOtherwise"): "step is not forward",
    ("repeated_steps", "toy:KeepsAList"): "a state is a NamedTuple",
    ("repeated_steps", "toy:ReadsAhead"): "step is not forward",
    ("causal", "toy:ReadsAhead"): "depends on inputs after t",
    (
        "imports_only",
        "other:",
    ): "add toy to the prerequisites of docs/02_attention_mechanisms/other",
    ("imports_only", "nn.mixed:"): "a shared part imports nexus.attention.toy",
    ("names_the_paper", "other:"): "Source: lacks 1706.03762",
    ("names_the_paper", "lost:"): "has no row, so no page",
}


def test_each_fault_is_caught_by_its_contract_and_nothing_else_is(checkout):
    (checkout.root / "nexus/small.py").unlink()
    checkout.write("tests/conftest.py", CONFTEST)
    shutil.copy(TESTS / "test_contracts.py", checkout.root / "tests")
    shutil.copytree(TESTS / "contracts", checkout.root / "tests/contracts")
    checkout.page("toy")
    checkout.page("other")
    checkout.write("nexus/attention/toy.py", MODULE)
    checkout.write("tests/attention/test_toy.py", EXAMPLES)
    other = (
        HEAD.replace("1706.03762", "1706.03763") + "from nexus.attention.toy import sound  # noqa\n"
    )
    checkout.write("nexus/attention/other.py", other)
    checkout.write("nexus/attention/lost.py", HEAD)
    checkout.write("nexus/nn/__init__.py", "")
    checkout.write("nexus/nn/mixed.py", "from nexus.attention.toy import sound  # noqa\n")
    options = ["-p", "no:cacheprovider", "-p", "no:codeblocks", "-q"]
    options += ["--jaxtyping-packages=nexus,beartype.beartype"]
    done = checkout.run("pytest", "tests/test_contracts.py", *options, COLUMNS="400")
    failed = r"^FAILED \S+::test_(\w+)\[nexus\.(?:attention\.)?(\S+)\] - (.*)$"
    told = re.findall(failed, done.stdout, re.M)
    wrong = [
        (test, name, words)
        for test, name, words in told
        if not any(t in test and n == name and w in words for (t, n), w in CAUGHT.items())
    ]
    assert not wrong, done.stdout[-5000:]
    missed = [c for c in CAUGHT if not any(c[0] in test and c[1] == name for test, name, _ in told)]
    assert not missed, done.stdout[-5000:]
