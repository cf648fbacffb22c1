# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real members of etcd for tests: started, killed and restarted by process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_START_SECONDS = 20.0
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def free_port() -> int:
    """Return a free TCP port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of a throwaway authority, of the server, and of a client called root."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


@dataclass(slots=True)
class EtcdMember:
    """One etcd process; its ports and data outlive the process, so that it can come back.

    It serves on loopback, unless `address` is another; `inside` is the command that runs etcd and
    its client elsewhere, such as in a network namespace.
    """

    name: str
    directory: Path
    tls: TlsFiles | None = None
    options: tuple[str, ...] = ()
    address: str = "127.0.0.1"
    inside: tuple[str, ...] = ()
    client_port: int = field(default_factory=free_port)
    peer_port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.client_port}"

    @property
    def peer(self) -> str:
        return f"{self.name}=http://127.0.0.1:{self.peer_port}"

    def launch(self, cluster: str) -> None:
        """Start the process, without waiting for it to serve."""
        peer_url = f"http://127.0.0.1:{self.peer_port}"
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self.inside,
                    executable("etcd", "etcd-server"),
                    *("--name", self.name, "--data-dir", str(self.directory / "data")),
                    *("--listen-client-urls", self.url, "--advertise-client-urls", self.url),
                    *("--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url),
                    *("--initial-cluster", cluster),
                    *("--heartbeat-interval", "50", "--election-timeout", "500"),
                    *self._tls_options(),
                    *self.options,
                ],
                stdout=log,
                stderr=log,
                env={key: value for key, value in os.environ.items() if not _is_etcds(key)},
            )

    def start(self) -> None:
        """Start a member that is a whole cluster, and wait until it serves."""
        self.launch(self.peer)
        self.await_health()

    def await_health(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if self.etcdctl("get", "health", check=False).returncode == 0:
                return
            time.sleep(0.1)
        log = (self.directory / "log").read_text(errors="replace")
        raise RuntimeError(f"etcd member {self.name} does not serve at {self.url}:\n{log[-2000:]}")

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def etcdctl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run etcdctl on the member: an oracle that shares no code with the client under test."""
        login = () if self.tls is None else self._client_options(self.tls)
        return subprocess.run(
            [
                *self.inside,
                executable("etcdctl", "etcd-client"),
                *("--endpoints", self.url, *login, *arguments),
            ],
            capture_output=True,
            text=True,
            check=check,
            timeout=10,
            env={"ETCDCTL_API": "3", "PATH": os.environ["PATH"]},
        )

    def restore(self, snapshot: Path) -> None:
        """Make the data of a cluster of this member alone from a snapshot; its ID is a new one."""
        self.etcdctl(
            *("snapshot", "restore", str(snapshot), "--data-dir", str(self.directory / "data")),
            *("--name", self.name, "--initial-cluster", self.peer),
            *("--initial-advertise-peer-urls", self.peer.partition("=")[2]),
            *("--initial-cluster-token", "restored"),
        )

    def get(self, key: str) -> str:
        return self.etcdctl("get", "--print-value-only", key).stdout.rstrip("\n")

    def _client_options(self, tls: TlsFiles) -> Sequence[str]:
        return ("--cacert", str(tls.ca), "--cert", str(tls.client), "--key", str(tls.client_key))

    def _tls_options(self) -> Sequence[str]:
        if self.tls is None:
            return ()
        return ("--cert-file", str(self.tls.server), "--key-file", str(self.tls.server_key))

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=10)
            self._process = None


def start_cluster(directory: Path, size: int) -> list[EtcdMember]:
    """Start *size* members that form one cluster, and wait until each serves."""
    members = [EtcdMember(f"m{number}", directory / f"m{number}") for number in range(size)]
    cluster = ",".join(member.peer for member in members)
    try:
        for member in members:
            member.launch(cluster)
        for member in members:
            member.await_health()
    except BaseException:
        for member in members:
            member.kill()
        raise
    return members


def make_tls_files(directory: Path) -> TlsFiles:
    """Make an authority, a server certificate for 127.0.0.1 and a client certificate."""
    authority = Authority(directory)
    server = authority.issue("etcd", usages="serverAuth,clientAuth")
    client = authority.issue("root")
    return TlsFiles(
        authority.certificate, server.certificate, server.key, client.certificate, client.key
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """A throwaway certificate authority in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.certificate = directory / "ca.pem"
        self._openssl(
            *("req", "-x509", *_NEW_KEY, "-keyout", "ca-key.pem", "-out", "ca.pem"),
            *("-subj", "/CN=weft test authority", "-days", "2"),
        )

    def issue(
        self,
        common_name: str,
        *,
        usages: str = "clientAuth",
        lasting: Sequence[str] = ("-days", "2"),
        addresses: Sequence[str] = ("127.0.0.1",),
    ) -> Identity:
        """Make a key and a certificate; of one name, the newest takes the place."""
        files = Identity(
            self._directory / f"{common_name}.pem", self._directory / f"{common_name}-key.pem"
        )
        extensions = self._directory / "extensions.cnf"
        names = ",".join(f"IP:{address}" for address in addresses)
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usages}\n")
        self._openssl(
            *("req", *_NEW_KEY, "-keyout", str(files.key), "-out", "request.csr"),
            *("-subj", f"/CN={common_name}"),
        )
        self._openssl(
            *("x509", "-req", "-in", "request.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem"),
            *("-CAcreateserial", *lasting, "-extfile", extensions.name),
            *("-out", str(files.certificate)),
        )
        return files

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(
            [executable("openssl", "openssl"), *arguments],
            cwd=self._directory,
            check=True,
            capture_output=True,
        )


def executable(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} is missing; install the package {package}")
    return path


def _is_etcds(variable: str) -> bool:
    return variable.startswith(("ETCD_", "ETCDCTL_"))
