# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gRPC and etcd3 are hidden behind one file, and values are imported without them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = "ansible_collections.weft.overlay.plugins.module_utils.weft"
COLLECTION = Path(__file__).parents[3] / "collection/plugins"


def test_one_file_imports_grpc_and_etcd3() -> None:
    importing = {
        path.relative_to(COLLECTION).as_posix()
        for path in COLLECTION.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.split()[:2] in (["import", "grpc"], ["from", "grpc"], ["from", "etcd3"])
    }
    assert importing == {"module_utils/weft/store/grpc_channel.py"}


@pytest.mark.parametrize("module", ["errors", "settings", "events", "transaction"])
def test_values_are_imported_without_grpc(module: str) -> None:
    script = (
        f"import sys, {PACKAGE}.store.{module}\n"
        "sys.exit(bool({'grpc', 'etcd3'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[3] / ".collections")}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == 0
