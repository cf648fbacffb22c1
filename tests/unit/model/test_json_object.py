# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.weft.overlay.plugins.module_utils.weft.model.json_object import (
    JsonObjectError,
    load_object,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": }', "line 1, column 7"),
        ("[]", "expected a JSON object"),
        ('{"a": NaN}', "NaN"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "1" * 5000 + "}", "4300 digits"),
    ],
)
def test_what_is_no_object_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(JsonObjectError, match=words):
        load_object(text)
