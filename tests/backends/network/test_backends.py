from __future__ import annotations

import pytest

from backends.catalogue import load
from backends.contract import NetworkBackend


@pytest.mark.parametrize(("name", "namespace"), [("none", True), ("host", False)])
def test_a_backend_says_whether_the_container_gets_a_namespace(name: str, namespace: bool) -> None:
    backend: NetworkBackend = load("network", name)()
    assert (backend.name, backend.namespace()) == (name, namespace)


@pytest.mark.parametrize("name", ["none", "host"])
def test_a_lease_says_by_which_network_and_can_be_given_back_twice(name: str) -> None:
    backend: NetworkBackend = load("network", name)()
    lease = backend.connect("c", {}, 1)
    assert lease.data == {"network": name}
    backend.disconnect(lease)
    backend.disconnect(lease)
