"""`%pip install` in a notebook, though the environment is read-only."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import kernels
import pytest
import servers

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Started


def wheel(folder: Path, name: str, version: str) -> Path:
    """Make a wheel with one module, so that no test needs the network."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


@pytest.fixture(scope="module")
def small_lab(tmp_path_factory: pytest.TempPathFactory):
    """Run JupyterLab alone: MLflow has no part in this."""
    with servers.lab(tmp_path_factory.mktemp("overlay lab"), MLFLOW_TRACKING_URI="http://127.0.0.1:9") as server:
        yield server


def test_pip_install_is_importable_at_once_and_after_a_restart(small_lab: Started, tmp_path: Path) -> None:
    """A package goes beside the notebooks, is there at once, after a restart, and in the run's record."""
    with kernels.kernel(small_lab) as kernel:
        wheel(tmp_path, "overlaid_one", "1.0")
        kernel.run(f"%pip install --no-index --no-deps --find-links '{tmp_path}' overlaid_one")
        assert kernel.run("import overlaid_one; print(overlaid_one.version)") == "1.0\n"
        assert str(small_lab.root_dir / ".jupyter-utils") in kernel.run("print(overlaid_one.__file__)")
        kernel.restart()
        assert kernel.run("import overlaid_one; print(overlaid_one.version)") == "1.0\n"
        record = kernel.run("from jupyter_utils.kernels.overlay import overlay_packages; print(overlay_packages())")
        assert "('overlaid_one', '1.0')" in record
        listed = kernel.run("%pip list")
        assert "overlaid_one" in listed
        assert "jupyterlab" in listed
        sources = kernel.run(
            "from jupyter_utils.kernels.overlay import Overlay;"
            "print([(one.name, one.file, one.exact) for one in Overlay.of_environment().sources()])"
        )
        assert "('overlaid_one', 'overlaid_one-1.0-py3-none-any.whl', True)" in sources
        kernel.run("%pip uninstall overlaid_one")
        assert "overlaid_one" not in kernel.run("print(overlay_packages())")


def test_pip_after_an_exclamation_mark_goes_to_the_overlay(small_lab: Started, tmp_path: Path) -> None:
    """`!pip install` and `pip` in a terminal do what `%pip` does, and the running kernel sees it in its next cell."""
    with kernels.kernel(small_lab) as kernel:
        kernel.run(f"!pip install --no-index --no-deps '{wheel(tmp_path, 'overlaid_two', '2.0')}'")
        assert kernel.run("import overlaid_two; print(overlaid_two.version)") == "2.0\n"
        assert kernel.run("!python -c 'import overlaid_two, numpy; print(overlaid_two.version)'").strip() == "2.0"


def test_a_notebook_called_pip_does_not_stand_in_its_way(small_lab: Started, tmp_path: Path) -> None:
    """Its twin, pip.py, lies in the folder where pip runs; and a twin that does hide a package is named."""
    folder = small_lab.root_dir / "twins"
    folder.mkdir()
    (folder / "pip.py").write_text("print('not pip')\n")
    with kernels.kernel(small_lab, "twins/pip.ipynb") as kernel:
        text = kernel.run(f"%pip install --no-index --no-deps '{wheel(tmp_path, 'overlaid_four', '4.0')}'")
        assert "Successfully installed overlaid-four-4.0" in text
        assert "hides" not in text
        assert "overlaid_four" in kernel.run("!pip list")
        (folder / "lightgbm.py").touch()
        assert "lightgbm.py beside your notebook hides the package lightgbm" in kernel.run("1")
        assert kernel.run("2") == "2"


def test_what_the_environment_has_is_not_installed_again(small_lab: Started) -> None:
    """Pip takes the environment's packages for granted."""
    with kernels.kernel(small_lab) as kernel:
        assert "Requirement already satisfied: numpy" in kernel.run("%pip install --no-index numpy")


