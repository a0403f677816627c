"""The first part of a language model, by hand."""

from functools import partial

import torch
from torch.testing import assert_close

from nexus.nn.embedding import Tokens, TokensAndPlaces


def test_an_embedding_is_token_plus_place():
    embed = TokensAndPlaces(5, 3, places=7)
    got = embed(torch.tensor([[4, 0]]), torch.tensor([6, 2]))
    assert_close(got[0, 0], embed.token.weight[4] + embed.place.weight[6])
    assert_close(got[0, 1], embed.token.weight[0] + embed.place.weight[2])


def test_tokens_alone_do_not_know_their_places():
    embed = Tokens(5, 3)
    got = embed(torch.tensor([[4, 0]]), torch.tensor([6, 2]))
    assert_close(got[0], embed.weight[[4, 0]])


def examples():
    ids, index = torch.tensor([[4, 0], [2, 1]]), torch.tensor([6, 2])
    return [
        (partial(TokensAndPlaces, 5, 3, places=7), (ids, index)),
        (partial(Tokens, 5, 3), (ids, index)),
    ]
