"""Huge pages: hugetlb.SIZE.limit_in_bytes in v1, hugetlb.SIZE.max in v2; and the same of reservations (5.7)."""

from __future__ import annotations

from backends.errors import CgroupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from backends.cgroups.controllers import Setting
    from backends.cgroups.folder import Folder
    from backends.contract import Resources


def settings(resources: Resources, folder: Folder, version: int) -> list[Setting]:
    found: list[Setting] = []
    end = "limit_in_bytes" if version == 1 else "max"
    for item in resources.get("hugepageLimits") or ():
        item = {key.lower(): value for key, value in item.items()}  # engines' JSON does not look at the case
        if "pagesize" not in item or "limit" not in item:
            raise CgroupError("hugepageLimits: pageSize and limit are wanted", 'as {"pageSize": "2MB", "limit": 0}')
        size, limit = item["pagesize"], str(item["limit"])
        found.append(("hugepageLimits", f"hugetlb.{size}.{end}", limit))
        if folder.has(f"hugetlb.{size}.rsvd.{end}"):
            found.append(("hugepageLimits", f"hugetlb.{size}.rsvd.{end}", limit))
    return found
