# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command `docker` whose container is a process in a network that a test chooses.

It stands for a dockerd where none can run, and fails on demand; lab hosts have the real one.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

ADDRESS = "100.96.1.2"

# A network of the container's own, in which it is alone.
_ALONE = f"""
        ip link set lo up
        ip link add eth0 mtu 1472 type veth peer name bridge-end
        ip link set bridge-end up
        ip link set eth0 up
        ip address add {ADDRESS}/24 dev eth0"""

_SCRIPT = """\
#!/bin/sh
state=$(dirname "$0")/state
[ ! -e "$state/down" ] || {
    echo "Cannot connect to the Docker daemon at unix:///run/docker.sock." >&2
    exit 1
}
case "$1 $2" in
"version --format") echo 28.5.2 ;;
"image inspect")
    [ -e "$state/image" ] || { echo "Error response from daemon: No such image: $3" >&2; exit 1; }
    ;;
"image load")
    [ -e "$4" ] || { echo "open $4: no such file or directory" >&2; exit 1; }
    : >"$state/image"
    ;;
"image import")
    [ -s "$3" ] || { echo "open $3: no such file or directory" >&2; exit 1; }
    cp "$3" "$state/root.tar"
    : >"$state/image"
    ;;
"image pull") echo "dial tcp: lookup registry.example.org: no such host" >&2; exit 1 ;;
"run --detach")
    echo "$*" >"$state/run"
    setsid @NETWORK@ sh -c '
        @SETUP@
        : >"$0/ready"
        exec sleep 600' "$state" </dev/null >/dev/null 2>&1 &
    echo $! >"$state/pid"
    while [ ! -e "$state/ready" ]; do sleep 0.05; done
    ;;
"container inspect")
    [ -e "$state/pid" ] || { echo "[]"; echo "Error: No such container: $3" >&2; exit 1; }
    printf '[{"State": {"Running": true, "Pid": %s}, "NetworkSettings": {"Networks": {' \
        "$(cat "$state/pid")"
    printf '"bridge": {"IPAddress": "@ADDRESS@", "IPPrefixLen": 24}}}}]'
    ;;
"container rm")
    [ ! -e "$state/pid" ] || kill -KILL "$(cat "$state/pid")"
    rm -f "$state/pid" "$state/ready"
    ;;
*) echo "not known here: $*" >&2; exit 2 ;;
esac
"""


class DockerStandIn:
    """The command in a folder of its own, and what its container is.

    Its network is the namespace of that name, in which it has ``address``; without one it is
    alone in a network of its own.
    """

    def __init__(self, folder: Path, namespace: str = "", address: str = ADDRESS) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._state = folder / "state"
        self._state.mkdir()
        script = folder / "docker"
        network = f"ip netns exec {namespace}" if namespace else "unshare --net"
        script.write_text(
            _SCRIPT.replace("@NETWORK@", network)
            .replace("@SETUP@", ":" if namespace else _ALONE.strip())
            .replace("@ADDRESS@", address)
        )
        script.chmod(0o755)

    @property
    def pid(self) -> int | None:
        """The container's process, None while there is none."""
        path = self._state / "pid"
        return int(path.read_text()) if path.exists() else None

    @property
    def command(self) -> str:
        """How the container was started."""
        return (self._state / "run").read_text().strip()

    @property
    def root(self) -> Path:
        """The archive of which the image was made."""
        return self._state / "root.tar"

    def have_image(self) -> None:
        """Have the image, whatever its name."""
        (self._state / "image").touch()

    def go_down(self) -> None:
        """Answer nothing from now on."""
        (self._state / "down").touch()

    def close(self) -> None:
        """End what is left of the container."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
