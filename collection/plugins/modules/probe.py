#!/usr/bin/python
# Copyright (c) 2026, The weft developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the deprecated module probe; its action plugin does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Probe the containers of other hosts from a container of this host
version_added: 1.0.0
author:
  - The weft developers (@weft)
deprecated:
  removed_in: 2.0.0
  why: It is two modules now, one that starts and removes the container and one that only reads.
  alternative: >-
    Use M(weft.overlay.probe_container) for O(state=started) and O(state=absent), and
    M(weft.overlay.container_probe_info) for O(state=probed) and O(state=measured).
description:
  - Runs M(weft.overlay.probe_container) or M(weft.overlay.container_probe_info), depending on
    O(state).
extends_documentation_fragment:
  - weft.overlay.attributes
attributes:
  check_mode:
    support: partial
    details:
      - In check mode, no container is started, probed or removed. RV(ignore:changed) shows whether
        a container would be started or removed.
  diff_mode:
    support: none
options:
  state:
    description:
      - V(started) starts the container and its responder, and returns the versions of the host.
      - V(probed) probes O(peers) from the container.
      - V(measured) measures the throughput to O(peers), one after the other.
      - V(absent) returns the addresses from which the responder received packets, and removes the
        container.
    type: str
    choices: [started, probed, measured, absent]
    required: true
  container:
    description: The name of the container.
    type: str
    required: true
  host:
    description: The host name in the responder's replies. Required with O(state=started).
    type: str
  image:
    description:
      - The image of the container. Required with O(state=started). If the host does not have it,
        it is loaded from O(archive) or pulled.
    type: str
  archive:
    description: The path, on the host, of an archive of the image. If empty, the image is pulled.
    type: path
    default: ""
  lifetime:
    description: The time in seconds after which the container ends by itself, from 60 to 86400.
    type: int
    default: 900
  port:
    description: The TCP and UDP port of the responders.
    type: int
    default: 8080
  peers:
    description: The other hosts. Required with O(state=probed) and O(state=measured).
    type: list
    elements: dict
    suboptions:
      name:
        description: The host name in the replies of the peer's responder.
        type: str
        required: true
      address:
        description: The IPv4 address of the peer's container.
        type: str
        required: true
  echoes:
    description: The number of echo requests to each peer, from 1 to 100.
    type: int
    default: 5
  timeout:
    description: The timeout in seconds of one attempt, from 1 to 60.
    type: int
    default: 3
  attempts:
    description: The number of UDP and of TCP attempts before a probe counts as failed, from 1 to
      10.
    type: int
    default: 3
  seconds:
    description: With O(state=measured), the time in seconds for which to send to each peer, from 1
      to 60.
    type: int
    default: 2
"""

EXAMPLES = r"""
- name: Start the probe container
  weft.overlay.probe:
    state: started
    container: weft-verify-1
    host: "{{ inventory_hostname }}"
    image: docker.io/library/busybox:stable

- name: Remove the probe container
  weft.overlay.probe:
    state: absent
    container: weft-verify-1
"""

RETURN = r"""
image_obtained:
  description: Whether the image was loaded or pulled. In check mode, whether it would be.
  returned: O(state=started)
  type: bool
address:
  description: The IPv4 address of the container.
  returned: O(state=started) and not check mode
  type: str
  sample: 100.96.1.2
prefix_length:
  description: The prefix length of the container's network.
  returned: O(state=started) and not check mode
  type: int
  sample: 24
mtu:
  description: The MTU of the container's device, in bytes.
  returned: O(state=started) and not check mode
  type: int
  sample: 1472
docker:
  description: The version of dockerd.
  returned: O(state=started)
  type: str
  sample: 28.5.2
kernel:
  description: The release of the kernel.
  returned: O(state=started)
  type: str
  sample: 6.12.48+deb13-amd64
daemon:
  description: The output of C(weftctl status --json), or null if the host has no C(weftctl).
  returned: O(state=started)
  type: dict
heard:
  description:
    - The IPv4 addresses from which the responder received packets.
    - Null if there was no responder, or it did not reply.
  returned: O(state=absent) and not check mode
  type: list
  elements: str
  sample: [100.96.2.2]
observations:
  description: The results of the reachability probes, one entry for each peer.
  returned: O(state=probed) and not check mode
  type: list
  elements: dict
  contains:
    name:
      description: The peer's name, as given.
      type: str
    address:
      description: The peer's address, as given.
      type: str
    sent:
      description: The number of echo requests sent.
      type: int
    received:
      description: The number of echo replies received.
      type: int
    round_trip_ms:
      description: C(min), C(median) and C(max) of the round-trip times in milliseconds. Null
        without a reply.
      type: dict
    echo_error:
      description: The error of an echo request. Empty if there was none.
      type: str
    udp:
      description: C(name), the host that replied over UDP; C(source), the source address that it
        received; and C(error), the reason if there was no reply.
      type: dict
    tcp:
      description: The same over TCP.
      type: dict
    path_mtu:
      description: The largest packet that reaches the peer unfragmented, in bytes. Null if none
        does.
      type: int
    path_mtu_told_by:
      description: The address of the router that reported the path MTU. Empty if none did.
      type: str
    expected_mtu:
      description: The MTU of the device of this host's container, in bytes.
      type: int
  sample:
    - name: docker2
      address: 100.96.2.2
      sent: 5
      received: 5
      round_trip_ms: {min: 0.301, median: 0.344, max: 0.912}
      echo_error: ""
      udp: {name: docker2, source: 100.96.1.2, error: ""}
      tcp: {name: docker2, source: 100.96.1.2, error: ""}
      path_mtu: 1472
      path_mtu_told_by: ""
      expected_mtu: 1472
throughput:
  description: The results of the throughput probes, one entry for each peer.
  returned: O(state=measured) and not check mode
  type: list
  elements: dict
  contains:
    name:
      description: The peer's name, as given.
      type: str
    mbit:
      description: The received data in Mbit/s (10^6). Null if the measurement failed.
      type: float
    error:
      description: Why the measurement failed. Empty if it did not.
      type: str
  sample: [{name: docker2, mbit: 812.4, error: ""}]
"""
