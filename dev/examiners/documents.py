# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says of itself: changelog, version, documentation, the roles' READMEs."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping
from typing import Any

import yaml

from dev import role_readme
from dev.examiners.examination import (
    COLLECTION,
    DOCUMENTED,
    NAME,
    REPOSITORY,
    Examination,
    FaultError,
)

# https://semver.org, without a build: Galaxy orders versions by the rest.
_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
# What the inclusion policy wants a collection's README to lead to.
_README = {
    "how it is tested": "## Tested with",
    "its requirements": "## Requirements",
    "its installation": "ansible-galaxy collection install",
    "its use": "## Using it",
    "release notes": "CHANGELOG.md",
    "semantic versioning": "https://semver.org",
    "the forum": "https://forum.ansible.com/tag/",
    "help": "https://forum.ansible.com/c/help/6",
    "the code of conduct": "community/code_of_conduct.html",
    "its licence": "GPL-3.0-or-later",
}


def changelog(examination: Examination) -> str:
    """Lint the fragments, and compare them with the releases that name them."""
    examination.run("antsibull-changelog", "lint", cwd=COLLECTION)
    fragments = {
        path.name: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (COLLECTION / "changelogs/fragments").glob("*.yml")
    }
    releases = yaml.safe_load((COLLECTION / "changelogs/changelog.yaml").read_text())["releases"]
    version = examination.galaxy["version"]
    written = (COLLECTION / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", "")
    if not fragments or version not in releases or f"## v{version}\n" not in written:
        raise FaultError(f"CHANGELOG.md has no {version}: run make changelog")
    if stale := outdated(releases, fragments):
        raise FaultError(
            f"changelog.yaml says other than {', '.join(stale)}: run make changelog, or, where that"
            " release is out, put the change into a fragment of its own"
        )
    pending = set(fragments).difference(*(release["fragments"] for release in releases.values()))
    return f"{len(fragments)} fragments, {len(pending)} of no release yet, {len(releases)} release"


def outdated(
    releases: Mapping[str, Mapping[str, Any]], fragments: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Names of fragments that a release has taken up, in other words or not at all by now."""
    return sorted(
        name
        for release in releases.values()
        for name in release["fragments"]
        if name not in fragments or not _holds(release["changes"], fragments[name])
    )


def _holds(changes: Mapping[str, Any], fragment: Mapping[str, Any]) -> bool:
    """Whether the changes of a release, by their sections, have all that a fragment says."""
    return all(
        said == changes.get(section)
        if isinstance(said, str)
        else set(said) <= set(changes.get(section, ()))
        for section, said in fragment.items()
    )


def version(examination: Examination) -> str:
    """Check that the version is a semantic one, and the same everywhere."""
    wanted = examination.galaxy["version"]
    if not _SEMANTIC.fullmatch(wanted):
        raise FaultError(f"galaxy.yml: {wanted} is no semantic version")
    project = re.search(r'^version = "(.+)"$', (REPOSITORY / "pyproject.toml").read_text(), re.M)
    if project is None or project[1] != wanted:
        raise FaultError(f"pyproject.toml has another version than galaxy.yml, {wanted}")
    runtime = yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text())
    supported = runtime["requires_ansible"].removeprefix(">=").removesuffix(".0")
    readme = (COLLECTION / "README.md").read_text(encoding="utf-8")
    if f"ansible-core {supported}" not in readme:
        raise FaultError(
            f"README.md does not say ansible-core {supported}, as meta/runtime.yml does"
        )
    return f"{wanted}, for ansible-core {supported} and newer"


def documentation(examination: Examination) -> str:
    """Lint the pages of all plugins and roles, and render them."""
    collections = REPOSITORY / ".collections"
    examination.run(
        "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs",
        "self", "--skip-rstcheck", COLLECTION, collections=collections,
    )  # fmt: skip
    pages = examination.scratch / "pages"
    pages.mkdir()
    examination.run(
        "antsibull-docs", "collection", "--use-current", "--fail-on-error", "--squash-hierarchy",
        "--dest-dir", pages, NAME, collections=collections,
    )  # fmt: skip
    rendered = {path.name.removesuffix(".rst") for path in pages.glob("*_*.rst")}
    wanted = {
        f"{path.stem}_{kind}"
        for kind, folder in DOCUMENTED.items()
        for path in (COLLECTION / "plugins" / folder).glob("[!_]*.py")
    } | {f"{path.name}_role" for path in (COLLECTION / "roles").iterdir()}
    if not wanted or not wanted <= rendered:
        raise FaultError(f"no page of {', '.join(sorted(wanted - rendered)) or 'anything'}")
    return f"{len(wanted)} pages rendered"


def readmes(_examination: Examination) -> str:
    """Check the READMEs: the collection's for what it must lead to, the roles' for their specs."""
    readme = (COLLECTION / "README.md").read_text(encoding="utf-8")
    if missing := [what for what, words in _README.items() if words not in readme]:
        raise FaultError(f"README.md does not lead to {', '.join(missing)}")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = role_readme.main(["--check"])
    if status:
        raise FaultError(said.getvalue())
    roles = len(list((COLLECTION / "roles").glob("*/README.md")))
    return f"{len(_README)} needs of the collection's, {roles} roles' as their specs"


def specs(examination: Examination) -> str:
    """Compare the roles' defaults with their specs, by the unit tests that do."""
    said = examination.run(
        "pytest", "-q", "tests/unit/roles/test_argument_specs.py", cwd=REPOSITORY
    )
    passed = re.search(r"(\d+) passed", said)
    if passed is None:
        raise FaultError(said)
    return f"{passed[1]} tests of defaults and specs"
