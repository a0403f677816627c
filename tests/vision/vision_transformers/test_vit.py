"""The Vision Transformer against transformers' ViT, and what it knows of a picture's shape."""

from functools import partial, reduce
from typing import Any

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.testing import assert_close

from nexus.attention.multi_head_attention import MultiHeadAttention
from nexus.nn import masks
from nexus.nn.patches import from_patches, to_patches
from nexus.vision.vision_transformers import vit

SIZES: Any = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, image_size=15)
SIZES |= dict(intermediate_size=20, patch_size=5, num_channels=2, num_labels=7, qkv_bias=False)
NAMES = """attention.q_proj mixer.to_q attention.k_proj mixer.to_k attention.v_proj mixer.to_v
attention.o_proj mixer.to_out mlp.fc1 ffn.0 mlp.fc2 ffn.2 layernorm_before norm_mixer
layernorm_after norm_ffn vit.layers blocks vit.layernorm norm classifier head vit.embeddings embed
patch_embeddings.projection project cls_token first position_embeddings place""".split()
OURS = dict(zip(NAMES[::2], NAMES[1::2], strict=True))  # by what transformers calls it


def small():  # 3 x 3 patches of 5 x 5 pixels in 2 channels
    embed = vit.Embedding(12, pixels=15, patch=5, channels=2)
    blocks = [vit.encoder_block(12, heads=3, hidden=20) for _ in range(2)]
    model = vit.VisionTransformer(embed, blocks, nn.LayerNorm(12, eps=1e-6), nn.Linear(12, 7))
    for weight in model.parameters():  # norms too, and places so large that they matter
        nn.init.normal_(weight, std=0.4)
    return model


@pytest.mark.parametrize("height, width", [(15, 15), (20, 35), (10, 5)])
def test_logits_match_transformers_at_any_resolution(height, width, matches):
    theirs = pytest.importorskip("transformers")
    config = theirs.ViTConfig(**SIZES, layer_norm_eps=1e-6)
    config._attn_implementation = "sdpa"  # the other one rounds to float32
    model, ours, copied = theirs.ViTForImageClassification(config).eval(), small(), {}
    for name, weight in model.named_parameters():
        key = reduce(lambda key, their: key.replace(their, OURS[their]), OURS, name)
        ends = key.endswith("to_out.bias")  # a bias that the paper does not have
        copied[name] = torch.zeros(12) if ends else ours.get_parameter(key).reshape(weight.shape)
    x, more = torch.randn(4, 2, height, width, requires_grad=True), (height, width) != (15, 15)
    wants = functional_call(model, copied, (x,), {"interpolate_pos_encoding": more}).logits
    matches(type(model).forward, ours(x), wants, wrt=(x, *ours.parameters()))


@pytest.mark.parametrize("mask", [masks.full, masks.causal])
def test_weights_match_torch(mask, matches):
    mixer, x = MultiHeadAttention(12, heads=3, mask=mask), torch.randn(2, 5, 12, requires_grad=True)
    model, index = nn.MultiheadAttention(12, 3, bias=False, batch_first=True), torch.arange(5)
    weights = mixer.to_q.weight, mixer.to_k.weight
    copied = {"in_proj_weight": torch.cat([*weights, mixer.to_v.weight])}
    how = {"attn_mask": ~mask(index, index), "average_attn_weights": False}
    wants = functional_call(model, copied, (x, x, x), how)[1]
    matches(type(model).forward, vit.attention_weights(mixer, x), wants, wrt=(x, *weights))


def by_ways(weights):
    """Abnar and Zuidema, section 3: each layer is passed or skipped; the mean over all ways."""
    a, b, c = (sum(layer.unbind(1)) / layer.shape[1] for layer in weights)
    return (torch.eye(a.shape[-1]) + a + b + c + b @ a + c @ a + c @ b + c @ b @ a) / 8


def test_rollout_is_a_mean_over_ways(transcribed):
    scores = torch.randn(3, 2, 5, 4, 4, requires_grad=True)
    ours, wants = (rolled(scores.softmax(-1)) for rolled in (vit.rollout, by_ways))
    transcribed(by_ways, ours, wants, wrt=(scores,))


@pytest.mark.law("without places the class token is blind to the order of patches; with them, not")
def test_order():
    model, order, x = small(), torch.randperm(9), torch.randn(2, 2, 15, 15)
    mixed = from_patches(to_patches(x, 5)[:, order], 5, 15)
    before, place = model(x), model.embed.place.data
    assert (before - model(mixed)).abs().max() > 1e-3
    place[1:] = place[1:][order]
    assert_close(model(mixed), before)  # any order is as good, if places go with it
    place[1:] = place[1]
    assert_close(model(mixed), model(x))


