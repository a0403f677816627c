"""Rotary embedding against two layouts of transformers, and the laws it must obey."""

from functools import partial

import pytest
import torch
from torch.autograd import grad
from torch.testing import assert_close

from nexus.attention.grouped_query_attention import GroupedQueryAttention
from nexus.position.rope import Rotary, frequencies, half_split, interleaved, to_half_split, turn

LAYOUTS = pytest.mark.parametrize("layout", [half_split, interleaved])


def test_half_split_matches_llama(matches):
    llama = pytest.importorskip("transformers.models.llama.modeling_llama")
    x, f = torch.randn(2, 3, 5, 8, requires_grad=True), frequencies(8).requires_grad_()
    angle = (torch.arange(5)[:, None] * f).repeat(1, 2)[None]
    theirs, _ = llama.apply_rotary_pos_emb(x, x, angle.cos(), angle.sin())
    ours = Rotary(f)(x, torch.arange(5))
    matches(llama.apply_rotary_pos_emb, ours, theirs, wrt=(x, f))


def test_interleaved_matches_gpt_j(matches):
    gptj = pytest.importorskip("transformers.models.gptj.modeling_gptj")
    x, angle = torch.randn(2, 3, 5, 8, requires_grad=True), torch.arange(5)[:, None]
    angle = (angle * frequencies(8))[None]
    theirs = gptj.apply_rotary_pos_emb(x.transpose(1, 2), angle.sin(), angle.cos())
    ours = Rotary(frequencies(8), layout=interleaved)(x, torch.arange(5))
    matches(gptj.apply_rotary_pos_emb, ours, theirs.transpose(1, 2), wrt=(x,))


def test_angles_match_llama(matches):
    llama = pytest.importorskip("transformers.models.llama.modeling_llama")
    config = llama.LlamaConfig(hidden_size=24, num_attention_heads=3)
    config.rope_parameters = {"rope_type": "default", "rope_theta": 500000.0}
    cos, sin = llama.LlamaRotaryEmbedding(config)(torch.zeros(1).float(), torch.arange(5)[None])
    x = torch.tensor([1.0] * 4 + [0] * 4).float().expand(1, 1, 5, 8)  # turned: cos, then sin
    ours = Rotary(frequencies(8, base=500000.0))(x, torch.arange(5))
    theirs = torch.cat([cos[..., :4], sin[..., :4]], -1)[None]
    matches(llama.LlamaRotaryEmbedding, ours, theirs, wrt=None)


def rotation(x, frequency):
    """RoFormer's rotation in full: a block-diagonal matrix of 2 by 2 rotations for each place."""
    rows = []
    for angles in torch.arange(x.shape[2])[:, None] * frequency:
        blocks = [torch.stack([t.cos(), -t.sin(), t.sin(), t.cos()]).view(2, 2) for t in angles]
        rows.append(x[:, :, len(rows)] @ torch.block_diag(*blocks).T)
    return torch.stack(rows, 2)


def test_interleaved_is_the_papers_matrix(transcribed):
    x, f = torch.randn(2, 3, 5, 8, requires_grad=True), frequencies(8).requires_grad_()
    ours = Rotary(f, layout=interleaved)(x, torch.arange(5))
    transcribed(rotation, ours, rotation(x, f), wrt=(x, f))


@pytest.mark.law("relative shift: scores stay the same when all places move by the same amount")
@LAYOUTS
def test_relative_shift(layout):
    rotary = Rotary(frequencies(8), layout=layout)
    q, k = torch.randn(2, 2, 3, 5, 8)
    here, index = torch.arange(5), torch.tensor([0, 7, 1, 30, 4])
    scores = [rotary(q, index + s) @ rotary(k, here + s).mT for s in (0, 1000)]
    assert_close(*scores)
    assert (rotary(q, index + 1) @ rotary(k, here).mT - scores[0]).abs().max() > 0.1


@pytest.mark.law("a rotation: lengths stay, place 0 stays, turning by t and then by -t is nothing")
@LAYOUTS
def test_rotation(layout):
    rotary, x = Rotary(frequencies(8), layout=layout), torch.randn(2, 3, 5, 8)
    turned = rotary(x, torch.arange(5))
    assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    assert_close(turned[:, :, 0], x[:, :, 0], rtol=0, atol=0)
    assert_close(rotary(turned, -torch.arange(5)), x)


