"""CLIP against transformers' CLIP, its loss against numpy, and what a text's feature depends on."""

import math
from functools import partial, reduce
from typing import Any

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import normalize
from torch.testing import assert_close

from nexus.multimodal import clip
from nexus.nn import masks
from nexus.nn.embedding import TokensAndPlaces
from nexus.vision.vision_transformers.vit import Embedding, VisionTransformer

END = 28  # of 31 ids, so that it is not the highest
PICTURES: Any = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, image_size=15)
PICTURES |= dict(intermediate_size=48, patch_size=5, num_channels=2)
TEXTS: Any = dict(hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32)
TEXTS |= dict(vocab_size=31, max_position_embeddings=9, eos_token_id=END, bos_token_id=1)
NAMES = """self_attn.q_proj mixer.to_q self_attn.k_proj mixer.to_k self_attn.v_proj mixer.to_v
self_attn.out_proj mixer.to_out mlp.fc1 ffn.0 mlp.fc2 ffn.2 layer_norm1 norm_mixer layer_norm2
norm_ffn encoder.layers blocks vision_model vision text_model text post_layernorm norm
final_layer_norm norm pre_layrnorm embed.1 visual_projection vision.head text_projection text.head
vision.embeddings.patch_embedding vision.embed.0.project vision.embeddings.class_embedding
vision.embed.0.first vision.embeddings.position_embedding.weight vision.embed.0.place
text.embeddings.token_embedding text.embed.token text.embeddings.position_embedding
text.embed.place logit_scale log_scale""".split()
OURS = dict(zip(NAMES[::2], NAMES[1::2], strict=True))  # by what transformers calls it


def towers(d, layers, heads, pixels, patch, channels, *text, shared, end):
    def parts(width, layers, heads, mask):
        blocks = [clip.encoder_block(width, heads=heads, mask=mask) for _ in range(layers)]
        return blocks, nn.LayerNorm(width), nn.Linear(width, shared, bias=False)

    embed = Embedding(d, pixels=pixels, patch=patch, channels=channels), nn.LayerNorm(d)
    vision = VisionTransformer(nn.Sequential(*embed), *parts(d, layers, heads, masks.full))
    d, layers, heads, vocabulary, places = text
    embed = TokensAndPlaces(vocabulary, d, places=places)
    text = clip.TextEncoder(embed, *parts(d, layers, heads, masks.causal), end=end)
    return clip.CLIP(vision, text)


def small():
    model = towers(12, 2, 3, 15, 5, 2, 8, 3, 2, 31, 9, shared=7, end=END)
    for name, weight in model.named_parameters():  # norms too, and places so large that they matter
        nn.init.normal_(weight, std=0.4) if name != "log_scale" else None
    return model


def captions(count):  # ends at different places, and what follows an end is anything
    ids = torch.randint(31, (count, 9)).where(torch.rand(count, 9) < 0.9, 30)
    ids[ids == END] = 29
    ids[torch.arange(count), 2 + torch.arange(count) % 6] = END
    ids[0, 6] = END  # the first end is the end
    return ids


@pytest.fixture
def theirs():
    library = pytest.importorskip("transformers")
    config = library.CLIPConfig(text_config=TEXTS, vision_config=PICTURES, projection_dim=7)
    for part in (config, config.text_config, config.vision_config):
        part._attn_implementation = "sdpa"  # the other one rounds to float32
    return library.CLIPModel(config).eval()


def copied(theirs, model):
    weights, bias = {}, model.vision.embed[0].project.bias
    for name, weight in theirs.named_parameters():
        key = reduce(lambda key, their: key.replace(their, OURS[their]), OURS, name)
        if ".to_" in key and "bias" in key:
            weights[name] = torch.zeros_like(weight)  # biases that ours does not have
        else:
            weights[name] = model.get_parameter(key).reshape(weight.shape)
    place = "vision_model.embeddings.position_embedding.weight"  # where ours has the patches' bias
    weights[place] = torch.cat([weights[place][:1], weights[place][1:] + bias])
    return weights


