"""The lessons: their numbers, their names, the question that each answers, the skill that it leaves behind.

Rule: this table is the only list of lessons. Files, links, progress, results by skill and the command line read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hl7dicom_lab.errors import NotFound


@dataclass(frozen=True)
class Lesson:
    """One lesson. `skill` names what results are told by; empty for the lessons that teach the course itself."""

    number: str
    slug: str
    question: str
    skill: str = ""

    @property
    def file_name(self) -> str:
        """The notebook's name: `04_query_the_worklist.ipynb`."""
        return f"{self.number}_{self.slug}.ipynb"

    @property
    def title(self) -> str:
        """The slug in words: `Query the worklist`."""
        words = self.slug.replace("_", " ").replace("pacs", "PACS")
        return words[0].upper() + words[1:]


LESSONS: tuple[Lesson, ...] = (
    Lesson("00", "start_here", "Does my lab work?"),
    Lesson("01", "two_languages", "What is the difference between HL7 and DICOM?", "the two languages"),
    Lesson("02", "place_the_order", "How does an order leave the EMR?", "orders and acknowledgments"),
    Lesson("03", "from_order_to_worklist", "How does an order become a line on a worklist?", "from order to worklist"),
    Lesson("04", "query_the_worklist", "How does the scanner know who is next?", "worklist queries"),
    Lesson("05", "tag_the_images", "How do pixels get a name?", "the identity of images"),
    Lesson("06", "store_in_the_pacs", "How do images reach the archive?", "storage in the PACS"),
    Lesson("07", "report_the_study", "How does the report travel?", "reports"),
    Lesson("08", "read_report_beside_images", "How do the two meet again?", "reports beside images"),
    Lesson("09", "a_day_in_the_department", "Can I run it all?", "the whole department"),
    Lesson("10", "when_it_breaks", "What is wrong this time?", "troubleshooting"),
    Lesson("11", "test_your_knowledge", "Am I ready?"),
)

_BY_NUMBER = {lesson.number: lesson for lesson in LESSONS}


def find_lesson(number: str | int) -> Lesson:
    """The lesson with a number (`"04"`, `4`). Raises `NotFound`, which names those that are there."""
    wanted = str(number).strip()
    wanted = wanted.zfill(2) if wanted else wanted
    if wanted not in _BY_NUMBER:
        raise NotFound(
            f"there is no lesson {number!r}",
            where="open_lesson",
            next_step="choose one of " + ", ".join(_BY_NUMBER),
        )
    return _BY_NUMBER[wanted]
