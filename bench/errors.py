# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong while measuring."""

from __future__ import annotations


class BenchError(Exception):
    """What was tried, on what, and what came of it, in a sentence for the user."""
