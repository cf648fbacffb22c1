# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`weftctl leases`: who holds which subnet."""

from __future__ import annotations

import argparse

from ...host.lease_view import load_view
from ...host.settings import SettingsError, load_settings
from ...store.client import StoreClient
from ...store.errors import StoreError
from ..agent_status import read_agent_status
from ..command import Command
from ..leases import lease_rows, render_leases
from ..places import Places
from ..screen import Screen


def run(options: argparse.Namespace, places: Places, screen: Screen) -> int:
    """Ask the store, or else tell what was last seen."""
    own = read_agent_status(places.status).own_subnet
    try:
        with StoreClient(load_settings(places.settings).store) as store:
            snapshot = store.snapshot()
            leases, exit_status = snapshot.leases, 0
            lives = store.times_to_live(
                {lease.lease_id for lease in leases if not lease.is_reservation}
            )
            remaining = {lease_id: life.remaining for lease_id, life in lives.items()}
        for entry in snapshot.invalid:
            screen.complain(f"{entry.key}: {entry.reason}")
    except (SettingsError, StoreError) as error:
        screen.complain(str(error))
        screen.complain("what follows was last seen before")
        leases, exit_status = tuple(load_view(places.snapshot).leases.values()), 1
        remaining = {}
    rows = lease_rows(leases, own, remaining)
    if options.json:
        screen.say_json(rows)
    else:
        screen.say(render_leases(rows, screen.paint))
    return exit_status


COMMAND = Command("leases", "who holds which subnet", run)
