"""What a timeline's widget is told while traffic goes on: all of it, once, and nothing is kept alive for it."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest
from hl7_text import order
from mllp_client import MllpClient

from hl7dicom_lab import story
from hl7dicom_lab.clock import ClassClock
from hl7dicom_lab.hl7v2 import wire
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.trace import Trace
from hl7dicom_lab.views.timeline.follower import Follower


class Browser:
    """What the JavaScript does with what it is told."""

    def __init__(self, trace, *, hello=True):
        self.feed = Follower.of(trace).feed()
        state = self.feed.begin()
        self.arrows = {one["id"]: one for one in state["arrows"]}
        self.clears, self.left_out, self.details = state["clears"], state["left_out"], state["details"]
        self.messages = []
        self.feed.follow(self.heard)
        if hello:
            self.hello()

    def hello(self):
        self.feed.asked({"what": "hello", "clears": self.clears, "has": list(self.arrows)})

    def heard(self, message):
        self.messages.append(message)
        if message["what"] != "news":
            return
        if message["clears"] != self.clears:
            self.arrows.clear()
        self.clears, self.left_out = message["clears"], message["left_out"]
        self.arrows |= {one["id"]: one for one in message["put"]}
        for name in message["drop"]:
            self.arrows.pop(name, None)

    @property
    def labels(self):
        return [one["label"] for one in sorted(self.arrows.values(), key=lambda one: one["order"])]


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def threads():
    return [one for one in threading.enumerate() if one.name == "timeline" and one.is_alive()]


@pytest.fixture(autouse=True)
def nobody_follows_afterwards():
    yield
    until(lambda: not threads())


def test_it_is_told_all_that_a_new_look_would_show():
    with Lab() as lab:
        browser = Browser(lab.trace)
        lab.emr.place(story.order())
        until(lambda: browser.labels == ["ORM^O01", "ACK AA"])
        (item,) = lab.modality.query()
        lab.modality.store(lab.modality.examine(item))
        expected = [one["label"] for one in lab.timeline().state()["arrows"]]
        until(lambda: browser.labels == expected)
        assert len(expected) == 61
        assert len(threads()) == 1
        lab.trace.clear()
        until(lambda: browser.labels == [])
        lab.emr.place(story.order())
        until(lambda: browser.labels == ["ORM^O01", "ACK AA"])


def test_until_the_browser_is_there_the_news_are_told_again():
    with Lab() as lab:
        browser = Browser(lab.trace, hello=False)
        lab.emr.place(story.order())
        until(lambda: len(browser.arrows) == 2)
        lab.emr.place(story.order())
        until(lambda: len(browser.arrows) == 4)
        assert len(browser.messages[-1]["put"]) == 4, "the last message alone says it all"
        browser.hello()
        lab.emr.place(story.order())
        until(lambda: len(browser.arrows) == 6)
        assert len(browser.messages[-1]["put"]) <= 2


def test_a_page_that_is_loaded_again_is_told_what_it_misses():
    with Lab() as lab:
        browser = Browser(lab.trace)
        lab.emr.place(story.order())
        until(lambda: len(browser.arrows) == 2)
        browser.arrows.clear()
        browser.hello()
        until(lambda: browser.labels == ["ORM^O01", "ACK AA"])


def test_it_ends_when_nobody_looks_and_goes_on_when_somebody_looks_again():
    with Lab() as lab:
        browser = Browser(lab.trace)
        until(lambda: len(threads()) == 1)
        browser.feed.asked({"what": "gone"})
        until(lambda: not threads())
        lab.emr.place(story.order())
        browser.hello()
        until(lambda: browser.labels == ["ORM^O01", "ACK AA"])


def test_it_keeps_no_trace_alive():
    trace = Trace(ClassClock())
    browser = Browser(trace)
    trace.open("RIS", "HL7", "acceptor", wire.describe, peer="EMR").received(b"\x0bMSH|^~\\&|EMR\r\x1c\r")
    until(lambda: len(browser.arrows) == 1)
    gone = weakref.ref(trace)
    del trace

    def collected():
        gc.collect()
        return gone() is None

    until(collected)
    until(lambda: not threads())


def test_a_burst_is_told_in_small_messages_and_details_are_given_on_demand():
    trace = Trace(ClassClock())
    browser = Browser(trace)
    talk = trace.open("RIS", "HL7", "acceptor", wire.describe, peer="EMR")
    for number in range(300):
        talk.received(f"\x0bMSH|^~\\&|EMR||RIS||2026||ORM^O01|{number}|P|2.3.1\rNTE|||{'x' * 3000}\r\x1c\r".encode())
    until(lambda: len(browser.arrows) == 300, 60)
    news = [one for one in browser.messages if one["what"] == "news"]
    assert max(len(str(one)) for one in news) < 200_000
    name = next(iter(browser.arrows))
    browser.feed.asked({"what": "detail", "id": name})
    detail = browser.messages[-1]["detail"]
    assert detail["data"].startswith("MSH|")
    assert detail["whole"]
    browser.feed.asked({"what": "gone"})


def test_what_is_asked_for_and_not_there_has_no_detail():
    browser = Browser(Trace(ClassClock()))
    for name in ("7.0", "nonsense", ""):
        browser.feed.asked({"what": "detail", "id": name})
        assert browser.messages[-1]["detail"] is None
    browser.feed.asked({"what": "gone"})


def test_an_image_is_read_when_it_is_asked_for():
    with Lab() as lab:
        lab.emr.place(story.order())
        (item,) = lab.modality.query()
        lab.modality.store(lab.modality.examine(item))
        browser = Browser(lab.trace)
        name = next(one["id"] for one in browser.arrows.values() if one["label"] == "C-STORE-RQ")
        assert "not read yet" in browser.details[name]["data"]
        browser.feed.asked({"what": "detail", "id": name})
        assert "Rivera^Elena" in browser.messages[-1]["detail"]["data"]


def test_a_picture_of_the_newest_stays_as_it_is_and_still_opens():
    with Lab() as lab:
        lab.emr.place(story.order())
        lab.modality.echo()
        feed, state = lab.timeline(system="RIS", last=1)._begun()
        assert [one["label"] for one in state["arrows"]] == ["ACK AA"], "chosen first, then cut"
        (shown,) = state["arrows"]
        assert state["numbers"][shown["id"]] == 2
        assert state["left_out"] == 1
        heard = []
        feed.follow(heard.append)
        feed.asked({"what": "hello", "clears": 0, "has": [shown["id"]]})
        lab.emr.place(story.order())
        assert threads() == []
        assert heard == []
        feed.asked({"what": "detail", "id": shown["id"]})
        assert "MSA|AA" in heard[-1]["detail"]["data"]


def test_two_widgets_share_one_thread_and_a_stopped_lab_ends_it():
    with Lab() as lab:
        one, other = Browser(lab.trace), Browser(lab.trace)
        with MllpClient(lab.ris.hl7) as client:
            client.ask(order().bytes())
        until(lambda: one.labels == other.labels == ["ORM^O01", "ACK AA"])
        assert len(threads()) == 1
    until(lambda: not threads())


def test_its_memory_is_bounded():
    trace = Trace(ClassClock())
    follower = Follower.of(trace)
    follower.reading._most = 100
    browser = Browser(trace)
    talk = trace.open("RIS", "HL7", "acceptor", wire.describe, peer="EMR")
    for number in range(500):
        talk.received(f"\x0bMSH|^~\\&|EMR||RIS||2026||ORM^O01|{number}|P|2.3.1\r\x1c\r".encode())
        if number % 50 == 0:
            follower.look()
    until(lambda: browser.left_out + len(browser.arrows) == 500)
    assert len(browser.arrows) <= 110
    browser.feed.asked({"what": "gone"})
