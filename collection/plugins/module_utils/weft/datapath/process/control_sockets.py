# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two listening Unix sockets of the process: control requests, and handover requests."""

from __future__ import annotations

from pathlib import Path

from ...system import notify
from ..sockets.listening import ListenError
from .commands import Commands
from .control import ControlServer
from .engine import Engine
from .handover import Handover
from .handover_server import HandoverServer
from .loop import EventLoop


class ControlSockets:
    """Both listeners, opened here or taken from `handover`. Raises ListenError."""

    def __init__(
        self, loop: EventLoop, engine: Engine, control: Path, handover: Handover | None = None
    ) -> None:
        self._loop = loop
        self._engine = engine
        self.handed_over = False
        self._control = ControlServer(
            loop,
            control,
            Commands(engine, self.report_status).handle,
            handover.control if handover else None,
        )
        try:
            self._handover_server = HandoverServer(
                loop,
                self.handover_path(control),
                engine,
                self._control.listener,
                on_handed_over=self._on_handed_over,
                listener=handover.handover_listener if handover else None,
            )
        except ListenError:
            self._control.close()
            raise

    @staticmethod
    def handover_path(control: Path) -> Path:
        """Return the path of the handover socket, beside the control socket."""
        return control.with_name(f"{control.stem}.handover")

    def report_status(self) -> None:
        """Send a summary of the table in force to systemd (`systemctl status`)."""
        notify.notify(f"STATUS={self._engine.summary()}")

    def close(self) -> None:
        """Accept no more requests; after a handover the new process owns the sockets' files."""
        if self.handed_over:
            self._control.leave()
            self._handover_server.leave()
            return
        notify.notify("STOPPING=1")
        self._control.close()
        self._handover_server.close()

    def _on_handed_over(self) -> None:
        self.handed_over = True
        self._loop.stop()
