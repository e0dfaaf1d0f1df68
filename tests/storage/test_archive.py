import errno
import hashlib
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage, SecondaryCaptureImageStorage

import hl7dicom_lab
from hl7dicom_lab.errors import DicomFault, NotFound, SetupError
from hl7dicom_lab.model import Identifier, ReceivedInstance, StudySummary
from hl7dicom_lab.storage.archive import Archive

ROOT = "2.25.1"
STUDY = f"{ROOT}.100"


def image(number=1, **attributes):
    """A small MR image, number `number` of series 1 of the study."""
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.SOPClassUID = MRImageStorage
    data_set.SOPInstanceUID = f"{STUDY}.1.{number}"
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = STUDY, f"{STUDY}.1"
    data_set.PatientID, data_set.IssuerOfPatientID, data_set.PatientName = "MRN-1", "NGH", "Yamada^Tarou=山田^太郎"
    data_set.PatientBirthDate, data_set.PatientSex = "19580214", "M"
    data_set.AccessionNumber, data_set.StudyDescription = "A1", "MRI brain"
    data_set.StudyDate, data_set.StudyTime, data_set.Modality = "20260302", "083000", "MR"
    data_set.SeriesNumber, data_set.InstanceNumber = 1, number
    data_set.Rows, data_set.Columns, data_set.SamplesPerPixel = 4, 4, 1
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, 12, 11, 0
    data_set.PhotometricInterpretation = "MONOCHROME2"
    data_set.PixelData = bytes([number % 250]) * 32
    data_set["PixelData"].VR = "OW"
    code = Dataset()
    code.CodeValue, code.CodeMeaning, code.CodingSchemeDesignator = "70551", "MRI brain", "C4"
    data_set.ProcedureCodeSequence = [code]
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def received(data_set, syntax=ExplicitVRLittleEndian, undefined_lengths=False):
    for element in data_set:
        if element.VR == "SQ":
            element.is_undefined_length = undefined_lengths
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = syntax.is_implicit_VR, syntax.is_little_endian
    write_dataset(buffer, data_set)
    return ReceivedInstance(data_set.SOPClassUID, data_set.SOPInstanceUID, syntax, buffer.getvalue(), "MR_SCANNER")


@pytest.fixture
def archive(tmp_path):
    with Archive(tmp_path / "pacs", durable=False) as archive:
        yield archive


def files(archive, kind="*.dcm"):
    return sorted(path for path in archive.folder.rglob(kind) if "sqlite" not in path.name)


def refused(archive, one):
    with pytest.raises(DicomFault) as caught:
        archive.store(one)
    return caught.value


def attempt(archive, one):
    try:
        archive.store(one)
    except DicomFault as fault:
        return fault.status
    return 0x0000


# --- storing


@pytest.mark.parametrize("durable", [False, True])
def test_a_stored_image_is_a_part_10_file_with_the_bytes_that_came(tmp_path, durable):
    one = received(image())
    with Archive(tmp_path, durable=durable) as archive:
        stored = archive.store(one)
        data_set = pydicom.dcmread(stored.path)
        assert stored.path.read_bytes().endswith(one.data_set)
        assert data_set.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert data_set == image()
        assert files(archive, "*.part") == []
        assert archive.verify(contents=True) == ()


def test_the_index_knows_what_the_image_says(archive):
    one = received(image(7))
    stored = archive.store(one)
    assert (stored.sop_instance_uid, stored.sop_class_uid) == (f"{STUDY}.1.7", MRImageStorage)
    assert (stored.study_instance_uid, stored.series_instance_uid) == (STUDY, f"{STUDY}.1")
    assert (stored.patient_id, stored.issuer_of_patient_id) == ("MRN-1", "NGH")
    assert stored.patient_name == "Yamada^Tarou=山田^太郎"
    assert (stored.accession_number, stored.modality, stored.instance_number) == ("A1", "MR", 7)
    assert stored.digest == hashlib.sha256(one.data_set).hexdigest()
    assert (stored.calling_ae_title, stored.unscheduled) == ("MR_SCANNER", False)
    assert archive.instance(f"{STUDY}.1.7") == stored
    assert archive.instance("1.2") is None


