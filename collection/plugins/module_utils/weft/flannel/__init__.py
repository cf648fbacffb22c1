# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What flannel leaves on a host, told apart from everybody else's. No I/O."""

from . import docker_options, errors, links, rules

__all__ = ["docker_options", "errors", "links", "rules"]