@pytest.mark.law("a linear layer on patches is a convolution whose stride is its size")
def test_convolution():
    embed, x = small().embed, torch.randn(4, 2, 15, 15)
    kernel = embed.project.weight.unflatten(1, (2, 5, 5))
    wants = nn.functional.conv2d(x, kernel, embed.project.bias, stride=5).flatten(2).mT
    assert_close(embed(x) - embed.place, torch.cat([embed.first.expand(4, 1, 12), wants], 1))


@pytest.mark.law("a pixel changes the token of its patch and no other, and after one block all")
def test_reach():
    model, x = small(), torch.randn(2, 15, 15).repeat(2, 1, 1, 1)
    x[1, 1, 6, 13] += 1  # in the patch of row 1 and column 2
    assert (model.embed(x).diff(dim=0)[0].abs().amax(1) > 1e-9).nonzero().tolist() == [[1 + 3 + 2]]
    assert model.blocks[0](model.embed(x)).diff(dim=0).abs().amax(2).min() > 1e-9


@pytest.mark.law("at 3 by 5 times the resolution, 15 new places have an old one in the middle")
def test_resampling():
    place = torch.randn(10, 4)
    middles = vit.resample(place, rows=9, columns=15)[1:].unflatten(0, (9, 15))[1::3, 2::5]
    assert_close(middles.flatten(0, 1), place[1:])
    assert [len(vit.resample(place, rows=r, columns=8 - r)) for r in (3, 5)] == [16, 16]
    assert_close(vit.resample(place[:2], rows=2, columns=3)[1:], place[1].expand(6, 4))


@pytest.mark.law("maps are what layers mix by, and what they roll out to has rows of sum 1")
def test_maps():
    model, x = small(), torch.randn(4, 2, 15, 15, requires_grad=True)
    tokens, maps = model.embed(x), model.attention(x)
    for block, weights in zip(model.blocks, maps, strict=True):
        values = block.mixer.to_v(normed := block.norm_mixer(tokens)).unflatten(2, (3, 4))
        mixed = torch.einsum("brnm,bmrc->bnrc", weights, values).flatten(2)
        assert_close(block.mixer.to_out(mixed), block.mixer(normed))
        tokens = block(tokens)
    assert_close(vit.rollout(maps).sum(-1), torch.ones(4, 10))
    assert torch.autograd.grad(maps[1].square().sum(), x)[0].abs().min() > 0


@pytest.mark.worked("ViT-B/16 has torchvision's 86,567,656 weights less 36,864 biases in attention")
def test_size_of_the_base_model():
    with torch.device("meta"):
        parts = [vit.Embedding(768, pixels=224, patch=16, channels=3), nn.LayerNorm(768)]
        parts += [nn.Linear(768, 1000)] + 12 * [vit.encoder_block(768, heads=12, hidden=3072)]
    assert sum(w.numel() for p in parts for w in p.parameters()) == 86_567_656 - 12 * 4 * 768


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="pixels=15 is not a multiple of patch=4"):
        vit.Embedding(12, pixels=15, patch=4, channels=2)
    for n in (9, 12):
        with pytest.raises(ValueError, match=f"{n} places are not one and a square"):
            vit.resample(torch.randn(n, 4), rows=2, columns=3)
    embed = vit.Embedding(900, pixels=15, patch=5, channels=2)  # and it starts small
    assert 0.0185 < embed.first.std() < 0.0215 and 0.019 < embed.place.std() < 0.021


def examples():
    x, tokens = torch.randn(3, 2, 15, 15), torch.randn(3, 5, 12)
    return [
        (partial(vit.Embedding, 12, pixels=15, patch=5, channels=2), (x,)),
        (partial(vit.encoder_block, 12, heads=3, hidden=20), ()),
        (partial(vit.resample, rows=2, columns=4), (torch.rand(10, 12, requires_grad=True),)),
        (partial(vit.attention_weights, MultiHeadAttention(12, heads=3)), (tokens,)),
        (partial(vit.rollout), (torch.rand(2, 3, 4, 5, 5, requires_grad=True),)),
        (partial(vit.VisionTransformer, small().embed, [], nn.Identity(), nn.ReLU()), (x,)),
    ]
