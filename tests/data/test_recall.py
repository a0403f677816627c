"""The synthetic tasks: each can be solved from what was read, and by nothing else."""

from functools import partial

import pytest
import torch

from nexus.data.recall import IGNORED, accuracy, associative_recall, copying, selective_copying


def sample(batch=400, **options):
    sizes = {"pairs": 3, "length": 20, "vocab": 13} | options
    return associative_recall(batch, generator=torch.Generator().manual_seed(1), **sizes)


def test_every_key_is_asked_once_and_the_target_is_its_value():
    ids, targets = sample()
    for row, wanted in zip(ids.tolist(), targets.tolist(), strict=True):
        memory = dict(zip(row[0:6:2], row[1:6:2], strict=True))
        assert len(memory) == 3 and len(set(memory.values())) == 3
        assert all(1 <= key < 6 <= value < 13 for key, value in memory.items())
        asked = {row[t]: wanted[t] for t in range(20) if wanted[t] != IGNORED}
        assert asked == memory and wanted[:6] == [IGNORED] * 6
        assert sum(token != 0 for token in row[6:]) == 3
        assert all(row[t] == 0 for t in range(7, 20, 2))


def test_every_key_value_and_slot_occurs_and_keys_are_asked_in_any_order():
    ids, targets = sample(power=1.0)
    assert set(ids[:, 0:6:2].unique().tolist()) == set(range(1, 6))
    assert set(ids[:, 1:6:2].unique().tolist()) == set(range(6, 13))
    assert (targets != IGNORED).any(0).nonzero().flatten().tolist() == [6, 8, 10, 12, 14, 16, 18]
    first = ids.gather(1, (targets != IGNORED).int().argmax(1, keepdim=True))
    share = [(first[:, 0] == ids[:, 2 * i]).double().mean().item() for i in range(3)]
    assert all(abs(s - 1 / 3) < 0.08 for s in share)


def test_the_power_law_asks_soon():
    # slots 1 to 7 with weight s^(power - 1); one pair makes the share of a slot its probability
    _, targets = sample(4000, pairs=1, length=16, power=0.01)
    share = (targets != IGNORED).double().mean(0)[2::2]
    weights = torch.arange(1, 8) ** -0.99
    assert (share - weights / weights.sum()).abs().max() < 0.03


def test_the_generator_decides():
    assert (sample().ids == sample().ids).all()
    torch.manual_seed(0)
    one = associative_recall(5, pairs=3, length=20, vocab=13).ids
    assert not (one == associative_recall(5, pairs=3, length=20, vocab=13).ids).all()


def test_the_tightest_sizes_fit():
    ids, targets = sample(pairs=5, length=20, vocab=12)
    assert (targets != IGNORED).sum(1).eq(5).all() and ids.max() == 11


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"length": 11}, "length=11 has no room for 3 pairs and as many queries"),
        ({"vocab": 7}, "vocab=7 has 2 keys, fewer than pairs=3"),
    ],
)
def test_impossible_sizes_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        sample(**sizes)


def test_copying_repeats_and_asks_for_the_second_half():
    ids, targets = copying(4, symbols=9, length=5, generator=torch.Generator().manual_seed(1))
    assert ids.shape == targets.shape == (4, 10) and (ids[:, :5] == ids[:, 5:]).all()
    assert (targets[:, 4:9] == ids[:, 5:]).all()  # at place t the token of place t + 1
    assert (targets[:, [0, 1, 2, 3, 9]] == IGNORED).all()
    assert ids.unique().tolist() == list(range(9))
    again, _ = copying(4, symbols=9, length=5, generator=torch.Generator().manual_seed(1))
    assert (again == ids).all()


def test_selective_copying_asks_for_what_is_not_noise_in_order():
    draw = torch.Generator().manual_seed(1)
    ids, targets = selective_copying(800, symbols=3, tokens=2, length=5, generator=draw)
    assert ids.shape == targets.shape == (800, 7)
    for row, wanted in zip(ids.tolist(), targets.tolist(), strict=True):
        assert [token for token in row[:5] if token] == wanted[5:] and row[5:] == [4, 4]
        assert wanted[:5] == [IGNORED] * 5
    share = (ids[:, :5] != 0).double().mean(0)
    assert (share - 2 / 5).abs().max() < 0.06  # anywhere alike
    pairs = targets[:, 5:].unique(dim=0, return_counts=True)
    assert pairs[0].shape == (9, 2) and (pairs[1] / 800 - 1 / 9).abs().max() < 0.04
    again = torch.Generator().manual_seed(1)
    assert (ids == selective_copying(800, symbols=3, tokens=2, length=5, generator=again).ids).all()
    with pytest.raises(ValueError, match="length=4 has no room for 5 tokens"):
        selective_copying(2, symbols=3, tokens=5, length=4)
    assert (selective_copying(2, symbols=3, tokens=4, length=4).ids[:, :4] > 0).all()


def test_accuracy_counts_only_what_is_asked():
    logits = torch.eye(3)[torch.tensor([[0, 1, 2, 0]])]
    assert accuracy(logits, torch.tensor([[0, 2, IGNORED, 0]])) == 2 / 3


def examples():
    return [
        (partial(associative_recall, pairs=3, length=20, vocab=13), (5,)),
        (partial(copying, symbols=9, length=5), (4,)),
        (partial(selective_copying, symbols=3, tokens=2, length=5), (4,)),
        (partial(accuracy), (torch.randn(3, 5, 7), torch.randint(7, (3, 5)))),
    ]
