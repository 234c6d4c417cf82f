"""The anatomy of a chest as distances to surfaces: which tissue is where, and which structures are contoured.

Everything is a function of the place in the planning scan, so a moved or deformed scan is drawn from the same anatomy
without any interpolation. Hounsfield units follow the usual ranges of a scan with contrast agent; MR values are those
of a T1-weighted image, in arbitrary units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skrt_workspace.phantom import shapes
from skrt_workspace.phantom.geometry import Array, Points
from skrt_workspace.phantom.patients import PhantomPatient, Tumour
from skrt_workspace.phantom.vessels import Tube, lung_tubes

Corner = tuple[float, float, float]
Everywhere = ((-400.0, -400.0, -400.0), (400.0, 400.0, 400.0))
Distance = Callable[[Points], Array]

PTV_MARGIN = 8.0
STRUCTURES = ("External", "Lung_L", "Lung_R", "Heart", "SpinalCord", "Esophagus", "GTV", "PTV")
"""Names as in the report of AAPM Task Group 263."""


@dataclass(frozen=True)
class Tissue:
    """Something drawn over what was drawn before: a shape and its values in CT (HU) and MR (arbitrary units)."""

    name: str
    distance: Distance
    ct: float
    mr: float
    low: Corner = Everywhere[0]
    high: Corner = Everywhere[1]


def _around(centre: Corner, *half: float) -> tuple[Corner, Corner]:
    sizes = half if len(half) == 3 else (half[0],) * 3
    low = (centre[0] - sizes[0], centre[1] - sizes[1], centre[2] - sizes[2])
    high = (centre[0] + sizes[0], centre[1] + sizes[1], centre[2] + sizes[2])
    return low, high


class Chest:
    """The chest of one patient, with the tumour at a part of its radius."""

    HEART = (26.0, -22.0, -38.0)
    HEART_RADII = (50.0, 42.0, 46.0)

    def __init__(self, patient: PhantomPatient, tumour_scale: float = 1.0) -> None:
        self.size = patient.size
        self.tumour = Tumour(patient.tumour.centre, patient.tumour.radius * tumour_scale)
        self.seed = 100 + patient.number

    # Surfaces. Patients differ in width and depth, so x and y of the large shapes are scaled.

    def body(self, points: Points) -> Array:
        """The skin."""
        x, y, _ = points
        return shapes.ellipse_column(x, y, (174 * self.size, 112 * self.size), power=2.4)

    def muscle(self, points: Points) -> Array:
        """The inner surface of the fat under the skin."""
        x, y, _ = points
        return shapes.ellipse_column(x, y - 1, (158 * self.size, 101 * self.size), power=2.3)

    def cage(self, points: Points, inset: float = 0.0) -> Array:
        """The outer surface of the ribs, or a surface `inset` mm inside. The cage becomes narrower towards the neck."""
        x, y, z = points
        narrow = 1 - np.float32(0.24) * shapes.smooth_step((z - 10) / 110)
        radii = ((141 * self.size - inset) * narrow, (91 * self.size - inset) * narrow)
        return shapes.ellipse_column(x, y, radii, power=2.2)

    def ribs(self, points: Points) -> Array:
        """Ribs: rings in the wall of the cage that fall towards the front."""
        x, y, z = points
        wall = np.abs(self.cage(points, inset=4.0)) - np.float32(3.6)
        slope = z + np.float32(0.45) * y - np.float32(0.10) * np.abs(x)
        across = np.abs((slope / 27) - np.round(slope / 27)) * 27 * np.float32(0.88) - np.float32(5.2)
        ring: Array = np.maximum(np.maximum(wall, across), np.float32(13) - np.abs(x))
        return ring

    def diaphragm(self, points: Points) -> Array:
        """Distance below the two domes of the diaphragm: negative in the belly."""
        x, y, z = points
        # Each dome falls off to the outside, and hardly to the middle, where it meets the heart.
        outside_right = np.minimum(x + 68, 0) / 72 + np.maximum(x + 68, 0) / 200
        outside_left = np.maximum(x - 72, 0) / 72 + np.minimum(x - 72, 0) / 200
        depth = ((y + 8) / 88) ** 2
        right = -50 - 38 * (outside_right**2 + depth)
        left = -64 - 38 * (outside_left**2 + depth)
        height: Array = (z - np.maximum(right, left).astype(np.float32)) * np.float32(0.85)
        return height

    def mediastinum(self, points: Points) -> Array:
        """What lies between the lungs: a column, the heart, and the vertebrae at its back."""
        x, y, z = points
        width = 31 + 7 * np.sin(y * np.float32(0.045) + 0.4) - 6 * shapes.smooth_step((z - 40) / 60)
        width += 3 * np.sin(z * np.float32(0.09) + y * np.float32(0.05))
        bend = 4 + 4 * np.sin(y * np.float32(0.06) - z * np.float32(0.03))
        column = shapes.ellipse_column(x - bend, y - 2, (width.astype(np.float32), 150.0), power=2.6)
        back = shapes.ellipse_column(x, y - 66, (31.0, 36.0))
        hull = tuple(radius + 5 for radius in self.HEART_RADII)
        heart = shapes.ellipsoid((x, y, z), self.HEART, (hull[0], hull[1], hull[2]))
        inner: Array = np.minimum(np.minimum(column, back), heart)
        return inner

    def lungs(self, points: Points) -> Array:
        """Both lungs."""
        inside = np.maximum(self.cage(points, inset=10.0), -self.mediastinum(points))
        both: Array = np.maximum(inside, -self.diaphragm(points))
        return both

    def heart(self, points: Points) -> Array:
        """The heart with its wall."""
        return shapes.ellipsoid(points, self.HEART, self.HEART_RADII)

    def cord(self, points: Points) -> Array:
        """The spinal cord."""
        return shapes.ellipse_column(points[0], points[1] - 83, (6.5, 5.5))

    def oesophagus(self, points: Points) -> Array:
        """The oesophagus, which bends a little to the left below."""
        x, y, z = points
        return shapes.ellipse_column(x - 4 - np.clip(-z, 0, 80) * np.float32(0.06), y - 31, (9.0, 6.5))

    def gtv(self, points: Points) -> Array:
        """The tumour."""
        return shapes.lobulated_sphere(points, self.tumour.centre, self.tumour.radius)

    @cached_property
    def vessels(self) -> list[tuple[Tube, bool]]:
        """The vessels that lie in the lungs for at least a part of their length, and whether all of it is inside."""
        placed = [(tube, self._along(tube)) for tube in lung_tubes(self.seed)]
        return [(tube, bool(depth.max() < -6 - tube.radius)) for tube, depth in placed if depth.min() < -3]

    def _along(self, tube: Tube) -> Array:
        """Distance to the surface of the lungs at five places of a tube."""
        places = tube.start[:, None] + (tube.end - tube.start)[:, None] * np.linspace(0, 1, 5)
        return self.lungs((places[0], places[1], places[2]))

    def structure(self, name: str, points: Points) -> Array:
        """Distance to a contoured structure."""
        if name in ("Lung_L", "Lung_R"):
            side = -points[0] + 3 if name == "Lung_L" else points[0] - 3
            lung: Array = np.maximum(self.lungs(points), side)
            return lung
        table: dict[str, Distance] = {
            "External": self.body,
            "Heart": self.heart,
            "SpinalCord": self.cord,
            "Esophagus": self.oesophagus,
            "GTV": self.gtv,
            "PTV": lambda p: self.gtv(p) - np.float32(PTV_MARGIN),
        }
        return table[name](points)

    def region(self, name: str) -> tuple[Corner, Corner]:
        """Two corners of a box that holds the structure."""
        regions = {
            "Heart": _around(self.HEART, *(radius + 2 for radius in self.HEART_RADII)),
            "SpinalCord": ((-9.0, 75.0, -400.0), (9.0, 91.0, 400.0)),
            "Esophagus": ((-8.0, 20.0, -400.0), (20.0, 42.0, 400.0)),
            "GTV": _around(self.tumour.centre, self.tumour.radius * 1.5),
            "PTV": _around(self.tumour.centre, self.tumour.radius * 1.5 + PTV_MARGIN),
        }
        return regions.get(name, Everywhere)

    def _airways(self, points: Points) -> Array:
        x, _, z = points
        trachea = np.maximum(shapes.ellipse_column(x - 1, points[1] - 12, (8.5, 7.5)), 22 - z)
        right = shapes.capsule(points, np.array([0, 12, 26]), np.array([-34, 14, 4]), 5.5)
        left = shapes.capsule(points, np.array([1, 12, 26]), np.array([36, 16, 6]), 5.0)
        airways: Array = np.minimum(np.minimum(trachea, right), left)
        return airways

    # Tissues, in the order in which they are drawn.

    def tissues(self) -> Iterator[Tissue]:
        """All tissues; a later one covers an earlier one."""
        yield Tissue("skin", self.body, 15, 320)
        yield Tissue("fat", lambda p: self.body(p) + np.float32(2.5), -100, 900)
        yield Tissue("muscle", self.muscle, 55, 330)
        yield Tissue("fat between muscles", lambda p: np.abs(self.cage(p) - np.float32(4.5)) - 1.4, -80, 800)
        for side in (-1.0, 1.0):
            centre = (side * 126 * self.size, -6.0, 92.0)
            yield Tissue(
                "fat under the arm",
                lambda p, m=centre: shapes.ellipsoid(p, m, (17, 42, 52)),  # type: ignore[misc]
                -95,
                860,
                *_around(centre, 19, 44, 54),
            )
        yield Tissue("chest wall", self.cage, 45, 350)
        yield from self._belly()
        yield from self._mediastinum()
        yield Tissue("lung", self.lungs, -800, 35)
        yield from self._lung_content()
        yield from self._bones()
        yield Tissue("tumour", self.gtv, 40, 460, *self.region("GTV"))
        core = self.tumour.radius * 0.5
        if self.tumour.radius > 15:
            centre = self.tumour.centre
            yield Tissue("dead core", lambda p: shapes.lobulated_sphere(p, centre, core), 18, 260, *_around(centre, 30))

    def _belly(self) -> Iterator[Tissue]:
        def inside(p: Points, inset: float) -> Array:
            return np.maximum(self.cage(p, inset=inset), self.diaphragm(p))

        low, high = (-200.0, -200.0, -400.0), (200.0, 200.0, -40.0)
        yield Tissue("fat of the belly", lambda p: inside(p, 9.0), -95, 880, low, high)
        yield Tissue(
            "liver",
            lambda p: np.maximum(inside(p, 11.0) + 2, shapes.ellipsoid(p, (-58, -12, -128), (92, 82, 88))),
            105,
            520,
            low,
            high,
        )
        stomach = (64.0, -26.0, -112.0)
        yield Tissue("stomach", lambda p: shapes.ellipsoid(p, stomach, (44, 40, 42)), 35, 260, *_around(stomach, 46))
        gas = (64.0, -44.0, -106.0)
        yield Tissue("gas", lambda p: shapes.ellipsoid(p, gas, (24, 14, 20)), -960, 8, *_around(gas, 26))
        spleen = (92.0, 36.0, -104.0)
        yield Tissue("spleen", lambda p: shapes.ellipsoid(p, spleen, (28, 34, 36)), 110, 400, *_around(spleen, 38))

    def _mediastinum(self) -> Iterator[Tissue]:
        low, high = (-75.0, -95.0, -400.0), (95.0, 70.0, 400.0)
        yield Tissue(
            "fat between the lungs",
            lambda p: np.maximum(np.maximum(self.mediastinum(p) + 1, self.cage(p, inset=10.0)), -self.diaphragm(p)),
            -85,
            820,
            low,
            high,
        )
        region = _around(self.HEART, 54, 46, 50)
        x, y, z = self.HEART
        yield Tissue("heart wall", self.heart, 85, 380, *region)
        chambers = ((20, -14, -4, 24, 18, 28), (-20, -8, 4, 20, 24, 26), (10, 22, 16, 26, 14, 18))
        for dx, dy, dz, a, b, c in chambers:
            centre = (x + dx, y + dy, z + dz)
            yield Tissue(
                "blood",
                lambda p, m=centre, r=(a, b, c): shapes.ellipsoid(p, m, r),  # type: ignore[misc]
                175,
                180,
                *_around(centre, a + 2, b + 2, c + 2),
            )
        yield from self._great_vessels()
        gullet = ((-10.0, 18.0, -400.0), (22.0, 44.0, 400.0))
        yield Tissue("oesophagus", self.oesophagus, 42, 370, *gullet)
        yield Tissue("air in it", lambda p: self.oesophagus(p) + np.float32(5.6), -350, 60, *gullet)

    def _great_vessels(self) -> Iterator[Tissue]:
        def tube(start: Corner, end: Corner, radius: float) -> Tissue:
            a, b = np.array(start), np.array(end)
            low, high = np.minimum(a, b) - radius - 2, np.maximum(a, b) + radius + 2
            return Tissue(
                "blood",
                lambda p: shapes.capsule(p, a, b, radius),
                190,
                170,
                (float(low[0]), float(low[1]), float(low[2])),
                (float(high[0]), float(high[1]), float(high[2])),
            )

        yield tube((23, 44, -400), (20, 40, 44), 11.5)
        yield tube((20, 40, 44), (-6, -24, 48), 13.0)
        yield tube((-8, -26, 46), (2, -24, -4), 14.0)
        yield tube((-26, -22, -20), (-22, -20, 80), 9.0)
        yield tube((8, -34, 0), (18, -8, 24), 12.0)
        yield tube((18, -8, 24), (-34, 2, 14), 9.0)
        yield tube((18, -8, 24), (38, 14, 18), 9.5)
        yield tube((-10, -14, 50), (-22, -8, 130), 5.5)
        yield tube((14, 14, 52), (24, 8, 130), 5.0)

    def _lung_content(self) -> Iterator[Tissue]:
        for vessel, inside in self.vessels:

            def distance(points: Points, tube: Tube = vessel, whole: bool = inside) -> Array:
                shape = shapes.capsule(points, tube.start, tube.end, tube.radius)
                return shape if whole else np.maximum(shape, self.lungs(points) + np.float32(2))

            yield Tissue("vessel", distance, 90, 150, *vessel.region())
        wall, low, high = np.float32(1.8), (-46.0, 0.0, -10.0), (46.0, 24.0, 400.0)
        yield Tissue("wall of the airways", lambda p: self._airways(p) - wall, 20, 300, low, high)
        yield Tissue("airways", self._airways, -990, 6, low, high)

    def _bones(self) -> Iterator[Tissue]:
        yield Tissue("ribs", self.ribs, 420, 120)
        yield Tissue("marrow of the ribs", lambda p: self.ribs(p) + np.float32(2.4), 170, 520)
        for side in (-1.0, 1.0):
            centre = (side * 98 * self.size, 84 * self.size, 70.0)
            yield Tissue("shoulder blade", lambda p, s=side: self._shoulder_blade(p, s), 380, 140, *_around(centre, 56))  # type: ignore[misc]
        chest_bone = ((-26.0, -110.0 * self.size, -46.0), (26.0, -70.0, 92.0))
        yield Tissue("chest bone", self._chest_bone, 320, 140, *chest_bone)
        yield Tissue("its marrow", lambda p: self._chest_bone(p) + np.float32(2.6), 130, 600, *chest_bone)
        spine = ((-40.0, 34.0, -400.0), (40.0, 112.0, 400.0))
        yield Tissue("disc", self._vertebra, 90, 300, *spine)
        yield Tissue("vertebra", self._bony_spine, 520, 150, *spine)
        yield Tissue("marrow of the spine", lambda p: self._bony_spine(p) + np.float32(2.6), 210, 620, *spine)
        canal = ((-14.0, 70.0, -400.0), (14.0, 97.0, 400.0))
        yield Tissue("fluid", lambda p: shapes.ellipse_column(p[0], p[1] - 83, (9.5, 8.0)), 12, 90, *canal)
        yield Tissue("cord", self.cord, 42, 430, *canal)

    def _shoulder_blade(self, points: Points, side: float) -> Array:
        x, y, z = points
        centre = (side * 98 * self.size, 84 * self.size, 72.0)
        u, v = x * side - abs(centre[0]), y - centre[1]
        along, across = u * 0.8 - v * 0.6, u * 0.6 + v * 0.8
        plate: Array = np.maximum(
            np.abs(across) - np.float32(2.6), np.maximum(np.abs(along) - 34, np.abs(z - centre[2]) - 44)
        )
        return plate

    def _chest_bone(self, points: Points) -> Array:
        front = -86.0 * self.size
        lean = points[1] - front - np.clip(points[2], 0, 90) * np.float32(0.22)
        return shapes.box((points[0], lean, points[2]), (0, 0, 22), (17, 5.5, 66))

    def _vertebra(self, points: Points) -> Array:
        return shapes.ellipse_column(points[0], points[1] - 59, (18.5, 15.0), power=2.3)

    def _bony_spine(self, points: Points) -> Array:
        x, y, z = points
        phase = (z / 26) - np.round(z / 26)
        body = np.maximum(self._vertebra(points), np.abs(phase) * 26 - np.float32(10.2))
        arch = np.abs(shapes.ellipse_column(x, y - 83, (13.5, 12.0))) - np.float32(3.2)
        arch = np.maximum(arch, np.float32(76) - y)
        spike = shapes.box((x, y - 96, np.abs(phase) * 26), (0, 4, 0), (3.0, 8.5, 10.0))
        wings = shapes.box((x, y + np.abs(x) * -0.35 - 72, np.abs(phase) * 26), (0, 3, 0), (33, 4.5, 7.0))
        bone: Array = np.minimum(np.minimum(body, arch), np.minimum(spike, wings))
        return bone
