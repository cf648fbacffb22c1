# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback `weft.overlay.drift`: collect what a run in check mode would change."""

from __future__ import annotations

DOCUMENTATION = r"""
name: drift
type: aggregate
short_description: Report the differences that a run in check mode finds
version_added: 1.0.0
description:
  - Collects, in a run with C(--check --diff), each task that would change something, with its host,
    the current and the wanted state, and also the failed tasks and the unreachable hosts. It prints
    them at the end of the run.
  - The playbook C(weft.overlay.drift) enables it. For other playbooks, enable it in the
    configuration.
  - It does nothing in a run without C(--check).
  - A play with a variable C(drift_document) gets the differences found so far in this variable. The
    tasks of this play are not collected.
options:
  output_directory:
    description:
      - Folder on the controller into which the file C(drift.json) is written, with C(format),
        C(began), C(drifts) (a list of C(host), C(what), C(before), C(after)) and C(unreachable). If
        it is empty, no file is written.
      - The variable C(drift_output_directory) of the playbook takes precedence.
    type: str
    default: ""
    env:
      - name: WEFT_DRIFT_OUTPUT_DIRECTORY
    ini:
      - section: callback_weft_drift
        key: output_directory
requirements:
  - Enable it in the configuration, except for the playbook drift.
author:
  - The weft developers (@weft)
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.weft.overlay.plugins.module_utils.weft.system.files import (
    write_atomically,
)
from ansible_collections.weft.overlay.plugins.plugin_utils.drift import (
    Drift,
    document,
    drifts_in,
    render,
)

# The variable of a play for the document, and the custom statistic with the directory.
_DOCUMENT = "drift_document"
_DIRECTORY = "drift_output_directory"


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Collects the differences, passes them to a play that reports them, and prints them."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "weft.overlay.drift"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display: Any = None, options: Any = None) -> None:
        super().__init__(display=display, options=options)
        self.disabled = not context.CLIARGS.get("check")
        self._began = datetime.now(UTC)
        self._drifts: list[Drift] = []
        self._unreachable: set[str] = set()
        self._hosts: set[str] = set()
        self._collects = True

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Read the host names; set the variable drift_document if the play has it."""
        self._hosts = set(play.get_variable_manager().get_vars(play=play)["groups"]["all"])
        self._collects = _DOCUMENT not in play.vars
        if not self._collects:
            # Text from hosts must not be evaluated as a template.
            play.vars[_DOCUMENT] = wrap_var(self._document())

    def v2_runner_on_ok(self, result: Any) -> None:
        """Collect the change of a task without a loop; loops report each item."""
        if not result._task.loop:
            self._collect(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Collect the change of an item of a loop."""
        self._collect(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Collect a failure, because the tasks after it were not checked."""
        if self._collects and not ignore_errors:
            message = str(result._result.get("msg") or "see the run's output")
            what = f"{_name(result)} failed"
            self._drifts.append(Drift(result._host.get_name(), what, message, None))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Collect the unreachable host."""
        if not result._task.ignore_unreachable:
            self._unreachable.add(result._host.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print the differences and write the document."""
        directory = stats.custom.get("_run", {}).get(_DIRECTORY) or self.default_directory()
        self._display.banner("DRIFT")
        for line in render(self._drifts, self._unreachable):
            self._display.display(line)
        if directory:
            path = Path(directory).expanduser() / "drift.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, f"{json.dumps(self._document(), indent=2)}\n".encode())

    def default_directory(self) -> str | None:
        """Return the directory of the document if the playbook does not set it."""
        return str(self.get_option("output_directory")) or None

    def _collect(self, result: Any) -> None:
        # A handler runs because of a change that is collected already.
        if not self._collects or not result.is_changed() or _is_handler(result._task):
            return
        host = result._host.get_name()
        found = drifts_in(host, _name(result), result._result, self._hosts)
        self._drifts += (drift for drift in found if drift not in self._drifts)

    def _document(self) -> dict[str, Any]:
        return document(self._began, self._drifts, self._unreachable)


def _is_handler(task: Any) -> bool:
    return hasattr(task, "listen")


def _name(result: Any) -> str:
    """Return the task's name without its role's, with the item's label."""
    name = str(result._task.get_name()).rpartition(" : ")[2]
    label = _label(result._result)
    return f"{name} [{label}]" if label else name


def _label(result: dict[str, Any]) -> str:
    labels: Iterable[Any] = (result.get(key) for key in ("_ansible_item_label", "item"))
    return next((label for label in labels if isinstance(label, str)), "")
