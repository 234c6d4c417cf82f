"""A decoder for DICOM's "JPEG Extended" with 12 bits a sample, as a plugin of pydicom.

GDCM can decode it; pydicom's own plugin for GDCM leaves it out, and the other one that pydicom knows is under a licence
(GPL) that does not go with this project's.
"""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

LABEL = "skrt-workspace"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
DECODER_DEPENDENCIES = {JPEG_EXTENDED: ("gdcm>=3.2",)}


def add_to(decoders: ModuleType) -> None:
    """Add the plugin to pydicom's decoder for that transfer syntax, where there is one without it."""
    decoder: Any = getattr(decoders, "JPEGExtended12BitDecoder", None)
    if decoder is not None and LABEL not in decoder.available_plugins:
        decoder.add_plugin(LABEL, (__name__, "decode_frame"))


def is_available(uid: str) -> bool:
    """Whether frames of this transfer syntax can be decoded; asked by pydicom."""
    return uid == JPEG_EXTENDED and importlib.util.find_spec("gdcm") is not None


def decode_frame(source: bytes, runner: Any) -> bytes:
    """The samples of one frame; called by pydicom, with what it knows of the image."""
    if runner.bits_stored == 8 or runner.samples_per_pixel != 1:
        raise NotImplementedError("this decoder is for grey images with 12 bits a sample")
    import gdcm  # noqa: PLC0415 - seldom needed

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(source)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(str(runner.photometric_interpretation))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(JPEG_EXTENDED)))
    bits = runner.bits_stored
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, bits, bits - 1, runner.pixel_representation))
    runner.set_option("bits_allocated", 16)
    # GDCM's binding gives bytes as text.
    samples: bytes = image.GetBuffer().encode("utf-8", "surrogateescape")
    wanted = 2 * runner.rows * runner.columns
    if len(samples) < wanted:
        raise RuntimeError("the frame could not be decoded")
    return samples[:wanted]
