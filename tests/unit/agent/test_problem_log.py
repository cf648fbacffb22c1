# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import logging

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.agent.problem_log import ProblemLog


def test_an_outage_is_one_line_at_its_start_and_one_at_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log = ProblemLog(logging.getLogger("test"))
    reports = (None, "connection refused", "timed out", "timed out", "connection refused", None)
    changes = [log.update(problem) for problem in (*reports, None, "timed out")]
    assert changes == [False, True, True, False, True, True, False, True]
    assert caplog.messages == ["connection refused", "resolved: connection refused", "timed out"]
    assert log.problem == "timed out"
