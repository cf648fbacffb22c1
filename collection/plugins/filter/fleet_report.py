# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `weft.overlay.fleet_report`: from what was gathered to one HTML file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_report
short_description: Draw a fleet as one HTML page
version_added: 1.0.0
description:
  - Takes what the playbook C(report) gathers, and returns a page with a map of the fleet, the
    matrix of who reaches whom, the address space, the leases, drift and versions.
  - The page needs no network, and fetches nothing.
options:
  _input:
    description:
      - A dictionary with C(title), C(generated) (a time as text), C(hosts), C(network)
        (what M(weft.overlay.network_info) returned), C(leases) (what M(weft.overlay.lease_info)
        returned), C(verification) and C(drift) (the documents of the playbooks of these names) and
        C(notes) (sentences that say why something is missing). Only C(hosts) is needed, and a
        document may be its JSON.
      - A host has C(name), and, where it was asked, C(facts) (what M(ansible.builtin.setup)
        returned; a host that was unreachable or failed was not reached), C(daemon) and C(docker)
        (what M(ansible.builtin.command) returned of C(weftctl status --json), and of C(docker
        version) with the format of the server's version), and C(addresses), of which the first that
        is an IPv4 address is its public IP, unless the verification or the daemon says another.
    type: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Draw what a verification found
  ansible.builtin.copy:
    content: "{{ fleet | weft.overlay.fleet_report }}"
    dest: report.html
    mode: "0644"
  vars:
    fleet:
      hosts: [{name: docker1}, {name: docker2}]
      verification: "{{ lookup('ansible.builtin.file', 'verification.json') | from_json }}"
"""

RETURN = r"""
_value:
  description: The page, HTML with its style and its script in it.
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.weft.overlay.plugins.plugin_utils.report.documents import (
    ReportError,
    read_fleet,
)
from ansible_collections.weft.overlay.plugins.plugin_utils.report.rendering import render_report
from ansible_collections.weft.overlay.plugins.plugin_utils.report.view import view_report


def fleet_report(gathered: Mapping[str, Any]) -> str:
    """Return the page. Raises AnsibleFilterError for a document that cannot be read."""
    try:
        return render_report(view_report(read_fleet(gathered)))
    except ReportError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Any]:
        """Return them by name."""
        return {"fleet_report": fleet_report}
