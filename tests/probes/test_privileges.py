from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probes import privileges
from probes.inquiry import Circumstances, Inquiry
from tests.hosts.model import Constructed, root, user


def _subid(host: Constructed) -> tuple[str, str, str]:
    own = privileges.standing(host)
    circumstances = Circumstances(euid=own.euid, effective=own.effective, family="debian")
    finding = privileges.findings(Inquiry(host, circumstances), own)[-1]
    return finding.state, finding.blocker, finding.remedy


def test_capabilities_and_filters_are_read_from_proc() -> None:
    own = privileges.standing(Constructed("", "5.15.0", files=root(seccomp=2, capabilities="00000000a80425fb")))
    assert (own.effective, own.seccomp, own.initial) == (0xA80425FB, 2, True)


def test_a_kernel_without_uid_map_has_one_user_namespace() -> None:
    assert privileges.standing(Constructed("", "2.6.32")).initial


def test_root_of_a_user_namespace_is_not_taken_for_root() -> None:
    host = Constructed("", "6.1.0", files={**root(), "/proc/self/uid_map": "0 1000 1\n"})
    finding = privileges.findings(Inquiry(host, Circumstances()), privileges.standing(host))[0]
    assert finding.value == "user namespace"


def test_a_range_without_the_programs_is_their_matter() -> None:
    files = {**user(), "/etc/subuid": "user:100000:65536\n", "/etc/subgid": "1000:100000:65536\n"}
    assert _subid(Constructed("", "6.1.0", euid=1000, files=files)) == (
        "absent",
        "missing program",
        "apt-get install uidmap",
    )
    with_programs = Constructed("", "6.1.0", euid=1000, files=files, programs=("newuidmap", "newgidmap"))
    assert _subid(with_programs)[0] == "present"


def test_no_range_is_an_administrators_matter() -> None:
    state, blocker, remedy = _subid(Constructed("", "6.1.0", euid=1000, files=user()))
    assert (state, blocker) == ("absent", "privilege")
    assert "usermod --add-subuids" in remedy


@given(st.text(), st.integers(0, 70000), st.text())
def test_no_text_is_an_error(text: str, uid: int, name: str) -> None:
    privileges.user_name(text, uid)
    assert privileges.granted(text, uid, name) >= 0
