# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of the documentation, read as the steps that its reader takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.fleet.console_page import outputs, script, steps

_PAGE = """\
# A page

```console
$ echo 'one, and "two"'
one, and "two"
$ echo three \\
    four
```

```yaml
# ~/fleet/hosts.yml
weft: it's
```

```yaml
not: a file
```

```console
$ cat ~/fleet/hosts.yml
```
"""


def _run(page: str, home: Path) -> subprocess.CompletedProcess[str]:
    (home / "fleet").mkdir(exist_ok=True)
    return subprocess.run(
        ["/bin/bash", "-c", script(steps(page))],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands_and_files_are_steps_in_the_order_of_the_page(tmp_path: Path) -> None:
    done = _run(_PAGE, tmp_path)
    assert done.returncode == 0
    assert outputs(done.stdout) == [
        ("echo 'one, and \"two\"'", 'one, and "two"\n'),
        ("echo three \\", "three four\n"),
        ("# ~/fleet/hosts.yml", ""),
        ("cat ~/fleet/hosts.yml", "weft: it's\n"),
    ]


def test_what_a_step_sets_holds_for_the_next(tmp_path: Path) -> None:
    done = _run("```console\n$ cd /\n$ A=b\n$ echo $PWD $A\n```\n", tmp_path)
    assert outputs(done.stdout)[-1] == ("echo $PWD $A", "/ b\n")


def test_a_step_that_fails_is_the_last(tmp_path: Path) -> None:
    done = _run("```console\n$ echo a\n$ false | cat\n$ echo b\n```\n", tmp_path)
    assert done.returncode == 1
    assert [shown for shown, _ in outputs(done.stdout)] == ["echo a", "false | cat"]
