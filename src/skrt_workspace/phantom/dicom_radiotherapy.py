"""Write structure sets, plans and doses as DICOM (RT Structure Set, RT Plan and RT Dose Storage)."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, RTDoseStorage, RTPlanStorage, RTStructureSetStorage

from skrt_workspace.phantom.anatomy import STRUCTURES
from skrt_workspace.phantom.beams import SOURCE_AXIS_DISTANCE
from skrt_workspace.phantom.dicom_common import Series, new_dataset, reference, save
from skrt_workspace.phantom.geometry import Array, Grid

COLOURS = {
    "External": (0, 170, 0),
    "Lung_L": (70, 130, 255),
    "Lung_R": (0, 210, 255),
    "Heart": (255, 140, 0),
    "SpinalCord": (255, 235, 0),
    "Esophagus": (190, 110, 60),
    "GTV": (230, 30, 30),
    "PTV": (255, 0, 255),
}
KINDS = {"External": "EXTERNAL", "GTV": "GTV", "PTV": "PTV"}
Contours = dict[str, dict[int, list[Array]]]


def write_structure_set(path: Path, series: Series, images: Series, grid: Grid, found: Contours) -> None:
    """Write contours (mm, by structure and slice number) that refer to the files of a CT series."""
    dataset = new_dataset(series, RTStructureSetStorage, series.instance_uid())
    dataset.StructureSetLabel, dataset.StructureSetName = "PHANTOM", f"Structures {images.scan}"
    dataset.StructureSetDate, dataset.StructureSetTime = series.date, series.clock
    dataset.InstanceNumber = 1
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = images.frame_uid, ""
    dataset.ReferencedFrameOfReferenceSequence = [_image_references(images, grid)]
    dataset.StructureSetROISequence, dataset.ROIContourSequence, dataset.RTROIObservationsSequence = [], [], []
    for name, slices in found.items():
        number = STRUCTURES.index(name) + 1
        dataset.StructureSetROISequence.append(_roi(number, name, images))
        dataset.ROIContourSequence.append(_roi_contours(number, name, slices, images, grid))
        dataset.RTROIObservationsSequence.append(_observation(number, name))
    dataset.ApprovalStatus = "UNAPPROVED"
    save(dataset, path)


def _image_references(images: Series, grid: Grid) -> Dataset:
    series_item = Dataset()
    series_item.SeriesInstanceUID = images.uid
    series_item.ContourImageSequence = [
        reference(CTImageStorage, images.instance_uid(number)) for number in range(1, grid.size[2] + 1)
    ]
    study_item = reference("1.2.840.10008.3.1.2.3.1", images.study_uid)
    study_item.RTReferencedSeriesSequence = [series_item]
    frame = Dataset()
    frame.FrameOfReferenceUID = images.frame_uid
    frame.RTReferencedStudySequence = [study_item]
    return frame


def _roi(number: int, name: str, images: Series) -> Dataset:
    item = Dataset()
    item.ROINumber, item.ROIName, item.ROIGenerationAlgorithm = number, name, "AUTOMATIC"
    item.ReferencedFrameOfReferenceUID = images.frame_uid
    return item


def _roi_contours(number: int, name: str, slices: dict[int, list[Array]], images: Series, grid: Grid) -> Dataset:
    """One structure's contours, encoded here: pydicom would need seconds for tens of thousands of decimal strings."""
    item = Dataset()
    item.ReferencedROINumber, item.ROIDisplayColor = number, list(COLOURS[name])
    heights = grid.axis(2)
    encoded = []
    for index, rings in slices.items():
        image = _encoded("ReferencedSOPClassUID", "UI", CTImageStorage)
        image += _encoded("ReferencedSOPInstanceUID", "UI", images.instance_uid(index + 1))
        for ring in rings:
            text = "\\".join(f"{x:.2f}\\{y:.2f}\\{heights[index]:.6g}" for x, y in ring)
            contour = _encoded("ContourImageSequence", "SQ", _encoded_item(image))
            contour += _encoded("ContourGeometricType", "CS", "CLOSED_PLANAR")
            contour += _encoded("NumberOfContourPoints", "IS", str(len(ring)))
            contour += _encoded("ContourData", "DS", text)
            encoded.append(_encoded_item(contour))
    tag, value = Tag("ContourSequence"), b"".join(encoded)
    item[tag] = RawDataElement(tag, "SQ", len(value), value, 0, False, True)
    return item


