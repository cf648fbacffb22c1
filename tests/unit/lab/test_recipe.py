# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is made of, and the digest of it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from lab.recipe import FLAVOURS, SUITES, Recipe, network_sysctls, recipe_of


def test_every_part_of_a_recipe_changes_its_digest() -> None:
    recipe = recipe_of("trixie")
    changed: dict[str, Any] = {
        "suite": "sid",
        "debootstrap_script": "stable",
        "installed": (*recipe.installed, "vim"),
        "downloaded": (*recipe.downloaded, "vim"),
        "masked_units": (),
        "files": {**recipe.files, "etc/motd": ""},
        "format": recipe.format + 1,
    }
    assert set(changed) == {field.name for field in fields(Recipe)}
    variants = [replace(recipe, **{name: value}) for name, value in changed.items()]
    assert len({recipe.digest, *(variant.digest for variant in variants)}) == len(variants) + 1


@pytest.mark.parametrize("suite", SUITES)
def test_image_name_is_stable_and_names_the_suite(suite: str) -> None:
    assert recipe_of(suite).image_name == recipe_of(suite).image_name
    assert recipe_of(suite).image_name.startswith(f"{suite}-")


def test_docker_client_of_its_own_is_downloaded_where_it_exists() -> None:
    with_client = {suite for suite in SUITES if "docker-cli" in recipe_of(suite).downloaded}
    assert with_client == {"trixie", "forky"}


def test_nothing_that_a_role_installs_is_installed() -> None:
    for suite in SUITES:
        recipe = recipe_of(suite)
        assert not set(recipe.installed) & set(recipe.downloaded)


@pytest.mark.parametrize("suite", SUITES)
def test_flavours_differ_by_what_they_download(suite: str) -> None:
    recipes = {flavour: recipe_of(suite, flavour) for flavour in FLAVOURS}
    assert len({recipe.digest for recipe in recipes.values()}) == len(FLAVOURS)
    for flavour, recipe in recipes.items():
        assert recipe == replace(recipe_of(suite), downloaded=recipe.downloaded)
        assert set(recipe.downloaded) - set(recipe_of(suite).downloaded) == set(FLAVOURS[flavour])


def test_only_network_settings_of_a_sysctl_file_are_kept() -> None:
    text = (
        "# net.comment = 1\nkernel.pid_max = 4194304\n-net.core.default_qdisc = fq_codel\n"
        "net.ipv4.conf.*.rp_filter = 2\nfs.protected_regular = 2\n"
    )
    assert network_sysctls(text) == (
        "-net.core.default_qdisc = fq_codel\nnet.ipv4.conf.*.rp_filter = 2\n"
    )
