#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action `weft.overlay.show_lines`, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: show_lines
short_description: Show lines of text on the controller's terminal, as they are
version_added: 1.0.0
author:
  - The weft developers (@weft)
description:
  - Prints lines below the name of the task, without quotes, brackets or indentation, whatever
    C(callback_result_format) is. It is for what is drawn with characters, such as the matrix of
    the role C(verify), where M(ansible.builtin.debug) prints JSON or YAML.
  - Characters that a terminal may obey are shown as a question mark, since text may come from
    hosts.
  - Nothing is printed where the output is for a program, which is where the stdout callback is
    C(json), C(jsonl) or C(null); the result has the lines everywhere.
extends_documentation_fragment:
  - weft.overlay.attributes
  - weft.overlay.attributes.info_module
options:
  lines:
    description: The lines, from top to bottom.
    type: list
    elements: str
    required: true
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
  description: The lines, as they were shown.
  returned: success
  type: list
  elements: str
  sample: ["from \\ to              docker1  docker2", "docker1    100.96.1.2  -        ok 0.49"]
"""