def test_no_byte_of_a_file_name_comes_from_the_wire(archive):
    stored = archive.store(received(image()))
    assert stored.path == archive.folder / "images" / "000000" / "000000001.dcm"


@pytest.mark.parametrize("wrong", ["../../x", "..\\..\\x", "/etc/passwd", "1.2\n3", "CON"])
@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_a_uid_that_could_be_a_path_is_refused(archive, keyword, wrong):
    whole = received(image(**{keyword: "2.25.77777777777"}))
    value = wrong.encode().ljust(len("2.25.77777777777"), b"\0")
    uid = wrong if keyword == "SOPInstanceUID" else whole.sop_instance_uid
    changed = replace(whole, sop_instance_uid=uid, data_set=whole.data_set.replace(b"2.25.77777777777", value))
    assert refused(archive, changed).status in (0xC002, 0xA900)
    assert (archive.count(), files(archive), files(archive, "*.part")) == (0, [], [])


def test_an_image_that_is_not_what_its_command_says_is_refused(archive):
    assert refused(archive, replace(received(image(1)), sop_instance_uid=f"{STUDY}.1.2")).status == 0xA900


def test_a_data_set_that_cannot_be_read_leaves_nothing(archive):
    whole = received(image())
    assert refused(archive, replace(whole, data_set=whole.data_set[:-5])).status >> 12 == 0xC
    assert (archive.count(), files(archive), files(archive, "*.part")) == (0, [], [])


# --- the same instance again


def test_the_same_again_is_kept_once(archive):
    first = archive.store(received(image()))
    assert archive.store(received(image())) == first
    assert (archive.count(), len(files(archive))) == (1, 1)


def test_another_content_under_the_same_uid_is_refused_and_the_first_kept(archive):
    first = archive.store(received(image()))
    fault = refused(archive, received(image(PatientID="MRN-2")))
    assert fault.status == 0xC004
    assert fault.keyword == "SOPInstanceUID"
    assert len(fault.what) <= 64  # fits Error Comment (0000,0902)
    assert archive.instances(STUDY) == (first,)
    assert archive.verify(contents=True) == ()
    assert files(archive, "*.part") == []


def with_private_element():
    data_set = image(PatientComments="odd")
    data_set.private_block(0x0019, "ACME 1.0", create=True).add_new(0x01, "LO", "secret sauce")
    return data_set


@pytest.mark.parametrize(("syntax", "undefined"), [(ImplicitVRLittleEndian, False), (ExplicitVRLittleEndian, True)])
def test_the_same_content_in_another_encoding_is_the_same_instance(archive, syntax, undefined):
    first = archive.store(received(with_private_element()))
    again = received(with_private_element(), syntax, undefined)
    assert hashlib.sha256(again.data_set).hexdigest() != first.digest
    assert archive.store(again) == first
    assert refused(archive, received(image(PatientComments="odder"), syntax, undefined)).status == 0xC004
    code = Dataset()
    code.CodeValue = "70552"
    assert refused(archive, received(image(ProcedureCodeSequence=[code]), syntax, undefined)).status == 0xC004


def test_one_instance_from_many_associations_at_once_is_stored_once(archive):
    ready, stored = threading.Barrier(8), []

    def send():
        ready.wait()
        stored.append(archive.store(received(image())))

    run([send] * 8)
    assert len(stored) == 8
    assert len(set(stored)) == 1
    assert (archive.count(), len(files(archive)), files(archive, "*.part")) == (1, 1, [])


def test_many_associations_at_once_are_all_kept(archive):
    def send(first):
        for number in range(first, first + 25):
            archive.store(received(image(number)))

    run([lambda first=first: send(first) for first in (0, 100, 200, 300)])
    assert archive.count() == 100
    assert len({stored.path for stored in archive.instances(STUDY)}) == 100
    assert archive.verify(contents=True) == ()