def test_a_package_in_place_of_the_environments_is_named(small_lab: Started, tmp_path: Path) -> None:
    """Another version of what the environment has is taken, as asked for, but never without a word."""
    with kernels.kernel(small_lab) as kernel:
        text = kernel.run(f"%pip install --no-index --no-deps '{wheel(tmp_path, 'tqdm', '99.0')}'")
        assert "Note: tqdm 99.0 (the environment has 4." in text
        kernel.restart()
        assert kernel.run("import tqdm; print(tqdm.version)") == "99.0\n"
        kernel.run("%pip uninstall tqdm")
        kernel.restart()
        assert kernel.run("import tqdm; print(tqdm.__version__[:2])") == "4.\n"


def test_a_broken_overlay_does_not_break_the_kernel(small_lab: Started) -> None:
    """With an overlay that is a mere file, cells run; only %pip says what is wrong."""
    folder = small_lab.root_dir / ".jupyter-utils"
    aside = folder.rename(small_lab.root_dir / "aside") if folder.exists() else None
    folder.write_text("not a folder")
    try:
        with kernels.kernel(small_lab) as kernel:
            assert kernel.run("print(6 * 7)") == "42\n"
            assert "cannot be made" in kernel.run("%pip install anything")
    finally:
        folder.unlink()
        if aside:
            aside.rename(folder)


def test_an_overlay_of_another_environment_is_fitted_to_this_one(small_lab: Started, tmp_path: Path) -> None:
    """After an update the environment lies elsewhere; what the user installed is still there."""
    with kernels.kernel(small_lab) as kernel:
        kernel.run(f"%pip install --no-index --no-deps '{wheel(tmp_path, 'overlaid_three', '3.0')}'")
        overlay = small_lab.root_dir / ".jupyter-utils" / "overlay"
        (overlay / "environment").write_text("/nix/store/an-older-one\n")
        (overlay / "bin" / "python").unlink()
        (overlay / "bin" / "python").symlink_to("/nix/store/an-older-one/bin/python")
        assert "overlaid_three" in kernel.run("%pip list")


@pytest.mark.parametrize("how", ["from a clone", "of nobody we know"])
def test_pip_on_an_overlay_that_is_not_this_labs(how: str, small_lab: Started, tmp_path: Path) -> None:
    """One line with the remedy, in a cell and in a terminal: nothing is installed, there or elsewhere."""
    overlay = small_lab.root_dir / ".jupyter-utils" / "overlay"
    packages = overlay / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    git = ["git", "-C", str(small_lab.root_dir)]
    trace = tmp_path / "ran"
    if overlay.exists():
        shutil.rmtree(overlay)
    with kernels.kernel(small_lab) as kernel:
        kernel.run("1 + 1")
        # It comes while the kernel runs, as by a pull.
        (overlay / "bin").mkdir(parents=True)
        packages.mkdir(parents=True)
        (packages / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(trace)!r}).write_text('pth')\n")
        (overlay / "bin" / "python").write_text(f"#!/bin/sh\necho python >{trace}\n")
        (overlay / "bin" / "python").chmod(0o755)
        if how == "from a clone":
            subprocess.run([*git, "init", "-q"], check=True)
            subprocess.run([*git, "add", "-f", ".jupyter-utils/overlay"], check=True)
        before = sorted(overlay.rglob("*"))
        try:
            for running in (0, 1):
                for command in ("%pip install", "!pip install"):
                    said = kernel.run(f"{command} --no-index --no-deps '{wheel(tmp_path, 'overlaid_four', '1.0')}'")
                    assert len(said.strip().splitlines()) == 1, said
                    assert f"The overlay {overlay} is not used, nor is %pip" in said
                    assert ("git rm -r --cached" if how == "from a clone" else "Restart the lab") in said
                if not running:
                    kernel.restart()
            assert "overlaid_four" not in kernel.run("%pip list")
            assert sorted(overlay.rglob("*")) == before
            assert not trace.exists()
        finally:
            shutil.rmtree(overlay)
            shutil.rmtree(small_lab.root_dir / ".git", ignore_errors=True)
