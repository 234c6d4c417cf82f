"""Two images on one grid as one: for pictures. The page mixes in the browser (labextension/static/planes.js)."""

from __future__ import annotations

import numpy as np

from skrt_workspace.viewer.grids import Array

WAYS = ("blend", "difference", "checkerboard", "slider")
_SQUARES = 8


def mixed(image: Array, other: Array, way: str, share: float = 0.5) -> Array:
    """One plane of two images, shape (down, across).

    :param share: of `other` in a blend; where the slider stands, from the first column.
    :raises ValueError: for a way that is none of `WAYS`.
    """
    image, other = image.astype(np.float32), other.astype(np.float32)
    if way == "blend":
        return image * (1 - share) + other * share
    if way == "difference":
        return other - image
    if way == "slider":
        border = round(share * image.shape[1])
        return np.concatenate([other[:, :border], image[:, border:]], axis=1)
    if way == "checkerboard":
        down, across = (np.arange(size) * _SQUARES // max(image.shape) for size in image.shape)
        return np.where((down[:, None] + across) % 2, other, image)
    raise ValueError(f"There is no way {way!r} to show two images. There are: {', '.join(WAYS)}.")
