# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics as Prometheus reads them. The only file that imports prometheus_client."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from typing import Any

from .families import Family, Kind

try:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    IMPORT_ERROR: str | None = None
except ImportError:
    CONTENT_TYPE_LATEST = "text/plain"
    IMPORT_ERROR = traceback.format_exc()

CONTENT_TYPE: str = CONTENT_TYPE_LATEST
MISSING = (
    "the Python library prometheus_client is missing: install python3-prometheus-client, "
    "or prometheus_client into the daemon's virtual environment"
)


def render(families: Iterable[Family]) -> bytes:
    """Return the families in the text format. Requires prometheus_client."""
    registry = CollectorRegistry()
    registry.register(_Families(families))
    return bytes(generate_latest(registry))


class _Families:
    """A collector of given families."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def describe(self) -> list[Any]:
        """Return nothing: the families are not registered by name."""
        return []

    def collect(self) -> Iterator[Any]:
        """Return the families as objects of prometheus_client."""
        for family in self._families:
            names = [name for name, _value in family.samples[0][0]] if family.samples else []
            make = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
            metric = make(family.name, family.help, labels=names)
            for labels, value in family.samples:
                metric.add_metric([text for _name, text in labels], value)
            yield metric
