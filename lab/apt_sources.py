# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the machine's Debian mirror in its apt configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

# debian-archive-keyring installs it; apt and debootstrap trust it by default.
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class Source:
    """One archive, suite and its components, as apt's configuration names them."""

    uri: str
    suite: str
    components: tuple[str, ...]
    keyring: Path | None = None


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where Debian packages come from and the keys that sign them."""

    uri: str
    keyring: Path

    def line(self, suite: str) -> str:
        """Return the one-line entry of sources.list(5) for a suite."""
        return f"deb [signed-by={self.keyring}] {self.uri} {suite} main\n"


def machine_mirror(
    apt: Path = Path("/etc/apt"), os_release: Path = Path("/etc/os-release")
) -> Mirror:
    """Read the mirror of the running distribution; raise LabError if it is no Debian."""
    return choose_mirror(read_sources(apt), _codename(os_release.read_text()))


def choose_mirror(sources: Iterable[Source], codename: str) -> Mirror:
    """Pick the archive that serves the machine's own release, component main."""
    for source in sources:
        if source.suite == codename and "main" in source.components:
            return Mirror(source.uri.rstrip("/"), source.keyring or DEBIAN_KEYRING)
    raise LabError(
        f"no Debian mirror: apt's sources name none for {codename!r} main; add one to "
        "/etc/apt/sources.list.d"
    )


def read_sources(apt: Path) -> tuple[Source, ...]:
    """Read every enabled source below an apt configuration directory (sources.list(5))."""
    parts = sorted((apt / "sources.list.d").glob("*"))
    found: list[Source] = []
    for path in (apt / "sources.list", *parts):
        if path.is_file() and path.suffix == ".list":
            found += parse_one_line(path.read_text())
        elif path.is_file() and path.suffix == ".sources":
            found += parse_deb822(path.read_text())
    return tuple(found)


_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)")


def parse_one_line(text: str) -> Iterator[Source]:
    """Yield the binary sources of a file in one-line style."""
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match is None:
            continue
        suite, *components = match["rest"].split()
        options = dict(
            part.partition("=")[::2] for part in (match["options"] or "").split() if "=" in part
        )
        yield Source(match["uri"], suite, tuple(components), _keyring(options.get("signed-by")))


def parse_deb822(text: str) -> Iterator[Source]:
    """Yield the enabled binary sources of a file in deb822 style."""
    for stanza in re.split(r"\n\s*\n", _without_comments(text)):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled") == "no":
            continue
        components = tuple(fields.get("components", "").split())
        keyring = _keyring(fields.get("signed-by"))
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, components, keyring)


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if name and line[:1].isspace():
            fields[name] += f"\n{line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _keyring(signed_by: str | None) -> Path | None:
    """Return the keyring file; fingerprints and embedded keys fall back to Debian's own."""
    if signed_by is None or not signed_by.startswith("/"):
        return None
    return Path(signed_by.split()[0])


def _codename(os_release: str) -> str:
    match = re.search(r'^VERSION_CODENAME="?([a-z]+)"?$', os_release, re.MULTILINE)
    if match is None:
        raise LabError("/etc/os-release names no release; the lab is built on Debian 12 or newer")
    return match[1]
