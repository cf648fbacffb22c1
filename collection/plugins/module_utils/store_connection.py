# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection of modules to etcd: their options, the clients, and errors as module failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.weft.overlay.plugins.module_utils.etcd_access.client import AccessClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.errors import WeftError
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.client import StoreClient
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.errors import (
    StoreFileError,
    StoreSettingsError,
    StoreUnavailableError,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.grpc_channel import (
    LIBRARY_ERROR,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.library_problem import (
    explain_import_error,
    shadowing_libraries,
)
from ansible_collections.weft.overlay.plugins.module_utils.weft.store.settings import (
    DEFAULT_ENDPOINT,
    DEFAULT_PREFIX,
    StoreSettings,
    Tls,
)


def store_options() -> dict[str, Any]:
    """Return the part of an argument_spec that the doc fragment ``store`` documents."""
    return {
        "endpoints": {"type": "list", "elements": "str", "default": [DEFAULT_ENDPOINT]},
        "prefix": {"type": "str", "default": DEFAULT_PREFIX},
        "ca_cert": {"type": "path"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},
        "user": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "timeout": {"type": "float", "default": 5},
    }


@contextmanager
def open_store(module: AnsibleModule) -> Iterator[StoreClient]:
    """Yield a client for the etcd of the module's parameters; errors fail the module."""
    with _failing(module), StoreClient(store_settings(module.params)) as store:
        yield store


@contextmanager
def open_access(module: AnsibleModule) -> Iterator[AccessClient]:
    """Yield a client for the users and roles of the etcd of the module's parameters."""
    with _failing(module), AccessClient(store_settings(module.params)) as store:
        yield store


@contextmanager
def _failing(module: AnsibleModule) -> Iterator[None]:
    if LIBRARY_ERROR is not None:
        module.fail_json(
            msg=_library_problem(LIBRARY_ERROR),
            exception=LIBRARY_ERROR,
            store_unreachable=True,
        )
    try:
        yield
    except (StoreUnavailableError, StoreFileError) as error:
        # In check mode, a play can tell a store that does not exist yet from a refusal.
        module.fail_json(msg=str(error), store_unreachable=True)
    except WeftError as error:
        module.fail_json(msg=str(error), store_unreachable=False)


def _library_problem(traceback: str) -> str:
    """Return why etcd3 is not imported: it is missing, or another library hides a package's."""
    shadowing = list(shadowing_libraries())
    if shadowing:
        return explain_import_error(traceback, shadowing)
    return str(missing_required_lib("etcd3", reason="to connect to etcd (package python3-etcd3)"))


def store_settings(params: dict[str, Any]) -> StoreSettings:
    """Return the settings of the options in doc fragment ``store``. Raises StoreSettingsError."""
    return StoreSettings(
        endpoints=tuple(params["endpoints"]),
        prefix=params["prefix"].rstrip("/"),
        tls=_tls(params),
        user=params["user"],
        password=params["password"],
        timeout=params["timeout"],
    )


def _tls(params: dict[str, Any]) -> Tls | None:
    if params["ca_cert"] is not None:
        return Tls(params["ca_cert"], params["client_cert"], params["client_key"])
    for option in ("client_cert", "client_key"):
        if params[option] is not None:
            raise StoreSettingsError(
                f"{option} is given without ca_cert; give the CA certificate of etcd as well."
            )
    return None
