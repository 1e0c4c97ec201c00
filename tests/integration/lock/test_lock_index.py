"""The lock can be made from any index that pip can use, and carries none of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from package_index import PackageIndex, serving
from small_lab import PINNED, Lab, LockError, filled, new_lab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Use = Callable[[str], None]


def assert_locked(lab: Lab, *secrets: str) -> None:
    """All that was asked for is locked, and nothing of the index stands in it."""
    assert lab.versions() == {"alpha": "1.0", "sourced": "1.0", "gamma": "1.0", "torch": "2.13.0"}
    text = "".join(content.decode() for content in lab.contents().values())
    for trace in ("127.0.0.1", "legacy", "package.source", *secrets):
        assert trace not in text.replace((lab.folder / "torch-cpu.json").read_text(), "")


@pytest.mark.parametrize("json", [False, True], ids=["simple", "simple and JSON"])
def test_simple_index(tmp_path: Path, use: Use, json: bool) -> None:
    """Simple pages are enough, a source distribution's build tools included, and JSON beside them changes nothing."""
    with serving(filled(PackageIndex(json=json))) as index:
        use(index.url)
        lab = new_lab(tmp_path / "python")
        lab.lock()
        assert_locked(lab)
        assert "/simple/setuptools/" in index.asked
        assert [path for path in index.asked if path.startswith("/pypi/")] == []


@pytest.mark.full
def test_both_kinds_give_one_lock(tmp_path: Path, use: Use) -> None:
    """Whoever locks, and from where: the same bytes."""
    found = []
    files = filled(PackageIndex()).files
    for kind in (False, True):
        with serving(PackageIndex(json=kind, files=files)) as index:
            use(index.url)
            lab = new_lab(tmp_path / str(kind))
            lab.lock()
            found.append(lab.contents())
    assert found[0] == found[1]


@pytest.mark.full
def test_mirrors_are_not_confused(tmp_path: Path, use: Use) -> None:
    """What one index offered is not taken for what the next one has, though Poetry keeps a cache."""
    with serving(filled(PackageIndex())) as index:
        use(index.url)
        new_lab(tmp_path / "first").lock()
    other = PackageIndex()
    filled(other).files.pop("gamma-1.0-py3-none-any.whl")
    with serving(other) as index:
        use(index.url)
        with pytest.raises(LockError, match="gamma"):
            new_lab(tmp_path / "second").lock()


@pytest.mark.full
@pytest.mark.parametrize("password", ["geheim", "p@ss:w/ord%"])
def test_login_in_the_address(tmp_path: Path, use: Use, capsys: pytest.CaptureFixture[str], password: str) -> None:
    """Credentials of PIP_INDEX_URL are used, and stand neither in the lock nor in a message."""
    with serving(filled(PackageIndex(login=("user", password)))) as index:
        use(f"http://user:{quote(password, safe='')}@127.0.0.1:{index.port}/simple")
        lab = new_lab(tmp_path / "python")
        lab.lock()
        assert_locked(lab, password, "user:")
        assert password not in capsys.readouterr().err


@pytest.mark.full
def test_token_alone(tmp_path: Path, use: Use) -> None:
    """A token stands where a name does, without a password."""
    with serving(filled(PackageIndex(login=("token-123", "")))) as index:
        use(f"http://token-123@127.0.0.1:{index.port}/simple")
        lab = new_lab(tmp_path / "python")
        lab.lock()
        assert_locked(lab, "token-123")


