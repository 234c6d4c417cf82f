"""Voxels with their place in space, and the same on a grid along the patient's axes, as scikit-rt needs them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from skrt_workspace.data.findings import UnusableDataError
from skrt_workspace.data.frames import Array, Stack

_ALONG = 1e-4


@dataclass(frozen=True)
class Volume:
    """Values by index (i across, j down, k along the slices), and the matrix from an index to mm (LPS).

    :ivar resampled: whether values were interpolated.
    """

    values: Array
    affine: Array
    resampled: bool = False

    @property
    def spacing(self) -> tuple[float, ...]:
        """mm between voxels along each index."""
        return tuple(float(number) for number in np.linalg.norm(self.affine[:3, :3], axis=0))

    def along_axes(self) -> Volume:
        """The same with i along x, j along y and k along z: turned where that does, else resampled (linear)."""
        directions = self.affine[:3, :3] / self.spacing
        if np.all(np.abs(directions).max(axis=0) > 1 - _ALONG):
            return self._turned(directions)
        return self._resampled()

    def _turned(self, directions: Array) -> Volume:
        order = [int(np.abs(directions[axis]).argmax()) for axis in range(3)]  # the index that runs along x, y, z
        values, corner = self.values.transpose(order), self.affine[:3, 3].copy()
        for axis, index in enumerate(order):
            if directions[axis, index] < 0:
                values = np.flip(values, axis)
                corner += self.affine[:3, index] * (self.values.shape[index] - 1)
        affine = np.diag([*(self.spacing[index] for index in order), 1.0])
        affine[:3, 3] = corner
        return Volume(values, affine, self.resampled)

    def _resampled(self) -> Volume:
        from scipy import ndimage  # noqa: PLC0415 - heavy, and seldom needed

        last = np.array(self.values.shape) - 1
        corners = np.array([self.affine @ [*corner, 1] for corner in product(*((0, end) for end in last))])[:, :3]
        least, most = corners.min(axis=0), corners.max(axis=0)
        # Along each axis as fine as the index that runs most along it.
        nearest = [int(np.abs(self.affine[axis, :3] / self.spacing).argmax()) for axis in range(3)]
        spacing = np.array([self.spacing[index] for index in nearest])
        shape = tuple(int(number) for number in np.ceil((most - least) / spacing - 1e-6) + 1)
        affine = np.diag([*spacing, 1.0])
        affine[:3, 3] = least
        way = np.linalg.inv(self.affine) @ affine
        values = ndimage.affine_transform(
            self.values.astype(np.float32), way[:3, :3], way[:3, 3], shape, order=1, cval=float(self.values.min())
        )
        return Volume(values, affine, resampled=True)


def volume_of(stack: Stack) -> Volume:
    """The pixels of a stack as values, on even steps: where slices are missing they are interpolated.

    :raises UnusableDataError: for pixels that cannot be decoded, or a gap too long to fill.
    """
    planes = _planes(stack)
    frame = stack.frames[0]
    heights, step = stack.heights, stack.step
    resampled = False
    if len(heights) > 1 and not stack.is_even:
        planes, step = _evened(planes, heights, stack)
        resampled = True
    affine = np.eye(4)
    affine[:3, 0] = frame.across * frame.spacing[0]
    affine[:3, 1] = frame.down * frame.spacing[1]
    affine[:3, 2] = (frame.normal + stack.shear) * step
    affine[:3, 3] = frame.corner
    return Volume(planes.transpose(2, 1, 0), affine, resampled)


def _evened(planes: Array, heights: Array, stack: Stack) -> tuple[Array, float]:
    """Slices at even steps, linear between their neighbours, and the step: it ends where the last slice is."""
    if np.diff(heights).max() > 5.5 * stack.step:
        name = stack.frames[int(np.diff(heights).argmax())].file.name
        raise UnusableDataError(
            f"After {name} there is a gap of {np.diff(heights).max():.1f} mm: more than four slices are missing, "
            "and nothing true can be put there. Get the missing files, or load the parts from folders of their own."
        )
    number = round((heights[-1] - heights[0]) / stack.step) + 1
    even = np.linspace(heights[0], heights[-1], number)
    below = np.clip(np.searchsorted(heights, even, side="right") - 1, 0, len(heights) - 2)
    share = ((even - heights[below]) / (heights[below + 1] - heights[below]))[:, None, None]
    return (planes[below] * (1 - share) + planes[below + 1] * share).astype(np.float32), float(even[1] - even[0])


def _planes(stack: Stack) -> Array:
    """The values of each slice, shape (slice, row, column), each file read once."""
    import pydicom  # noqa: PLC0415 - heavy

    made: dict[Any, Array] = {}
    planes = []
    for frame in stack.frames:
        path = frame.file.path
        if path not in made:
            made.clear()  # frames come file by file, or all from one
            try:
                data = pydicom.dcmread(path, force=True)
                if "TransferSyntaxUID" not in data.file_meta:
                    data.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
                made[path] = data.pixel_array
            except Exception as error:
                raise UnusableDataError(f"The pixels of {path.name} cannot be read: {error}") from error
        pixels = made[path]
        plane = pixels[frame.number] if pixels.ndim == 3 else pixels
        if "ModalityLUTSequence" in frame.file.header:
            planes.append(pydicom.pixels.apply_modality_lut(plane, frame.file.header).astype(np.float32))
        else:
            planes.append(plane.astype(np.float32) * np.float32(frame.slope) + np.float32(frame.intercept))
    values = np.stack(planes)
    if stack.frames[0].file.header.get("PhotometricInterpretation") == "MONOCHROME1":
        values = values.min() + values.max() - values
    return values


def flat_picture(file: Any) -> Array:
    """The pixels of a picture that has no place in the patient, by index across, down and frame; colours as grey.

    :raises UnusableDataError: for pixels that cannot be decoded.
    """
    import pydicom  # noqa: PLC0415 - heavy

    try:
        data = pydicom.dcmread(file.path, force=True)
        if "TransferSyntaxUID" not in data.file_meta:
            data.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        pixels = data.pixel_array.astype(np.float32)
    except Exception as error:
        raise UnusableDataError(f"The pixels of {file.name} cannot be read: {error}") from error
    if int(file.header.get("SamplesPerPixel", 1)) > 1:
        pixels = pixels.mean(axis=-1)
    frames = pixels if pixels.ndim == 3 else pixels[np.newaxis]
    if file.header.get("PhotometricInterpretation") == "MONOCHROME1":
        frames = frames.min() + frames.max() - frames
    return frames.transpose(2, 1, 0)


def itk_volume(path: Any) -> Volume:
    """An image of three dimensions in a format that ITK reads, such as NRRD or MetaImage.

    :raises UnusableDataError: for a file that is none, or has more dimensions.
    """
    import SimpleITK  # noqa: PLC0415 - heavy

    try:
        image = SimpleITK.ReadImage(str(path))
    except RuntimeError as error:
        raise UnusableDataError(f"{path.name} cannot be read: {_last_line(error)}") from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        many = f"{image.GetDimension()} dimensions and {image.GetNumberOfComponentsPerPixel()} values for each voxel"
        raise UnusableDataError(f"{path.name} has {many}; images of three and one can be loaded.")
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return Volume(SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0), affine)


def _last_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
