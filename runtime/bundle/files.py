"""The three files that every container gets from us: /etc/hostname, /etc/hosts and /etc/resolv.conf. Text only."""

from __future__ import annotations

from runtime.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from runtime.containers.request import Request

_HOSTS = (
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::\tip6-localnet",
    "ff00::\tip6-mcastprefix",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
)


def hostname_text(hostname: str) -> str:
    return hostname + "\n"


def hosts_text(request: Request, hostname: str, addresses: Iterable[str] = ()) -> str:
    """`addresses` are the container's own on its networks; without any its name stands for the loopback's."""
    lines = [*_HOSTS]
    name = f"{hostname}.{request.domainname} {hostname}" if request.domainname else hostname
    lines.extend(f"{address}\t{name}" for address in (tuple(addresses) or ("127.0.1.1",)))
    for entry in request.add_hosts:
        host, address = parse_host(entry)
        lines.append(f"{address}\t{host}")
    return "\n".join(lines) + "\n"


def parse_host(text: str) -> tuple[str, str]:
    """ "name:address", also "name=address" as docker has it for IPv6. InvalidInput."""
    equals, colon = text.find("="), text.find(":")
    cut = equals if equals >= 0 and (colon < 0 or equals < colon) else colon
    host, address = (text[:cut], text[cut + 1 :].strip("[]")) if cut > 0 else ("", "")
    if not host or any(character.isspace() for character in host) or not _is_address(address):
        raise InvalidInput(f"--add-host: {text!r} is not NAME:ADDRESS", "such as db:10.0.0.5")
    return host, address


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def resolver_text(request: Request, host: str) -> str:
    """What the host's resolv.conf says, but for what the request replaces."""
    servers, search, options, rest = _read_resolver(host)
    if request.dns:
        for server in request.dns:
            if not _is_address(server):
                raise InvalidInput(f"--dns: {server!r} is not an address")
        servers = list(request.dns)
    if request.dns_search:
        search = [] if request.dns_search == (".",) else list(request.dns_search)
    if request.dns_options:
        options = list(request.dns_options)
    lines = [f"nameserver {server}" for server in servers]
    if search:
        lines.append("search " + " ".join(search))
    if options:
        lines.append("options " + " ".join(options))
    return "".join(line + "\n" for line in lines + rest)


def _read_resolver(text: str) -> tuple[list[str], list[str], list[str], list[str]]:
    servers: list[str] = []
    search: list[str] = []
    options: list[str] = []
    rest: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0][0] in "#;":
            continue
        if words[0] == "nameserver":
            servers.extend(words[1:2])
        elif words[0] in ("search", "domain"):
            search = words[1:]  # resolv.conf(5): the last one counts
        elif words[0] == "options":
            options.extend(words[1:])
        else:
            rest.append(line)
    return servers, search, options, rest
