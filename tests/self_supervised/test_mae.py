"""The masked autoencoder against transformers' ViTMAE, and what may not see what."""

import sys
from functools import partial, reduce
from typing import Any

import pytest
import torch
from torch import Generator, nn
from torch.autograd import grad
from torch.func import functional_call
from torch.testing import assert_close

from nexus.nn.patches import to_patches
from nexus.self_supervised import mae
from nexus.vision.vision_transformers.vit import VisionTransformer, encoder_block

SIZES: Any = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, image_size=15)
SIZES |= dict(intermediate_size=20, patch_size=5, num_channels=2, qkv_bias=False, mask_ratio=0.6)
SIZES |= dict(decoder_hidden_size=8, decoder_num_hidden_layers=1, decoder_num_attention_heads=2)
SIZES |= dict(decoder_intermediate_size=28, layer_norm_eps=1e-6)
NAMES = """attention.q_proj mixer.to_q attention.k_proj mixer.to_k attention.v_proj mixer.to_v
attention.o_proj mixer.to_out mlp.fc1 ffn.0 mlp.fc2 ffn.2 layernorm_before norm_mixer
layernorm_after norm_ffn vit.layers encoder.blocks vit.layernorm encoder.norm vit.embeddings
encoder.embed patch_embeddings.projection project cls_token first position_embeddings place
decoder_embed embed mask_token mask decoder_pos_embed place decoder_layers blocks decoder_norm norm
decoder_pred predict""".split()
OURS = dict(zip(NAMES[::2], NAMES[1::2], strict=True))  # by what transformers calls it


def small(*, layers=(2, 1)):  # 3 x 3 patches of 5 x 5 pixels in 2 channels, of which 3 are visible
    first = [encoder_block(12, heads=3, hidden=20) for _ in range(layers[0])]
    second = [encoder_block(8, heads=2, hidden=28) for _ in range(layers[1])]
    embed, norm = mae.embedding(12, pixels=15, patch=5, channels=2), nn.LayerNorm(12, eps=1e-6)
    encoder = VisionTransformer(embed, first, norm, nn.Identity())
    model = mae.MAE(encoder, mae.Decoder(8, second, code=12, grid=(3, 3), numbers=50), visible=3)
    for weight in filter(lambda w: w.requires_grad, model.parameters()):
        nn.init.normal_(weight, std=0.4)
    return model, torch.randn(7, 2, 15, 15, requires_grad=True), torch.rand(7, 9)


@pytest.mark.parametrize("target", [lambda patches: patches, mae.normalized], ids=["raw", "norm"])
def test_it_matches_transformers(target, matches):
    theirs, (ours, x, noise) = pytest.importorskip("transformers"), small()
    config = theirs.ViTMAEConfig(**SIZES, norm_pix_loss=target is mae.normalized)
    config._attn_implementation = "sdpa"  # the other one rounds to float32
    model, copied = theirs.ViTMAEForPreTraining(config).eval(), {}
    for name, old in model.named_parameters():
        key = reduce(lambda key, their: key.replace(their, OURS[their]), OURS, name)
        none = key.endswith("to_out.bias")  # a bias that ViT does not have
        copied[name] = torch.zeros(12 if "vit" in name else 8) if none else ours.get_parameter(key)
        if "decoder_pred" in name:  # their patches have the channels last
            copied[name] = copied[name].unflatten(0, (2, 5, 5)).movedim(0, 2)
        copied[name] = copied[name].reshape(old.shape)
    wants, run = functional_call(model, copied, (x, noise)), type(model).forward
    logits = wants.logits.unflatten(2, (5, 5, 2)).movedim(4, 2).flatten(2)
    guess, mask = ours(x, noise)
    wrt = (x, *filter(lambda weight: weight.requires_grad, ours.parameters()))
    matches(run, guess, logits, wrt=wrt)
    matches(run, mae.masked_mse(guess, target(to_patches(x, 5)), mask), wants.loss, wrt=wrt)
    assert_close(mask.double(), wants.mask)
    matches(run, mae.shuffle(noise, 3).restore, wants.ids_restore, wrt=None)
    build = sys.modules[type(model).__module__].build_2d_sinusoidal_position_embedding
    wants = build(3, 4, 20, cls_token=True, dtype=torch.float64).roll(10, 1)  # it has rows first
    matches(build, mae.places(3, 4, 20), wants, wrt=None)


@pytest.mark.law("no masked pixel reaches the code of those visible; if all are, it is ViT's")
def test_the_encoder_sees_no_more():
    model, x, noise = small()
    kept, _, mask = mae.shuffle(noise, 3)
    code, whole = (model.encode(x, which) for which in (kept, torch.arange(9).expand(7, 9)))
    slope = to_patches(grad(code.square().sum(), x)[0], 5).abs()
    assert code.shape == (7, 4, 12) and slope[mask].max() == 0 < slope[~mask].min()
    assert_close(whole, model.encoder.norm(model.encoder.blocks(model.encoder.embed(x))))