def run(jobs):
    failures = []

    def guarded(job):
        try:
            job()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# --- a disk that is full or read-only


def no_room(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["open", "replace", "mkdir"])
def test_a_full_disk_is_said_and_leaves_nothing(archive, monkeypatch, call):
    with monkeypatch.context() as full:
        full.setattr(Path, call, no_room)
        fault = refused(archive, received(image()))
    assert fault.status == 0xA700
    assert fault.what == f"the image cannot be kept: {os.strerror(errno.ENOSPC)}"
    assert len(fault.what) <= 64  # fits Error Comment (0000,0902)
    assert (archive.count(), files(archive), files(archive, "*.part")) == (0, [], [])
    archive.store(received(image()))
    assert archive.verify(contents=True) == ()


@pytest.mark.parametrize("nth", [1, 2])
def test_a_disk_that_cannot_promise_to_keep_is_full(tmp_path, monkeypatch, nth):
    """First the file does not reach the disk, then its name."""
    calls = []

    def fsync(_):
        calls.append(1)
        if len(calls) >= nth:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    with Archive(tmp_path, durable=True) as archive:
        with monkeypatch.context() as full:
            full.setattr(os, "fsync", fsync)
            assert refused(archive, received(image())).status == 0xA700
        assert (archive.count(), files(archive), files(archive, "*.part")) == (0, [], [])


def test_a_full_index_is_said_and_leaves_nothing(archive):
    archive.store(received(image(1)))
    pages = archive.database.rows("PRAGMA page_count")[0][0]
    archive.database.rows(f"PRAGMA max_page_count = {pages}")
    outcomes = [attempt(archive, received(image(number))) for number in range(2, 100)]
    stored = outcomes.index(0xA700)
    assert outcomes == [0x0000] * stored + [0xA700] * (len(outcomes) - stored)
    assert archive.count() == len(files(archive)) == 1 + stored
    archive.database.rows("PRAGMA max_page_count = 1000000")
    archive.store(received(image(99)))
    assert archive.verify(contents=True) == ()


def test_an_archive_that_was_closed_refuses(archive):
    archive.close()
    archive.close()
    assert refused(archive, received(image())).status == 0xA700


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "pacs").write_text("", encoding="utf-8")
    with pytest.raises(SetupError):
        Archive(tmp_path / "pacs", durable=False)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "images").write_text("", encoding="utf-8")
    with pytest.raises(SetupError, match="cannot be used") as caught:
        Archive(tmp_path / "other", durable=False)
    assert caught.value.where == str(tmp_path / "other")


# --- after a crash


def test_the_next_start_finds_what_was_stored(tmp_path):
    with Archive(tmp_path, durable=True) as archive:
        without_order = {2: {"AccessionNumber": ""}}
        stored = [archive.store(received(image(number, **without_order.get(number, {})))) for number in (1, 2, 3)]
    with Archive(tmp_path, durable=True) as archive:
        assert archive.all_instances() == tuple(stored)
        assert archive.unscheduled() == (stored[1],)
        assert archive.store(received(image(4))).path.name == "000000004.dcm"


def test_unfinished_files_are_swept(tmp_path):
    with Archive(tmp_path, durable=False) as archive:
        archive.store(received(image()))
    (tmp_path / "incoming" / "99-1.part").write_bytes(b"half an ima")
    with Archive(tmp_path, durable=False) as archive:
        assert files(archive, "*.part") == []
        assert archive.count() == 1


