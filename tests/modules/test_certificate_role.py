# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role certificate on this machine: it makes what is due, and looks once where nothing is."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from ansible_collections.weft.overlay.plugins.modules.certificate_info import reasons
from tests.modules.ansible_run import run_module
from tests.playbook import CHECKOUT, play

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: weft.overlay.certificate
        tasks_from: authority.yml
    - ansible.builtin.include_role:
        name: weft.overlay.certificate
"""
SERVER: dict[str, Any] = {
    "name": "server",
    "file": "server",
    "usages": ["serverAuth", "clientAuth"],
    "addresses": ["IP:127.0.0.1", "DNS:localhost"],
}
CLIENT: dict[str, Any] = {
    "name": "client",
    "file": "client",
    "usages": ["clientAuth"],
    "addresses": [],
}
ISSUING = "POINT certificate_create_key"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with an authority, two identities, and the play that makes them."""

    root: Path

    @property
    def identities(self) -> Path:
        return self.root / "tls"

    @property
    def authority(self) -> Path:
        return self.root / "ca"

    def variables(self, **others: Any) -> dict[str, Any]:
        return {
            "ansible_python_interpreter": sys.executable,
            "certificate_identities": [SERVER, CLIENT],
            "certificate_directory": str(self.identities),
            "certificate_authority_directory": str(self.authority),
            "certificate_packages": [],
            **others,
        }

    def converge(self, *flags: str, **others: Any) -> str:
        """Run the play and return what it printed."""
        playbook = self.root / "play.yml"
        playbook.write_text(PLAY)
        done = play(
            *(CHECKOUT, self.root, playbook),
            *("--inventory", "localhost,", "--connection", "local", *flags),
            *("--extra-vars", json.dumps(self.variables(**others))),
        )
        assert done.status == 0, done.output
        return done.stdout

    def due(self, days: int = 30, **change: Any) -> dict[str, list[str]]:
        """Return why identities are due, by their names; *change* is what one asks for anew."""
        authorities = sorted(self.authority.glob("*.pem"))
        trusted = "".join(path.read_text() for path in authorities)
        last = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        defaults = {"directory": self.identities, "owner": "root", "group": "root"}
        found = {
            identity["name"]: reasons({**defaults, **identity, **change}, trusted, last)
            for identity in (SERVER, CLIENT)
        }
        return {name: why for name, why in found.items() if why}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("certificate"))
    assert "changed=0" not in made.converge()
    return made


def test_what_the_role_makes_is_not_due(place: Place) -> None:
    assert place.due() == {}
    second = place.converge()
    assert "changed=0" in second
    assert ISSUING not in second


def test_check_mode_finds_nothing_either(place: Place) -> None:
    assert "changed=0" in place.converge("--check", "--diff")


def test_both_are_signed_by_the_authority(place: Place) -> None:
    authority = x509.load_pem_x509_certificate((place.authority / "authority.pem").read_bytes())
    for name in ("server", "client"):
        made = (place.identities / f"{name}.pem").read_bytes()
        x509.load_pem_x509_certificate(made).verify_directly_issued_by(authority)


def _swap(place: Place) -> None:
    keys = [place.identities / f"{name}.key" for name in ("server", "client")]
    first, second = (key.read_bytes() for key in keys)
    keys[0].write_bytes(second)
    keys[1].write_bytes(first)


def _open_key(place: Place) -> None:
    (place.identities / "client.key").chmod(0o644)


def _remove(place: Place) -> None:
    (place.identities / "client.pem").unlink()


def _spoil(place: Place) -> None:
    (place.identities / "client.pem").write_text("nothing")


def _forget_authority(place: Place) -> None:
    (place.identities / "ca.pem").write_text("")


HARM: tuple[tuple[Callable[[Place], None], str, set[str]], ...] = (
    (_open_key, "mode 0644, not root:root, mode 0600", {"client"}),
    (_swap, "the certificate does not belong to the key", {"server", "client"}),
    (_spoil, "the certificate cannot be read", {"client"}),
    (_forget_authority, "does not have the trusted CA certificates", {"server", "client"}),
    (_remove, "client.pem does not exist", {"client"}),
)


def test_what_is_harmed_is_due_and_made_whole(place: Place) -> None:
    for harm, reason, harmed in HARM:
        harm(place)
        told = {name for name, why in place.due().items() if any(reason in each for each in why)}
        assert told == harmed
    assert "changed=0" not in place.converge()
    assert place.due() == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "other"}, "the certificate is not for other but for CN=client"),
        ({"addresses": ["DNS:client"]}, "the certificate has other addresses or usages"),
        ({"usages": ["serverAuth"]}, "the certificate has other addresses or usages"),
        ({"usages": ["codeSigning"]}, "the usage 'codeSigning' cannot be compared"),
        ({"addresses": ["URI:a:b"]}, "the address 'URI:a:b' cannot be compared"),
    ],
)
def test_another_request_is_due(place: Place, change: dict[str, Any], reason: str) -> None:
    assert place.due(**change)["client"] == [reason]


def test_the_module_gives_the_identity_back_with_its_defaults(place: Place) -> None:
    identity = {"name": "client", "file": "client", "directory": str(place.identities)}
    trusted = (place.authority / "authority.pem").read_text()
    options = {"identities": [identity], "trusted": trusted, "renewal_days": 366}
    (entry,) = run_module("certificate_info", options)["due"]
    assert entry["identity"] == {
        **identity,
        "owner": "root",
        "group": "root",
        "addresses": [],
        "usages": ["clientAuth"],
    }
    assert entry["reasons"][0].startswith("the certificate expires at ")


def test_an_authority_of_the_same_name_and_another_key_makes_all_due(
    place: Place, tmp_path: Path
) -> None:
    authority = x509.load_pem_x509_certificate((place.authority / "authority.pem").read_bytes())
    name = authority.subject.rfc4514_string()
    (tmp_path / "ca").mkdir()
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")
    files = ("-keyout", "/dev/null", "-out", tmp_path / "ca/authority.pem")
    subject = ("-utf8", "-subj", f"/{name}")
    subprocess.run(["openssl", "req", "-x509", *curve, *files, *subject], check=True)
    shutil.copytree(place.identities, tmp_path / "tls")
    found = Place(tmp_path).due()
    assert set(found) == {"server", "client"}
    assert all("the certificate is not signed by the CA" in why for why in found.values())


def test_one_that_ends_soon_is_renewed(place: Place) -> None:
    assert set(place.due(days=380)) == {"server", "client"}
    assert "changed=0" not in place.converge(certificate_renewal_days=380, certificate_days=400)
    assert place.due(days=380) == {}


def test_renewal_makes_a_new_key(place: Place) -> None:
    before = (place.identities / "client.key").read_bytes()
    place.converge(certificate_renew=True)
    assert (place.identities / "client.key").read_bytes() != before
    assert place.due() == {}
    assert not list(place.identities.glob("*.next"))


def test_a_name_that_is_none_is_refused(place: Place) -> None:
    with pytest.raises(AssertionError, match="set the common name of the certificate"):
        place.converge(certificate_identities=[{"name": ""}])


def test_where_nobody_can_ask_the_authority_what_the_host_trusts_counts(place: Place) -> None:
    identity = {"name": "client", "file": "client", "directory": str(place.identities)}
    assert run_module("certificate_info", {"identities": [identity]})["due"] == []
    strange = {**identity, "name": "other"}
    (entry,) = run_module("certificate_info", {"identities": [strange]})["due"]
    assert entry["reasons"] == ["the certificate is not for other but for CN=client"]
