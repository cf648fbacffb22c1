# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from lab import fleet, image, inventory, paths, preflight, ssh, state
from lab.errors import LabError
from lab.recipe import DEFAULT_FLAVOUR, FLAVOURS, SUITES
from lab.settings import (
    DEFAULT_HOSTS,
    DEFAULT_MTU,
    DEFAULT_NAME,
    DEFAULT_SUITE,
    DEFAULT_UNDERLAY,
    Host,
    Lab,
    Settings,
    check_name,
    host_suites,
    plan,
)


def main(argv: Sequence[str]) -> int:
    """Run one command and return the exit code; errors are one sentence on standard error."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        check_name(arguments.name)
        return _COMMANDS[arguments.command](arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130


def _up(arguments: argparse.Namespace) -> int:
    preflight.check()
    present = state.load(arguments.name)
    asked = arguments.hosts is not None or arguments.suites is not None
    if present is not None and not asked:
        suites = tuple(host.suite for host in present.hosts)
    else:
        suites = host_suites(arguments.hosts, arguments.suite, arguments.suites)
    fleet.up(plan(_settings(arguments, present), suites), _progress)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    preflight.require_root()
    fleet.down(arguments.name, _progress)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    lab = state.require(arguments.name)
    settings = lab.settings
    print(f"lab {lab.name}: bridge {settings.bridge}, {settings.underlay}, MTU {settings.mtu}")
    for host in lab.hosts:
        print(f"{host.name:12} {host.suite:9} {host.address!s:15} {fleet.condition(host)}")
    return 0


def _ssh(arguments: argparse.Namespace) -> int:
    command = ssh.command(_host(arguments), *_quoted(arguments.words))
    os.execvp(command[0], command)


def _exec(arguments: argparse.Namespace) -> int:
    if not arguments.words:
        raise LabError("exec needs a command: python3 -m lab exec HOST -- COMMAND")
    lab = state.require(arguments.name)
    if arguments.host != "all":
        return _ssh(arguments)
    words = _quoted(arguments.words)
    running = {
        host: subprocess.Popen(
            ssh.command(host, *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for host in lab.hosts
    }
    failed = 0
    for host, process in running.items():
        output, _ = process.communicate()
        failed += process.returncode != 0
        for line in output.splitlines():
            print(f"{host.name}: {line}")
    return 1 if failed else 0


def _inventory(arguments: argparse.Namespace) -> int:
    print(inventory.render(state.require(arguments.name), arguments.etcd), end="")
    return 0


def _image(arguments: argparse.Namespace) -> int:
    preflight.check()
    suites = host_suites(1, arguments.suite, None) if arguments.suites is None else None
    for suite in suites or host_suites(None, arguments.suite, arguments.suites):
        print(image.ensure(suite, arguments.flavour, _progress))
    return 0


def _crash(arguments: argparse.Namespace) -> int:
    host = _host(arguments)
    with fleet.exclusive(arguments.name):
        fleet.crash(host, _progress)
    return 0


def _start(arguments: argparse.Namespace) -> int:
    preflight.check()
    host = _host(arguments)
    with fleet.exclusive(arguments.name):
        fleet.start(state.require(arguments.name), host, _progress)
    return 0


def _reboot(arguments: argparse.Namespace) -> int:
    host = _host(arguments)
    with fleet.exclusive(arguments.name):
        fleet.reboot(host, _progress)
    return 0


def _cut(arguments: argparse.Namespace) -> int:
    host = _host(arguments)
    with fleet.exclusive(arguments.name):
        fleet.cut(host, _progress)
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    host = _host(arguments)
    with fleet.exclusive(arguments.name):
        fleet.restore(host, _progress)
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    host = _host(arguments)
    if arguments.journal:
        journal = paths.host_var(host.lab_name, host.name) / "upper/var/log/journal"
        command = ("journalctl", "--no-pager", "--directory", str(journal))
        os.execvp(command[0], command)
    print(paths.console_log(host.lab_name, host.name).read_text(errors="replace"), end="")
    return 0


_COMMANDS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "ssh": _ssh,
    "exec": _exec,
    "inventory": _inventory,
    "image": _image,
    "crash": _crash,
    "start": _start,
    "reboot": _reboot,
    "cut": _cut,
    "restore": _restore,
    "mend": _restore,
    "logs": _logs,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m lab", description="Throwaway fleets of real Debian hosts on this machine."
    )
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument(
        "--name",
        default=os.environ.get("WEFT_LAB_NAME", DEFAULT_NAME),
        help="name of the lab and beginning of its hosts' names (%(default)s; WEFT_LAB_NAME)",
    )
    suite = argparse.ArgumentParser(add_help=False)
    suite.add_argument("--suite", default=DEFAULT_SUITE, help="suite of every host (%(default)s)")
    suite.add_argument("--suites", help=f"one suite per host, such as {','.join(SUITES)}")
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("host", metavar="HOST", help="a host's name, such as weft1")

    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[named, *parents])

    up = add("up", "make the lab, or start and add the hosts that are missing", suite)
    up.add_argument("--hosts", type=int, help=f"number of hosts ({DEFAULT_HOSTS})")
    up.add_argument("--bridge", help="name of the bridge on this machine (br-NAME)")
    up.add_argument("--underlay", help=f"IPv4 network of the hosts ({DEFAULT_UNDERLAY})")
    up.add_argument(
        "--flavour",
        choices=FLAVOURS,
        help=f"which packages wait in the hosts' apt cache ({DEFAULT_FLAVOUR})",
    )
    up.add_argument("--mtu", type=int, help=f"MTU of the underlay ({DEFAULT_MTU})")
    add("down", "remove the lab and everything that its hosts wrote")
    add("status", "list the hosts and their condition")
    add("ssh", "log in to a host, or run a command on it", one).add_argument(
        "words", metavar="COMMAND", nargs=argparse.REMAINDER
    )
    execute = add("exec", "run a command on a host, or on all at once")
    execute.add_argument("host", metavar="HOST|all")
    execute.add_argument("words", metavar="COMMAND", nargs=argparse.REMAINDER)
    add("inventory", "print an Ansible inventory of the lab").add_argument(
        "--etcd", type=int, choices=(1, 3, 5), default=1, help="members of etcd (%(default)s)"
    )
    add("image", "build the images without starting a host", suite).add_argument(
        "--flavour",
        choices=FLAVOURS,
        default=DEFAULT_FLAVOUR,
        help="which packages wait in the apt cache (%(default)s)",
    )
    add("crash", "end all processes of a host at once, as a power cut does", one)
    add("start", "switch a host on again", one)
    add("reboot", "restart a host in order and wait till it is back", one)
    add("cut", "take a host's underlay link down", one)
    add("restore", "set a host's underlay link up again", one)
    add("mend", "the old name of restore", one)
    add("logs", "print a host's console, or its journal", one).add_argument(
        "--journal",
        action="store_true",
        help="the journal of all boots, also of a host that is off",
    )
    return parser


def _settings(arguments: argparse.Namespace, present: Lab | None) -> Settings:
    """Return the requested settings; others keep their value in a lab that is up."""
    asked = {
        option: getattr(arguments, option)
        for option in ("bridge", "underlay", "mtu", "flavour")
        if getattr(arguments, option) is not None
    }
    if present is not None:
        settings = present.settings
        kept = {
            "bridge": settings.bridge,
            "underlay": str(settings.underlay),
            "mtu": settings.mtu,
            "flavour": settings.flavour,
        }
        asked = kept | asked
    return Settings.parse(arguments.name, **asked)


def _host(arguments: argparse.Namespace) -> Host:
    preflight.require_root()
    return state.require(arguments.name).host(arguments.host)


def _quoted(words: Sequence[str]) -> tuple[str, ...]:
    """Quote for the host's shell; a single word is a line of shell already."""
    words = words[1:] if words[:1] == ["--"] else words
    return tuple(words) if len(words) == 1 else tuple(shlex.quote(word) for word in words)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