@pytest.mark.full
def test_login_of_netrc(tmp_path: Path, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    """So are those of ~/.netrc, which pip uses too."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password geheim\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(filled(PackageIndex(login=("user", "geheim")))) as index:
        use(index.url)
        lab = new_lab(tmp_path / "python")
        lab.lock()
        assert_locked(lab, "geheim")


def test_wrong_login_is_said(tmp_path: Path, use: Use) -> None:
    """A refused login is named as such, in three lines and without the password."""
    with serving(filled(PackageIndex(login=("user", "right")))) as index:
        use(f"http://user:geheim@127.0.0.1:{index.port}/simple")
        with pytest.raises(LockError, match="wants a login") as raised:
            new_lab(tmp_path / "python").lock()
    assert len(str(raised.value).splitlines()) == 3
    assert "geheim" not in str(raised.value)


@pytest.mark.full
def test_no_index_there(tmp_path: Path, use: Use) -> None:
    """An index that does not answer is named as the reason, with where its address comes from."""
    use("http://user:geheim@127.0.0.1:9/simple")
    with pytest.raises(LockError, match=r"cannot be reached: look at PIP_INDEX_URL or pip\.conf") as raised:
        new_lab(tmp_path / "python").lock()
    assert "geheim" not in str(raised.value)


def test_pip_conf_with_a_further_index(
    tmp_path: Path, use: Use, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's index beside the mirror gives what the mirror lacks, and nothing that the mirror has."""
    with serving(PackageIndex(login=("user", "geheim"), upstream="")) as company:
        company.add_wheel("gamma", "1.0")
        company.add_wheel("alpha", "9.9")
        index.files.pop("gamma-1.0-py3-none-any.whl")
        use(index.url)
        monkeypatch.delenv("PIP_INDEX_URL")
        file = tmp_path / "pip.conf"
        file.write_text(f"[global]\nindex-url = {index.url}\n[install]\nextra-index-url = {company.url_with_login}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
        lab = new_lab(tmp_path / "python")
        lab.lock()
        assert_locked(lab, "geheim")
        assert "/simple/gamma/" in company.asked


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (("PIP_NO_INDEX", "1"), "no-index"),
        (("PIP_INDEX_URL", "file:///srv/simple"), "http or https is needed"),
    ],
)
def test_no_index_that_poetry_could_read(
    tmp_path: Path, use: Use, monkeypatch: pytest.MonkeyPatch, setting: tuple[str, str], words: str
) -> None:
    """A folder, or no index at all, is refused with what is needed."""
    use("http://127.0.0.1:9/simple")
    monkeypatch.setenv(*setting)
    with pytest.raises(LockError, match=words):
        new_lab(tmp_path / "python").lock()


@pytest.mark.full
def test_settings_of_the_user_do_no_harm(
    tmp_path: Path, use: Use, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the user set for pip and Poetry in other work (an overlay's target, a virtual environment) is left out."""
    use(index.url)
    for name, value in {
        "PIP_TARGET": str(tmp_path / "overlay"),
        "PIP_USER": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "POETRY_HTTP_BASIC_INDEX_USERNAME": "x",
        "PYTHONPATH": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    lab = new_lab(tmp_path / "python")
    lab.lock()
    assert_locked(lab)
    assert not (tmp_path / "overlay").exists()


AUTHORITY = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Company CA", "-days", "2"]


@pytest.fixture
def company(tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """Serve an index with a certificate that nobody knows yet: tmp_path/ca.pem."""
    key, certificate, both = (tmp_path / name for name in ("key.pem", "ca.pem", "both.pem"))
    words = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*AUTHORITY, *words], check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with serving(PackageIndex(files=files, certificate=both)) as index:
        yield index


@pytest.mark.full
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make an authority with")
@pytest.mark.parametrize("setting", ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_TRUSTED_HOST", None])
def test_authority_of_a_company(
    tmp_path: Path, use: Use, company: PackageIndex, monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    """A mirror with a company's own certificate is read where pip would read it, and refused where not."""
    use(company.url)
    lab = new_lab(tmp_path / "python")
    # Its build tools would come from another host, with another authority.
    wishes = lab.folder / "pyproject.toml"
    wishes.write_text(wishes.read_text().replace('sourced = "*"', ""))
    if setting is None:
        with pytest.raises(LockError, match="at PIP_CERT"):
            lab.lock()
        return
    monkeypatch.setenv(setting, "127.0.0.1" if setting == "PIP_TRUSTED_HOST" else str(tmp_path / "ca.pem"))
    lab.lock()
    assert lab.versions() == {"alpha": "1.0", "gamma": "1.0", "torch": "2.13.0"}


def test_poetry_is_pinned_exactly() -> None:
    """Two people who lock the same wishes do it with the same Poetry."""
    assert all(re.fullmatch(r"[a-z-]+==[\d.]+", line) for line in PINNED)
