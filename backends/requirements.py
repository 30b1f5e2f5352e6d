"""What a backend needs of a host, as data over capabilities. Judging it gives reasons."""

from __future__ import annotations


class Requirement:
    """One thing a backend needs: any one of `capabilities`, because of `purpose` ("to give a container its own root")."""

    __slots__ = ("capabilities", "purpose")

    def __init__(self, purpose: str, *capabilities: str) -> None:
        self.purpose = purpose
        self.capabilities = capabilities
