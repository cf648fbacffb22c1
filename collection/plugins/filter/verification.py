# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `weft.overlay.verification`: from what the probes saw to what is said of it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: verification
short_description: Judge what the probes of the role C(verify) saw
version_added: 1.0.0
description:
  - Takes what M(weft.overlay.probe) returned on each host, and returns the verification document,
    the same as JUnit XML, and the lines for a terminal.
positional: _input, began, ended
options:
  _input:
    description:
      - One dictionary for each host, with its C(name), and what the module returned for each of its
        states C(started), C(probed), C(measured) and C(absent). A state that did not run is missing
        or empty. C(left) is true of a host that is no longer in the play.
    type: list
    elements: dict
    required: true
  began:
    description: When the verification began, in the form of ISO 8601.
    type: str
    required: true
  ended:
    description: When it ended.
    type: str
    required: true
  loss:
    description: Percent of the echo requests that may be lost without a fault.
    type: int
    default: 20
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the matrix
  weft.overlay.show_lines:
    lines: "{{ (probes | weft.overlay.verification(began, ended)).summary }}"
  vars:
    ended: "{{ now(utc=true).isoformat() }}"
"""

RETURN = r"""
_value:
  description:
    - C(document) is the verification document, C(problems) the sentences in it, C(junit) a text in
      the form of JUnit XML, C(summary) a list of lines.
  type: dict
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.weft.overlay.plugins.plugin_utils.verification.document import document
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.junit import junit
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.results import read_results
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.summary import summarise


def verification(
    probes: Sequence[Mapping[str, Any]], began: str, ended: str, loss: int = 20
) -> dict[str, Any]:
    """Return the documents. Raises AnsibleFilterError for what the module did not return."""
    try:
        results = read_results(probes, int(loss))
        first, last = _instant(began), _instant(ended)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(
            "weft.overlay.verification wants what weft.overlay.probe returned on each host, and "
            f"two times: {error!r}"
        ) from error
    made = document(results, first, last)
    return {
        "document": made,
        "problems": made["problems"],
        "junit": junit(results, first, last),
        "summary": summarise(results),
    }


def _instant(text: str) -> datetime:
    # Ansible's now(utc=true) does not name its zone.
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"verification": verification}
