"""The report: a line for each case that failed or was left out, the counts, and JUnit's XML for build servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from gridgrad.conformity.suite import Checked

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["junit", "text"]

_NO_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]")


def text(checked: Sequence[Checked]) -> str:
    """The report for people."""
    lines = [f"FAILED   {each.way}: {each.name}: {each.fault}" for each in checked if each.fault]
    lines += [f"skipped  {each.way}: {each.name}: {each.skipped}" for each in checked if each.skipped]
    for way in dict.fromkeys(each.way for each in checked):
        of_way = [each for each in checked if each.way == way]
        failed, skipped = _counts(of_way)
        lines.append(f"{way}: {len(of_way) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return "\n".join(lines)


def junit(checked: Sequence[Checked]) -> bytes:
    """The report as JUnit's XML: a suite for each way, a case for each case."""
    root = ElementTree.Element("testsuites", _attributes("gridgrad conformity", checked))
    for way in dict.fromkeys(each.way for each in checked):
        of_way = [each for each in checked if each.way == way]
        suite = ElementTree.SubElement(root, "testsuite", _attributes(way, of_way))
        for each in of_way:
            _add(suite, each)
    xml: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


def _add(suite: Element, checked: Checked) -> None:
    group, _, name = checked.name.partition("/")
    case = ElementTree.SubElement(suite, "testcase", {"classname": f"{checked.way}.{group}", "name": name})
    if checked.fault:
        ElementTree.SubElement(case, "failure", {"message": _NO_XML.sub("?", checked.fault)})
    if checked.skipped:
        ElementTree.SubElement(case, "skipped", {"message": _NO_XML.sub("?", checked.skipped)})


def _attributes(name: str, checked: Sequence[Checked]) -> dict[str, str]:
    failed, skipped = _counts(checked)
    return {"name": name, "tests": str(len(checked)), "failures": str(failed), "errors": "0", "skipped": str(skipped)}


def _counts(checked: Sequence[Checked]) -> tuple[int, int]:
    return sum(bool(each.fault) for each in checked), sum(bool(each.skipped) for each in checked)
