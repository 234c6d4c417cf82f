"""Look at a folder: its series in a table, and every rule on what it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from skrt_workspace.data import image_rules, nifti, structure_rules
from skrt_workspace.data.findings import CheckReport, Finding, SeriesSummary, UnusableDataError
from skrt_workspace.data.frames import Stack, stack
from skrt_workspace.data.headers import Contents, Series, is_short, read


def check_folder(folder: str | PathLike[str]) -> CheckReport:
    """What is in it, and what goes wrong with it. Raises UnusableDataError where it is not there."""
    root = Path(folder)
    if not root.exists():
        raise UnusableDataError(f"There is no {root}. Give a folder with DICOM or NIfTI files, or one such file.")
    contents = read(root)
    summaries: list[SeriesSummary] = []
    findings = [*_folder_rules(contents)]
    for series in contents.series:
        sorted_slices = stack(series) if "Rows" in series.first else None
        summaries.append(_summary(series, sorted_slices))
        if sorted_slices is not None:
            findings += [finding for rule in image_rules.RULES for finding in rule(series, sorted_slices)]
        elif "Rows" in series.first:
            findings.append(_without_place(series))
        if series.modality == "RTSTRUCT":
            findings += [finding for file in series.files for finding in structure_rules.rules(file, contents)]
    for path in contents.nifti:
        summary, found = nifti.look(path)
        summaries.append(summary)
        findings += found
    return CheckReport(str(root), tuple(summaries), tuple(findings), tuple(str(path) for path in contents.others))


def _folder_rules(contents: Contents) -> Iterator[Finding]:
    """What is wrong with the folders and files themselves."""
    yield from _brackets(contents)
    yield from _mixed(contents)
    short = [
        (file.path, "it ends before its pixels do")
        for series in contents.series
        for file in series.files
        if is_short(file)
    ]
    for path, why in (*contents.unusable, *short):
        yield Finding(
            "unreadable",
            f"{path.name} calls itself DICOM and cannot be read: {why}.",
            "it is left out, or everything ends in an error, as its contents have it.",
            "Copy it again from where it came.",
            (path.name,),
            mended=False,
        )


def _brackets(contents: Contents) -> Iterator[Finding]:
    folders = {file.path.parent.resolve() for series in contents.series for file in series.files}
    odd = sorted(str(folder) for folder in folders if any(mark in str(folder) for mark in "[]*?"))
    if odd:
        yield Finding(
            "brackets-in-a-name",
            f"the name {odd[0]!r} has square brackets, a star or a question mark in it.",
            "it takes them for a pattern: the files are not found, or others are.",
            "Rename the folder. load() finds the files.",
        )


def _mixed(contents: Contents) -> Iterator[Finding]:
    """Several kinds, or several image series, side by side in one folder."""
    by_folder: dict[Path, list[Series]] = {}
    for series in contents.series:
        for folder in {file.path.parent for file in series.files}:
            by_folder.setdefault(folder, []).append(series)
    for folder, together in by_folder.items():
        kinds = sorted({series.modality for series in together})
        images = [series for series in together if series.modality in ("CT", "MR", "PT")]
        if images and len(together) > 1:
            yield Finding(
                "mixed-folder",
                f"{folder.name} holds {len(together)} series ({', '.join(kinds)}) side by side.",
                "Image(folder) ends in an AttributeError, or takes one series for the other.",
                "load() sorts them. skrt.Patient(folder, unsorted_dicom=True) does too.",
            )


def _without_place(series: Series) -> Finding:
    return Finding(
        "no-geometry",
        f"{series.modality}: the files do not say where their pixels are (no position or no orientation).",
        "it takes voxels of 1 mm at the place 0, 0, 0, or guesses.",
        "Such pictures (screen captures, scouts, ultrasound) cannot be measured; load() leaves them out.",
        series.names,
        mended=False,
    )


def _summary(series: Series, slices: Stack | None) -> SeriesSummary:
    header = series.first
    description = str(header.get("SeriesDescription") or header.get("StructureSetLabel") or "")
    details = ""
    if slices is not None:
        columns, rows = slices.frames[0].spacing
        size = f"{header.get('Columns')} x {header.get('Rows')} x {len(slices.frames)}"
        details = f"{size} voxels of {columns:g} x {rows:g} x {slices.step:g} mm"
    elif series.modality == "RTSTRUCT":
        details = ", ".join(str(item.get("ROIName", "")) for item in header.get("StructureSetROISequence") or [])
    return SeriesSummary(series.modality, description, len(series.files), details)
