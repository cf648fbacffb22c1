# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests come in, and where successors do; both are handed over with the rest."""

from __future__ import annotations

from pathlib import Path

from ...system import notify
from ..sockets.listening import ListenError
from .commands import Commands
from .control import ControlServer
from .engine import Engine
from .handover import Handover
from .loop import EventLoop
from .predecessor import Predecessor


class Doors:
    """The sockets of one process, opened or else inherited. Raises ListenError."""

    def __init__(
        self, loop: EventLoop, engine: Engine, control: Path, inherited: Handover | None = None
    ) -> None:
        self._loop = loop
        self._engine = engine
        self.handed_over = False
        self._control = ControlServer(
            loop,
            control,
            Commands(engine, self.tell).handle,
            inherited.control if inherited else None,
        )
        try:
            self._predecessor = Predecessor(
                loop,
                self.successors_path(control),
                engine,
                self._control.listener,
                succeeded=self._succeeded,
                inherited=inherited.successors if inherited else None,
            )
        except ListenError:
            self._control.close()
            raise

    @staticmethod
    def successors_path(control: Path) -> Path:
        """Return where successors come in, beside the control socket."""
        return control.with_name(f"{control.stem}.handover")

    def tell(self) -> None:
        """Tell the service manager what is in force."""
        notify.notify(f"STATUS={self._engine.summary()}")

    def close(self) -> None:
        """Take no more requests; a successor goes on with the sockets that it has inherited."""
        if self.handed_over:
            self._control.leave()
            self._predecessor.leave()
            return
        notify.notify("STOPPING=1")
        self._control.close()
        self._predecessor.close()

    def _succeeded(self) -> None:
        self.handed_over = True
        self._loop.stop()
