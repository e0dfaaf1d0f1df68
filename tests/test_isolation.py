"""Departments on one machine keep to themselves: their ports, their names, their users, and what they listen on."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import StringIO

import psutil
import pytest
from hl7_text import order
from mllp_client import MllpClient
from rich.console import Console

from hl7dicom_lab import serve, story, story_day
from hl7dicom_lab.actors.site import Site
from hl7dicom_lab.clock import ClassClock, Mint
from hl7dicom_lab.errors import AssociationFailed, SetupError
from hl7dicom_lab.lab import Lab
from hl7dicom_lab.services import same_user
from hl7dicom_lab.services.scu import Scu
from hl7dicom_lab.services.security import Security, is_this_machine
from hl7dicom_lab.trace import Trace

SOMEBODY = 4711  # a user id
PATIENCE = 20.0
PATIENTS = (story.PATIENT, story_day.MARCO_RIVERA, story_day.SAMIR_HADDAD)


@pytest.fixture(scope="module")
def labs():
    """Two departments with the names of the story, as two learners have them, and one with names of its own.

    There was an examination in each, all at the same time.
    """
    with Lab() as one, Lab() as other, Lab(facility="NORTH2") as named:
        departments = (one, other, named)
        with ThreadPoolExecutor(len(departments)) as threads:
            list(threads.map(whole_way, departments, PATIENTS))
        yield departments


def whole_way(lab, patient):
    """From the order to the report."""
    lab.emr.place(replace(story.order(), patient=patient))
    (item,) = lab.modality.query()
    lab.modality.store(lab.modality.examine(item)[:2])
    (study,) = lab.pacs.studies()
    assert all(one.accepted for one in lab.dictation.send(lab.dictation.dictate(study, "Normal.")))


def scu():
    clock = ClassClock()
    return Scu("CHECK", trace=Trace(clock), system="CHECK", clock=clock)


def sides(lab):
    return [address for system in lab.addresses().values() for address in system.values()]


class TestTwoDepartments:
    def test_each_has_its_own_patient_and_nobody_elses(self, labs):
        for lab, patient in zip(labs, PATIENTS, strict=True):
            own = {patient.identifier.value}
            assert {step.item.patient_id for step in lab.ris.order_book.steps()} == own
            assert {study.patient_id for study in lab.pacs.studies()} == own
            assert {one.report.patient_id for one in lab.pacs.reports.history("NG000001")} == own
            assert lab.emr.report("NG000001").patient_id == patient.identifier.value

    def test_each_trace_has_its_own_traffic_and_nobody_elses(self, labs):
        for lab, patient in zip(labs, PATIENTS, strict=True):
            carried = b"".join(event.raw for one in lab.trace.conversations() for event in one.events)
            found = {one.identifier.value for one in PATIENTS if one.identifier.value.encode() in carried}
            assert found == {patient.identifier.value}

    def test_the_numbers_are_the_same_so_only_the_ports_tell_them_apart(self, labs):
        assert {lab.pacs.studies()[0].accession_number for lab in labs} == {"NG000001"}
        ports = [address["port"] for lab in labs for address in sides(lab)]
        assert len(set(ports)) == len(ports)


class TestNames:
    def test_those_of_the_story_are_what_a_department_has_without_a_word(self):
        site = Site(Trace(), ClassClock(), Mint())
        assert (site.ae_title(story.RIS), site.ae_title(story.PACS)) == (story.RIS_AE_TITLE, story.PACS_AE_TITLE)
        assert (site.facility, site.stations()) == (story.FACILITY, story.STATIONS)

    def test_all_of_them_follow_the_facility(self, labs):
        named = labs[2]
        told = named.addresses()
        assert (told["ris"]["worklist"]["ae_title"], told["pacs"]["storage"]["ae_title"]) == (
            "NORTH2_RIS",
            "NORTH2_PACS",
        )
        assert {told[system]["hl7"]["facility"] for system in told} == {"NORTH2"}
        assert named.modalities["CT"].station.ae_title == "NORTH2_CT1"
        for conversation in named.trace.conversations(protocol="HL7"):
            for event in conversation.events:
                assert event.raw.split(b"|")[3:6:2] == [b"NORTH2", b"NORTH2"]  # MSH-4, MSH-6
        (step,) = named.ris.order_book.steps()
        assert step.item.station_ae_titles == ("NORTH2_MR1",)

    @pytest.mark.parametrize("facility", ["", "TWELVE_CHARS", "A|B", "A^B", "É", "A\\B", "A B"])
    def test_a_name_that_cannot_be_one_is_refused(self, facility):
        with pytest.raises(SetupError, match="1 to 11 letters") as caught:
            Lab(facility=facility).start()
        assert caught.value.next_step

    def test_a_message_to_the_other_is_refused(self, labs):
        for to, name in ((labs[0], "NORTH2"), (labs[2], "NORTHGATE")):
            with MllpClient(to.ris.hl7) as client:
                answer = client.ask(order().put("MSH-6", name).bytes())
            assert (answer.code, answer.error) == ("AR", 103)
            assert len(to.ris.order_book.steps()) == 1

    def test_an_association_with_the_other_is_rejected(self, labs):
        for to, name in ((labs[0], "NORTH2"), (labs[2], "NORTHGATE")):
            for address, system in ((to.ris.worklist, "RIS"), (to.pacs.storage, "PACS")):
                with pytest.raises(AssociationFailed, match="called AE title not recognized"):
                    scu().echo(replace(address, ae_title=f"{name}_{system}"))


def from_somebody_else(port, monkeypatch):
    """A connection of another user: root may make it so; else this process is said to be somebody else's."""
    client = socket.socket()
    client.settimeout(PATIENCE)
    if os.geteuid() == 0:
        os.fchown(client.fileno(), SOMEBODY, -1)
    else:
        monkeypatch.setattr(same_user, "_this_user", lambda: SOMEBODY)
    client.connect(("127.0.0.1", port))
    return client