@pytest.mark.parametrize("pictures, texts", [(4, 4), (3, 5)])
def test_logits_and_loss_match_transformers(pictures, texts, matches, theirs):
    model, ids = small(), captions(texts)
    images = torch.randn(pictures, 2, 15, 15, requires_grad=True)
    how = dict(input_ids=ids, pixel_values=images, return_loss=pictures == texts)
    wants, ours = functional_call(theirs, copied(theirs, model), (), how), model(images, ids)
    wrt = (images, *model.parameters())
    matches(type(theirs).forward, ours, wants.logits_per_image, wrt=wrt)
    matches(type(theirs).forward, ours.mT, wants.logits_per_text, wrt=wrt)
    if pictures == texts:
        matches(type(theirs).forward, clip.symmetric_loss(ours), wants.loss, wrt=wrt)


def in_numpy(logits):
    """Figure 3: cross entropies along both axes, labels 0 to n - 1, averaged."""
    rows = [x[at] - x.exp().sum().log() for x, at in zip(logits, range(len(logits)), strict=True)]
    columns = [x[at] - x.exp().sum().log() for at, x in enumerate(logits.unbind(1))]
    return -sum(rows + columns) / len(rows + columns)


def test_the_loss_is_that_of_figure_3(transcribed):
    images, texts, scale = torch.randn(5, 3), torch.randn(5, 3), torch.tensor(0.7)
    for x in (wrt := (images, texts, scale)):
        x.requires_grad_()
    cosines = torch.stack([torch.cosine_similarity(image[None], texts) for image in images])
    ours = clip.symmetric_loss(clip.similarity(images, texts, scale))
    transcribed(in_numpy, ours, in_numpy(scale.exp() * cosines), wrt=wrt)


def test_quick_gelu_matches_transformers(matches):
    theirs = pytest.importorskip("transformers.activations").QuickGELUActivation()
    x = torch.linspace(-4, 4, 33, requires_grad=True)
    matches(type(theirs).forward, clip.QuickGELU()(x), theirs(x), wrt=(x,))
    assert (clip.QuickGELU()(x) - nn.functional.gelu(x)).abs().max() < 0.0204


@pytest.mark.law("pictures and texts are alike: swapped, the logits transpose, the loss stays")
def test_swapping():
    images, texts, scale = torch.randn(4, 3), torch.randn(6, 3), torch.tensor(0.7)
    logits = clip.similarity(images, texts, scale)
    assert_close(clip.similarity(texts, images, scale), logits.mT)
    loss = clip.symmetric_loss(logits[:, :4])
    assert_close(clip.symmetric_loss(logits[:, :4].mT), loss)
    order = torch.tensor([2, 0, 3, 1])
    assert_close(clip.symmetric_loss(logits[order][:, order]), loss)  # pairs in another order
    assert clip.symmetric_loss(logits[order][:, :4]) > loss + 0.01 or loss > 1  # pairs torn apart


@pytest.mark.law("only directions count: neither encoder gains by longer features")
def test_lengths():
    images, texts, scale = torch.randn(4, 3), torch.randn(4, 5, 3), torch.tensor(0.7)
    mean, long = clip.ensemble(texts), torch.tensor([0.1, 3.0, 20.0, 7.0, 1.0])
    assert_close(clip.ensemble(texts * long[:, None]), mean)  # a prompt has one vote
    assert_close(
        clip.similarity(5 * images, 0.2 * mean, scale), clip.similarity(images, mean, scale)
    )
    assert_close(mean.norm(dim=1), torch.ones(4))
    assert_close(clip.ensemble(texts[:, :1]), normalize(texts[:, 0], dim=1))


