"""A department of a real size: 100,000 steps on the worklist, 1,000,000 instances in the archive's index.

No peer is beside it; what is promised is that nothing gets slower as the department grows: the largest costs at most
1.5 times what the smallest does. Rules: the same questions and additions at every size; each answer is checked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from statistics import median

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from benchmarks.bench import Bench
from benchmarks.generated import IMAGES_IN_A_SERIES, fill_archive, fill_order_book, number_of
from benchmarks.measure import Outcome, growth
from benchmarks.worklist_items import DAY, HITS, numbered, question
from hl7dicom_lab.dicom.worklist_query import CompiledQuery
from hl7dicom_lab.dicom.writing import write_data_set
from hl7dicom_lab.model import ReceivedInstance
from hl7dicom_lab.storage.archive import Archive
from hl7dicom_lab.storage.order_book import OrderBook

STEPS = (1_000, 10_000, 100_000)
INSTANCES = (10_000, 100_000, 1_000_000)
_MOST = 1.5
_TIMES = 20  # how often each is done in a round; the median counts
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

#: What is done, by its name: milliseconds for one.
Costs = dict[str, list[float]]


def measure(bench: Bench) -> Iterator[Outcome]:
    """The worklist, then the archive."""
    yield from _grown(bench, "steps", STEPS, _worklist)
    yield from _grown(bench, "instances", INSTANCES, _archive)


def _grown(
    bench: Bench, things: str, sizes: tuple[int, ...], tried: Callable[[Path, int, int], Costs]
) -> Iterator[Outcome]:
    """What each costs at each size, and how many times the largest costs what the smallest does."""
    costs: dict[str, dict[int, float]] = {}
    for full in sizes:
        size = max(2 * IMAGES_IN_A_SERIES, bench.sized(full))
        bench.say(f"{size:,} {things}")
        for name, values in tried(bench.new_folder(things), size, bench.rounds).items():
            costs.setdefault(name, {})[size] = median(values)
    for name, by_size in costs.items():
        told = ", ".join(f"{size:,}: {cost:.3g} ms" for size, cost in by_size.items())
        note = f"{told}; cost grows with N to the power of {growth(by_size):.2f}"
        times = by_size[max(by_size)] / by_size[min(by_size)]
        what = f"{name}, as {things} grow"
        yield Outcome("scale", what, "times", (times,), wanted=bench.promised(_MOST), note=note)


def _worklist(folder: Path, size: int, rounds: int) -> Costs:
    path = folder / "order_book.sqlite"
    fill_order_book(path, size)
    costs: Costs = {"opening": [_milliseconds(lambda: OrderBook(path, durable=False).close()) for _ in range(_TIMES)]}
    with closing(OrderBook(path, durable=False)) as book:
        added = iter(range(size, size + rounds * _TIMES))
        day = CompiledQuery(question(Modality="MR", ScheduledProcedureStepStartDate=DAY))
        patients = iter(range(rounds * _TIMES))

        def of_a_patient() -> None:
            patient = number_of(next(patients) * 7919 % size)
            _expect(1, _answers(book, CompiledQuery(question(PatientID=f"P{patient}"))))

        done: Mapping[str, Callable[[], object]] = {
            "a PatientID query": of_a_patient,
            "date and modality, 20 hits": lambda: _expect(HITS, _answers(book, day)),
            "a step added": lambda: book.import_item(numbered(number_of(next(added)), 7, today=False)),
        }
        return costs | _tried(done, rounds)


def _archive(folder: Path, size: int, rounds: int) -> Costs:
    fill_archive(folder, size)
    costs: Costs = {"opening": [_milliseconds(lambda: Archive(folder, durable=False).close()) for _ in range(_TIMES)]}
    with Archive(folder, durable=False) as archive:
        studies = iter(range(rounds * _TIMES))
        images = iter(range(rounds * _TIMES))
        many = -(-size // (2 * IMAGES_IN_A_SERIES))

        def of_a_number() -> None:
            found = archive.studies(accession_number=f"A{next(studies) * 7919 % many}")
            _expect(1, len(found))

        done: Mapping[str, Callable[[], object]] = {
            "a study by AccessionNumber": of_a_number,
            "an image stored": lambda: archive.store(_image(next(images))),
        }
        return costs | _tried(done, rounds)


def _tried(done: Mapping[str, Callable[[], object]], rounds: int) -> Costs:
    return {name: [_milliseconds(one) for _ in range(rounds * _TIMES)] for name, one in done.items()}


def _milliseconds(done: Callable[[], object]) -> float:
    begun = time.perf_counter()
    done()
    return (time.perf_counter() - begun) * 1000


def _answers(book: OrderBook, query: CompiledQuery) -> int:
    return sum(bool(identifier(ImplicitVRLittleEndian)) for _, identifier in book.encoded_answers(query))


def _expect(wanted: int, found: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} found instead of {wanted}")


def _image(number: int) -> ReceivedInstance:
    """A small image that the archive has not seen."""
    uid = f"2.25.99{number}"
    image = numbered(number_of(number), 1, today=False)
    del image.ScheduledProcedureStepSequence
    image.SOPClassUID, image.SOPInstanceUID = _SECONDARY_CAPTURE, uid
    image.SeriesInstanceUID, image.Modality, image.InstanceNumber = f"2.25.98{number}", "OT", 1
    image.Rows = image.Columns = 8
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 8, 8, 7, 0
    image.PixelData = bytes(64)
    encoded = write_data_set(image, ExplicitVRLittleEndian)
    return ReceivedInstance(_SECONDARY_CAPTURE, uid, ExplicitVRLittleEndian, encoded, "BENCH")
