# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The licence of each file: what Ansible's policy wants for its kind, in the lines that say it."""

from __future__ import annotations

from dev.examiners.examination import COLLECTION, REPOSITORY, Examination, FaultError

_GPL = "GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)"
_SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
_HEAD = 6


def licences(examination: Examination) -> str:
    """Check the heads of all Python files, the licence's text and what roles say."""
    listed = examination.run("git", "ls-files", "-z", "*.py", cwd=REPOSITORY)
    files = [REPOSITORY / name for name in listed.split("\0") if name]
    faults = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        head = "\n".join(text.splitlines()[:_HEAD])
        # An empty file has nothing to license; get_pip.py is a script of ansible-test's kind.
        if text and (_SPDX not in head or _GPL not in head):
            faults.append(f"{path.relative_to(REPOSITORY)} does not say {_GPL!r} and {_SPDX!r}")
    for meta in COLLECTION.glob("roles/*/meta/main.yml"):
        if "license: GPL-3.0-or-later" not in meta.read_text():
            faults.append(f"{meta.relative_to(REPOSITORY)} does not say GPL-3.0-or-later")
    if (
        "GNU GENERAL PUBLIC LICENSE\n                       Version 3"
        not in (COLLECTION / "LICENSE").read_text()
    ):
        faults.append("collection/LICENSE is not the GPL's text")
    if faults:
        raise FaultError("\n".join(faults))
    return f"{len(files)} files say GPL-3.0-or-later"
