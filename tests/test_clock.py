"""The class clock and the mint: the same for everybody, never backwards, never twice."""

import threading
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hl7dicom_lab.clock import CLASS_START, RESERVED_AT_ONCE, ClassClock, Mint


def test_it_stands_still_until_something_happens():
    clock = ClassClock()
    assert clock.now() == clock.now() == CLASS_START == datetime(2026, 3, 2, 8, 0, 0)
    assert clock.today() == date(2026, 3, 2)
    assert clock.tick() == clock.now() == CLASS_START + timedelta(seconds=1)
    assert clock.tick(59) == CLASS_START + timedelta(minutes=1)


def test_midnight_passes():
    clock = ClassClock()
    clock.advance_to(datetime(2026, 3, 2, 23, 59, 59))
    clock.tick()
    assert clock.today() == date(2026, 3, 3)


@given(st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), max_size=10))
def test_it_never_runs_backwards(moments):
    clock = ClassClock()
    latest = CLASS_START
    for moment in moments:
        latest = max(latest, moment)
        assert clock.advance_to(moment) == clock.now() == latest


def test_every_moment_is_kept_before_it_counts():
    kept = []
    clock = ClassClock(keep=kept.append)
    clock.tick()
    clock.advance_to(CLASS_START)
    clock.advance_to(CLASS_START + timedelta(hours=1))
    assert kept == [CLASS_START + timedelta(seconds=seconds) for seconds in (1, 1, 3600)]


def test_a_moment_that_cannot_be_kept_does_not_come():
    def refuse(_moment):
        raise OSError("disk full")

    clock = ClassClock(keep=refuse)
    assert clock.tick() == clock.advance_to(CLASS_START + timedelta(days=1)) == clock.now() == CLASS_START


def together(what, threads=8):
    """Run the same thing in several threads at once; all results."""
    results, begin = [], threading.Barrier(threads)

    def work():
        begin.wait(20)
        results.extend([what() for _ in range(200)])

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(20)
    return results


def test_many_threads_get_a_moment_each():
    clock = ClassClock()
    assert sorted(together(clock.tick)) == [CLASS_START + timedelta(seconds=n) for n in range(1, 1601)]


# ---- the mint


def test_numbers_count_from_one_for_each_kind():
    mint = Mint()
    assert [mint.number("order") for _ in range(3)] == [1, 2, 3]
    assert mint.number("message") == 1
    assert mint.number("order") == 4


def test_the_same_seed_gives_the_same_uids():
    one, same, other = Mint(1), Mint(1), Mint(2)
    made = [one.uid("study") for _ in range(20)]
    assert made == [same.uid("study") for _ in range(20)]
    assert not set(made) & {other.uid("study") for _ in range(20)}
    assert not set(made) & {one.uid("series") for _ in range(20)}
    assert one.uid_for("study/1") == made[0]


@given(st.text(), st.integers())
def test_every_uid_is_one_under_2_25(name, seed):
    uid = Mint(seed).uid_for(name)
    root, two, number = uid.split(".")
    assert (root, two) == ("2", "25")
    assert number == str(int(number))
    assert len(uid) <= 44
    assert int(number) < 2**128


def test_many_threads_get_a_number_each():
    mint = Mint()
    assert sorted(together(lambda: mint.number("x"))) == list(range(1, 1601))


def test_numbers_are_reserved_in_blocks_and_never_twice():
    asked, following = [], 1

    def reserve(kind, count):
        nonlocal following
        asked.append((kind, count))
        first, following = following, following + count
        return first

    first = Mint(reserve=reserve)
    assert [first.number("x") for _ in range(RESERVED_AT_ONCE + 1)] == list(range(1, RESERVED_AT_ONCE + 2))
    assert asked == [("x", RESERVED_AT_ONCE)] * 2
    after_a_crash = Mint(reserve=reserve)
    assert after_a_crash.number("x") == 2 * RESERVED_AT_ONCE + 1
