# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enables the callback `weft.overlay.drift` for the playbook drift, without configuration.

Ansible loads the callbacks in the directory of a playbook for all playbooks there, so this callback
disables itself for other playbooks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible import constants

from ansible_collections.weft.overlay.plugins.callback import drift


class CallbackModule(drift.CallbackModule):
    """The callback, for the playbook drift alone."""

    CALLBACK_NAME = "weft_drift"
    CALLBACK_NEEDS_ENABLED = False

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Disable the callback for other playbooks, and if the callback is enabled by name."""
        enabled = drift.CallbackModule.CALLBACK_NAME in constants.CALLBACKS_ENABLED
        self.disabled |= enabled or Path(playbook._file_name).name != "drift.yml"

    def default_directory(self) -> None:
        """Return None: only the plugin of the collection has options."""
