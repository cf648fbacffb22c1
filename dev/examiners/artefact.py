# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users get: the tarball's files, how it installs, and whether it stands by itself."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import yaml

from dev.examiners.examination import DOCUMENTED, NAME, Examination, FaultError

# Galaxy's limit is 20 MB; ours is far below.
_LARGEST = 2_000_000
_MADE_BY_GALAXY = {"MANIFEST.json", "FILES.json"}
# What is public lies in these, the other folders are for those who develop it or copy from it.
_PUBLIC = ("meta", "plugins", "roles", "playbooks")
_FOLDERS = {*_PUBLIC, "changelogs", "extensions", "inventory", "tests"}
_FILES = {".ansible-lint", "CHANGELOG.md", "LICENSE", "README.md", "bindep.txt", "requirements.txt"}
# https://docs.ansible.com/ansible/latest/dev_guide/developing_collections_structure.html
_PLUGINS = {
    *("action", "become", "cache", "callback", "cliconf", "connection", "doc_fragments", "filter"),
    *("httpapi", "inventory", "lookup", "module_utils", "modules", "netconf", "plugin_utils"),
    *("shell", "strategy", "sub_plugins", "terminal", "test", "vars"),
}


def listing(examination: Examination) -> str:
    """Compare the tarball with what git has and with the folders that it may have."""
    with tarfile.open(examination.tarball) as archive:
        members = {member.name: member for member in archive.getmembers() if member.isfile()}
        links = [member.name for member in archive.getmembers() if member.issym() or member.islnk()]
    wanted = (set(examination.tracked) - {"galaxy.yml"}) | _MADE_BY_GALAXY
    tops = {name.partition("/")[0] for name in members if "/" in name}
    files = {name for name in members if "/" not in name} - _MADE_BY_GALAXY
    kinds = {name.split("/")[1] for name in members if name.startswith("plugins/")}
    size = examination.tarball.stat().st_size
    faults = [
        *(f"{name} is not in the tarball" for name in sorted(wanted - members.keys())),
        *(f"{name} is not in git" for name in sorted(members.keys() - wanted)),
        *(f"{name} is a link" for name in links),
        *(f"the folder {name} is not expected" for name in sorted(tops - _FOLDERS)),
        *(f"the file {name} is not expected" for name in sorted(files - _FILES)),
        *(f"Ansible may not know plugins/{name}" for name in sorted(kinds - _PLUGINS)),
        *(f"{name} may be written by all" for name, file in members.items() if file.mode & 0o022),
        *([f"{size} bytes are more than {_LARGEST}"] if size > _LARGEST else []),
    ]
    if faults:
        raise FaultError("\n".join(faults))
    return f"{len(members)} files, {size // 1000} kB"


def installation(examination: Examination) -> str:
    """Install from the tarball and from a git repository, of whose folders it is one."""
    of_tarball = _files(examination.install("of_tarball", examination.tarball))
    repository = examination.scratch / "repository"
    shutil.copytree(examination.source, repository / "collection")
    git = ("git", "-c", "user.name=weft", "-c", "user.email=weft@example.org")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "."),
        ("commit", "--quiet", "--message=As the checkout"),
    ):
        examination.run(*git, *words, cwd=repository)
    of_git = _files(examination.install("of_git", f"git+file://{repository}#/collection/,main"))
    if of_tarball != of_git:
        raise FaultError(f"only one has {', '.join(sorted(of_tarball ^ of_git))}")
    return f"{len(of_tarball)} files, the same from the tarball and from git"


def public_folders(examination: Examination) -> str:
    """Delete all but the public folders; what is public must still load."""
    installed = examination.install("public", examination.tarball)
    for path in installed.iterdir():
        if path.name not in {*_PUBLIC, *_MADE_BY_GALAXY}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    collections = installed.parents[2]
    playbooks = sorted((installed / "playbooks").glob("*.yml"))
    inventory = examination.scratch / "hosts.yml"
    inventory.write_text(
        yaml.safe_dump({"weft": {"hosts": {"h1": {}}}, "weft_etcd": {"hosts": {"h1": {}}}})
    )
    said = examination.run(
        "ansible-playbook", "--syntax-check", "-i", inventory,
        *(f"{NAME}.{path.stem}" for path in playbooks), collections=collections,
    )  # fmt: skip
    passed = said.count("playbook: ")
    loaded = 0
    for kind, folder in DOCUMENTED.items():
        names = [
            f"{NAME}.{path.stem}" for path in (installed / "plugins" / folder).glob("[!_]*.py")
        ]
        if names:
            examination.run("ansible-doc", "--json", "-t", kind, *names, collections=collections)
            loaded += len(names)
    roles = [path.name for path in (installed / "roles").iterdir()]
    examination.run(
        "ansible-doc",
        "--json",
        "-t",
        "role",
        *(f"{NAME}.{role}" for role in roles),
        collections=collections,
    )
    if passed != len(playbooks) or not (playbooks and loaded and roles):
        raise FaultError(
            f"{passed} of {len(playbooks)} playbooks, {loaded} plugins, {len(roles)} roles:\n{said}"
        )
    content = f"{passed} playbooks, {loaded} plugins and {len(roles)} roles"
    return f"{content} load with nothing but {', '.join(_PUBLIC)}"


def execution_environment(examination: Examination) -> str:
    """Let ansible-builder read what an execution environment needs for the collection."""
    installed = examination.install("environment", examination.tarball)
    # It reads every collection that is installed; ours is to be judged.
    for other in installed.parents[1].iterdir():
        if other != installed.parent:
            other.unlink()
    said = examination.run("ansible-builder", "introspect", installed.parents[2])
    needs = yaml.safe_load(said.partition("---\n")[2])
    counts = [sum(NAME in need for need in needs[kind]) for kind in ("python", "system")]
    if not all(counts):
        raise FaultError(said)
    return f"{counts[0]} needs of Python, {counts[1]} of the system"


def _files(root: Path) -> set[str]:
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return {name for name in found if "__pycache__" not in name} - _MADE_BY_GALAXY - {"galaxy.yml"}