def test_a_file_that_has_its_name_and_no_row_is_adopted(tmp_path):
    with Archive(tmp_path / "other", durable=False) as other:
        content = other.store(received(image(2))).path.read_bytes()
    with Archive(tmp_path / "pacs", durable=False) as archive:
        archive.store(received(image(1)))
    (tmp_path / "pacs" / "images" / "000000" / "000000002.dcm").write_bytes(content)
    with Archive(tmp_path / "pacs", durable=False) as archive:
        adopted = archive.all_instances()[1]
        assert (adopted.sop_instance_uid, adopted.calling_ae_title) == (f"{STUDY}.1.2", "MR_SCANNER")
        assert archive.store(received(image(2))) == adopted  # the sender tries again
        assert archive.verify(contents=True) == ()


def test_a_nameless_file_that_is_no_image_is_set_aside(tmp_path):
    with Archive(tmp_path, durable=False) as archive:
        archive.store(received(image(1)))
    folder = tmp_path / "images" / "000000"
    (folder / "000000002.dcm").write_bytes(b"")
    (folder / "000000003.dcm").write_bytes((folder / "000000001.dcm").read_bytes())  # a UID that has a row
    (folder / "notes.txt").write_text("not ours", encoding="utf-8")
    with Archive(tmp_path, durable=False) as archive:
        assert archive.verify() == (
            "set_aside/001-000000002.dcm: no image that can be read",
            "set_aside/002-000000003.dcm: no image that can be read",
        )
        assert archive.store(received(image(2))).path.name == "000000002.dcm"


def test_a_lost_index_is_built_anew(tmp_path):
    with Archive(tmp_path, durable=False) as archive:
        stored = [archive.store(received(image(number))) for number in range(1, 6)]
    for path in tmp_path.glob("index.sqlite*"):
        path.unlink()
    with Archive(tmp_path, durable=False) as archive:
        assert [one.digest for one in archive.all_instances()] == [one.digest for one in stored]
        assert archive.store(received(image(6))).path.name == "000000006.dcm"
        assert archive.verify(contents=True) == ()


def test_a_missing_or_damaged_file_is_reported_and_mended_by_sending_again(archive):
    gone, damaged = archive.store(received(image(1))), archive.store(received(image(2)))
    gone.path.unlink()
    damaged.path.write_bytes(damaged.path.read_bytes()[:-1] + b"\xff")
    assert archive.verify() == (
        f"{STUDY}.1.1 (images/000000/000000001.dcm): the file is missing; send the image again",
    )
    assert len(archive.verify(contents=True)) == 2
    assert refused(archive, received(image(1, PatientID="MRN-2"))).status == 0xC004
    damaged.path.unlink()
    assert (archive.store(received(image(1))), archive.store(received(image(2)))) == (gone, damaged)
    assert archive.verify(contents=True) == ()


CHILD = """
import os, sys, threading
from pathlib import Path
sys.path[:0] = [{tests!r}, {package!r}]
from test_archive import image, received
from hl7dicom_lab.storage.archive import Archive

archive = Archive(Path({folder!r}), durable={durable})
"""

SEND_FROM_THREE_ASSOCIATIONS = """
def send(first):
    for number in range(first, first + 1_000_000):
        stored = archive.store(received(image(number)))
        os.write(1, (stored.sop_instance_uid + "\\n").encode())

for association in range(3):
    threading.Thread(target=send, args=({round} * 10_000_000 + association * 1_000_000,)).start()
"""

DIE_AT_THE_NAME = """
replace = Path.replace
def die(part, target):
    if {named}:
        replace(part, target)
    os._exit(9)

archive.store(received(image(1)))
os.write(1, b"stored")
Path.replace = die
archive.store(received(image(2)))
os.write(1, b"never")
"""


def child(script, folder, *, durable, **values):
    tests, package = str(Path(__file__).parent), str(Path(hl7dicom_lab.__file__).parents[1])
    code = (CHILD + script).format(tests=tests, package=package, folder=str(folder), durable=durable, **values)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


