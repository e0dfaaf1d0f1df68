"""The seats of a hospital: made when they are heard of, made new when they start up, kept in folders of their own."""

from __future__ import annotations

import pytest

from hl7dicom_lab.actors.seats import Seats, seed_of
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.clock import ClassClock, Mint
from hl7dicom_lab.errors import SetupError
from hl7dicom_lab.trace import Trace


@pytest.fixture
def seats_in():
    made = []

    def make(folder=None, most=9):
        clock = ClassClock()
        made.append(Seats(Site(Trace(clock), clock, Mint(1)), folder, most))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_what_is_under_way_is_finished_in_the_department_where_it_began(seats_in):
    seats = seats_in()
    with seats.used("SEAT07") as earlier:
        seats.renew("SEAT07", "NORTHGATE")
        with seats.used("SEAT07") as later:
            assert later is not earlier
        assert earlier.ris.order_book.steps() == ()
        assert earlier.home.path.is_dir()
    assert not earlier.home.path.exists(), "the last one who left has closed it"
    assert later.ris.order_book.steps() == ()
    assert seats.all() == (later,)


def test_a_department_that_nobody_uses_is_closed_at_once(seats_in):
    seats = seats_in()
    with seats.used("SEAT07") as earlier:
        pass
    seats.renew("SEAT07", "NORTHGATE")
    assert not earlier.home.path.exists()


def test_a_seat_plans_for_its_own_scanners_or_for_those_of_the_facility_that_starts_up(seats_in):
    seats = seats_in()
    with seats.used("SEAT07") as seat:
        assert seat.site.stations()[0].ae_title == "SEAT07_MR1"
    seats.renew("SEAT07", "NORTHGATE")
    with seats.used("SEAT07") as seat:
        assert seat.site.stations()[0].ae_title == "NORTHGATE_MR1"


def test_what_was_kept_stays_and_the_last_department_goes_on(seats_in, tmp_path):
    seats = seats_in(tmp_path)
    with seats.used("SEAT07") as seat:
        assert seat.home.path == tmp_path / "SEAT07"
    for _ in range(10):
        seats.renew("SEAT07", "NORTHGATE")
    seats.renew("SEAT08", "SOUTH")
    (tmp_path / "SEAT07.99.not a facility").mkdir()
    (tmp_path / "SEAT07.x").mkdir()
    seats.close()
    again = seats_in(tmp_path)
    with again.used("SEAT07") as seat:
        assert seat.home.path == tmp_path / "SEAT07.10.NORTHGATE"
        assert seat.site.scanners_of == "NORTHGATE"
    with again.used("SEAT08") as seat:
        assert (seat.home.path.name, seat.site.scanners_of) == ("SEAT08.1.SOUTH", "SOUTH")
    with again.used("SEAT09") as seat:
        assert (seat.home.path.name, seat.site.scanners_of) == ("SEAT09", "SEAT09")
    assert (tmp_path / "SEAT07").is_dir()


@pytest.mark.parametrize("name", ["", "SEAT 7", "../up", "TWELVE_LONG_", "SEAT07.1.NORTHGATE"])
def test_what_is_no_name_makes_no_seat(seats_in, tmp_path, name):
    seats = seats_in(tmp_path)
    with pytest.raises(SetupError), seats.used(name):
        pass
    for seat, facility in ((name, "NORTHGATE"), ("SEAT07", name)):
        with pytest.raises(SetupError):
            seats.renew(seat, facility)
    assert (seats.all(), list(tmp_path.iterdir())) == ((), [])


@pytest.mark.parametrize("name", ["CON", "nul", "Com1", "LPT9"])
def test_a_name_that_some_systems_keep_for_themselves_makes_no_seat(seats_in, name):
    seats = seats_in()
    with pytest.raises(SetupError, match="Windows keeps for itself"), seats.used(name):
        pass
    with pytest.raises(SetupError, match="Windows keeps for itself"):
        seats.renew(name, "NORTHGATE")


def test_two_names_that_differ_in_capitals_only_are_not_two_seats(seats_in, tmp_path):
    seats = seats_in(tmp_path)
    with seats.used("SEAT07"), pytest.raises(SetupError, match="write it SEAT07"), seats.used("Seat07"):
        pass
    seats.close()
    after = seats_in(tmp_path)
    with pytest.raises(SetupError, match="there is a seat SEAT07 already"):
        after.renew("seat07", "NORTHGATE")
    with after.used("SEAT07"):
        pass


def test_nothing_is_made_once_the_hospital_stops(seats_in):
    seats = seats_in()
    seats.close()
    with pytest.raises(SetupError, match="no room"), seats.used("SEAT07"):
        pass
    with pytest.raises(SetupError, match="no room"):
        seats.renew("SEAT07", "NORTHGATE")


def test_a_department_that_cannot_be_made_holds_no_folder(seats_in, tmp_path):
    seats = seats_in(tmp_path)
    (tmp_path / "SEAT07" / "ris").mkdir(parents=True)
    broken = tmp_path / "SEAT07" / "ris" / "order_book.sqlite"
    broken.mkdir()
    for _ in range(2):
        with pytest.raises(SetupError, match="cannot be opened"), seats.used("SEAT07"):
            pass
    broken.rmdir()
    with seats.used("SEAT07") as seat:
        assert seat.ris.order_book.steps() == ()


def test_seeds_differ_by_seat_and_stay():
    assert (seed_of("SEAT07"), seed_of("SEAT08")) == (88026693719387, seed_of("SEAT08"))
    assert seed_of("SEAT07") != seed_of("SEAT08")
