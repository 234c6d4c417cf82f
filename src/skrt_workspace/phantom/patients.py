"""The invented patients: who they are, what differs between their bodies, and when they were scanned.

The first has everything a lesson needs (three CT scans and an MR scan); the others have a planning scan and one in the
middle of treatment, and together make a small cohort."""

from __future__ import annotations

from dataclasses import dataclass, field

from skrt_workspace.phantom.geometry import Bump, Grid, Movement, RigidMovement, SmoothMovement, Still

FINE = Grid(size=(144, 104, 50), spacing=(2.75, 2.75, 4.0), origin=(-196.625, -134.0, -98.0))
COARSE = Grid(size=(108, 80, 40), spacing=(3.5, 3.5, 5.0), origin=(-187.25, -133.0, -97.5))

RIGID = RigidMovement(shift=(8.0, -5.0, 6.0), rotation_z_degrees=3.0)
"""How the patient lies in the second scan."""
BREATHING = SmoothMovement(
    bumps=(
        Bump(centre=(-72.0, -5.0, 0.0), amplitude=(-3.0, -5.0, 10.0), sigma=55.0),
        Bump(centre=(70.0, -15.0, -30.0), amplitude=(4.0, -6.0, 8.0), sigma=60.0),
    )
)
"""How the anatomy is deformed in the third scan."""
MR_OFFSET = RigidMovement(shift=(-6.0, 4.0, 5.0))
"""How the patient lies in the MR scanner, compared with the planning scan."""


@dataclass(frozen=True)
class Tumour:
    """A tumour: `centre` and `radius` in mm in the planning scan."""

    centre: tuple[float, float, float]
    radius: float


@dataclass(frozen=True)
class Scan:
    """One CT scan: when, how the anatomy has moved since planning, and what is left of the tumour's radius."""

    name: str
    time: str
    """YYYYMMDD_hhmmss, which is also the name of the study's folder."""
    movement: Movement = field(default_factory=Still)
    tumour_scale: float = 1.0


@dataclass(frozen=True)
class Prescription:
    """What the planned treatment is to give."""

    dose: float
    fractions: int
    gantry_angles: tuple[float, ...]


@dataclass(frozen=True)
class PhantomPatient:
    """An invented patient."""

    number: int
    word: str
    sex: str
    birth_date: str
    tumour: Tumour
    prescription: Prescription
    scans: tuple[Scan, ...]
    size: float = 1.0
    """Width and depth of the body, relative to the first patient."""
    grid: Grid = COARSE
    mr_time: str = ""

    @property
    def identifier(self) -> str:
        """Folder name and DICOM Patient ID."""
        return f"Phantom-{self.number}"

    @property
    def name(self) -> str:
        """DICOM Patient's Name."""
        return f"Phantom^{self.word}"


def _cohort_scans(day: str, later: str, shift: tuple[float, float, float], scale: float) -> tuple[Scan, ...]:
    return (
        Scan("planning", f"{day}_091500"),
        Scan("week3", f"{later}_084000", RigidMovement(shift), tumour_scale=scale),
    )


_RIGHT_BEAMS = (180.0, 225.0, 270.0, 315.0, 0.0)
_LEFT_BEAMS = (180.0, 135.0, 90.0, 45.0, 0.0)

PATIENTS = (
    PhantomPatient(
        1,
        "One",
        "F",
        "19550101",
        Tumour((-74.0, 2.0, 14.0), 17.0),
        Prescription(60.0, 30, _RIGHT_BEAMS),
        (
            Scan("planning", "20260105_090000"),
            Scan("rigid", "20260112_084500", RIGID),
            Scan("deformed", "20260119_085000", BREATHING),
        ),
        grid=FINE,
        mr_time="20260105_103000",
    ),
    PhantomPatient(
        2,
        "Two",
        "M",
        "19480202",
        Tumour((72.0, 12.0, 34.0), 12.0),
        Prescription(60.0, 30, _LEFT_BEAMS),
        _cohort_scans("20260202", "20260223", (3.0, -2.0, 4.0), 0.90),
        size=1.02,
    ),
    PhantomPatient(
        3,
        "Three",
        "F",
        "19610303",
        Tumour((-70.0, -22.0, 36.0), 21.0),
        Prescription(60.0, 30, _RIGHT_BEAMS),
        _cohort_scans("20260203", "20260224", (-4.0, 1.0, -3.0), 0.78),
        size=0.93,
    ),
    PhantomPatient(
        4,
        "Four",
        "M",
        "19520404",
        Tumour((84.0, 18.0, 18.0), 16.0),
        Prescription(55.0, 20, _LEFT_BEAMS),
        _cohort_scans("20260204", "20260225", (2.0, 3.0, -5.0), 0.86),
        size=1.0,
    ),
    PhantomPatient(
        5,
        "Five",
        "F",
        "19660505",
        Tumour((-80.0, 14.0, -4.0), 25.0),
        Prescription(60.0, 30, _RIGHT_BEAMS),
        _cohort_scans("20260205", "20260226", (-2.0, -4.0, 2.0), 0.72),
        size=0.97,
    ),
    PhantomPatient(
        6,
        "Six",
        "M",
        "19590606",
        Tumour((-66.0, 10.0, 48.0), 14.0),
        Prescription(55.0, 20, _RIGHT_BEAMS),
        _cohort_scans("20260206", "20260227", (5.0, 2.0, 1.0), 0.95),
        size=1.04,
    ),
)