def _encoded(keyword: str, vr: str, value: str | bytes) -> bytes:
    """A data element in explicit VR little endian (PS3.5, section 7.1.2), padded to an even length."""
    content = value if isinstance(value, bytes) else value.encode("ascii")
    if len(content) % 2:
        content += b"\0" if vr == "UI" else b" "
    tag = Tag(keyword)
    length = struct.pack("<xxI", len(content)) if vr == "SQ" else struct.pack("<H", len(content))
    return struct.pack("<HH", tag.group, tag.element) + vr.encode("ascii") + length + content


def _encoded_item(content: bytes) -> bytes:
    """An item of a sequence (PS3.5, section 7.5)."""
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def _observation(number: int, name: str) -> Dataset:
    item = Dataset()
    item.ObservationNumber, item.ReferencedROINumber = number, number
    item.RTROIInterpretedType, item.ROIInterpreter = KINDS.get(name, "ORGAN"), ""
    return item


def write_plan(path: Path, series: Series, structures: Series, isocentre: tuple[float, ...], half: float) -> None:
    """Write a plan of static fields, one for each gantry angle; `half` is half of the field's width in mm."""
    prescription = series.patient.prescription
    dataset = new_dataset(series, RTPlanStorage, series.instance_uid())
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = structures.frame_uid, ""
    dataset.InstanceNumber, dataset.RTPlanLabel, dataset.RTPlanName = 1, "PHANTOM", "Lung, static fields"
    dataset.RTPlanDate, dataset.RTPlanTime, dataset.RTPlanGeometry = series.date, series.clock, "PATIENT"
    dataset.PlanIntent, dataset.ApprovalStatus = "CURATIVE", "UNAPPROVED"
    dataset.PrescriptionDescription = f"{prescription.dose:g} Gy in {prescription.fractions} fractions"
    dataset.ReferencedStructureSetSequence = [reference(RTStructureSetStorage, structures.instance_uid())]
    dataset.DoseReferenceSequence = _dose_references(prescription.dose)
    setup = Dataset()
    setup.PatientPosition, setup.PatientSetupNumber, setup.SetupTechnique = "HFS", 1, "ISOCENTRIC"
    dataset.PatientSetupSequence = [setup]
    angles = prescription.gantry_angles
    beams = [_beam(number, angle, isocentre, half) for number, angle in enumerate(angles, start=1)]
    dataset.BeamSequence = beams
    group = Dataset()
    group.FractionGroupNumber, group.NumberOfFractionsPlanned = 1, prescription.fractions
    group.NumberOfBeams, group.NumberOfBrachyApplicationSetups = len(beams), 0
    group.ReferencedBeamSequence = []
    for beam in beams:
        item = Dataset()
        item.ReferencedBeamNumber = beam.BeamNumber
        item.BeamMeterset = "100"
        item.BeamDose = f"{prescription.dose / prescription.fractions / len(beams):.4f}"
        group.ReferencedBeamSequence.append(item)
    dataset.FractionGroupSequence = [group]
    save(dataset, path)


def _dose_references(dose: float) -> list[Dataset]:
    target = Dataset()
    target.DoseReferenceNumber, target.DoseReferenceStructureType = 1, "VOLUME"
    target.DoseReferenceDescription, target.DoseReferenceType = "PTV", "TARGET"
    target.ReferencedROINumber = STRUCTURES.index("PTV") + 1
    target.TargetPrescriptionDose, target.TargetMinimumDose = f"{dose:g}", f"{0.95 * dose:g}"
    target.TargetMaximumDose = f"{1.07 * dose:g}"
    items = [target]
    for number, (name, most) in enumerate((("SpinalCord", 45), ("Heart", 60), ("Esophagus", 66)), start=2):
        organ = Dataset()
        organ.DoseReferenceNumber, organ.DoseReferenceStructureType = number, "VOLUME"
        organ.DoseReferenceDescription, organ.DoseReferenceType = name, "ORGAN_AT_RISK"
        organ.ReferencedROINumber = STRUCTURES.index(name) + 1
        organ.OrganAtRiskMaximumDose = f"{most:g}"
        items.append(organ)
    return items