@pytest.mark.parametrize("durable", [False, True])
def test_what_a_killed_process_acknowledged_is_there_and_whole(tmp_path, durable):
    acknowledged = set()
    for number, answers in enumerate((5, 40)):
        with child(SEND_FROM_THREE_ASSOCIATIONS, tmp_path, durable=durable, round=number) as process:
            acknowledged |= {process.stdout.readline().decode().strip() for _ in range(answers)}
            process.kill()
            acknowledged |= set(process.stdout.read().decode().split())
        with Archive(tmp_path, durable=durable) as archive:
            assert acknowledged <= {stored.sop_instance_uid for stored in archive.all_instances()}
            assert archive.verify(contents=True) == ()
            assert archive.count() == len(files(archive))
            assert files(archive, "*.part") == []
    assert len(acknowledged) >= 45


@pytest.mark.parametrize("named", [False, True])
def test_a_process_that_dies_as_the_file_gets_its_name_leaves_all_or_nothing(tmp_path, named):
    with child(DIE_AT_THE_NAME, tmp_path, durable=False, named=named) as process:
        assert process.stdout.read() == b"stored"
    assert len(list(tmp_path.rglob("*.dcm"))) == (2 if named else 1)
    with Archive(tmp_path, durable=False) as archive:
        assert archive.count() == len(files(archive)) == (2 if named else 1)
        assert files(archive, "*.part") == []
        assert archive.store(received(image(2))).path.name == "000000002.dcm"
        assert archive.verify(contents=True) == ()


# --- asking


def test_a_study_lists_its_instances_by_series_and_number(archive):
    for series, number in ((2, 1), (1, 10), (1, 2), (2, 0)):
        data_set = image(number, SeriesNumber=series, SeriesInstanceUID=f"{STUDY}.{series}")
        data_set.SOPInstanceUID = f"{STUDY}.{series}.{number}"
        archive.store(received(data_set))
    found = [(one.series_instance_uid[-1], one.instance_number) for one in archive.instances(STUDY)]
    assert found == [("1", 2), ("1", 10), ("2", 0), ("2", 1)]
    assert archive.instances("1.2") == ()


def test_a_series_may_hold_more_than_one_modality(archive):
    archive.store(received(image(1)))
    archive.store(received(image(2, Modality="OT", SOPClassUID=SecondaryCaptureImageStorage)))
    assert [one.modality for one in archive.instances(STUDY)] == ["MR", "OT"]


def test_a_study_is_summed_up(archive):
    archive.store(received(image(1, StudyDescription="")))
    archive.store(received(image(2)))
    archive.store(received(image(3, SeriesInstanceUID=f"{STUDY}.2", Modality="SR")))
    assert archive.studies() == (
        StudySummary(
            study_instance_uid=STUDY,
            patient_id="MRN-1",
            issuer_of_patient_id="NGH",
            patient_name="Yamada^Tarou=山田^太郎",
            patient_birth_date="19580214",
            patient_sex="M",
            accession_number="A1",
            modalities=("MR", "SR"),
            study_date="20260302",
            study_time="083000",
            description="MRI brain",
            series=2,
            instances=3,
        ),
    )
    assert archive.count() == 3


def other_study(number, **attributes):
    uid = f"{ROOT}.{number}"
    return received(
        image(1, StudyInstanceUID=uid, SeriesInstanceUID=f"{uid}.1", SOPInstanceUID=f"{uid}.1.1", **attributes)
    )


def test_studies_are_found_by_their_keys(archive):
    archive.store(received(image()))
    archive.store(other_study(200, AccessionNumber="A2", StudyDate="20260301"))
    archive.store(other_study(300, AccessionNumber="A3", PatientID="MRN-2"))
    assert [one.accession_number for one in archive.studies()] == ["A2", "A1", "A3"]
    assert [one.accession_number for one in archive.studies(patient_id="MRN-1")] == ["A2", "A1"]
    assert archive.find_study(accession_number="A2").study_instance_uid == f"{ROOT}.200"
    assert archive.find_study(study_instance_uid=STUDY).accession_number == "A1"
    assert archive.studies(study_instance_uid=STUDY, accession_number="A2") == ()


