# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `weft.overlay.fleet_report`: from what was gathered to one HTML file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_report
short_description: Create the HTML report of a fleet
version_added: 1.0.0
description:
  - Internal to the collection. The playbook C(report) uses it.
  - Takes the data that the playbook gathers, and returns a page with a map of the fleet, the
    reachability matrix, the address space, the leases, drift and versions.
  - The page is self-contained and loads nothing from the network.
options:
  _input:
    description:
      - A dictionary with C(title), C(generated) (a time as text), C(hosts), C(network) (the result
        of M(weft.overlay.network_info)), C(leases) (the result of M(weft.overlay.lease_info)),
        C(verification) and C(drift) (the documents of the playbooks with these names), C(notes)
        (the reasons for missing data), C(store_problem) (why etcd could not be read) and
        C(store_stopped) (the etcd hosts whose etcd does not run). Only C(hosts) is required. A
        document may be JSON text.
      - A host has a C(name). The other keys are optional. C(facts) is the result of
        M(ansible.builtin.setup); if it is failed or unreachable, the host counts as unreachable.
        C(daemon) and C(docker) are the results of M(ansible.builtin.command) with C(weftctl status
        --json) and with C(docker version), formatted as the version of the server. The first IPv4
        address in C(addresses) is the public IP, unless the verification or the daemon reports
        another one.
    type: dict
    required: true
author:
  - The weft developers (@weft)
"""

EXAMPLES = r"""
- name: Create the report of a verification
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
  description: The HTML page, with its style and script.
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
