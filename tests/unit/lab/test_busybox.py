# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container image, checked against the Docker image specification v1.2."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from lab.busybox import write_archive


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None
    return member.read()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    target = tmp_path / "busybox.tar"
    write_archive(target, b"\x7fELF", ["sh", "busybox", "ls", "sh"], "amd64", "weft/busybox:latest")
    return target


def test_manifest_names_configuration_and_layer_by_digest(archive: Path) -> None:
    with tarfile.open(archive) as outer:
        (image,) = json.loads(_content(outer, "manifest.json"))
        text = _content(outer, image["Config"])
        (layer,) = (_content(outer, name) for name in image["Layers"])
    assert image["RepoTags"] == ["weft/busybox:latest"]
    assert image["Config"] == f"{hashlib.sha256(text).hexdigest()}.json"
    config = json.loads(text)
    assert config["architecture"] == "amd64"
    assert config["config"]["Cmd"] == ["sh"]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]


def test_layer_holds_busybox_and_a_link_for_each_applet(archive: Path) -> None:
    with tarfile.open(archive) as outer:
        inner = io.BytesIO(_content(outer, "layer.tar"))
    with tarfile.open(fileobj=inner) as layer:
        assert _content(layer, "bin/busybox") == b"\x7fELF"
        assert layer.getmember("bin/busybox").mode == 0o755
        links = {member.name: member.linkname for member in layer if member.issym()}
        assert links == {"bin/sh": "busybox", "bin/ls": "busybox"}
        assert layer.getmember("tmp").mode == 0o1777
        assert _content(layer, "etc/passwd").startswith(b"root:x:0:0:")


def test_archive_is_the_same_each_time(archive: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar"
    write_archive(again, b"\x7fELF", ["ls", "sh"], "amd64", "weft/busybox:latest")
    assert again.read_bytes() == archive.read_bytes()
