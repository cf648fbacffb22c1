# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of the fleet: the positions of the hosts and the paths of the links.

A small fleet is drawn as cards on an ellipse, a large one as marks on a circle with their names
around it. Lengths are units of the drawing; the browser scales it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import cos, degrees, pi, radians, sin

from .fleet import VERDICT_RANK, Fleet, Host, Pair, Verdict
from .labels import (
    CONDITIONS,
    VERDICTS,
    Label,
    backend_between,
    counted,
    describe_pair,
    milliseconds,
    shortened,
)

MOST_CARDS = 10
_MOST_LABELLED = 4
_WIDTH = 1000.0
# So many cards fit into a narrow window without being scaled until they cannot be read.
_MOST_NARROW = 4
_NARROW_WIDTH = 640.0
_CARD_WIDTH, _CARD_HEIGHT = 184.0, 88.0
# How far the ellipse of up to so many cards reaches from its middle to its top.
_ELLIPSES = ((3, 150.0), (8, 200.0), (MOST_CARDS, 240.0))
_MARGIN = 34.0
_MARK_SPACING = 19.0
_SMALLEST_RADIUS = 190.0
_MARK_GAP = 15.0
_CHARACTER = 6.9  # the width of a character of 11.5 units, monospaced
_LONGEST_NAME = 22


@dataclass(frozen=True, slots=True)
class Node:
    """A host on the map: position, label and tooltip.

    angle is the rotation of the text of a mark on a circle, in degrees; a flipped text reads from
    the outside in.
    """

    index: int
    host: Host
    x: float
    y: float
    label: str
    tip: str
    state: Label
    angle: float = 0.0
    flipped: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """All links of one backend without a fault, as one path."""

    backend: str
    probed: bool
    path: str


@dataclass(frozen=True, slots=True)
class FaultyLink:
    """A link with a fault: its path and the position of its sign."""

    verdict: Verdict
    path: str
    x: float
    y: float
    sign: str
    tip: str


