# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""galaxy-importer, which gives ansible-lint three minutes: a busy machine may need more."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from galaxy_importer import main
from galaxy_importer.loaders import collection


class _Patient(subprocess.Popen):  # type: ignore[type-arg]
    def communicate(self, input: Any = None, timeout: float | None = None) -> Any:  # noqa: ARG002
        return super().communicate(input)


collection.Popen = _Patient
sys.exit(main.main(sys.argv[1:]))
