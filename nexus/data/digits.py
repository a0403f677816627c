"""Handwritten digits, 8 by 8 pixels: 1,797 real pictures that come with the package.

Source: Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository, https://doi.org/10.24432/C50P49; licence in digits.LICENSE.txt beside this file.
Differs: the repository's test set only (13 writers), split once more into the first 1,437 to
learn from and the last 360 to test on, in the order in which they were collected.
"""

from nexus.data.pictures import Pictures, read


def digits() -> tuple[Pictures, Pictures]:
    """1,437 pictures of 8 by 8 pixels to learn from, and 360 to test on; 0 for paper, 1 for ink."""
    return read("digits", training=1437, most=16)
