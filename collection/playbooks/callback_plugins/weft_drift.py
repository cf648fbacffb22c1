# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the callback `weft.overlay.drift` to the playbook drift, without configuration.

Ansible loads the callbacks that lie beside a playbook, so this one must leave the others alone.
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
        """Stay out of other playbooks, and of a run in which the callback is enabled by name."""
        enabled = drift.CallbackModule.CALLBACK_NAME in constants.CALLBACKS_ENABLED
        self.disabled |= enabled or Path(playbook._file_name).name != "drift.yml"

    def default_directory(self) -> None:
        """Leave it to the playbook's variable: only a collection's own plugin has options."""