def test_a_study_that_is_not_there_or_not_the_only_one_is_never_guessed(archive):
    with pytest.raises(NotFound, match="no such study"):
        archive.find_study(accession_number="A1")
    archive.store(received(image()))
    archive.store(other_study(200))
    with pytest.raises(NotFound, match="2 studies of the archive agree"):
        archive.find_study(accession_number="A1")
    assert len(archive.studies(accession_number="A1")) == 2


def test_two_patients_in_one_study_are_stored_and_reported(archive):
    archive.store(received(image(1, PatientBirthDate="")))
    assert archive.identity_conflicts(STUDY) == ()
    archive.store(received(image(2, PatientID="MRN-2", PatientBirthDate="20010101")))
    assert archive.count() == 2
    assert archive.identity_conflicts(STUDY) == (Identifier("MRN-1", "NGH"), Identifier("MRN-2", "NGH"))
    assert archive.find_study(accession_number="A1").patient_birth_date == ""  # never another patient's


def test_an_unknown_issuer_is_no_conflict_and_another_one_is(archive):
    archive.store(received(image(1)))
    archive.store(received(image(2, IssuerOfPatientID="")))
    assert archive.identity_conflicts(STUDY) == ()
    archive.store(received(image(3, IssuerOfPatientID="ELSEWHERE")))
    assert len(archive.identity_conflicts(STUDY)) == 3


def test_images_that_name_no_order_are_flagged_until_they_are_reconciled(archive):
    stray = archive.store(received(image(1, AccessionNumber="")))
    archive.store(other_study(200))
    assert stray.unscheduled
    assert archive.unscheduled() == (stray,)
    assert archive.store(received(image(1, AccessionNumber=""))) == stray
    archive.flag(STUDY, "MRN-1", "", unscheduled=False)
    assert archive.unscheduled() == ()
    archive.flag(f"{ROOT}.200", "MRN-1", "A1", unscheduled=True)
    assert [one.study_instance_uid for one in archive.unscheduled()] == [f"{ROOT}.200"]
    assert (archive.count_unscheduled(STUDY), archive.count_unscheduled(f"{ROOT}.200")) == (0, 1)


@pytest.mark.parametrize(
    ("attributes", "doubt"),
    [
        ({"AccessionNumber": ""}, "it has no accession number"),
        ({"PatientID": "MRN-2"}, "its accession number is that of a study of patient MRN-1"),
        ({"AccessionNumber": "A2"}, "its study has the accession number A1"),
        ({"PatientName": "Yamada^Tarou"}, ""),
    ],
)
def test_an_image_that_contradicts_the_archive_is_kept_and_flagged(archive, attributes, doubt):
    archive.store(received(image(1)))
    stored = archive.store(received(image(2, **attributes)))
    assert (archive.doubt(vars(stored)), stored.unscheduled) == (doubt, bool(doubt))
    assert archive.count() == 2


def test_an_instance_without_a_number_stands_first(archive):
    numbered = archive.store(received(image(1)))
    data_set = image(2)
    del data_set.InstanceNumber
    unnumbered = archive.store(received(data_set))
    assert archive.instances(STUDY) == (unnumbered, numbered)


def test_questions_and_the_start_use_an_index(archive):
    questions = {
        "SELECT max(number) FROM instance": (),
        "SELECT * FROM instance WHERE sop_instance_uid = ?": ("1",),
        "SELECT DISTINCT patient_id FROM instance WHERE study_instance_uid = ?": ("1",),
        "SELECT * FROM instance JOIN series USING (study_instance_uid, series_instance_uid)"
        " WHERE study_instance_uid = ?": ("1",),
        "SELECT * FROM study WHERE accession_number = ?": ("1",),
        "SELECT * FROM study WHERE patient_id = ?": ("1",),
    }
    for question, values in questions.items():
        plan = [row["detail"] for row in archive.database.rows(f"EXPLAIN QUERY PLAN {question}", values)]
        assert not [step for step in plan if step.startswith("SCAN")], question
