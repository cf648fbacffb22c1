# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a unit as systemd would."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.invocation import (
    Invocation,
    read_invocation,
    read_unit,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.docker.unit import Variable

DEBIAN_UNIT = """\
[Unit]
ExecStart=/bin/decoy

[Service]
# ExecStart=/bin/decoy
EnvironmentFile=-{defaults}
ExecStart=/usr/sbin/dockerd -H fd:// \\
    # a comment inside
    --containerd=/run/containerd/containerd.sock $DOCKER_OPTS
ExecReload=/bin/kill -s HUP $MAINPID
"""


class Host:
    """A root of one's own: a vendor's and an administrator's unit directory."""

    def __init__(self, root: Path) -> None:
        self.etc, self.lib = root / "etc", root / "lib"
        self.defaults = root / "default-docker"
        self.own = self.etc / "docker.service.d/50-weft-bip.conf"

    def install(self) -> None:
        self.write(self.lib / "docker.service", DEBIAN_UNIT.format(defaults=self.defaults))

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def drop_in(self, directory: Path, name: str, text: str) -> Path:
        return self.write(directory / "docker.service.d" / name, f"[Service]\n{text}\n")

    def read(self) -> Invocation:
        return read_invocation(
            "docker.service",
            load_path=[self.etc, self.lib],
            without=[self.own],
            defaults_file=self.defaults,
        )


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def command(invocation: Invocation) -> tuple[list[str], Path]:
    assert invocation.command is not None
    return invocation.command.value.split(), invocation.command.path


def test_continued_lines_make_one_command(host: Host) -> None:
    host.install()
    words, path = command(host.read())
    assert words == [
        "/usr/sbin/dockerd", "-H", "fd://",
        "--containerd=/run/containerd/containerd.sock", "$DOCKER_OPTS",
    ]  # fmt: skip
    assert path == host.lib / "docker.service"


def test_the_administrators_unit_hides_the_vendors(host: Host) -> None:
    host.install()
    own = host.write(host.etc / "docker.service", "[Service]\nExecStart=/opt/dockerd\n")
    assert command(host.read()) == (["/opt/dockerd"], own)


def test_a_drop_in_resets_and_replaces(host: Host) -> None:
    host.install()
    path = host.drop_in(host.etc, "override.conf", "ExecStart=\nExecStart=/usr/bin/dockerd -D")
    assert command(host.read()) == (["/usr/bin/dockerd", "-D"], path)


def test_a_reset_alone_leaves_no_command(host: Host) -> None:
    host.install()
    host.drop_in(host.etc, "override.conf", "ExecStart=")
    assert host.read().command is None


def test_drop_ins_apply_by_name_and_etc_hides_lib(host: Host) -> None:
    host.install()
    host.drop_in(host.lib, "20-b.conf", "ExecStart=\nExecStart=hidden")
    host.drop_in(host.etc, "20-b.conf", "ExecStart=\nExecStart=second")
    host.drop_in(host.lib, "10-a.conf", "ExecStart=\nExecStart=first")
    names = [file.path.name for file in read_unit("docker.service", [host.etc, host.lib])]
    assert names == ["docker.service", "10-a.conf", "20-b.conf"]
    assert command(host.read())[0] == ["second"]


def test_drop_ins_for_every_service_count(host: Host) -> None:
    host.install()
    host.write(host.etc / "service.d/x.conf", "[Service]\nEnvironment=A=1 'B=two words'\n")
    variables = [(variable.name, variable.value) for variable in host.read().variables]
    assert variables == [("A", "1"), ("B", "two words")]


def test_our_own_drop_in_is_left_out(host: Host) -> None:
    host.install()
    host.write(host.own, "[Service]\nExecStart=\nExecStart=dockerd --bip=1.2.3.4/24\n")
    assert command(host.read())[1] == host.lib / "docker.service"


def test_variables_come_from_the_environment_file(host: Host) -> None:
    host.install()
    host.write(host.defaults, '# DOCKER_OPTS="no"\nDOCKER_OPTS="--bip=10.0.0.1/24 --mtu=9000"\n')
    assert host.read().variables == (
        Variable(host.defaults, "DOCKER_OPTS", "--bip=10.0.0.1/24 --mtu=9000"),
    )


def test_without_a_unit_the_defaults_file_speaks(host: Host) -> None:
    host.write(host.defaults, "DOCKER_OPTS=--bip=10.0.0.1/24\n")
    invocation = host.read()
    assert invocation.command is None
    assert [variable.path for variable in invocation.variables] == [host.defaults]


def test_the_words_are_those_that_systemd_passes_on(host: Host) -> None:
    host.install()
    host.defaults.write_text('DOCKER_OPTS="--debug --log-level=warn"\n')
    host.drop_in(
        host.etc, "10.conf", "ExecStart=\nExecStart=-/usr/bin/dockerd $DOCKER_OPTS -H ${AT}x"
    )
    assert host.read().words() == ["/usr/bin/dockerd", "--debug", "--log-level=warn", "-H", "x"]
