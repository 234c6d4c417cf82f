"""What all DICOM files of the phantom share: identifiers, the patient, the study, file meta information.

The attributes follow the modules of DICOM PS3.3; identifiers are UUID-derived (root 2.25, PS3.5 annex B.2) and made
from names, so that the same phantom has the same identifiers everywhere."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from skrt_workspace.phantom.patients import PhantomPatient

_NAMES = uuid.UUID("6f1c3b52-6f5c-5a2b-9d1e-0d6a4f0c7b11")
MAKER = "skrt-workspace phantom"
VERSION = "1"


def make_uid(*parts: object) -> UID:
    """The identifier that belongs to these names."""
    return UID(f"2.25.{uuid.uuid5(_NAMES, '/'.join(str(part) for part in parts)).int}")


@dataclass(frozen=True)
class Series:
    """One series of one study of a patient; `time` is YYYYMMDD_hhmmss."""

    patient: PhantomPatient
    scan: str
    modality: str
    number: int
    time: str
    study_time: str
    description: str

    @property
    def date(self) -> str:
        """YYYYMMDD."""
        return self.time[:8]

    @property
    def clock(self) -> str:
        """hhmmss."""
        return self.time[9:]

    @property
    def uid(self) -> UID:
        """Series Instance UID."""
        return make_uid(self.patient.identifier, self.scan, self.modality)

    @property
    def study_uid(self) -> UID:
        """Study Instance UID."""
        return make_uid(self.patient.identifier, self.study_time)

    @property
    def frame_uid(self) -> UID:
        """Frame of Reference UID: one for each scanner position."""
        scanner = "MR" if self.modality == "MR" else "CT"
        return make_uid(self.patient.identifier, self.scan, scanner, "frame")

    def instance_uid(self, number: int = 1) -> UID:
        """SOP Instance UID."""
        return make_uid(self.patient.identifier, self.scan, self.modality, number)


def new_dataset(series: Series, sop_class: str, uid: UID) -> Dataset:
    """A data set with the patient, study, series, equipment and SOP common modules."""
    dataset = Dataset()
    dataset.file_meta = _file_meta(sop_class, uid)
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, uid
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = series.date, series.clock
    _add_patient(dataset, series.patient)
    dataset.StudyInstanceUID = series.study_uid
    dataset.StudyDate, dataset.StudyTime = series.study_time[:8], series.study_time[9:]
    dataset.StudyID = series.study_time[:8]
    dataset.StudyDescription = f"Invented chest, {series.scan}"
    dataset.AccessionNumber, dataset.ReferringPhysicianName = "", ""
    dataset.Modality = series.modality
    dataset.SeriesInstanceUID, dataset.SeriesNumber = series.uid, series.number
    dataset.SeriesDate, dataset.SeriesTime = series.date, series.clock
    dataset.SeriesDescription = series.description
    dataset.OperatorsName = ""
    dataset.Manufacturer, dataset.ManufacturerModelName, dataset.SoftwareVersions = MAKER, "chest", VERSION
    dataset.StationName = f"PHANTOM{series.modality}"
    return dataset


def _add_patient(dataset: Dataset, patient: PhantomPatient) -> None:
    dataset.PatientName, dataset.PatientID = patient.name, patient.identifier
    dataset.PatientBirthDate, dataset.PatientSex = patient.birth_date, patient.sex
    dataset.PatientComments = "Invented patient, made by a program"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Invented data, there is no such person"


def _file_meta(sop_class: str, uid: UID) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = make_uid("implementation", VERSION)
    meta.ImplementationVersionName = f"SKRTPHANTOM{VERSION}"
    return meta


def reference(sop_class: str, uid: UID) -> Dataset:
    """An item that refers to another file."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
    return item


def save(dataset: Dataset, path: Path) -> None:
    """Write a DICOM file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
