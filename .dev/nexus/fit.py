"""The one training loop."""

import math
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer


def fit(loss: Callable[[], Float[Tensor, ""]], optimizer: Optimizer, *, steps: int) -> list[float]:
    """Take `steps` optimizer steps down `loss()`, which draws its own batch; the loss of each.

    The losses are those before each step.

    Raises:
        ValueError: a loss is nan or infinite; the weights stay as they were before that step.
    """
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        value = loss()
        losses.append(value.item())
        if not math.isfinite(losses[-1]):
            raise ValueError(f"the loss is {losses[-1]} at step {step}")
        value.backward()
        optimizer.step()
    return losses
