# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults and its argument_specs say the same; its README is made of the specs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.weft.overlay.plugins.module_utils.weft.backends.registry import BACKENDS
from dev import role_readme

ROLES = Path(__file__).parents[3] / "collection/roles"
NAMES = sorted(path.name for path in ROLES.iterdir() if path.is_dir())


def test_the_roles_are_found() -> None:
    assert {"docker", "etcd", "overlay", "verify"} <= set(NAMES)


@pytest.mark.parametrize("role", NAMES)
def test_every_default_is_an_option_and_every_option_has_a_default(role: str) -> None:
    assert list(_options(role)) == list(_defaults(role))


@pytest.mark.parametrize("role", NAMES)
def test_static_defaults_are_those_of_the_spec_and_computed_ones_are_described(role: str) -> None:
    options = _options(role)
    for name, value in _defaults(role).items():
        if _is_computed(value):
            assert "default" not in options[name]
            assert "default is" in " ".join(_paragraphs(options[name]))
        else:
            assert options[name]["default"] == value


def test_every_readme_is_what_the_specs_make_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert role_readme.main(["--check"]) == 0, capsys.readouterr().out


def test_the_overlay_offers_the_backends_that_the_daemon_has() -> None:
    backend = _options("overlay")["overlay_backend"]
    assert sorted(backend["options"]["type"]["choices"]) == sorted(BACKENDS)


def _defaults(role: str) -> dict[str, Any]:
    return _mapping(ROLES / role / "defaults/main.yml")


def _options(role: str) -> dict[str, Any]:
    specs = _mapping(ROLES / role / "meta/argument_specs.yml")["argument_specs"]
    options: dict[str, Any] = specs["main"]["options"]
    return options


def _mapping(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def _is_computed(value: object) -> bool:
    return isinstance(value, str) and "{{" in value


def _paragraphs(option: dict[str, Any]) -> list[str]:
    description = option["description"]
    return [description] if isinstance(description, str) else list(description)