@pytest.mark.law("reordered rows turn one layout into the other; without, the scores differ")
def test_layouts_differ_by_a_permutation():
    x, weights, index = torch.randn(2, 1, 5, 24), torch.randn(2, 24, 24), torch.arange(5)

    def scores(weights, layout):
        q, k = ((x @ w.T).unflatten(-1, (3, 8)).transpose(1, 3)[..., 0, :] for w in weights)
        q, k = (Rotary(frequencies(8), layout=layout)(y, index) for y in (q, k))
        return q @ k.mT

    want = scores(weights, interleaved)
    assert_close(scores([to_half_split(w, heads=3) for w in weights], half_split), want)
    assert (scores(weights, half_split) - want).abs().max() > 1


@pytest.mark.law("decoding token by token from the cache equals the full pass")
@LAYOUTS
def test_steps_equal_the_full_pass(layout):
    rotary = Rotary(frequencies(4), layout=layout)
    attend = GroupedQueryAttention(24, heads=6, kv_heads=2, position=rotary)
    x, state, outputs = torch.randn(3, 5, 24, requires_grad=True), attend.start(3), []
    for token in x.unbind(1):
        *output, state = attend.step(token, state)
        outputs += output
    assert_close(*(both := (torch.stack(outputs, 1), attend(x))))
    assert_close(*(grad(y.square().sum(), x) for y in both))
    assert len(attend.state_dict()) == 4  # nothing of RoPE is in the state


@pytest.mark.worked("by hand: base 100, width 4 turns by 1 and 1/10 radian a token")
def test_by_hand():
    assert_close(frequencies(4, base=100.0), torch.tensor([1.0, 0.1]))
    assert_close(frequencies(6)[1].item(), 10000 ** (-1 / 3))
    quarter = Rotary(torch.tensor([torch.pi / 2, 0.0]), layout=interleaved)
    x = torch.tensor([1.0, 2, 3, 4]).view(1, 1, 1, 4)
    assert_close(quarter(x, torch.tensor([1])).flatten(), torch.tensor([-2.0, 1, 3, 4]))
    quarter.layout = half_split
    assert_close(quarter(x, torch.tensor([1])).flatten(), torch.tensor([-3.0, 2, 1, 4]))
    order = to_half_split(torch.arange(8.0).view(8, 1).requires_grad_(), heads=2)
    assert order.requires_grad and order.flatten().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


@pytest.mark.law("a low-precision x is turned by exact angles and rounded once, far away too")
def test_angles_stay_precise():
    x, index, seen = torch.randn(1, 2, 3, 8).bfloat16(), torch.tensor([1, 257, 100_001]), []
    rotary = Rotary(frequencies(8))
    assert_close(rotary(x, index), rotary(x.double(), index).bfloat16(), rtol=0, atol=0)
    with torch.device("meta"):  # a model made there keeps its angles; they go where x is
        assert not frequencies(8).is_meta and rotary(x.to("meta"), index.to("meta")).is_meta
    Rotary(frequencies(8), layout=lambda x, c, s: seen.extend([c.dtype, s.dtype]) or x)(x, index)
    torch.set_default_dtype(torch.float32)
    assert seen == [torch.float32] * 2 and frequencies(8).dtype == torch.float64


def test_what_cannot_be_paired_is_refused():
    with pytest.raises(ValueError, match="width=7 is odd"):
        frequencies(7)
    for width in (2, 6, 10):
        with pytest.raises(ValueError, match=f"x is {width} wide, but 4 frequencies turn 8"):
            Rotary(frequencies(8))(torch.randn(1, 1, 2, width), torch.arange(2))


def examples():
    x, angle = torch.randn(3, 2, 5, 8), torch.randn(5, 4)
    return [
        (partial(frequencies, 8), ()),
        *((partial(f), (x, angle.cos(), angle.sin())) for f in (interleaved, half_split)),
        (partial(turn), (*x.chunk(2, -1), angle.cos(), angle.sin())),
        (partial(Rotary, frequencies(8)), (x, torch.arange(5))),
        (partial(to_half_split, heads=3), (torch.randn(24, 5),)),
    ]
