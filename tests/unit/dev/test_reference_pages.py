# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site makes of the pages that antsibull-docs writes."""

from __future__ import annotations

from dev.reference_pages import with_main_first, with_short_names

_INDEX = """\
Weft.Overlay
============

* :ansplugin:`daemon module <weft.overlay.daemon#module>` -- Install it

.. toctree::
    :maxdepth: 1
    :hidden:

    daemon_module
    etcd_plan_filter
    docker_role
"""


def test_the_navigation_has_names_that_fit() -> None:
    index = with_short_names(_INDEX)
    assert "    daemon <daemon_module>\n    etcd_plan <etcd_plan_filter>\n" in index
    assert "    docker <docker_role>\n    docker: guide <docker_role_guide>\n" in index


def test_the_rest_of_the_index_stays() -> None:
    index = with_short_names(_INDEX)
    assert index.startswith("The collection weft.overlay\n====")
    assert "<weft.overlay.daemon#module>` -- Install it\n" in index


def _entry_point(name: str) -> str:
    anchor = f".. _ansible_collections.weft.overlay.docker_role__entrypoint-{name}:"
    return f"{anchor}\n\nEntry point ``{name}``\n\n"


def test_a_roles_page_begins_with_its_main_entry_point() -> None:
    head, tail = (
        ".. _ansible_collections.weft.overlay.docker_role:\n\n",
        ".. Extra links\n\nLinks\n",
    )
    absent, main, restart = map(_entry_point, ("absent", "main", "restart"))
    page = with_main_first(head + absent + main + restart + tail)
    assert page == head + main + absent + restart + tail


def test_a_page_without_entry_points_stays() -> None:
    page = ".. _ansible_collections.weft.overlay.daemon_module:\n\ndaemon\n\n.. Extra links\n"
    assert with_main_first(page) == page
