"""The residual stack with mixers simple enough to know the answer."""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from nexus.attention.multi_head_attention import MultiHeadAttention
from nexus.nn.backbone import Block, LanguageModel, small_model, state_bytes


class Total(NamedTuple):
    total: Tensor


class Sum(nn.Module):
    """A mixer that is not attention: the running sum, with a state of one vector."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        return x.cumsum(1)

    def start(self, batch):
        return Total(torch.zeros(batch, self.dim))

    def step(self, x, state):
        total = state.total + x
        return total, Total(total)


class Add(nn.Module):
    def __init__(self, amount):
        super().__init__()
        self.amount = amount

    def forward(self, x):
        return x + self.amount


class Scale(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


class IdPlusPlace(nn.Module):
    def forward(self, ids, index):
        return (ids + index)[..., None].double()


def test_a_block_by_hand():
    # the norms add 1 and 2, the mixer sums over tokens, the ffn adds 10:
    # y = x + sum(x + 1) is 3, 7 and the block gives y + (y + 2 + 10)
    norms = iter([Add(1), Add(2)])
    block = Block(Sum(1), Add(10), lambda: next(norms))
    x = torch.tensor([[[1.0], [2.0]]])
    assert block(x).tolist() == [[[18.0], [26.0]]]
    out, state = block.step(x[:, 0], block.start(1))
    assert out.tolist() == [[18.0]] and state.total.tolist() == [[2.0]]
    assert block.step(x[:, 1], state)[0].tolist() == [[26.0]]


def test_the_two_norms_of_a_block_are_two():
    block = Block(Sum(6), nn.Linear(6, 6), lambda: nn.RMSNorm(6))
    assert block.norm_mixer is not block.norm_ffn


def test_decoding_a_hybrid_equals_the_full_pass():
    mixers = [MultiHeadAttention(24, heads=6), Sum(24), MultiHeadAttention(24, heads=3)]
    model = small_model(mixers, vocab=11, dim=24, places=7)
    ids, state, logits = torch.randint(11, (3, 7)), model.start(3), []
    for token in ids.unbind(1):
        out, state = model.step(token, state)
        logits.append(out)
    assert_close(torch.stack(logits, 1), model(ids))
    assert state.place.tolist() == [7]
    assert [type(s).__name__ for s in state.blocks] == ["Cache", "Total", "Cache"]


def test_a_language_model_by_hand():
    # embedded 5 + 0, 8 + 1; the block adds the running sum 5, 14; then norm + 1 and unembed times 3
    block = Block(Sum(1), Scale(0), nn.Identity)
    model = LanguageModel(IdPlusPlace(), [block], Add(1), Scale(3))
    assert model(torch.tensor([[5, 8]])).tolist() == [[[33.0], [72.0]]]


def test_the_small_model_has_the_parts_it_names():
    model = small_model([Sum(6), Sum(6)], vocab=11, dim=6, places=7)
    shapes = {name: tuple(w.shape) for name, w in model.named_parameters()}
    assert shapes["embed.token.weight"] == (11, 6) and shapes["embed.place.weight"] == (7, 6)
    assert shapes["blocks.1.ffn.0.weight"] == (12, 6) and shapes["blocks.1.ffn.2.weight"] == (6, 12)
    assert shapes["norm.weight"] == (6,) and shapes["unembed.weight"] == (11, 6)
    assert isinstance(model.get_submodule("blocks.0.ffn.1"), nn.GELU) and isinstance(
        model.norm, nn.RMSNorm
    )


def test_state_bytes_counts_every_tensor():
    state = (Total(torch.zeros(2, 3)), [torch.zeros(5, dtype=torch.int8)], ())
    assert state_bytes(state) == 2 * 3 * 8 + 5


def examples():
    attend = MultiHeadAttention(24, heads=6)
    block = Block(attend, nn.Linear(24, 24), nn.Identity)
    model = small_model([attend, Sum(24)], vocab=11, dim=24, places=7)
    ids, x = torch.randint(11, (3, 7)), torch.randn(3, 7, 24)
    parts = (model.embed, [block, block], nn.RMSNorm(24), nn.Linear(24, 11))
    return [
        (partial(state_bytes), (model.start(3),)),
        (partial(Block, attend, nn.Linear(24, 24), nn.Identity), (x,)),
        (partial(LanguageModel, *parts), (ids,)),
        (partial(small_model, vocab=11, dim=24, places=7), ([attend],)),
    ]
