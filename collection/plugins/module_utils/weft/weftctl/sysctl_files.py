# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that disables the forwarding of IPv4 at boot and at `sysctl --system` (sysctl.d(5))."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_DIRECTORIES = tuple(
    map(Path, ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"))
)
# procps reads it after all others.
_LAST = Path("/etc/sysctl.conf")
_FORWARDING = re.compile(
    r"^\s*-?\s*net[./]ipv4[./](?:ip_forward|conf[./]all[./]forwarding)\s*=\s*(?P<value>\d+)",
    re.MULTILINE,
)


def file_that_disables_forwarding(
    directories: Iterable[Path] = _DIRECTORIES, last: Path = _LAST
) -> Path | None:
    """Return the file whose value is applied last, if that is 0; unreadable files are skipped.

    Files are applied in the order of their names; of two with the same name, the one in the earlier
    directory is applied.
    """
    by_name: dict[str, Path] = {}
    for directory in directories:
        for path in directory.glob("*.conf"):
            by_name.setdefault(path.name, path)
    deciding = None
    for path in (*(by_name[name] for name in sorted(by_name)), last):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for assignment in _FORWARDING.finditer(text):
            deciding = None if int(assignment["value"]) else path
    return deciding
