# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boolean or a number may be a string, as `-e NAME=VALUE` passes it.

An argument spec validates such a string and does not convert it, so each expression that computes
with the variable must. A module converts its own options.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes

from ansible_collections.weft.overlay.plugins.module_utils.weft.host.settings import parse_settings
from tests.playbook import CHECKOUT
from tests.playbook import play as run_play

COLLECTION = Path(__file__).parents[3] / "collection"
_TYPES = ("bool", "int", "float")
# The filters of weft convert their own arguments.
_CONVERSIONS = {
    *_TYPES,
    "string",
    "weft.overlay.throughput_pairs",
    "weft.overlay.verification",
}
_LOCAL = ("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}")
_CONDITIONS = ("when", "that", "until", "failed_when", "changed_when")
# What only puts the text of its parts together.
_PRINTING = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Concat, nodes.Dict, nodes.Pair)


def typed_variables() -> dict[str, str]:
    """Return the type of each boolean and number of the roles' argument specs."""
    found = {}
    for path in COLLECTION.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            for name, option in (entry.get("options") or {}).items():
                if option.get("type") in _TYPES:
                    found[name] = option["type"]
    return found


def expressions(value: Any, key: str = "") -> Iterator[str]:
    """Yield the templates in a YAML document; a condition as the template of its value."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from expressions(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from expressions(item, key)
    elif isinstance(value, str):
        if key in _CONDITIONS and "{{" not in value:
            yield f"{{% if ({value}) %}}{{% endif %}}"
        elif "{{" in value or "{%" in value:
            yield value


def unconverted(template: str, names: set[str]) -> set[str]:
    """Return the variables with which a template computes and that it does not convert."""
    found: set[str] = set()

    def visit(node: nodes.Node, printed: bool) -> None:
        if isinstance(node, nodes.Name):
            if node.name in names and not printed:
                found.add(node.name)
        elif isinstance(node, nodes.CondExpr | nodes.If):
            visit(node.test, False)
            for child in node.iter_child_nodes(exclude=("test",)):
                visit(child, printed)
        elif not (isinstance(node, nodes.Filter) and node.name in _CONVERSIONS):
            prints = isinstance(node, _PRINTING) or (
                isinstance(node, nodes.Filter) and node.name == "default"
            )
            for child in node.iter_child_nodes():
                visit(child, printed and prints)

    visit(Environment().parse(template), True)
    return found


def sources() -> list[Path]:
    files = [*COLLECTION.glob("roles/**/*"), *COLLECTION.glob("playbooks/**/*")]
    return sorted(
        path for path in files if path.suffix in (".yml", ".j2") and path.parent.name != "files"
    )


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ a }}", set()),
        ("{{ 'x' if a else '' }}", {"a"}),
        ("{{ 'x' if a | bool else '' }}", set()),
        ("{{ b if c | int > 0 else omit }}", set()),
        ("{{ a | default(true) and b | bool }}", {"a"}),
        ("{% if not (a and b | bool) %}{% endif %}", {"a"}),
        ("{{ b * 86400 }}", {"b"}),
        ("{{ list | some_filter(b) }}", {"b"}),
    ],
)
def test_expressions_that_do_not_convert_are_found(template: str, found: set[str]) -> None:
    assert unconverted(template, {"a", "b", "c"}) == found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(COLLECTION)))
def test_each_expression_converts_booleans_and_numbers(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    templates = [text] if path.suffix == ".j2" else expressions(yaml.safe_load(text))
    names = set(typed_variables())
    found = {name: template for template in templates for name in unconverted(template, names)}
    assert not found, "convert them with | bool, | int or | float"


def as_string(kind: str) -> str:
    return {"bool": "false", "int": "7", "float": "2.5"}[kind]


def test_the_agent_reads_its_settings_if_all_variables_are_strings(tmp_path: Path) -> None:
    settings = tmp_path / "weftd.json"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [
            str(COLLECTION / "roles/overlay/defaults/main.yml"),
            str(COLLECTION / "roles/overlay/vars/main.yml"),
        ],
        "tasks": [
            {
                "ansible.builtin.copy": {
                    "content": "{{ _overlay_settings_text }}",
                    "dest": str(settings),
                    "mode": "0600",
                }
            }
        ],
    }
    path = tmp_path / "play.yml"
    path.write_text(json.dumps([play]))
    strings = {
        name: as_string(kind)
        for name, kind in typed_variables().items()
        if name.startswith("overlay_")
    }
    variables = strings | {
        "overlay_store_endpoints": ["http://192.0.2.1:2379"],
        "overlay_public_ip": "192.0.2.1",
        "_overlay_store_identity": {"ca_cert": "", "client_cert": "", "client_key": ""},
    }
    done = run_play(CHECKOUT, tmp_path, path, *_LOCAL, "-e", json.dumps(variables))
    assert done.status == 0, done.output
    parsed = parse_settings(settings.read_text())
    assert (parsed.firewall, parsed.masquerade, parsed.store.timeout) == (False, False, 2.5)
