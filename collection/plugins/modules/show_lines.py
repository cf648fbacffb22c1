#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action `weft.overlay.show_lines`, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: show_lines
short_description: Print lines of text on the controller's terminal
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Internal to the collection. Its roles and playbooks use it.
  - Prints lines below the name of the task, without quotes, brackets or indentation, with every
    C(callback_result_format). It is for text such as the matrix of the role C(verify), which
    M(ansible.builtin.debug) would print as JSON or YAML.
  - Control characters are replaced by question marks, because the text may come from hosts.
  - Nothing is printed if the stdout callback is C(json), C(jsonl) or C(null), whose output is for
    programs. The result always has the lines.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  lines:
    description: The lines, from top to bottom.
    type: list
    elements: str
    default: []
  warnings:
    description: Warnings, which Ansible highlights and the summary of a playbook repeats.
    type: list
    elements: str
    default: []
seealso:
  - module: ansible.builtin.debug
"""

EXAMPLES = r"""
- name: Show the matrix
  weft.overlay.show_lines:
    lines: "{{ (probes | weft.overlay.verification(began, ended)).summary }}"
  vars:
    ended: "{{ now(utc=true).isoformat() }}"
  run_once: true
"""

RETURN = r"""
lines:
  description: The lines, as printed.
  returned: success
  type: list
  elements: str
  sample: ["from \\ to              docker1  docker2", "docker1    100.96.1.2  -        ok 0.49"]
notices:
  description: The warnings, as the summary repeats them.
  returned: with O(warnings)
  type: list
  elements: str
  sample: ["WARNING: etcd 3.5.16 on docker1 has a vulnerability"]
"""
