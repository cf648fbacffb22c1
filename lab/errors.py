# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that the lab reports to its user."""

from __future__ import annotations


class LabError(Exception):
    """The problem and its fix, in a sentence for the user."""
