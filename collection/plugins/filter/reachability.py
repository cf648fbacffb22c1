# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `weft.overlay.reachability`: from the probes' output to the matrix."""

from __future__ import annotations

DOCUMENTATION = r"""
name: reachability
short_description: Read the probes of the role C(verify)
version_added: 1.0.0
description:
  - Turns what the probe of each host printed into a matrix and a list of problems.
options:
  _input:
    description:
      - One dictionary for each host, with C(name), the C(address) of its container, and the
        C(output) of its probe.
    type: list
    elements: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Show the matrix
  ansible.builtin.debug:
    msg: "{{ (probes | weft.overlay.reachability).matrix }}"
  vars:
    probes:
      - {name: host1, address: 100.96.1.2, output: "100.96.2.2 100.96.1.2"}
      - {name: host2, address: 100.96.2.2, output: "100.96.1.2 100.96.2.2"}
"""

RETURN = r"""
_value:
  description:
    - C(matrix) is a text with a row for each source, C(problems) a list of sentences, C(pairs) the
      verdict of each ordered pair.
  type: dict
"""

from ipaddress import IPv4Address
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.weft.overlay.plugins.module_utils.weft.verification.diagnosis import (
    problems,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.verification.matrix import (
    draw_matrix,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.verification.probe import (
    Host,
    read_results,
)


def reachability(probes: list[dict[str, str]]) -> dict[str, Any]:
    """The matrix, the problems and the pairs of a list of probes."""
    hosts = [_host(probe) for probe in probes]
    results = read_results(hosts)
    return {
        "matrix": draw_matrix(hosts, results),
        "problems": problems(results),
        "pairs": [
            {
                "from": result.source.name,
                "to": result.destination.name,
                "verdict": result.verdict.value,
                "answer": result.answer,
            }
            for result in results
        ],
    }


def _host(probe: dict[str, str]) -> Host:
    try:
        return Host(str(probe["name"]), IPv4Address(str(probe["address"])), str(probe["output"]))
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(
            "weft.overlay.reachability wants name, address and output of each host, "
            f"and was given {probe!r}: {error}"
        ) from error


class FilterModule:
    """The collection's filters."""

    def filters(self) -> dict[str, Any]:
        """Filter names and their functions."""
        return {"reachability": reachability}
