"""LoRA: a frozen linear layer and, beside it, an update of low rank that is trained.

Source: Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models,
https://arxiv.org/abs/2106.09685, sections 4.1 (equation 3, the scale α / r) and 4.2.
Differs: the paper draws A from a Gaussian of no stated variance; here it is 1 / k, so that A x has
numbers as large as those of x. The authors' code and peft draw A uniformly, with variance
1 / (3 k). The dropout that both have before A is left out.

Letters: k inputs, o outputs, r rank.
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LoRALinear(nn.Module):
    """W x + bias + (α / r) B A x; W and bias are those of `linear`, which is frozen.

    B begins as 0, so that nothing changes before the first step of training.

    Raises:
        ValueError: `rank` is not between 1 and the smaller side of W.
    """

    def __init__(self, linear: nn.Linear, *, rank: int, alpha: float):
        super().__init__()
        if not 1 <= rank <= min(linear.weight.shape):
            shape = " by ".join(map(str, linear.weight.shape))
            raise ValueError(f"rank={rank} of an update to a matrix of {shape}")
        self.linear, self.scale = linear.requires_grad_(False), alpha / rank
        drawn = torch.randn_like(linear.weight[:rank]) / linear.in_features**0.5
        self.a = nn.Parameter(drawn)
        self.b = nn.Parameter(linear.weight.new_zeros(linear.out_features, rank))

    def forward(self, x: Float[Tensor, "*b k"]) -> Float[Tensor, "*b o"]:
        return self.linear(x) + self.scale * (x @ self.a.mT @ self.b.mT)

    def update(self) -> Float[Tensor, "o k"]:
        """ΔW = (α / r) B A, of rank r at most."""
        return self.scale * (self.b @ self.a)

    @property
    def weight(self) -> Float[Tensor, "o k"]:
        """W + ΔW, for whoever reads a linear layer's weight and does not call the layer."""
        return self.linear.weight + self.update()

    @property
    def bias(self) -> Float[Tensor, " o"] | None:
        """The bias of `linear`."""
        return self.linear.bias


def adapt_(
    model: nn.Module, chosen: Callable[[str], bool], *, rank: int, alpha: float
) -> dict[str, LoRALinear]:
    """Freeze a model and put a `LoRALinear` in place of each linear layer whose name is chosen.

    Names are those of `model.named_modules()`: "blocks.0.mixer.to_q". The new layers, by name, are
    what `unmerge_` asks for.

    Raises:
        ValueError: no name is chosen (the text lists those that there are), or the model has
            adapters already.
    """
    if any(isinstance(m, LoRALinear) for m in model.modules()):
        raise ValueError("the model has adapters already; merge_ it first")
    linears = {name: m for name, m in model.named_modules() if isinstance(m, nn.Linear)}
    layers = {name: linear for name, linear in linears.items() if chosen(name)}
    if not layers:
        raise ValueError(f"no linear layer is chosen of {', '.join(linears) or 'none'}")
    model.requires_grad_(False)
    adapters = {name: LoRALinear(m, rank=rank, alpha=alpha) for name, m in layers.items()}
    for name, adapter in adapters.items():
        model.set_submodule(name, adapter)
    return adapters


@torch.no_grad()
def merge_(model: nn.Module) -> dict[str, LoRALinear]:
    """Add each update to its W and put the plain linear layer back; returns what was taken out.

    The model is then made of the layers that it had before `adapt_`, and as fast.
    """
    adapters = {name: m for name, m in model.named_modules() if isinstance(m, LoRALinear)}
    for name, adapter in adapters.items():
        adapter.linear.weight.copy_(adapter.weight)
        model.set_submodule(name, adapter.linear)
    return adapters


@torch.no_grad()
def unmerge_(model: nn.Module, adapters: Mapping[str, LoRALinear]) -> None:
    """Subtract the updates again, up to rounding, and put the `LoRALinear` layers back.

    Raises:
        ValueError: the layer of that name is not the one that an adapter was merged into.
    """
    for name, adapter in adapters.items():
        if model.get_submodule(name) is not adapter.linear:
            raise ValueError(f"{name} is not merged")
    for name, adapter in adapters.items():
        adapter.linear.weight -= adapter.update()
        model.set_submodule(name, adapter)


def trainable_share(model: nn.Module) -> float:
    """Trained weights over all weights, those of the adapters among them; 0 to 1."""
    counts = [(w.numel(), w.requires_grad) for w in model.parameters()]
    return sum(n for n, trained in counts if trained) / sum(n for n, _ in counts)