@dataclass(frozen=True, slots=True)
class LinkLabel:
    """The label of a link of a small fleet."""

    x: float
    y: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A kind of link and the number of its pairs of hosts."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class FleetMap:
    """The drawing. bend curves links towards the centre: 1 is straight, 0 through the centre."""

    cards: bool
    width: float
    height: float
    narrow: bool
    bend: float
    nodes: tuple[Node, ...]
    bundles: tuple[Bundle, ...]
    faulty: tuple[FaultyLink, ...]
    labels: tuple[LinkLabel, ...]
    legend: tuple[LegendEntry, ...]
    card_width: float = _CARD_WIDTH
    card_height: float = _CARD_HEIGHT

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the drawing."""
        return self.width / 2, self.height / 2


@dataclass(frozen=True, slots=True)
class _Link:
    one: Node
    other: Node
    backend: str
    there: Pair
    back: Pair

    @property
    def worst(self) -> Verdict:
        return max(self.there.verdict, self.back.verdict, key=VERDICT_RANK.__getitem__)

    @property
    def tip(self) -> str:
        return (
            f"{self.one.host.name} → {self.other.host.name}: {describe_pair(self.there)}\n"
            f"{self.other.host.name} → {self.one.host.name}: {describe_pair(self.back)}"
        )


def draw_map(fleet: Fleet) -> FleetMap:
    """Return the map of all hosts in their order, clockwise from the top."""
    cards = len(fleet.hosts) <= MOST_CARDS
    nodes, width, height = _place_cards(fleet.hosts) if cards else _place_marks(fleet.hosts)
    bend = 1.0 if cards else 0.3
    centre = (width / 2, height / 2)
    links = [
        _Link(
            one,
            other,
            backend_between(one.host.backend, other.host.backend),
            fleet.pair(one.host.name, other.host.name),
            fleet.pair(other.host.name, one.host.name),
        )
        for one, other in combinations(nodes, 2)
    ]
    faultless = [link for link in links if not link.worst.is_fault]
    return FleetMap(
        cards=cards,
        width=width,
        height=height,
        narrow=width <= _NARROW_WIDTH,
        bend=bend,
        nodes=tuple(nodes),
        bundles=tuple(_bundles(faultless, centre, bend)),
        faulty=tuple(_faulty(link, centre, bend) for link in links if link.worst.is_fault),
        labels=tuple(_labels(faultless, len(nodes))),
        legend=tuple(_legend(links)),
    )


def _place_cards(hosts: Sequence[Host]) -> tuple[list[Node], float, float]:
    count = len(hosts)
    down = next(height for most, height in _ELLIPSES if count <= most)
    width = _NARROW_WIDTH if count <= _MOST_NARROW else _WIDTH
    across = (width - _CARD_WIDTH) / 2 - _MARGIN
    # Two hosts are side by side, one is in the middle.
    start = -90.0 if count > 2 else 180.0
    angles = [radians(start + 360 * index / max(1, count)) for index in range(count)]
    positions = [(across * cos(angle), down * sin(angle)) for angle in angles]
    if count == 1:
        positions = [(0.0, 0.0)]
    top = min((position[1] for position in positions), default=0.0)
    bottom = max((position[1] for position in positions), default=0.0)
    height = bottom - top + _CARD_HEIGHT + 2 * _MARGIN
    # A triangle is not centred on its ellipse.
    middle = (top + bottom) / 2
    nodes = [
        _node(index, host, (width / 2 + x, height / 2 + y - middle), 17)
        for index, (host, (x, y)) in enumerate(zip(hosts, positions, strict=True))
    ]
    return nodes, width, height


def _place_marks(hosts: Sequence[Host]) -> tuple[list[Node], float, float]:
    count = len(hosts)
    radius = max(_SMALLEST_RADIUS, count * _MARK_SPACING / (2 * pi))
    longest = max(len(shortened(host.name, _LONGEST_NAME)) + len(host.subnet) + 2 for host in hosts)
    label_length = longest * _CHARACTER + _MARK_GAP
    size = 2 * (radius + label_length) + _MARGIN
    nodes = []
    for index, host in enumerate(hosts):
        angle = -pi / 2 + 2 * pi * index / count
        flipped = cos(angle) < -1e-9
        nodes.append(
            _node(
                index,
                host,
                (size / 2 + radius * cos(angle), size / 2 + radius * sin(angle)),
                _LONGEST_NAME,
                angle=round(degrees(angle) + (180 if flipped else 0), 2),
                flipped=flipped,
            )
        )
    return nodes, size, size


def _node(
    index: int,
    host: Host,
    position: tuple[float, float],
    longest: int,
    *,
    angle: float = 0.0,
    flipped: bool = False,
) -> Node:
    state = CONDITIONS[host.condition]
    lines = [
        f"{host.name}: {state.name}",
        f"public IP {host.public_ip or 'unknown'}, subnet {host.subnet or 'unknown'}",
        ", ".join(
            filter(None, (host.backend, host.datapath, f"MTU {host.mtu}" if host.mtu else ""))
        ),
        *host.problems,
    ]
    return Node(
        index=index,
        host=host,
        x=round(position[0], 1),
        y=round(position[1], 1),
        label=shortened(host.name, longest),
        tip="\n".join(filter(None, lines)),
        state=state,
        angle=angle,
        flipped=flipped,
    )


def _path(link: _Link, centre: tuple[float, float], bend: float) -> str:
    one, other = link.one, link.other
    if bend == 1.0:
        return f"M{one.x:g} {one.y:g}L{other.x:g} {other.y:g}"
    x, y = _control(link, centre, bend)
    return f"M{one.x:g} {one.y:g}Q{x:g} {y:g} {other.x:g} {other.y:g}"


def _control(link: _Link, centre: tuple[float, float], bend: float) -> tuple[float, float]:
    middle = ((link.one.x + link.other.x) / 2, (link.one.y + link.other.y) / 2)
    return (
        round(centre[0] + (middle[0] - centre[0]) * bend, 1),
        round(centre[1] + (middle[1] - centre[1]) * bend, 1),
    )


def _bundles(links: Sequence[_Link], centre: tuple[float, float], bend: float) -> Iterator[Bundle]:
    paths: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for link in links:
        paths[link.backend, link.worst is Verdict.OK].append(_path(link, centre, bend))
    for (backend, probed), parts in paths.items():
        yield Bundle(backend, probed, "".join(parts))


def _faulty(link: _Link, centre: tuple[float, float], bend: float) -> FaultyLink:
    x, y = _control(link, centre, bend)
    # The middle of a quadratic curve is half way to its control point.
    middle = ((link.one.x + link.other.x) / 2, (link.one.y + link.other.y) / 2)
    return FaultyLink(
        verdict=link.worst,
        path=_path(link, centre, bend),
        x=round((x + middle[0]) / 2, 1),
        y=round((y + middle[1]) / 2, 1),
        sign=VERDICTS[link.worst].sign,
        tip=link.tip,
    )


def _labels(links: Sequence[_Link], count: int) -> Iterator[LinkLabel]:
    if count > _MOST_LABELLED:
        return
    # Two diagonals cross in the middle.
    along = 0.5 if count <= 3 else 0.37
    for link in links:
        text = link.backend
        times = [pair.round_trip.median for pair in (link.there, link.back) if pair.round_trip]
        if times:
            text += f" · {milliseconds(max(times))} ms"
        yield LinkLabel(
            x=round(link.one.x + (link.other.x - link.one.x) * along, 1),
            y=round(link.one.y + (link.other.y - link.one.y) * along, 1),
            width=round(len(text) * _CHARACTER + 18, 1),
            text=text,
        )


def _legend(links: Sequence[_Link]) -> Iterator[LegendEntry]:
    """Yield the kinds with the number of their pairs, as the matrix counts them."""
    pairs = [(link.backend, pair) for link in links for pair in (link.there, link.back)]
    backends = Counter(backend for backend, pair in pairs if pair.verdict is Verdict.OK)
    for backend, count in sorted(backends.items()):
        yield LegendEntry(backend, f"{backend}: {counted(count, 'pair')}")
    verdicts = Counter(pair.verdict for _backend, pair in pairs if pair.verdict is not Verdict.OK)
    for verdict, count in sorted(verdicts.items(), key=lambda item: -VERDICT_RANK[item[0]]):
        label = VERDICTS[verdict]
        yield LegendEntry(verdict.value, f"{label.sign} {label.name}: {counted(count, 'pair')}")