@pytest.mark.law("only which patches stay counts: their order, and that of the others, does not")
def test_order():
    model, x, noise = small()
    order = noise.argsort(1)
    moved = torch.cat([order[:, [2, 0, 1]], order[:, 3:].flip(1)], 1)
    other = torch.empty(7, 9).scatter_(1, moved, torch.arange(9.0).expand(7, 9))
    for ours, theirs in zip(model(x, noise), model(x, other), strict=True):
        assert_close(ours, theirs)


@pytest.mark.law("every mask hides the same number, all occur, and the way back is one")
def test_masks():
    kept, restore, mask = mae.shuffle(torch.rand(3000, 9), 4)
    assert (mask.sum(1) == 5).all() and len(mask.unique(dim=0)) == 126  # 9 over 4
    assert (mask.double().mean(0) - 5 / 9).abs().max() < 0.04
    back = torch.cat([kept, kept.new_full((3000, 5), 9)], 1).take_along_dim(restore, 1)
    assert_close(back, torch.arange(9).expand(3000, 9).where(~mask, 9))


@pytest.mark.law("without blocks each guess knows its own patch, or only its place")
def test_every_patch_comes_back_to_its_place():
    model, x, noise = small(layers=(0, 0))
    guess, mask = model(x, noise)
    alone = model.decoder.embed(model.encoder.norm(model.encoder.embed(x)))[:, 1:]
    own = alone.where(~mask[..., None], model.decoder.mask) + model.decoder.place[1:]
    assert_close(guess, model.decoder.predict(model.decoder.norm(own)))


@pytest.mark.law("the loss moves no guess of a visible patch, and every number of a masked one")
def test_where_the_loss_looks():
    model, x, _ = small()
    guess, mask = model(x, torch.rand(7, 9, generator=Generator().manual_seed(7)))
    for how, goal in ({}, to_patches(x, 5)), ({"target": torch.sin}, to_patches(x, 5).sin()):
        loss = mae.masked_mse(guess, goal, mask)
        wants = 2 * (guess - goal) * mask[..., None] / (7 * 6 * 50)
        assert_close(grad(loss, guess, retain_graph=True)[0], wants)
        both = loss, mae.pretraining_loss(model, x, **how, generator=Generator().manual_seed(7))
        assert_close(*((each, *grad(each, x, retain_graph=True)) for each in both))


@pytest.mark.worked("1, 2, 3 and 6 have mean 3 and variance 14 / 3, as of a sample of 4")
def test_normalized():
    wants = torch.tensor([[[-2.0, -1, 0, 3], [0, 0, 0, 0]]]) / (14 / 3 + 1e-6) ** 0.5
    patches = torch.tensor([[[1.0, 2, 3, 6], [5, 5, 5, 5]]])
    assert_close(mae.normalized(patches), wants, rtol=1e-12, atol=0)


def test_what_does_not_fit_is_refused():
    for visible in (0, 9):
        with pytest.raises(ValueError, match=f"visible={visible} of 9 patches is none or all"):
            mae.shuffle(torch.rand(6, 9), visible)
    assert [mae.shuffle(torch.rand(6, 9), v).mask.sum().item() for v in (1, 8)] == [48, 6]
    with pytest.raises(ValueError, match="dim=10 is not a multiple of 4"):
        mae.places(3, 4, 10)
    wide, fixed = mae.Decoder(800, [], code=3, grid=(2, 5), numbers=7), mae.places(2, 5, 800)
    assert_close(wide.place, nn.Parameter(fixed, requires_grad=False))
    assert 0.018 < wide.mask.std() < 0.022 and not wide.place.requires_grad
    assert wide.norm.eps == 1e-6 and not small()[0].encoder.embed.place.requires_grad


def examples():
    (model, x, noise), guess = small(), torch.randn(7, 9, 50, requires_grad=True)
    decoder = partial(mae.Decoder, 8, [encoder_block(8, heads=2, hidden=28)], code=12)
    return [
        (partial(mae.shuffle, visible=3), (noise,)),
        (partial(mae.places, 3, 4), (20,)),
        (partial(mae.embedding, 12, pixels=15, patch=5, channels=2), ()),
        (partial(decoder, grid=(3, 3), numbers=50), (x[:, 0, :4, :12], noise.argsort(1))),
        (partial(mae.MAE, model.encoder, model.decoder, visible=3), (x, noise)),
        (partial(mae.normalized), (guess,)),
        (partial(mae.masked_mse), (guess, guess.detach() / 3, noise > 0.3)),
        (partial(mae.pretraining_loss, model), (x,)),
    ]
