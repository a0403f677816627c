"""CLIP against transformers' CLIP, its loss against Figure 3, and what a text's feature hears."""

import math
from functools import partial, reduce

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from nexus.multimodal import clip
from nexus.nn import masks
from nexus.nn.embedding import TokensAndPlaces
from nexus.vision.vision_transformers.vit import Embedding, VisionTransformer

END = 28  # of 31 ids, so that it is not the highest
PICTURES = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, image_size=15)
PICTURES |= dict(intermediate_size=48, patch_size=5, num_channels=2)
TEXTS = dict(hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32)
TEXTS |= dict(vocab_size=31, max_position_embeddings=9, eos_token_id=END, bos_token_id=1)
NAMES = """self_attn>mixer q_proj>to_q k_proj>to_k v_proj>to_v out_proj>to_out mlp.fc1>ffn.0
mlp.fc2>ffn.2 layer_norm1>norm_mixer layer_norm2>norm_ffn encoder.layers>blocks vision_model>vision
text_model>text post_layernorm>norm final_layer_norm>norm pre_layrnorm>embed.1 visual_>vision_
_projection>.head logit_>log_ vision.embeddings>vision.embed.0 patch_embedding>project
class_embedding>first 0.position_embedding.weight>0.place text.embeddings>text.embed
token_embedding>token position_embedding>place""".split()


def small():
    def parts(d, layers, heads, mask):
        blocks = [clip.encoder_block(d, heads=heads, mask=mask) for _ in range(layers)]
        return blocks, nn.LayerNorm(d), nn.Linear(d, 7, bias=False)

    embed = nn.Sequential(Embedding(12, pixels=15, patch=5, channels=2), nn.LayerNorm(12))
    vision = VisionTransformer(embed, *parts(12, 2, 3, masks.full))
    places, rest = TokensAndPlaces(31, 8, places=9), parts(8, 3, 2, masks.causal)
    text = clip.TextEncoder(places, *rest, end=END)
    for weight in (*vision.parameters(), *text.parameters()):
        nn.init.normal_(weight, std=0.4)  # norms too, and places so large that they matter
    return clip.CLIP(vision, text)


def captions(count):  # text j ends at 2 + j, and what follows an end is anything
    ids = torch.randint(END, (count, 9)).where(torch.rand(count, 9) < 0.9, 30)
    ids[torch.arange(count), 2 + torch.arange(count)] = ids[0, 6] = END
    return ids


@pytest.mark.parametrize("pictures, texts", [(4, 4), (3, 5)])
def test_logits_and_loss_match_transformers(pictures, texts, matches):
    library, model, ids = pytest.importorskip("transformers"), small(), captions(texts)
    config = library.CLIPConfig(text_config=TEXTS, vision_config=PICTURES, projection_dim=7)
    theirs, copied = library.CLIPModel._from_config(config, attn_implementation="sdpa"), {}
    bias = model.get_parameter("vision.embed.0.project.bias")
    for name, weight in theirs.named_parameters():
        key = reduce(lambda key, to: key.replace(*to.split(">")), NAMES, name)
        extra = ".to_" in key and "bias" in key  # what ours has not
        ours = torch.zeros_like(weight) if extra else model.get_parameter(key)
        if key == "vision.embed.0.place":  # takes up the patches' bias, which theirs has not
            ours = torch.cat([ours[:1], ours[1:] + bias])
        copied[name] = ours.reshape(weight.shape)
    images = torch.randn(pictures, 2, 15, 15, requires_grad=True)
    how = dict(input_ids=ids, pixel_values=images, return_loss=pictures == texts)
    wants, ours = torch.func.functional_call(theirs, copied, (), how), model(images, ids)
    pairs = [(ours, wants.logits_per_image), (ours.mT, wants.logits_per_text)]
    pairs += [(clip.symmetric_loss(ours), wants.loss)] if pictures == texts else []
    for pair in pairs:
        matches(type(theirs).forward, *pair, wrt=(images, *model.parameters()))


def figure_3(images, texts, scale):
    """Figure 3: unit vectors, e^t times their products, cross-entropy along both axes, the mean."""
    unit = [x / x.square().sum(1, keepdim=True).sqrt() for x in (images, texts)]
    odds = (scale.exp() * torch.einsum("ie,te->it", *unit)).exp()
    chosen = [(odds / odds.sum(axis, keepdim=True)).diag() for axis in (0, 1)]
    return -torch.stack(chosen).log().mean()


