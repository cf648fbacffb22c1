# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of the module flannel_leftovers."""

from __future__ import annotations

from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError


class LeftoverError(WeftError, ValueError):
    """A leftover of flannel cannot be removed; nothing was changed."""
