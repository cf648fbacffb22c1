# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message on a client library that cannot be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.weft.overlay.plugins.module_utils.weft.store.library_problem import (
    Library,
    explain_import_error,
)

PROTOBUF = """Traceback (most recent call last):
  File "/opt/weft/current/weft.pyz/weft/store/grpc_channel.py", line 26, in <module>
    from etcd3 import client as etcd3_client
TypeError: Descriptors cannot be created directly.
If this call came from a _pb2.py file, your generated code is out of date.

More information: https://developers.google.com/protocol-buffers/docs/news/2022-05-06
"""


def test_a_library_that_hides_the_distributions_is_named_with_version_and_directory() -> None:
    directory = "/usr/local/lib/python3.13/dist-packages"
    text = explain_import_error(PROTOBUF, [Library("protobuf", "7.35.0", directory)])
    assert f"protobuf 7.35.0 in {directory} hides the library" in text
    assert "TypeError: Descriptors cannot be created directly" in text
    assert "pip uninstall --break-system-packages protobuf'" in text
    assert "install python3-etcd3" not in text


def test_a_missing_library_is_to_be_installed() -> None:
    text = explain_import_error("ModuleNotFoundError: No module named 'etcd3'\n", [])
    assert text.endswith("install python3-etcd3. ModuleNotFoundError: No module named 'etcd3'")


def test_the_library_that_python_imports_is_found_by_its_path(tmp_path: Path) -> None:
    package = tmp_path / "google/protobuf"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    information = tmp_path / "protobuf-7.35.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: protobuf\nVersion: 7.35.0\n"
    )
    source = Path(__file__).parents[3] / (
        "collection/plugins/module_utils/weft/store/library_problem.py"
    )
    program = (
        f"import runpy; found = runpy.run_path({str(source)!r}, run_name='library_problem');"
        "print(*(f'{each.name} {each.version} {each.directory}'"
        " for each in found['shadowing_libraries']()), sep='\\n')"
    )
    python = Path(sys.base_prefix) / "bin/python3"
    done = subprocess.run(
        [python, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"protobuf 7.35.0 {tmp_path}" in done.stdout.splitlines()