def test_the_loss_is_that_of_figure_3(transcribed):
    wrt = [torch.randn(shape, requires_grad=True) for shape in ((5, 3), (5, 3), ())]
    ours = clip.symmetric_loss(clip.similarity(*wrt))
    transcribed(figure_3, ours, figure_3(*wrt), wrt=wrt)


@pytest.mark.law("swapped, pictures and texts transpose the logits; the loss stays, in any order")
def test_swapping():
    images, texts, scale = torch.randn(4, 3), torch.randn(6, 3), torch.tensor(0.7)
    logits, order = clip.similarity(images, texts, scale), torch.tensor([2, 0, 3, 1])
    assert_close(clip.similarity(texts, images, scale), logits.mT)
    loss = clip.symmetric_loss(pairs := logits[:, :4])
    assert_close(clip.symmetric_loss(pairs[order][:, order].mT), loss)
    assert (clip.symmetric_loss(pairs[order]) - loss).abs() > 0.01  # pairs torn apart


@pytest.mark.law("only directions count: no picture, text or prompt gains by a longer feature")
def test_lengths():
    images, texts, longer = torch.randn(2, 3), torch.randn(4, 5, 3), torch.rand(4, 5, 1) + 0.1
    assert_close(clip.ensemble(longer * texts), mean := clip.ensemble(texts))
    assert_close(mean, nn.functional.normalize(nn.functional.normalize(texts, dim=2).sum(1)))
    wants = clip.similarity(images, mean, s := torch.tensor(0.7))
    assert_close(clip.similarity(longer[:2, 0] * images, longer[:, 1] * mean, s), wants)


@pytest.mark.law("a perfect match costs log n at scale 0 and nothing at a large one")
def test_limits():
    images, s = torch.linalg.qr(torch.randn(5, 5)).Q, torch.tensor([-9e9, 0.0, 4.6])
    losses = torch.stack([clip.symmetric_loss(clip.similarity(images, images, x)) for x in s])
    assert_close(losses, torch.tensor([math.log(5), math.log(1 + 4 / math.e), 0]))


@pytest.mark.law("a text is all that stands before its first end, in order, and nothing after it")
def test_what_a_text_is():
    model, ids = small().text, captions(5)
    after, features = torch.arange(9) > 2 + torch.arange(5)[:, None], model(ids)
    assert_close(model(ids.where(~after, 0)), features)  # however it is padded
    assert_close(model(ids[1:2, :4]), features[1:2])  # or not at all: three words and an end
    others = ids[1].repeat(4, 1)
    others[range(3), range(3)], others[3, :2] = 29, ids[1, [1, 0]]
    assert (model(others) - features[1]).abs().amax(1).min() > 1e-3


@pytest.mark.worked("section 2.5: the scale starts at 1 / 0.07 and ends at 100, but can come back")
def test_scale():
    model = small()
    for step, scale in ((0, 1 / 0.07), (-0.5, math.exp(-0.5) / 0.07), (9, 100), (-0.1, 90.48374)):
        model.log_scale.data += step
        model.clip_scale_()
        assert math.isclose(model.log_scale.exp().item(), scale, rel_tol=1e-7)


def test_what_does_not_fit_is_refused():
    for i, t in ((3, 5), (5, 3)):
        with pytest.raises(ValueError, match=f"{i} pictures and {t} texts are not pairs"):
            clip.symmetric_loss(torch.randn(i, t))
    with pytest.raises(ValueError, match="text 2 has no end token 28"):
        small().text(captions(4)[:, :4])  # cut short


def examples():
    model, ids, norm = small(), captions(5), nn.LayerNorm(8)
    embed = TokensAndPlaces(31, 8, places=9)
    return [
        (partial(clip.similarity, log_scale=torch.tensor(0.7)), torch.randn(2, 4, 7).unbind()),
        (partial(clip.symmetric_loss), (torch.randn(4, 4, requires_grad=True),)),
        (partial(clip.ensemble), (torch.randn(3, 4, 7, requires_grad=True),)),
        (partial(clip.QuickGELU), (torch.randn(3, 7),)),
        (partial(clip.encoder_block, 8, heads=2, mask=masks.causal), ()),
        (partial(clip.TextEncoder, embed, [], norm, norm, end=END), (ids,)),
        (partial(clip.CLIP, model.vision, model.text), (torch.randn(3, 2, 15, 15), ids)),
    ]
