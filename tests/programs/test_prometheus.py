# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""promtool on the alert rules, the example of a scrape and the queries of the dashboard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FAMILIES = (
    Path(__file__).parents[2] / "collection/plugins/module_utils/weft/metrics/families.py"
).read_text(encoding="utf-8")
CASES = Path(__file__).with_name("weft_alerts_test.yml")

_METRIC = re.compile(r"\bweft_[a-z0-9_]+\b")


def promtool(folder: Path, *arguments: str) -> str:
    """Run promtool in a folder; fail with its output if it fails."""
    program = shutil.which("promtool")
    assert program is not None, "promtool is missing: install prometheus (dev/setup lab does)"
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def dashboard(files: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((files / "weft_dashboard.json").read_text())
    return document


def queries(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def test_promtool_takes_the_rules(files: Path) -> None:
    alerts = yaml.safe_load((files / "weft_alerts.yml").read_text())["groups"][0]["rules"]
    assert f"{len(alerts)} rules found" in promtool(files, "check", "rules", "weft_alerts.yml")


def test_each_alert_fires_where_it_should(files: Path, tmp_path: Path) -> None:
    shutil.copy(files / "weft_alerts.yml", tmp_path)
    shutil.copy(CASES, tmp_path)
    assert "SUCCESS" in promtool(tmp_path, "test", "rules", CASES.name)


def test_each_alert_has_a_case_in_which_it_fires(files: Path) -> None:
    alerts = yaml.safe_load((files / "weft_alerts.yml").read_text())["groups"][0]["rules"]
    fired = {
        test["alertname"]
        for case in yaml.safe_load(CASES.read_text())["tests"]
        for test in case["alert_rule_test"]
        if test["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in alerts}


def test_promtool_takes_the_example_of_a_scrape(files: Path, tmp_path: Path) -> None:
    shutil.copy(files / "weft_alerts.yml", tmp_path)
    targets = [{"targets": ["192.0.2.11:19285"], "labels": {"host": "docker1"}}]
    (tmp_path / "weft_targets.json").write_text(json.dumps(targets))
    shutil.copy(files / "weft_scrape.yml", tmp_path)
    promtool(tmp_path, "check", "config", "weft_scrape.yml")


def test_promtool_takes_every_query_of_the_dashboard(
    dashboard: dict[str, Any], tmp_path: Path
) -> None:
    rules = [
        {
            "record": f"panel:{number}",
            "expr": query.replace("$__rate_interval", "1m").replace("$host", ".*"),
        }
        for number, query in enumerate(queries(dashboard))
    ]
    assert len(rules) > 15
    groups = {"groups": [{"name": "dashboard", "rules": rules}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(groups))
    assert f"{len(rules)} rules found" in promtool(tmp_path, "check", "rules", "rules.yml")


def test_the_panel_counts_silent_peers_and_no_idle_ones(
    dashboard: dict[str, Any], tmp_path: Path
) -> None:
    """One that is sent to and not heard, one that is heard, one that is idle."""
    (panel,) = (panel for panel in dashboard["panels"] if panel["title"] == "Silent peers")
    (expression,) = (target["expr"] for target in panel["targets"])
    rule = {"record": "panel:silent", "expr": expression.replace("$host", ".*")}
    (tmp_path / "rules.yml").write_text(
        yaml.safe_dump({"groups": [{"name": "dashboard", "rules": [rule]}]})
    )

    def sent(peer: int, values: str) -> dict[str, str]:
        labels = f'job="weft", host="docker1", peer="192.0.2.{peer}"'
        return {
            "series": f'weft_peer_packets_total{{{labels}, direction="out"}}',
            "values": values,
        }

    heard = 'weft_peer_last_heard_timestamp_seconds{job="weft", host="docker1", peer="192.0.2.13"}'
    spoken = [sent(13, "0+60x30"), {"series": heard, "values": "0+60x30"}]
    idle = [sent(14, "7x30")]
    case = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": "panel:silent",
                        "eval_time": "25m",
                        "exp_samples": [{"labels": "panel:silent", "value": silent}],
                    }
                ],
            }
            for series, silent in (
                (spoken + idle, 0),
                ([*spoken, *idle, sent(12, "0+60x30")], 1),
            )
        ],
    }
    (tmp_path / "case.yml").write_text(yaml.safe_dump(case))
    assert "SUCCESS" in promtool(tmp_path, "test", "rules", "case.yml")


def test_rules_and_dashboard_name_metrics_that_there_are(
    files: Path, dashboard: dict[str, Any]
) -> None:
    alerts = yaml.safe_load((files / "weft_alerts.yml").read_text())["groups"][0]["rules"]
    used = {
        name
        for text in (*(rule["expr"] for rule in alerts), *queries(dashboard))
        for name in _METRIC.findall(text)
    }
    assert used
    assert {name for name in used if f'"{name}"' not in FAMILIES} == set()


def test_the_panels_lie_beside_each_other(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
