"""The plays that come with the package, and the passages that are cut from them."""

from functools import partial

import pytest
import torch

from nexus.data.plays import ALPHABET, decode, encode, excerpts, folio, passages, shakespeare


def test_they_are_all_there_and_say_what_was_written():
    modern, old = shakespeare(), folio()
    assert [len(part) for part in (*modern, *old)] == [730132, 97576, 379516, 93754]
    assert "MACBETH.\nIf it were done when 'tis done, then 'twere well" in modern.train
    assert "If it were done, when 'tis done, then 'twer well" in old.train
    assert "We are such stuff\nAs dreams are made on" in modern.heldout
    assert "we are such stuffe\nAs dreames are made on" in old.heldout
    assert not set("".join((*modern, *old))) - set(ALPHABET)


def test_the_held_out_play_is_not_among_the_others():
    for text in (shakespeare(), folio()):
        spoken = [line for line in text.heldout.splitlines() if len(line) > 30]
        assert len(spoken) > 900 and not set(spoken) & set(text.train.splitlines())


def test_ids_are_places_in_the_alphabet_and_lead_back():
    assert len(ALPHABET) == len(set(ALPHABET)) == 67
    assert encode("\n z").tolist() == [0, 1, 66]
    assert decode(encode(shakespeare().heldout)) == shakespeare().heldout


def test_a_strange_character_is_named():
    with pytest.raises(ValueError, match="'7' is not in the alphabet"):
        encode("act 7")


def test_excerpts_start_anywhere_and_targets_are_what_follows():
    ids = torch.arange(10)
    found, following = excerpts(ids, 500, length=4, generator=torch.Generator().manual_seed(1))
    assert found.shape == (500, 4) and found[:, 0].unique().tolist() == [0, 1, 2, 3, 4, 5]
    assert torch.equal(found - found[:, :1], torch.arange(4).expand(500, 4))
    assert torch.equal(following, found + 1)


def test_passages_are_the_whole_text_in_order():
    found, following = passages(torch.arange(10), length=4)
    assert found.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert following.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert len(passages(torch.arange(13), length=4).ids) == 3
    assert len(passages(torch.arange(12), length=4).ids) == 2  # the last target is missing


def examples():
    ids = torch.arange(10)
    return [
        (partial(shakespeare), ()),
        (partial(folio), ()),
        (partial(encode, "To be"), ()),
        (partial(decode), (ids,)),
        (partial(excerpts, length=4), (ids, 3)),
        (partial(passages, length=4), (ids,)),
    ]
