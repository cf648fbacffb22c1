# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection asks of an execution environment, as ansible-builder reads it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
COLLECTION = ROOT / "collection"
BUILDER = Path(sys.executable).with_name("ansible-builder")


def lines(name: str) -> set[str]:
    """The entries of a file of requirements."""
    text = (COLLECTION / name).read_text(encoding="utf-8")
    return {line for line in text.splitlines() if line and not line.startswith("#")}


def test_ansible_builder_finds_what_controllers_need() -> None:
    done = subprocess.run(
        [BUILDER, "introspect", ROOT / ".collections"], capture_output=True, text=True, check=True
    )
    found = yaml.safe_load(done.stdout)
    for kind, name in (("python", "requirements.txt"), ("system", "bindep.txt")):
        wanted = {re.sub(r"\s*# from collection weft.overlay$", "", line) for line in found[kind]}
        assert wanted == lines(name)


def documented() -> str:
    page = (ROOT / "docs/ansible.md").read_text(encoding="utf-8")
    section = page.partition("## Execution environment")[2]
    return section.partition("```yaml\n")[2].partition("```")[0]


def test_the_documented_environment_has_a_python_that_its_core_supports() -> None:
    """By the ansible-core that the tests run, which the definition must admit."""
    dependencies = yaml.safe_load(documented())["dependencies"]
    core = Requirement(dependencies["ansible_core"]["package_pip"])
    tested = metadata("ansible-core")
    assert core.name == "ansible-core"
    assert tested["Version"] in core.specifier
    python = dependencies["python_interpreter"]
    version = python["python_path"].removeprefix("/usr/bin/python")
    assert python["package_system"] == f"python{version}"
    supported = tested.get_all("Classifier") or []
    assert f"Programming Language :: Python :: {version}" in supported


def test_the_documented_environment_makes_a_context(tmp_path: Path) -> None:
    definition = documented()
    file = tmp_path / "execution-environment.yml"
    file.write_text(definition, encoding="utf-8")
    context = tmp_path / "context"
    subprocess.run(
        [BUILDER, "create", "--file", file, "--context", context],
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    assert "weft.overlay" in (context / "_build/requirements.yml").read_text(encoding="utf-8")
    file = next(path for path in context.iterdir() if path.name in ("Containerfile", "Dockerfile"))
    assert 'PYCMD="/usr/bin/python3.13"' in file.read_text(encoding="utf-8")
