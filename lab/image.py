# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building host images: once per recipe, under a temporary name that is renamed when whole."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import apt_sources, busybox, lock, paths
from lab.command import BOUND, run
from lab.recipe import BUSYBOX_ARCHIVE, BUSYBOX_TAG, Recipe, network_sysctls, recipe_of

_DEBOOTSTRAP_SCRIPTS = Path("/usr/share/debootstrap/scripts")
# How long killed processes may take to be gone, in seconds.
_DYING = 20.0

# All that debootstrap mounts or starts ends with it.
_CONTAINED = (*BOUND, "unshare", "--mount", "--pid", "--fork", "--kill-child")

Progress = Callable[[str], None]


def ensure(suite: str, flavour: str, progress: Progress) -> Path:
    """Return the image of a suite and flavour, building it first if it is not in the cache."""
    recipe = recipe_of(suite, flavour)
    image = paths.CACHE / recipe.image_name
    paths.CACHE.mkdir(parents=True, exist_ok=True)
    if image.is_dir():
        return image
    with lock.held(paths.CACHE / f".{image.name}.lock", f"another build of {image.name}"):
        if not image.is_dir():
            _build(recipe, image, progress)
    return image


def _build(recipe: Recipe, image: Path, progress: Progress) -> None:
    mirror = apt_sources.machine_mirror()
    target = image.with_name(f".{image.name}.building")
    _discard(target)
    try:
        progress(f"image {recipe.suite}: installing the base system (about a minute)")
        _bootstrap(recipe, mirror, target)
        progress(f"image {recipe.suite}: downloading what roles install")
        _download(recipe, mirror, target)
        _add_busybox(target)
        _configure(recipe, target)
        target.rename(image)
    except BaseException:
        _discard(target)
        raise
    progress(f"image {recipe.suite}: ready in {image}")


def _discard(target: Path) -> None:
    """Remove an unfinished image; what was just killed may write to it for another moment."""
    deadline = time.monotonic() + _DYING
    while target.exists() and time.monotonic() < deadline:
        shutil.rmtree(target, ignore_errors=True)


def _bootstrap(recipe: Recipe, mirror: apt_sources.Mirror, target: Path) -> None:
    run(
        *_CONTAINED,
        "debootstrap",
        "--variant=minbase",
        f"--include={','.join(recipe.installed)}",
        f"--keyring={mirror.keyring}",
        recipe.suite,
        target,
        mirror.uri,
        _DEBOOTSTRAP_SCRIPTS / recipe.debootstrap_script,
    )


def _download(recipe: Recipe, mirror: apt_sources.Mirror, target: Path) -> None:
    keyring = target / str(mirror.keyring).lstrip("/")
    if not keyring.exists():
        keyring.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(mirror.keyring, keyring)
    (target / "etc/apt/sources.list").write_text(mirror.line(recipe.suite))
    _apt(target, "apt-get", "update")
    _apt(target, "apt-get", "install", "--yes", "--download-only", *recipe.downloaded)


def _apt(target: Path, program: str, *arguments: str | Path) -> str:
    """Run the machine's own apt on the image, so that its proxies and certificates hold."""
    return run(
        program, "-o", f"Dir={target}", "-o", f"Dir::State::status={target}/var/lib/dpkg/status",
        *arguments,
    )  # fmt: skip


def _add_busybox(target: Path) -> None:
    with TemporaryDirectory(dir=target / "tmp") as scratch:
        _apt(
            target, "apt-get", "-o", f"Dir::Cache::archives={scratch}", "install", "--yes",
            "--no-install-recommends", "--download-only", "busybox-static",
        )  # fmt: skip
        (package,) = Path(scratch).glob("busybox-static_*.deb")
        run("dpkg-deb", "--extract", package, f"{scratch}/root")
        program = Path(scratch, "root/bin/busybox")
        if not program.exists():
            program = Path(scratch, "root/usr/bin/busybox")
        archive = target / BUSYBOX_ARCHIVE.lstrip("/")
        archive.parent.mkdir()
        busybox.write_archive(
            archive,
            program.read_bytes(),
            run(program, "--list").split(),
            run("dpkg", "--print-architecture").strip(),
            BUSYBOX_TAG,
        )


def _configure(recipe: Recipe, target: Path) -> None:
    for name, text in recipe.files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
    for unit in recipe.masked_units:
        (target / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for shipped in (target / "usr/lib/sysctl.d").glob("*.conf"):
        (target / "etc/sysctl.d" / shipped.name).write_text(network_sysctls(shipped.read_text()))
    for key in (target / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (target / "etc/machine-id").unlink(missing_ok=True)
    (target / "var/log/journal").mkdir(exist_ok=True)
