"""Byte-pair encoding against Hugging Face's tokenizers, and the laws it must obey."""

import json
import random
from collections import Counter
from functools import cache, partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus.data import plays
from nexus.language.tokenization import bpe
from nexus.language.tokenization.bpe import BYTES, Pairs, Tokenizer, Vocabulary, spell, train, words

SHOWN = [*range(33, 127), *range(161, 173), *range(174, 256)]  # the order of GPT-2's first ids,
BASE = [BYTES[x] for x in (*SHOWN, *(x for x in range(256) if x not in SHOWN))]  # which break ties
PLAY, FOLIO = (read().train[:30_000] for read in (plays.shakespeare, plays.folio))
ODD = "I'll go to 10 Downing_St... 😀😃😀 中文字 éé e\u0301 \x00\x1f\x7f  \n\n\t x=½ ½ ２３ don't"
RUNS = "".join(random.Random(0).choices("aaab ", k=300))
TOY = {"low": 5, "lower": 2, "newest": 6, "widest": 3}


@cache
def play(merges=300, known=""):
    vocabulary = train(Counter(words(PLAY)), merges=merges)
    return vocabulary, Tokenizer(vocabulary, spell=partial(spell, known=known))


def as_ids(vocabulary):
    ids = {token: at for at, token in enumerate(vocabulary.tokens())}
    return torch.tensor([[ids[left], ids[right]] for left, right in vocabulary.merges])


def ended(word, end="</w>"):
    return [*map(str.encode, word), end.encode()]


def oracles():
    parts = ("", ".models", ".pre_tokenizers", ".trainers")
    return [pytest.importorskip(f"tokenizers{part}") for part in parts]


@pytest.mark.parametrize("text", [PLAY, FOLIO, ODD * 2, RUNS], ids=["play", "folio", "odd", "runs"])
def test_merges_and_ids_match(text, matches):
    tokenizers, models, splits, trainers = oracles()
    ours = train(Counter(words(text)), merges=400, base=BASE)
    theirs = tokenizers.Tokenizer(models.BPE())
    theirs.pre_tokenizer = splits.ByteLevel(add_prefix_space=False, use_regex=False)
    sizes = {"vocab_size": len(ours.tokens()), "initial_alphabet": splits.ByteLevel.alphabet()}
    theirs.train_from_iterator(words(text), trainers.BpeTrainer(**sizes, show_progress=False))
    pairs = json.loads(theirs.to_str())["model"]["merges"]
    want = torch.tensor([[*map(theirs.token_to_id, pair)] for pair in pairs])
    matches(trainers.BpeTrainer, as_ids(ours), want, wrt=None)
    for unseen in (ODD[::-1], plays.shakespeare().heldout[:20_000]):
        want = torch.tensor(theirs.encode(words(unseen), is_pretokenized=True).ids)
        matches(models.BPE, torch.tensor(Tokenizer(ours).encode(unseen)), want, wrt=None)


def test_pieces_match_those_of_gpt2(matches):
    split = oracles()[2].ByteLevel(add_prefix_space=False)
    for text in (plays.shakespeare().heldout, ODD.replace("½", "3").replace("\x1f", "")):
        want = [text[start:end] for _, (start, end) in split.pre_tokenize_str(text)]
        assert words(text) == want
        matches(type(split), *(torch.tensor([*map(len, x)]) for x in (words(text), want)), wrt=None)


def test_byte_fallback_matches(matches):
    models, (vocabulary, ours) = oracles()[1], play(known=plays.ALPHABET)
    names = [chr(x) if chr(x) in plays.ALPHABET else f"<0x{x:02X}>" for x in range(256)]
    names += [token.decode() for token in vocabulary.tokens()[256:]]
    pairs = [(left.decode(), right.decode()) for left, right in vocabulary.merges]
    ids = dict(zip(names, range(556), strict=True))
    theirs = models.BPE(vocab=ids, merges=pairs, byte_fallback=True)
    want = [each.id for piece in words(ODD) for each in theirs.tokenize(piece)]
    matches(models.BPE, torch.tensor(ours.encode(ODD)), torch.tensor(want), wrt=None)


