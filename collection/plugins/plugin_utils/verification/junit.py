# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verification as JUnit XML, which CI servers show: a test case for each pair.

There is no standard; this is the format that Jenkins and GitLab parse
(https://github.com/testmoapp/junitxml).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from .diagnosis import answer, sentence
from .results import Results

_SUITE = "weft.overlay.verify"
# The characters that XML 1.0 forbids (its production Char).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Results, began: datetime, ended: datetime) -> str:
    """Return the XML document. A host without a container is a case with an error."""
    faulty = [pair for pair in results.pairs if pair.fault]
    missing = [host for host in results.hosts if not host.container]
    counts = {
        "tests": str(len(results.pairs) + len(missing)),
        "failures": str(len(faulty)),
        "errors": str(len(missing)),
        "time": f"{(ended - began).total_seconds():.1f}",
    }
    root = ET.Element("testsuites", {"name": _SUITE, **counts})
    timestamp = began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = ET.SubElement(
        root, "testsuite", {"name": _SUITE, **counts, "skipped": "0", "timestamp": timestamp}
    )
    for host in missing:
        case = _case(suite, host.name, host.name)
        ET.SubElement(case, "error", {"type": "host", "message": _clean("; ".join(host.problems))})
    for pair in results.pairs:
        source, destination = pair.source.name, pair.destination.name
        case = _case(suite, source, f"{source} -> {destination}")
        if pair.fault:
            failure = ET.SubElement(
                case, "failure", {"type": pair.verdict.value, "message": _clean(answer(pair))}
            )
            failure.text = _clean(sentence(pair))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(suite: ET.Element, host: str, name: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", {"classname": _clean(f"{_SUITE}.{host}"), "name": _clean(name)}
    )


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
