"""LoRA against peft, in training too, and what an update of low rank must obey."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.autograd import grad
from torch.func import functional_call
from torch.testing import assert_close

from nexus.language.peft import lora


def network():
    """Three linear layers of unlike sizes, the last without a bias."""
    return nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 6), nn.Linear(6, 4, bias=False))


def adapted(*, spread=1.0):
    """The network with its first and last layer adapted, and the adapters; B is drawn."""
    model: Any = network()
    adapters = lora.adapt_(model, ["0", "3"].__contains__, rank=3, alpha=10.0)
    for adapter in adapters.values():
        adapter.b.data += spread * torch.randn_like(adapter.b)
    return model, adapters


def twin(ours, adapters):
    """The same adapted by peft, with copies of our weights, and our A and B under its names."""
    peft = pytest.importorskip("peft")
    plain, config = network(), peft.LoraConfig(r=3, lora_alpha=10, target_modules=[*adapters])
    weights = {name.replace("linear.", ""): w for name, w in ours.state_dict().items()}
    plain.load_state_dict(weights, strict=False)
    theirs, place = peft.get_peft_model(plain, config), "base_model.model.{}.lora_{}.default.weight"
    under: Any = {place.format(name, "A"): layer.a for name, layer in adapters.items()}
    under |= {place.format(name, "B"): layer.b for name, layer in adapters.items()}
    theirs.load_state_dict({name: w.detach().clone() for name, w in under.items()}, strict=False)
    return theirs, under


def test_the_model_matches_peft(matches):
    ours, adapters = adapted()
    (theirs, under), x = twin(ours, adapters), torch.randn(2, 8, 7, requires_grad=True)
    trained = [w for w in ours.parameters() if w.requires_grad]
    assert {id(w) for w in trained} == {id(w) for w in under.values()}
    matches(type(theirs), ours(x), functional_call(theirs, under, (x,)), wrt=(x, *trained))
    few, all_weights = theirs.get_nb_trainable_parameters()
    assert lora.trainable_share(ours) == few / all_weights


def test_training_goes_as_in_peft(matches):
    ours, adapters = adapted(spread=0.0)
    theirs, x, y = twin(ours, adapters)[0], torch.randn(8, 7), torch.randn(8, 4)
    frozen = ours[2].weight.clone(), ours[0].linear.weight.clone()
    for model in (ours, theirs):
        optimizer = torch.optim.Adam(model.parameters(), 0.05)
        for _ in range(5):
            optimizer.zero_grad()
            (model(x) - y).square().mean().backward()
            optimizer.step()
    assert ours[2].weight.equal(frozen[0]) and ours[0].linear.weight.equal(frozen[1])
    matches(type(theirs), ours(x).detach(), theirs(x).detach(), wrt=None)
    lora.merge_(ours)
    layer = theirs.base_model.model[3]
    layer.merge()
    matches(type(layer).merge, ours[3].weight, layer.base_layer.weight, wrt=None)


@pytest.mark.law("B = 0 at first: nothing has changed, and only B has a gradient")
def test_it_begins_as_the_identity():
    a = 20 * lora.LoRALinear(nn.Linear(400, 300), rank=200, alpha=1.0).a  # Gaussian, variance 1 / k
    assert abs(a.std() - 1) < 0.01 and abs((a.abs() < 1).double().mean() - 0.683) < 0.01
    (model, adapters), x = adapted(spread=0.0), torch.randn(8, 7)
    first, last = (adapter.linear for adapter in adapters.values())
    assert model(x).equal(last(model[2](first(x).tanh())))
    for adapter in adapters.values():
        to_a, to_b = grad(model(x).square().sum(), (adapter.a, adapter.b))
        assert to_a.abs().max() == 0 and to_b.abs().min() > 0


@pytest.mark.law("merged, the model computes the same with the layers that it had before")
def test_merge_and_unmerge():
    (model, adapters), x = adapted(), torch.randn(8, 7)
    before, weights = model(x), {n: w.clone() for n, w in model.state_dict().items()}
    taken = lora.merge_(model)
    assert taken == adapters and [type(m) for m in model] == [type(m) for m in network()]
    assert_close(model(x), before)
    assert lora.trainable_share(model) == 0 and lora.merge_(model) == {}
    lora.unmerge_(model, taken)
    assert (model[0], model[3]) == (adapters["0"], adapters["3"])
    assert_close(model.state_dict(), weights)


@pytest.mark.law("the update has rank r, and repeating A's rows and B's columns changes nothing")
def test_rank_and_scale():
    layer, twice = (lora.LoRALinear(nn.Linear(7, 5), rank=r, alpha=6.0) for r in (1, 2))
    nn.init.normal_(layer.b)
    assert torch.linalg.matrix_rank(layer.update()) == 1
    twice.a.data, twice.b.data = layer.a.data.repeat(2, 1), layer.b.data.repeat(1, 2)
    assert_close(twice.update(), layer.update())


@pytest.mark.law("whoever reads a layer's weight and does not call it reads the update with it")
def test_attention_of_torch_reads_the_update():
    model, x = nn.MultiheadAttention(6, 2, batch_first=True), torch.randn(3, 5, 6)
    nn.init.normal_(model.out_proj.bias)
    layer = lora.adapt_(model, "out_proj".__eq__, rank=2, alpha=4.0)["out_proj"]
    nn.init.normal_(layer.b)
    out, _ = model(x, x, x)
    assert min(w.abs().min() for w in grad(out.square().sum(), (layer.a, layer.b))) > 0
    lora.merge_(model)
    assert_close(model(x, x, x)[0], out)


@pytest.mark.worked("x = (1, 1, 1): W x + bias = (4, 1), A x = (2, 3), B A x = (19, 2), α/r = 8/2")
def test_by_hand():
    layer = lora.LoRALinear(nn.Linear(3, 2), rank=2, alpha=8.0)
    values = [[3.0, -1, 0], [0, 1, 2]], [[2.0, 5], [1, 0]], [[1.0, 2, 0], [0, 0, 1]], [1.0, 0]
    for weight, value in zip(layer.parameters(), values, strict=True):  # A, B, W, bias
        weight.data = torch.tensor(value)
    assert [w.requires_grad for w in layer.parameters()] == [True, True, False, False]
    assert layer(torch.ones(3)).tolist() == [4 + 4 * 19, 1 + 4 * 2]
    assert layer.update().tolist() == [[24, 12, 40], [12, -4, 0]]


def test_refusals():
    model, adapters = adapted()
    for rank in (0, 6):
        with pytest.raises(ValueError, match=f"rank={rank} of an update to a matrix of 5 by 7"):
            lora.LoRALinear(nn.Linear(7, 5), rank=rank, alpha=1.0)
    for other, names in ((network(), "0, 2, 3"), (nn.Tanh(), "none")):
        with pytest.raises(ValueError, match=f"no linear layer is chosen of {names}"):
            lora.adapt_(other, lambda name: False, rank=1, alpha=1.0)
    with pytest.raises(ValueError, match="has adapters already; merge_ it first"):
        lora.adapt_(model, lambda name: True, rank=1, alpha=1.0)
    with pytest.raises(ValueError, match="0 is not merged"):
        lora.unmerge_(model, adapters)


def examples():
    x, merged = torch.randn(3, 8, 7), adapted()[0]
    return [
        (partial(lora.LoRALinear, nn.Linear(7, 5), rank=3, alpha=12.0), (x,)),
        (partial(lora.adapt_, chosen="0".__eq__, rank=3, alpha=12.0), (network(),)),
        (partial(lora.merge_), (adapted()[0],)),
        (partial(lora.unmerge_, adapters=lora.merge_(merged)), (merged,)),
        (partial(lora.trainable_share), (adapted()[0],)),
    ]
