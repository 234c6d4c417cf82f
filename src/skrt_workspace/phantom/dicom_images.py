"""Write CT and MR images as DICOM, one file for each slice (CT Image Storage and MR Image Storage)."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage

from skrt_workspace.phantom.dicom_common import Series, new_dataset, save
from skrt_workspace.phantom.geometry import Array, Grid

INTERCEPT = -1024


def write_ct(folder: Path, series: Series, grid: Grid, image: Array) -> None:
    """Write Hounsfield units, shape (z, y, x), with the rescale intercept of most scanners."""
    dataset = new_dataset(series, CTImageStorage, series.instance_uid())
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.KVP, dataset.AcquisitionNumber, dataset.ConvolutionKernel = "120", 1, "PHANTOM"
    dataset.ExposureTime, dataset.XRayTubeCurrent, dataset.Exposure = 500, 200, 100
    dataset.DataCollectionDiameter, dataset.GantryDetectorTilt, dataset.TableHeight = "500", "0", "150"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(INTERCEPT), "1", "HU"
    dataset.WindowCenter, dataset.WindowWidth = ["40", "-500"], ["400", "1500"]
    dataset.WindowCenterWidthExplanation = ["SOFT TISSUE", "LUNG"]
    _write_slices(folder, series, grid, dataset, (image - INTERCEPT).astype("<u2"))


def write_mr(folder: Path, series: Series, grid: Grid, image: Array) -> None:
    """Write a T1-weighted image, unsigned, shape (z, y, x)."""
    dataset = new_dataset(series, MRImageStorage, series.instance_uid())
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "SE", "NONE", ""
    dataset.MRAcquisitionType, dataset.RepetitionTime, dataset.EchoTime = "2D", "550", "12"
    dataset.EchoTrainLength, dataset.MagneticFieldStrength, dataset.ImagedNucleus = 1, "1.5", "1H"
    dataset.FlipAngle, dataset.NumberOfAverages, dataset.AcquisitionNumber = "90", "1", 1
    dataset.SpacingBetweenSlices = _number(grid.spacing[2])
    dataset.WindowCenter, dataset.WindowWidth = "450", "900"
    _write_slices(folder, series, grid, dataset, image.astype("<u2"))


def _number(value: float) -> str:
    return f"{value:.6g}"


def _write_slices(folder: Path, series: Series, grid: Grid, dataset: Dataset, stored: Array) -> None:
    dataset.AcquisitionDate, dataset.AcquisitionTime = series.date, series.clock
    dataset.ContentDate, dataset.ContentTime = series.date, series.clock
    dataset.BodyPartExamined, dataset.PatientPosition = "CHEST", "HFS"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = series.frame_uid, ""
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = [_number(grid.spacing[1]), _number(grid.spacing[0])]
    dataset.SliceThickness = _number(grid.spacing[2])
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = grid.size[1], grid.size[0]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    for number, z in enumerate(grid.axis(2), start=1):
        uid = series.instance_uid(number)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
        dataset.InstanceNumber = number
        dataset.ImagePositionPatient = [_number(grid.origin[0]), _number(grid.origin[1]), _number(float(z))]
        dataset.SliceLocation = _number(float(z))
        dataset.PixelData = stored[number - 1].tobytes()
        dataset["PixelData"].VR = "OW"
        save(dataset, folder / f"{number:03d}.dcm")
