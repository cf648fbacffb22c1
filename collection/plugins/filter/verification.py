# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `weft.overlay.verification`: from what the probes saw to what is said of it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: verification
short_description: Evaluate the probe results of the role C(verify)
version_added: 1.0.0
description:
  - Internal to the collection. The role P(weft.overlay.verify#role) uses it.
  - Takes the results of M(weft.overlay.probe_container) and M(weft.overlay.container_probe_info) of
    each host, and returns the verification document, the same as JUnit XML, and the lines for a
    terminal.
positional: _input, began, ended
options:
  _input:
    description:
      - One dictionary for each host, with its C(name) and the results of four tasks.
      - C(started) and C(absent) are the results of M(weft.overlay.probe_container), C(probed) and
        C(measured) are the reachability and the throughput result of
        M(weft.overlay.container_probe_info). The result of a task that did not run is missing or
        empty.
      - C(left) is true for a host that is no longer in the play.
    type: list
    elements: dict
    required: true
  began:
    description: The start of the verification, as an ISO 8601 time.
    type: str
    required: true
  ended:
    description: The end of the verification, as an ISO 8601 time.
    type: str
    required: true
  loss:
    description: The percentage of echo requests that may be lost before a pair counts as faulty.
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
    - C(document) is the verification document, C(problems) the list of problems in it, C(junit) the
      JUnit XML, C(summary) a list of lines for a terminal, and C(unready) a sentence for each host
        whose daemon is not ready.
  type: dict
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.weft.overlay.plugins.plugin_utils.verification.document import document
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.junit import junit
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.readiness import (
    unready_hosts,
)
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.results import read_results
from ansible_collections.weft.overlay.plugins.plugin_utils.verification.summary import summarise


def verification(
    probes: Sequence[Mapping[str, Any]], began: str, ended: str, loss: int = 20
) -> dict[str, Any]:
    """Return the documents. Raises AnsibleFilterError if the input is not a list of results."""
    try:
        results = read_results(probes, int(loss))
        first, last = _parse_time(began), _parse_time(ended)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(
            "weft.overlay.verification needs the results of weft.overlay.probe_container and "
            f"weft.overlay.container_probe_info of each host, and two ISO 8601 times: {error!r}"
        ) from error
    made = document(results, first, last)
    return {
        "document": made,
        "problems": made["problems"],
        "junit": junit(results, first, last),
        "summary": summarise(results),
        "unready": unready_hosts(probes),
    }


def _parse_time(text: str) -> datetime:
    # Ansible's now(utc=true) does not name its zone.
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"verification": verification}