def _beam(number: int, angle: float, isocentre: tuple[float, ...], half: float) -> Dataset:
    beam = Dataset()
    beam.BeamNumber, beam.BeamName, beam.BeamType, beam.RadiationType = number, f"G{angle:03.0f}", "STATIC", "PHOTON"
    beam.TreatmentMachineName, beam.PrimaryDosimeterUnit = "PHANTOMLINAC", "MU"
    beam.SourceAxisDistance, beam.TreatmentDeliveryType = f"{SOURCE_AXIS_DISTANCE:g}", "TREATMENT"
    beam.BeamLimitingDeviceSequence = []
    positions = []
    for kind in ("ASYMX", "ASYMY"):
        device, position = Dataset(), Dataset()
        device.RTBeamLimitingDeviceType, device.NumberOfLeafJawPairs = kind, 1
        position.RTBeamLimitingDeviceType, position.LeafJawPositions = kind, [f"{-half:.1f}", f"{half:.1f}"]
        beam.BeamLimitingDeviceSequence.append(device)
        positions.append(position)
    beam.ReferencedPatientSetupNumber = 1
    beam.NumberOfWedges, beam.NumberOfCompensators, beam.NumberOfBoli, beam.NumberOfBlocks = 0, 0, 0, 0
    beam.FinalCumulativeMetersetWeight, beam.NumberOfControlPoints = "1", 2
    first, last = Dataset(), Dataset()
    first.ControlPointIndex, first.NominalBeamEnergy, first.CumulativeMetersetWeight = 0, "6", "0"
    first.GantryAngle, first.GantryRotationDirection = f"{angle:g}", "NONE"
    first.BeamLimitingDeviceAngle, first.BeamLimitingDeviceRotationDirection = "0", "NONE"
    first.PatientSupportAngle, first.PatientSupportRotationDirection = "0", "NONE"
    first.TableTopEccentricAngle, first.TableTopEccentricRotationDirection = "0", "NONE"
    first.TableTopVerticalPosition = first.TableTopLongitudinalPosition = first.TableTopLateralPosition = None
    first.IsocenterPosition = [f"{value:.2f}" for value in isocentre]
    first.BeamLimitingDevicePositionSequence = positions
    last.ControlPointIndex, last.CumulativeMetersetWeight = 1, "1"
    beam.ControlPointSequence = [first, last]
    return beam


def write_dose(path: Path, series: Series, plan: Series, grid: Grid, dose: Array) -> None:
    """Write a dose in Gy, shape (z, y, x), as scaled 16-bit numbers in the plan's frame of reference."""
    dataset = new_dataset(series, RTDoseStorage, series.instance_uid())
    dataset.ContentDate, dataset.ContentTime = series.date, series.clock
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = plan.frame_uid, ""
    dataset.InstanceNumber = 1
    scaling = float(dose.max()) / 65000
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = f"{scaling:.10g}"
    dataset.TissueHeterogeneityCorrection = "IMAGE"
    dataset.ReferencedRTPlanSequence = [reference(RTPlanStorage, plan.instance_uid())]
    dataset.ImagePositionPatient = [f"{value:.6g}" for value in grid.origin]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = [f"{grid.spacing[1]:.6g}", f"{grid.spacing[0]:.6g}"]
    dataset.SliceThickness = f"{grid.spacing[2]:.6g}"
    dataset.FrameIncrementPointer = Tag("GridFrameOffsetVector")
    dataset.GridFrameOffsetVector = [f"{k * grid.spacing[2]:g}" for k in range(grid.size[2])]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = grid.size[2], grid.size[1], grid.size[0]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.PixelData = np.rint(dose / float(dataset.DoseGridScaling)).astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    save(dataset, path)
