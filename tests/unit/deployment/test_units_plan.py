"""Installing and removing units: what is planned, and what is refused. tests/services does it with a real systemd."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from jupyter_utils.deployment.units import MARK, Scope, install_plan, uninstall_plan
from jupyter_utils.errors import UnitsError


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Make a folder as Nix makes it."""
    folder = tmp_path / "made"
    for scope in ("system", "user"):
        (folder / scope).mkdir(parents=True)
        (folder / scope / "lab.service").write_text("[Service]\nExecStart=/bin/true\n")
    (folder / "system" / "lab@.service").write_text("[Service]\nExecStart=/bin/true\n")
    (folder / "sysusers.conf").write_text("u lab -\n")
    start = {
        "system": ["lab.service"],
        "user": ["lab.service"],
        "data": {"system": ["/var/lib/lab"], "user": ["~/lab"]},
    }
    (folder / "start.json").write_text(json.dumps(start))
    return folder


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    """Name folders that stand for /etc."""
    return Scope(
        "system",
        tmp_path / "etc" / "systemd",
        tmp_path / "root",
        tmp_path / "etc" / "own",
        tmp_path / "etc" / "sysusers",
    )


def install(plan_of: Path, scope: Scope) -> None:
    """Write the files of a plan, and leave out its commands."""
    plan = install_plan(plan_of, scope)
    plan.then = []
    plan.run()


def test_the_plan_says_every_file_and_command(units: Path, scope: Scope) -> None:
    """Nothing is done by making or showing it."""
    lines = install_plan(units, scope).lines()
    assert f"write   {scope.units}/lab.service" in lines
    assert f"write   {scope.units}/lab@.service" in lines
    assert "run     systemctl enable lab.service" in lines
    assert lines.index("run     systemctl daemon-reload") < lines.index("run     systemctl restart lab.service")
    assert f"make    {scope.settings}" in lines
    assert not scope.units.exists()
    assert not scope.settings.exists()


def test_only_what_changed_is_restarted(units: Path, scope: Scope) -> None:
    """Installing again ends no kernel, unless the unit is another one."""
    install(units, scope)
    assert "run     systemctl start lab.service" in install_plan(units, scope).lines()
    (units / "system" / "lab.service").write_text("[Service]\nExecStart=/bin/false\n")
    assert "run     systemctl restart lab.service" in install_plan(units, scope).lines()


def test_the_folder_of_settings_is_made(units: Path, scope: Scope) -> None:
    """The documents write files into it."""
    install(units, scope)
    assert scope.settings.is_dir()
    assert f"make    {scope.settings}" not in install_plan(units, scope).lines()


def test_instances_run_the_new_program_too(units: Path, scope: Scope) -> None:
    """Where their template has changed, and where they run: a further lab of the old program would stay for ever."""
    install(units, scope)
    again = "run     systemctl try-restart lab@*.service"
    assert again not in install_plan(units, scope).lines()
    (units / "system" / "lab@.service").write_text("[Service]\nExecStart=/bin/false\n")
    assert again in install_plan(units, scope).lines()


def test_enabled_instances_are_disabled_by_name(units: Path, scope: Scope) -> None:
    """`systemctl disable` takes no pattern; a link that stays would be an error at each start of the machine."""
    install(units, scope)
    wants = scope.units / "multi-user.target.wants"
    wants.mkdir()
    (wants / "lab@taro.service").symlink_to(scope.units / "lab@.service")
    assert uninstall_plan(units, scope).before == [
        ["systemctl", "disable", "--now", "lab.service", "lab@taro.service"],
        ["systemctl", "stop", "lab@*.service"],
    ]


def test_a_unit_of_somebody_else_is_not_overwritten(
    units: Path, scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names it."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "is_dir", lambda _path: True)
    scope.units.mkdir(parents=True)
    (scope.units / "lab.service").write_text("[Service]\n")
    with pytest.raises(UnitsError, match=f"in the way: {tmp_path}/etc/systemd/lab.service"):
        install_plan(units, scope).check()


def test_only_what_was_written_is_removed(units: Path, scope: Scope) -> None:
    """An earlier version's units too; others' files, and drop-ins, stay."""
    install(units, scope)
    (scope.units / "old.service").write_text(MARK)
    (scope.units / "other.service").write_text("[Service]\n")
    plan = uninstall_plan(units, scope)
    assert plan.before == [
        ["systemctl", "disable", "--now", "lab.service", "old.service"],
        ["systemctl", "stop", "lab@*.service"],
    ]
    plan.before = plan.then = []
    plan.run()
    assert [path.name for path in scope.units.iterdir()] == ["other.service"]
    assert list((scope.users or Path()).iterdir()) == []
    assert plan.after == ["Your data stays: /var/lib/lab"]
    assert uninstall_plan(units, scope).lines() == ["Nothing is installed, and nothing is to be done."]


def test_without_systemd_the_remedy_is_said(units: Path, scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """WSL2 has it turned off at first."""
    monkeypatch.setattr(Path, "is_dir", lambda _path: False)
    with pytest.raises(UnitsError, match=r"systemd=true into /etc/wsl\.conf"):
        install_plan(units, scope).check()


def test_the_systems_services_need_root(units: Path, scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one's own do not."""
    monkeypatch.setattr(Path, "is_dir", lambda _path: True)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnitsError, match="--user for your own"):
        install_plan(units, scope).check()


def test_a_command_that_fails_is_said_with_its_words(units: Path, scope: Scope) -> None:
    """What systemctl complains of is what the user must see."""
    plan = install_plan(units, scope)
    plan.then = [["sh", "-c", "echo port 15000 is taken >&2; exit 3"]]
    with pytest.raises(UnitsError, match="ended with 3: port 15000 is taken"):
        plan.run()
