# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base of all errors that a program or a module reports by their message alone."""


class WeftError(Exception):
    """Something failed; the message names the value, the reason and the next step."""
