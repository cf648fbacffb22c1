# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site makes of the pages that antsibull-docs writes."""

from __future__ import annotations

from dev.reference_pages import with_short_names

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
