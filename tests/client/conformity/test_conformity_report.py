"""The report, as people and build servers read it."""

from __future__ import annotations

from xml.etree import ElementTree

from gridgrad.conformity.conformity_report import junit, text
from gridgrad.conformity.suite import Checked

CHECKED = [
    Checked("a", "values/one"),
    Checked("a", "values/two", fault="1 < 2 & \x00"),
    Checked("b", "errors/one", skipped="no feature"),
]


def test_a_line_for_what_failed_or_was_left_out_and_the_counts() -> None:
    told = text(CHECKED).splitlines()
    assert told == [
        "FAILED   a: values/two: 1 < 2 & \x00",
        "skipped  b: errors/one: no feature",
        "a: 1 passed, 1 failed, 0 skipped",
        "b: 0 passed, 0 failed, 1 skipped",
    ]


def test_the_xml_of_junit() -> None:
    root = ElementTree.fromstring(junit(CHECKED))  # noqa: S314 - it is our own
    assert root.attrib.items() >= {"tests": "3", "failures": "1", "skipped": "1"}.items()
    first, second = root.findall("testsuite")
    assert (first.get("name"), first.get("tests"), second.get("skipped")) == ("a", "2", "1")
    _, failed = first.findall("testcase")
    assert (failed.get("classname"), failed.get("name")) == ("a.values", "two")
    (failure,) = failed.findall("failure")
    assert failure.get("message") == "1 < 2 & ?"
