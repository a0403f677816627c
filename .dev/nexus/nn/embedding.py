"""What turns token ids into vectors: `embed(ids, index)`, the first part of a `LanguageModel`.

Letters: b batch, n tokens, d model width.
"""

from jaxtyping import Float, Int
from torch import Tensor, nn


class TokensAndPlaces(nn.Module):
    """A learned vector for each token plus a learned vector for each place."""

    def __init__(self, vocab: int, dim: int, *, places: int):
        super().__init__()
        self.token, self.place = nn.Embedding(vocab, dim), nn.Embedding(places, dim)

    def forward(self, ids: Int[Tensor, "b n"], index: Int[Tensor, " n"]) -> Float[Tensor, "b n d"]:
        return self.token(ids) + self.place(index)


class Tokens(nn.Embedding):
    """A learned vector for each token; its place is left to the mixers."""

    def forward(  # type: ignore[override]
        self, ids: Int[Tensor, "b n"], index: Int[Tensor, " n"]
    ) -> Float[Tensor, "b n d"]:
        return super().forward(ids)
