"""Who else can log in to this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jupyter_utils.machine.accounts import others

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM = "root:x:0:0::/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\nnobody:x:65534:65534::/:/usr/sbin/nologin\n"
ME = 1000
HANAKO = "hanako:x:1000:1000:花子:/home/hanako:/bin/bash\n"
TARO = "taro:x:1001:1001::/home/taro:/usr/bin/zsh\n"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "passwd").write_text(SYSTEM + HANAKO)
    (tmp_path / "nsswitch.conf").write_text("passwd:         files systemd\ngroup: files ldap\n")
    return tmp_path


def test_alone_on_a_laptop(etc: Path) -> None:
    """Root, system accounts and oneself are nobody else; so it is on WSL2 with its one account."""
    assert others(etc, etc, ME) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (TARO, "the account taro"),
        (TARO.replace("/usr/bin/zsh", ""), "the account taro"),  # the shell is /bin/sh then
        (TARO.replace("/usr/bin/zsh", "/usr/sbin/nologin"), None),
        (TARO.replace("/usr/bin/zsh", "/bin/false"), None),
        (TARO.replace("1001:1001", "999:999"), None),
        (TARO.replace("1001:1001", "60001:1"), None),
        (TARO + TARO.replace("taro", "jiro"), "the accounts taro, jiro"),
        ("".join(TARO.replace("taro", f"u{number}") for number in range(5)), "the accounts u0, u1, u2 and 2 more"),
        ("+::::::\n", "accounts of nis (/etc/nsswitch.conf)"),
        ("broken line\n\n", None),
    ],
)
def test_other_accounts(etc: Path, line: str, expected: str | None) -> None:
    """Those in the range of login accounts that have a shell."""
    with (etc / "passwd").open("a") as passwd:
        passwd.write(line)
    assert others(etc, etc, ME) == expected


def test_for_a_service_the_user_of_the_machine_is_somebody_else(etc: Path) -> None:
    """A system account, and root, reach no less than before; but so does who logs in."""
    assert others(etc, etc, 998) == others(etc, etc, 0) == "the account hanako"


def test_the_range_is_the_machines_own(etc: Path) -> None:
    """login.defs names it; a commented line does not."""
    with (etc / "passwd").open("a") as passwd:
        passwd.write(TARO.replace("1001:1001", "500:500"))
    (etc / "login.defs").write_text("#UID_MIN 1\nUID_MIN\t\t 500\nUID_MAX 60000\n")
    assert others(etc, etc, ME) == "the account taro"


@pytest.mark.parametrize("services", ["files sss", "sss files systemd", "files ldap", "compat winbind", "files nis"])
def test_accounts_from_elsewhere_are_assumed_to_be_people(etc: Path, services: str) -> None:
    """They cannot be counted."""
    (etc / "nsswitch.conf").write_text(f"passwd: {services} [NOTFOUND=return]  # comment ldap\n")
    assert "accounts of " in str(others(etc, etc, ME))


def test_systemd_homed_and_extrausers(etc: Path) -> None:
    """Accounts in files of their own."""
    folder = etc / "systemd" / "home"
    folder.mkdir(parents=True)
    assert others(etc, etc, ME) is None
    (folder / "taro.identity").touch()
    assert "systemd-homed" in str(others(etc, etc, ME))
    (folder / "taro.identity").unlink()
    (etc / "extrausers").mkdir()
    (etc / "extrausers" / "passwd").write_text(TARO)
    assert others(etc, etc, ME) is None
    (etc / "nsswitch.conf").write_text("passwd: files extrausers\n")
    assert others(etc, etc, ME) == "the account taro"


def test_a_machine_that_says_nothing(tmp_path: Path) -> None:
    """No such files: nobody."""
    assert others(tmp_path, tmp_path, ME) is None
