"""Chains of layers: what a layer in the storage backend is called, and how one gets there, verified on its way.

A layer's chain id stands for it and all below it (image-spec, config.md), so a layer is kept once for all the images
that share it from the base on.
"""

from __future__ import annotations

from runtime.images import digest as digests


def chain(diff_ids: tuple[str, ...] | list[str]) -> list[str]:
    """The storage's names of an image's layers, the base first."""
    names = []
    above = ""
    for diff_id in diff_ids:
        above = digests.of(f"{above} {diff_id}".encode(), digests.algorithm_of(diff_id)) if above else diff_id
        names.append(_name(above))
    return names


def _name(chain_id: str) -> str:
    # Storage wants 64 digits; an image hashed by sha512 gets them from a second hash.
    if chain_id.startswith("sha256:"):
        return digests.hex_of(chain_id)
    return digests.hex_of(digests.of(chain_id.encode()))
