# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification in which every container is reached, while a daemon is not ready."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weft.overlay.plugins.plugin_utils.verification.readiness import (
    unready_hosts,
)


def host(daemon: dict[str, Any] | None, *, left: bool = False) -> dict[str, Any]:
    return {"name": "docker1", "started": {"daemon": daemon}, "left": left}


def status(*problems: str, **agent: Any) -> dict[str, Any]:
    return {"agent": {"ready": True, "problems": [], **agent}, "problems": list(problems)}


def test_the_problem_of_an_agent_that_is_not_ready_is_reported() -> None:
    (text,) = unready_hosts([host(status(ready=False, problems=["no interface matches ens9"]))])
    assert text.startswith("docker1: weftd is not ready: no interface matches ens9. ")


def test_an_agent_that_does_not_run_is_not_ready() -> None:
    stopped = "the agent (process 7) is not running; see 'systemctl status weftd'"
    assert stopped in unready_hosts([host(status(stopped))])[0]
    assert "no lease yet" in unready_hosts([host(status(ready=False))])[0]


@pytest.mark.parametrize(
    "entry",
    [host(status()), host(None), host(status("gone"), left=True), {"name": "docker1"}],
    ids=["ready", "no weftctl", "left the play", "not started"],
)
def test_other_hosts_have_no_problem_of_readiness(entry: dict[str, Any]) -> None:
    assert unready_hosts([entry]) == []
