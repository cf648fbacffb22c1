# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that stands where flanneld stood: its options, store, files, rules, devices and wire.

No distribution that the tests run on has flannel. This lays on a host what flanneld lays there, by
each of its three backends, and follows the leases as it does. Like flanneld it leaves everything
behind when it stops. What it takes after is in flannel's sources, named beside each part.
"""
