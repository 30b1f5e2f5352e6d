from __future__ import annotations

import pytest

from runtime.bundle.files import hosts_text, parse_host, resolver_text
from runtime.containers.request import Request
from runtime.errors import InvalidInput


def test_a_container_finds_itself_by_name() -> None:
    text = hosts_text(Request(domainname="lan", add_hosts=("db:10.0.0.5",)), "web")
    assert text.startswith("127.0.0.1\tlocalhost\n")
    assert text.endswith("127.0.1.1\tweb.lan web\n10.0.0.5\tdb\n")


def test_its_own_addresses_take_the_loopbacks_place() -> None:
    assert "127.0.1.1" not in hosts_text(Request(), "web", ["172.17.0.2"])


@pytest.mark.parametrize(
    ("text", "host"),
    [("db:10.0.0.5", ("db", "10.0.0.5")), ("db:2001:db8::1", ("db", "2001:db8::1")), ("db=[::1]", ("db", "::1"))],
)
def test_a_further_host_is_read(text: str, host: tuple[str, str]) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize("text", ["", "db", ":1.2.3.4", "db:", "db:nowhere", "a b:1.2.3.4", "a\nb:1.2.3.4"])
def test_a_wrong_host_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--add-host"):
        parse_host(text)


HOST = "# made by hand\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch a b\noptions ndots:2\nsortlist 10.0.0.0\n"


def test_the_resolver_is_the_hosts() -> None:
    expected = "nameserver 10.0.0.1\nnameserver 10.0.0.2\nsearch a b\noptions ndots:2\nsortlist 10.0.0.0\n"
    assert resolver_text(Request(), HOST) == expected


def test_what_is_said_takes_the_hosts_place() -> None:
    request = Request(dns=("1.1.1.1",), dns_search=(".",), dns_options=("ndots:1",))
    assert resolver_text(request, HOST) == "nameserver 1.1.1.1\noptions ndots:1\nsortlist 10.0.0.0\n"


def test_a_server_must_be_an_address() -> None:
    with pytest.raises(InvalidInput, match="--dns"):
        resolver_text(Request(dns=("one",)), HOST)