@pytest.mark.law(
    "the loss is log n at scale 0 and for a perfect match goes to 0 as the scale grows"
)
def test_limits():
    images = torch.linalg.qr(torch.randn(5, 5)).Q
    for scale, best in ((-math.inf, math.log(5)), (0, math.log(1 + 4 / math.e)), (4.6, 0)):
        loss = clip.symmetric_loss(clip.similarity(images, 3 * images, torch.tensor(float(scale))))
        assert_close(loss, torch.tensor(float(best)))


@pytest.mark.law("a text's feature depends on all before its first end, in order, nothing after it")
def test_what_a_text_is():
    model, ids = small().text, captions(5)
    after = torch.arange(9) > (ids == END).int().argmax(1)[:, None]
    features = model(ids)
    assert_close(model(ids.where(~after, 0)), features)  # however it is padded
    assert_close(model(ids[1:2, :4]), features[1:2])  # or not at all: its end is at 3
    for at in range(3):  # text 1 is three words and an end
        other = ids[1:2].clone()
        other[0, at] = (other[0, at] + 1) % END
        assert (model(other) - features[1]).abs().max() > 1e-3
    assert (model(ids[1:2, [1, 0, 2, 3]]) - features[1]).abs().max() > 1e-3


@pytest.mark.law("texts are read from left to right, pictures all at once")
def test_masks():
    x, y = torch.randn(2, 1, 5, 8), torch.randn(8)
    x[1] = x[0]
    x[1, 0, 3] = y
    causal, full = (clip.encoder_block(8, heads=2, mask=m) for m in (masks.causal, masks.full))
    changed = [(b(x[0]) - b(x[1])).abs().amax((0, 2)) > 1e-9 for b in (causal, full)]
    assert [c.tolist() for c in changed] == [[False] * 3 + [True] * 2, [True] * 5]


@pytest.mark.worked("CLIP ViT-B/32 has 151,277,313 weights; here less 61,440 biases and 768 more")
def test_size_of_the_published_model():
    with torch.device("meta"):
        texts = 512, 12, 8, 49408, 77
        model = towers(768, 12, 12, 224, 32, 3, *texts, shared=512, end=49407)
    count = sum(weight.numel() for weight in model.parameters())
    assert count == 151_277_313 - 12 * 4 * (768 + 512) + 768


@pytest.mark.worked(
    "section 2.5: the scale starts at 1 / 0.07 and is kept to 100; it can come back"
)
def test_scale():
    model = small()
    assert math.isclose(model.log_scale.exp(), 1 / 0.07)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for slope, scale in ((0.5, math.exp(-0.5) / 0.07), (-9.0, 100), (0.1, 100 * math.exp(-0.1))):
        optimizer.zero_grad()
        (slope * model.log_scale).backward()
        optimizer.step()
        model.clip_scale_()
        assert math.isclose(model.log_scale.exp(), scale)
    assert model.log_scale.requires_grad and model.log_scale.is_leaf


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="3 pictures and 5 texts are not pairs"):
        clip.symmetric_loss(torch.randn(3, 5))
    ids = captions(4)
    ids[2] = 7
    with pytest.raises(ValueError, match="text 2 has no end token 28"):
        small().text(ids)


def examples():
    model, logits = small(), torch.randn(4, 4, requires_grad=True)
    images, texts = torch.randn(3, 7), torch.randn(5, 7)
    return [
        (partial(clip.similarity, log_scale=torch.tensor(0.7)), (images, texts)),
        (partial(clip.symmetric_loss), (logits,)),
        (partial(clip.ensemble), (torch.randn(3, 4, 7, requires_grad=True),)),
        (partial(clip.QuickGELU), (images,)),
        (partial(clip.encoder_block, 8, heads=2, mask=masks.causal), (torch.randn(3, 5, 8),)),
        (
            partial(
                clip.TextEncoder, model.text.embed, [], model.text.norm, model.text.head, end=END
            ),
            (captions(3),),
        ),
        (partial(clip.CLIP, model.vision, model.text), (torch.randn(3, 2, 15, 15), captions(5))),
    ]
