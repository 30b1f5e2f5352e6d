"""Changes to an image's configuration, written as a Dockerfile's instructions: `import --change`, `commit --change`."""

from __future__ import annotations

from typing import Any

from runtime import records
from runtime.errors import InvalidInput

_SHELL = ["/bin/sh", "-c"]


def change(config: dict[str, Any], lines: tuple[str, ...] | list[str]) -> dict[str, Any]:
    """A copy of an image's `config` with the instructions carried out in order. InvalidInput names the line."""
    result = {key: _copy(value) for key, value in config.items()}
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        function = _INSTRUCTIONS.get(word.upper())
        if function is None:
            raise InvalidInput(
                f"--change {line!r}: {word!r} cannot be changed", f"what can: {', '.join(sorted(_INSTRUCTIONS))}"
            )
        try:
            function(result, rest.strip())
        except ValueError as error:
            raise InvalidInput(f"--change {line!r}: {error}", "write it as in a Dockerfile") from error
    return result


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, (dict, list)) else value


def _command(text: str) -> list[str]:
    """The exec form, a JSON list, or the shell form."""
    if text.startswith("["):
        try:
            words = records.decode(text)
        except ValueError:
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
    return [*_SHELL, text] if text else []


def words(text: str) -> list[str]:
    """Words as a Dockerfile separates them: by blanks, except in quotes or after a backslash. ValueError."""
    found: list[str] = []
    current: list[str] | None = None
    quote = ""
    escaped = False
    for letter in text:
        if escaped:
            current = [*(current or []), letter if letter in ("\\", quote or '"', "'", " ", "\t") else "\\" + letter]
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif quote:
            if letter == quote:
                quote = ""
            else:
                current = [*(current or []), letter]
        elif letter in "'\"":
            quote = letter
            current = current or []
        elif letter.isspace():
            if current is not None:
                found.append("".join(current))
            current = None
        else:
            current = [*(current or []), letter]
    if quote or escaped:
        raise ValueError("a quote is not closed" if quote else "it ends in a backslash")
    return found + ([] if current is None else ["".join(current)])


def _pairs(text: str) -> list[tuple[str, str]]:
    """KEY=VALUE ..., or the old form KEY VALUE."""
    separated = words(text)
    if not separated:
        raise ValueError("it lacks KEY=VALUE")
    if "=" not in separated[0]:
        key, _, value = text.partition(" ")
        if not value.strip():
            raise ValueError(f"{key} lacks a value")
        return [(key, value.strip())]
    pairs = []
    for word in separated:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise ValueError(f"{word!r} is not KEY=VALUE")
        pairs.append((key, value))
    return pairs


def _one(text: str) -> str:
    if not text:
        raise ValueError("it lacks its argument")
    return text


def _cmd(config: dict[str, Any], text: str) -> None:
    config["Cmd"] = _command(text)


def _entrypoint(config: dict[str, Any], text: str) -> None:
    config["Entrypoint"] = _command(text)


def _env(config: dict[str, Any], text: str) -> None:
    lines = list(config.get("Env") or [])
    for key, value in _pairs(text):
        lines = [line for line in lines if line.partition("=")[0] != key] + [f"{key}={value}"]
    config["Env"] = lines


def _label(config: dict[str, Any], text: str) -> None:
    config["Labels"] = {**(config.get("Labels") or {}), **dict(_pairs(text))}


def _expose(config: dict[str, Any], text: str) -> None:
    ports = dict(config.get("ExposedPorts") or {})
    for word in words(_one(text)):
        port, _, protocol = word.partition("/")
        first, _, last = port.partition("-")
        numbers = (first, last or first)
        if not all(number.isdigit() and 0 < int(number) < 65536 for number in numbers) or int(first) > int(numbers[1]):
            raise ValueError(f"{word!r} is not PORT[-PORT][/PROTOCOL]")
        if (protocol or "tcp").lower() not in ("tcp", "udp", "sctp"):
            raise ValueError(f"the protocol {protocol!r} is none of tcp, udp, sctp")
        for number in range(int(first), int(numbers[1]) + 1):
            ports[f"{number}/{(protocol or 'tcp').lower()}"] = {}
    config["ExposedPorts"] = ports


def _volume(config: dict[str, Any], text: str) -> None:
    paths = _command(text) if text.startswith("[") else words(_one(text))
    config["Volumes"] = {**(config.get("Volumes") or {}), **{path: {} for path in paths}}


def _workdir(config: dict[str, Any], text: str) -> None:
    path = " ".join(words(_one(text)))
    config["WorkingDir"] = path if path.startswith("/") else (config.get("WorkingDir") or "/").rstrip("/") + "/" + path


def _user(config: dict[str, Any], text: str) -> None:
    config["User"] = _one(text)


def _stopsignal(config: dict[str, Any], text: str) -> None:
    config["StopSignal"] = _one(text)


def _onbuild(config: dict[str, Any], text: str) -> None:
    config["OnBuild"] = [*(config.get("OnBuild") or []), _one(text)]


_INSTRUCTIONS = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "LABEL": _label,
    "ONBUILD": _onbuild,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
