"""Figures show Japanese, whatever the style: the environment's matplotlib finds the font last in every list."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

PATCH = Path(__file__).parents[2] / "nix" / "shared" / "patch_matplotlib.py"
DRAW = """
import io, logging, sys, warnings
warnings.simplefilter("error")
logging.basicConfig(level=logging.WARNING, format="LOGGED %(name)s %(message)s", stream=sys.stdout)
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt

def drawn(name, *forms):
    figure, axes = plt.subplots(figsize=(2, 2), dpi=50)
    axes.plot([-1, 1], [-1, 1], label="損失、訓練ー")
    axes.set_title("精度と損失 カタカナ ｶﾅ 龍 ①")
    axes.set_xlabel("損失 $x^2 = -1$ の推移")
    axes.set_ylabel(r"$\\mathrm{精度}_{検証}$")
    axes.legend(prop={"family": "monospace"})
    for form in forms or ("png",):
        try:
            figure.savefig(io.BytesIO(), format=form)
        except Exception as error:
            print("WRONG", name, form, error)
    plt.close(figure)

for style in ["default", *plt.style.available]:
    with plt.style.context(style):
        drawn(style)
for family in ("serif", "sans-serif", "monospace", "DejaVu Serif", ["STIXGeneral"]):
    for weight in ("normal", "bold"):
        plt.rcParams["font.family"], plt.rcParams["font.weight"] = family, weight
        drawn(family, "png", "svg", "pdf", "ps")
plt.rcdefaults()
for fonts in ("dejavusans", "dejavuserif", "stix", "stixsans", "cm"):
    plt.rcParams["mathtext.fontset"] = fonts
    drawn(fonts)
plt.rcdefaults()
plt.rcParams["font.sans-serif"] = ["DejaVu Serif"]
drawn("sans-serif of the user's own")
from matplotlib import font_manager
found = font_manager.fontManager._find_fonts_by_props(font_manager.FontProperties(family=["sans-serif"]))
assert [str(path).rpartition("/")[2] for path in found] == ["DejaVuSerif.ttf", "ipaexg.ttf"], found
print("drawn")
"""


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that holds a matplotlib as the environments have it: its release, with the patch of this tree."""
    folder = tmp_path_factory.mktemp("patched")
    source = Path(mpl.__file__).parent
    shutil.copytree(source, folder / "matplotlib", ignore=shutil.ignore_patterns("tests", "sample_data", "__pycache__"))
    for path in (folder / "matplotlib").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for name in ("font_manager.py", "_mathtext.py"):
        module = folder / "matplotlib" / name
        module.write_text(module.read_text().partition("\n\n# ---- added to matplotlib")[0])
    font = folder / "ipaexg.ttf"
    shutil.copyfile(source / "mpl-data" / "fonts" / "ttf" / "ipaexg.ttf", font)
    (folder / "matplotlib" / "mpl-data" / "fonts" / "ttf" / "ipaexg.ttf").unlink()
    rc = folder / "matplotlib" / "mpl-data" / "matplotlibrc"
    rc.write_text(rc.read_text().replace("#font.family:  DejaVu Sans, IPAexGothic", "#font.family:  sans-serif"))
    subprocess.run([sys.executable, PATCH, folder], env=os.environ | {"font": str(font)}, check=True)
    return folder


def test_no_boxes_in_any_style(patched: Path, tmp_path: Path) -> None:
    """In all of its own styles, families, formulas and formats no sign is missing."""
    environment = os.environ | {"PYTHONPATH": str(patched), "MPLCONFIGDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", DRAW], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    said = [line for line in done.stdout.splitlines() if "lyph" in line or line.startswith("WRONG")]
    assert (said, done.returncode) == ([], 0), done.stdout + done.stderr
    assert done.stdout.endswith("drawn\n")
