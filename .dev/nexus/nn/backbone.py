"""One residual stack for every sequence page; a page supplies its mixer, norm or ffn.

Letters: b batch, n tokens, d model width.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from nexus.nn.embedding import TokensAndPlaces


@runtime_checkable
class Mixer(Protocol):
    """What moves information between tokens: attention, a state space, a long convolution."""

    def __call__(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        """All tokens at once."""
        ...


@runtime_checkable
class Decoder(Mixer, Protocol):
    """A mixer that can also go token by token; repeated steps give what the full pass gives.

    A state is a NamedTuple of tensors and of states; `step` returns a new one.
    """

    def start(self, batch: int) -> Any:
        """The state before the first token."""
        ...

    def step(self, x: Float[Tensor, "b d"], state: Any) -> tuple[Float[Tensor, "b d"], Any]:
        """One more token and the state after it."""
        ...


def state_bytes(state: Any) -> int:
    """Bytes of all tensors in a state: what decoding must keep, and a step must read."""
    return state.nbytes if isinstance(state, Tensor) else sum(map(state_bytes, state))


class Block(nn.Module):
    """x + mixer(norm(x)), then x + ffn(norm(x)): the pre-norm residual block.

    It decodes if its mixer does.
    """

    def __init__(self, mixer: Mixer, ffn: nn.Module, norm: Callable[[], nn.Module]):
        super().__init__()
        self.mixer: Any = mixer  # `start` and `step` need a Decoder
        self.ffn = ffn
        self.norm_mixer, self.norm_ffn = norm(), norm()

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
        x = x + self.mixer(self.norm_mixer(x))
        return x + self.ffn(self.norm_ffn(x))

    def start(self, batch: int) -> Any:
        """The mixer's state before the first token; nothing else in a block remembers."""
        return self.mixer.start(batch)

    def step(self, x: Float[Tensor, "b d"], state: Any) -> tuple[Float[Tensor, "b d"], Any]:
        """One more token and the mixer's state after it."""
        mixed, state = self.mixer.step(self.norm_mixer(x), state)
        x = x + mixed
        return x + self.ffn(self.norm_ffn(x)), state


class Progress(NamedTuple):
    """Where decoding stands: the place of the next token, and one state a block."""

    place: Int[Tensor, "1"]
    blocks: tuple[Any, ...]


class LanguageModel(nn.Module):
    """Token ids in, next-token logits out; a hybrid is just a list of unlike blocks.

    `embed(ids, index)` gets the places of the tokens too, counted from 0.
    """

    def __init__(
        self, embed: nn.Module, blocks: Iterable[nn.Module], norm: nn.Module, unembed: nn.Module
    ):
        super().__init__()
        self.embed, self.norm, self.unembed = embed, norm, unembed
        self.blocks: Any = nn.ModuleList(blocks)

    def forward(self, ids: Int[Tensor, "b n"]) -> Float[Tensor, "b n vocab"]:
        x = self.embed(ids, torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.unembed(self.norm(x))

    def start(self, batch: int) -> Progress:
        """The state before the first token."""
        place = torch.zeros(1, dtype=torch.long, device=next(self.parameters()).device)
        return Progress(place, tuple(block.start(batch) for block in self.blocks))

    def step(
        self, ids: Int[Tensor, " b"], state: Progress
    ) -> tuple[Float[Tensor, "b vocab"], Progress]:
        """One more token: the logits of its successor, and the state after it."""
        x, after = self.embed(ids[:, None], state.place)[:, 0], []
        for block, before in zip(self.blocks, state.blocks, strict=True):
            x, state_of_block = block.step(x, before)
            after.append(state_of_block)
        return self.unembed(self.norm(x)), Progress(state.place + 1, tuple(after))


def small_model(mixers: Iterable[Mixer], *, vocab: int, dim: int, places: int) -> LanguageModel:
    """The model of the experiments: RMSNorm, a GELU layer twice as wide, learned places.

    It has one block a mixer, so that two experiments differ in their mixers and in nothing else.
    """

    def ffn():
        return nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    blocks = [Block(mixer, ffn(), lambda: nn.RMSNorm(dim)) for mixer in mixers]
    embed = TokensAndPlaces(vocab, dim, places=places)
    return LanguageModel(embed, blocks, nn.RMSNorm(dim), nn.Linear(dim, vocab))
