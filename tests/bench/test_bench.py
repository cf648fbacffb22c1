# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark on real hosts: a small run, and one that is interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import Figure

ROOT = Path(__file__).resolve().parents[2]
PARTIAL = ROOT / "bench/results/partial.json"
COMMAND = (sys.executable, "-m", "bench", "--quick", "--modes", "W", "--paths", "none", "tinc")

# The first run builds the lab's image.
pytestmark = pytest.mark.timeout(600)


def _traces() -> list[str]:
    places = ("/run/weft-lab/bench", "/var/lib/weft-lab/bench", "/sys/class/net/br-bench")
    return [place for place in places if Path(place).exists()]


def test_quick_run_measures_every_figure_and_leaves_nothing() -> None:
    PARTIAL.unlink(missing_ok=True)
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert _traces() == []
    results = json.loads(PARTIAL.read_text())
    assert (results["unavailable"], results["failed"]) == ([], [])
    searched = {Figure.UDP64_LOSSLESS, Figure.UDP1400_LOSSLESS}
    values = {(row["path"], row["figure"]): row["median"] for row in results["rows"]}
    assert set(values) == {
        (path, figure) for path in ("none", "tinc") for figure in set(Figure) - searched
    }
    assert min(values.values()) > 0
    # A path in user space that is as fast as none does not lead where it should.
    assert values["tinc", Figure.TCP1] < values["none", Figure.TCP1]
    assert set(results["versions"]) == {"iperf3", "tinc"}
    assert "mode W" in done.stdout
    assert all(PARTIAL.with_suffix(suffix).stat().st_size > 0 for suffix in (".svg", ".png"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupted_run_leaves_nothing(number: signal.Signals) -> None:
    # A background shell ignores SIGINT, and its children inherit that.
    command = ["env", "--default-signal=INT", *COMMAND]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("repeat 1"):
                process.send_signal(number)
        assert process.wait() == 130
    assert said[-1] == "bench: interrupted\n"
    assert _traces() == []
