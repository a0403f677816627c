"""Pictures as sequences: cut into square patches, row by row, and put together again.

Letters: b batch, k channels, h w height and width in pixels, n patches, p numbers in a patch.
"""

from jaxtyping import Float
from torch import Tensor


def to_patches(images: Float[Tensor, "b k h w"], size: int) -> Float[Tensor, "b n p"]:
    """The patches of `size` by `size` pixels, each flattened as channels, rows, columns.

    A linear layer on them is a convolution of that size and stride, its weight flattened.

    Raises:
        ValueError: the picture cannot be cut into such patches.
    """
    if any(side % size for side in images.shape[2:]):
        height, width = images.shape[2:]
        raise ValueError(f"{height} x {width} pixels cannot be cut into patches of size={size}")
    cut = images.unflatten(3, (-1, size)).unflatten(2, (-1, size))  # b k rows size columns size
    return cut.movedim((2, 4), (1, 2)).flatten(3).flatten(1, 2)


def from_patches(patches: Float[Tensor, "b n p"], size: int, height: int) -> Tensor:
    """The pictures, `height` pixels high, of which these are the patches: "b k h w".

    Raises:
        ValueError: such patches do not fill whole rows and channels.
    """
    rows = height // size
    if rows * size != height or patches.shape[1] % rows or patches.shape[2] % size**2:
        shape = tuple(patches.shape[1:])
        raise ValueError(f"{shape} are no patches of size={size} of pictures {height} high")
    cut = patches.unflatten(2, (-1, size, size)).unflatten(1, (rows, -1))  # b rows columns k s s
    return cut.movedim((1, 2), (2, 4)).flatten(4).flatten(2, 3)
