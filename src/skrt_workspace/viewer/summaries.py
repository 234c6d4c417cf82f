"""What has no picture of its own, in words: treatment plans, registrations, and why a file cannot be shown."""

from __future__ import annotations

from typing import Any

Row = tuple[str, str]

NO_PICTURE = {
    "SR": "a structured report: text and measurements",
    "PR": "a presentation state: how another image is to be shown",
    "KO": "a list of selected images",
    "DOC": "an enclosed document, such as a PDF",
    "SEG": "a segmentation",
    "RTRECORD": "a record of a treatment",
    "RTIMAGE": "a picture of a treatment beam",
    "ECG": "a curve",
}


def plan(header: Any) -> list[Row]:
    """An RTPLAN as rows of a table."""
    rows = [
        ("Plan", _text(header, "RTPlanLabel")),
        ("Intent", _text(header, "PlanIntent")),
        ("Status", _text(header, "ApprovalStatus")),
        ("Machine", next((_text(beam, "TreatmentMachineName") for beam in header.get("BeamSequence") or []), "")),
    ]
    for dose in header.get("DoseReferenceSequence") or []:
        if "TargetPrescriptionDose" in dose:
            what = _text(dose, "DoseReferenceDescription") or _text(dose, "DoseReferenceType")
            rows.append(("Prescribed", f"{float(dose.TargetPrescriptionDose):g} Gy ({what})"))
    meterset: dict[int, float] = {}
    for group in header.get("FractionGroupSequence") or []:
        rows.append(("Fractions", _text(group, "NumberOfFractionsPlanned")))
        for beam in group.get("ReferencedBeamSequence") or []:
            if beam.get("BeamMeterset") is not None:
                meterset[int(beam.ReferencedBeamNumber)] = float(beam.BeamMeterset)
    rows += [_beam(beam, meterset) for beam in header.get("BeamSequence") or []]
    rows += [_ion_beam(beam) for beam in header.get("IonBeamSequence") or []]
    return [(name, text) for name, text in rows if text]


def _beam(beam: Any, meterset: dict[int, float]) -> Row:
    points = beam.get("ControlPointSequence") or []
    angles = [float(point.GantryAngle) for point in points if point.get("GantryAngle") is not None]
    parts = [_text(beam, "BeamType").lower(), _text(beam, "RadiationType").lower()]
    if points and points[0].get("NominalBeamEnergy") is not None:
        parts.append(f"{float(points[0].NominalBeamEnergy):g} MV")
    if angles:
        turned = f" to {angles[-1]:g}°" if angles[-1] != angles[0] else ""
        parts.append(f"gantry {angles[0]:g}°{turned}")
    number = int(beam.get("BeamNumber", 0))
    if number in meterset:
        parts.append(f"{meterset[number]:.1f} MU")
    return f"Beam {number} {_text(beam, 'BeamName')}".strip(), ", ".join(part for part in parts if part)


def _ion_beam(beam: Any) -> Row:
    name = f"Beam {beam.get('BeamNumber', '')} {_text(beam, 'BeamName')}".strip()
    return name, ", ".join(
        part for part in (_text(beam, "RadiationType").lower(), _text(beam, "ScanMode").lower()) if part
    )


def registration(matrix: Any) -> list[Row]:
    """The matrix of a registration as rows."""
    lines = ["  ".join(f"{number:9.4f}" for number in row) for row in matrix[:3]]
    shift = ", ".join(f"{number:.1f}" for number in matrix[:3, 3])
    return [("Matrix, moving to fixed", "\n".join(lines)), ("Its shift", f"{shift} mm (LPS)")]


def deformation(header: Any, transform: Any) -> list[Row]:
    """A deformable registration as rows: its grid, and how far it moves points."""
    import numpy as np  # noqa: PLC0415 - a plan needs none

    rows = []
    for item in header.get("DeformableRegistrationSequence") or []:
        for grid in item.get("DeformableRegistrationGridSequence") or []:
            size = " x ".join(f"{int(number)}" for number in grid.GridDimensions)
            step = " x ".join(f"{float(number):g}" for number in grid.GridResolution)
            rows.append(("Grid", f"{size} points, every {step} mm"))
    if transform.extent is not None:
        ranges = [np.linspace(low, high, 12) for low, high in zip(*transform.extent, strict=True)]
        points = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
        far = np.linalg.norm(transform.moves(points), axis=1)
        rows.append(("It moves points by", f"{far.mean():.1f} mm in the mean, {far.max():.1f} mm at most"))
    return rows


def _text(item: Any, name: str) -> str:
    return str(item.get(name) or "").strip()
