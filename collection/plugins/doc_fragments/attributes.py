# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the attributes that all modules of the collection share."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes; a module adds its level of support."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying
      target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in
      C(check_mode)), when in diff mode.
"""

    # For modules that connect to etcd: plugins/doc_fragments/store.py has their common options.
    ACTIONGROUP_WEFT = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/weft.overlay.weft) in C(module_defaults) to set defaults for this
      module.
    support: full
    membership:
      - weft.overlay.weft
"""

    # For modules that run etcdctl: plugins/doc_fragments/etcdctl.py has their common options.
    ACTIONGROUP_ETCDCTL = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/weft.overlay.etcdctl) in C(module_defaults) to set defaults for this
      module.
    support: full
    membership:
      - weft.overlay.etcdctl
"""

    # For modules that only read.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    support: N/A
    details:
      - This action does not modify state.
"""