@settings(deadline=None)
@pytest.mark.law("a text comes back, whatever its characters, and its pieces are the whole of it")
@given(st.text())
def test_round_trip(text):
    assert "".join(words(text)) == text
    both = play()[1], play(known="th")[1]
    assert [x.decode(x.encode(text)).decode() for x in both] == [text, text]


@settings(deadline=None)
@pytest.mark.law("ids in a row decode to the bytes of the first and then of the second")
@given(*2 * [st.lists(st.integers(0, 555))])
def test_decoding_is_concatenation(one, two):
    assert play()[1].decode(one + two) == play()[1].decode(one) + play()[1].decode(two)


@pytest.mark.law("fewer merges are the beginning of more merges, and make more tokens of the text")
def test_a_prefix_is_a_smaller_vocabulary():
    assert play(99)[0].merges == play()[0].merges[:99] and len(play(99)[0].merges) == 99
    assert len(PLAY.encode()) == len(play(0)[1].encode(PLAY)) > len(play(99)[1].encode(PLAY))
    assert len(play(99)[1].encode(PLAY)) > len(play()[1].encode(PLAY))


@pytest.mark.law("the bytes of each token, encoded alone, are that one token")
def test_every_token_is_its_own_encoding():
    merges = {(a, b): 256 + at for at, (a, b) in enumerate(as_ids(play()[0]).tolist())}
    assert [bpe.apply([*x], merges) for x in play()[0].tokens()] == [[at] for at in range(556)]


@pytest.mark.worked("Algorithm 1's example: low 5 times, lower 2, newest 6, widest 3")
def test_toy_by_hand():
    base = [each.encode() for each in ("l", "o", "w", "</w>", *"ernstid")]
    ten, all_ = (train(TOY, merges=m, base=base, spell=ended) for m in (10, 99))
    want = "e s|t </w>|es t</w>|l o|lo w|w est</w>|e west</w>|n ewest</w>|low </w>|w i".split("|")
    assert [b" ".join(pair).decode() for pair in ten.merges] == want
    ours = Tokenizer(ten, split=str.split, spell=ended)
    got = [ours.tokens[at].decode() for at in ours.encode("lowest newest")]
    assert got == ["low", "est</w>", "newest</w>"]
    assert [len(Tokenizer(all_, spell=ended).encode(word)) for word in TOY] == [1, 1, 1, 1]


@pytest.mark.worked("Figure 1: lower, not in the dictionary, becomes low and er·")
def test_figure_1():
    merges = ((b"r", b"$"), (b"l", b"o"), (b"lo", b"w"), (b"e", b"r$"))  # $ for the figure's dot
    ours = Tokenizer(Vocabulary(BYTES, merges), spell=partial(ended, end="$"))
    assert [ours.tokens[at] for at in ours.encode("lower")] == [b"low", b"er$"]


@pytest.mark.worked("b c learned before a b and c d: abcd is a, bc, d, though ab, cd is shorter")
def test_the_first_learned_goes_first_not_the_longest():
    merges = ((b"b", b"c"), (b"a", b"b"), (b"c", b"d"))
    assert Tokenizer(Vocabulary(BYTES, merges)).encode("abcd") == [97, 256, 100]
    assert spell("aé中", known="a中") == [b"a", b"\xc3", b"\xa9", "中".encode()]


def test_a_symbol_without_an_id_is_refused():
    with pytest.raises(ValueError, match=r"b'n' is not in the vocabulary"):
        train(TOY, merges=1, base=ended("lower"))
    with pytest.raises(ValueError, match=r"b'\\xc3' is not in the vocabulary"):
        Tokenizer(Vocabulary((b"a",), ())).encode("aé")


def examples():
    return [
        (partial(words), ("to be, or",)),
        (partial(spell, known="a"), ("aé",)),
        (partial(train, merges=2), (TOY,)),
        (partial(bpe.apply, merges={(98, 99): 256}), ([97, 98, 99],)),
        (partial(Pairs, [[97, 98, 99]], [2]), None),
        (partial(Tokenizer, Vocabulary(BYTES, ((b"b", b"c"),))), None),
    ]