def is_closed(client):
    with contextlib.suppress(ConnectionError):
        return client.recv(1) == b""
    return True


class TestOtherUsers:
    @pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells whose a connection is")
    def test_the_kernel_says_whose_a_connection_is(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
                ends = (client.getsockname(), accepted.getsockname())
                assert same_user.owner(*ends) == os.geteuid()
                assert same_user.other_user(ends[1], ends[0]) is None
                if os.geteuid() == 0:
                    os.fchown(client.fileno(), SOMEBODY, -1)
                    assert same_user.owner(*ends) == SOMEBODY
                    assert same_user.other_user(ends[1], ends[0]) == SOMEBODY
            assert same_user.owner(("127.0.0.1", 1), ("127.0.0.1", 2)) is None

    @pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells whose a connection is")
    def test_they_are_turned_away_on_every_port(self, labs, monkeypatch):
        lab = labs[1]
        for address in sides(lab):
            with from_somebody_else(address["port"], monkeypatch) as client, contextlib.suppress(ConnectionError):
                client.sendall(b"\x0b" + order().bytes() + b"\x1c\r")
                assert is_closed(client)
        monkeypatch.undo()
        turned_away = [row for row in lab.trace.rows() if "turned away: another user" in row.decoded.summary]
        assert len(turned_away) == 5
        assert {row.system for row in turned_away} == {"RIS", "PACS", "EMR"}
        assert all(event.raw == b"" for row in turned_away for event in [row.decoded.event])
        scu().echo(lab.ris.worklist)
        with MllpClient(lab.ris.hl7) as client:
            assert client.ask(order().bytes()).code == "AA"

    @pytest.mark.parametrize(("owner", "served"), [(SOMEBODY, False), (0, True), (None, True)])
    def test_root_is_served_and_whoever_cannot_be_told_from_us(self, labs, monkeypatch, owner, served):
        """The same on every system, with the kernel's answer put in its place."""
        monkeypatch.setattr(same_user, "owner", lambda *_: owner)
        with socket.create_connection(("127.0.0.1", labs[1].emr.hl7.port), timeout=PATIENCE) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert is_closed(client)
        said = labs[1].trace.rows()[-1].decoded.summary
        assert ("you spoke HTTP" in said) is served
        assert ("turned away" in said) is not served

    def test_a_connection_over_a_network_is_nobodys_on_this_machine(self, monkeypatch):
        monkeypatch.setattr(same_user, "owner", lambda *_: SOMEBODY)
        assert Security().stranger(("192.0.2.1", 104), ("192.0.2.2", 50000)) is None

    def test_they_are_let_in_where_somebody_says_so(self, monkeypatch):
        monkeypatch.setattr(same_user, "owner", lambda *_: SOMEBODY)
        ends = ("127.0.0.1", 104), ("127.0.0.1", 50000)
        assert Security(other_users=True).stranger(*ends) is None
        assert "user id 4711" in Security().stranger(*ends).what


class TestWhatIsListenedOn:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
    def test_this_machine(self, host):
        assert is_this_machine(host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "", "192.0.2.1", "::", "2001:db8::1"])
    def test_others_too(self, host):
        assert not is_this_machine(host)

    def test_a_department_listens_on_this_machine_only(self, labs):
        listening = {(one.laddr.ip, one.laddr.port) for one in own_connections() if one.status == psutil.CONN_LISTEN}
        ports = {address["port"] for lab in labs for address in sides(lab)}
        assert {one for one in listening if one[1] in ports} == {("127.0.0.1", port) for port in ports}

    def test_and_so_does_serve(self, monkeypatch):
        before = {one.laddr for one in own_connections()}
        opened = []

        def stop():
            opened.extend(one for one in own_connections() if one.laddr not in before)
            raise KeyboardInterrupt

        monkeypatch.setattr(serve, "_wait", stop)
        monkeypatch.setattr(serve, "_hear_ctrl_c", lambda: None)
        out = StringIO()
        serve.run(serve.ServeOptions(), Console(file=out, width=200))
        listening = [one.laddr.ip for one in opened if one.status == psutil.CONN_LISTEN]
        assert listening == ["127.0.0.1"] * 5
        assert "Warning" not in out.getvalue()
        assert ("Other users of this machine are turned away" in out.getvalue()) is (sys.platform == "linux")


def own_connections():
    return psutil.Process().net_connections(kind="tcp")
