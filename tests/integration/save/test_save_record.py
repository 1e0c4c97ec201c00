"""What a run holds besides the caller's values, and what happens when something fails on the way."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbclient
import nbformat
import pandas as pd
import pytest
from calling import env, write_notebook
from click.testing import CliRunner
from jupyter_utils import errors
from jupyter_utils.cli import main
from jupyter_utils.environments.recipe import own_recipe, read_recipe, why_none
from jupyter_utils.environments.record import built_environment
from jupyter_utils.kernels import overlay
from jupyter_utils.runs.records import conditions
from jupyter_utils.runs.records import provenance as record
from jupyter_utils.tracking import retry, transfer

if TYPE_CHECKING:
    from conftest import Repo, Runs

RECORD = Path(sys.base_prefix, "share", "jupyter-utils", "environment.json")


def save(runs: Runs, repo: Repo, **arguments: Any) -> Any:
    return runs.get(runs.save(experiment_name="record", notebook=repo.notebook, **arguments).run_id)


def test_nothing_heavy_is_imported() -> None:
    """Neither the package nor `save` brings in what only some of the users' values need."""
    heavy = ["torch", "transformers", "mlflow", "pandas", "sklearn", "lightgbm", "numpy", "pyarrow"]
    code = f"import sys, jupyter_utils, jupyter_utils.runs.save; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], env=env(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_saving_text_imports_no_library_of_other_kinds(runs: Runs, repo: Repo) -> None:
    """A call with text alone does not wait for torch or transformers."""
    code = (
        "import sys, jupyter_utils as j;"
        "j.save_mlflow('e', mlf_uri=sys.argv[1], notebook=sys.argv[2], dataset={'a': 'x'});"
        "print([m for m in ('torch', 'transformers', 'lightgbm') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, runs.uri, repo.notebook]
    assert subprocess.run(command, env=env(), capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_datasets_are_inputs(runs: Runs, repo: Repo) -> None:
    """MLflow's page shows which runs used the same data: equal data, equal digest."""
    frame = pd.DataFrame({"text": ["猫"]})
    first = save(runs, repo, dataset={"train.csv": frame, "val.csv": frame, "other.txt": "x"})
    second = save(runs, repo, dataset={"train.csv": frame.copy(), "val.csv": pd.concat([frame, frame])})
    digests = [{one.dataset.name: one.dataset.digest for one in run.inputs.dataset_inputs} for run in (first, second)]
    assert digests[0]["train.csv"] == digests[1]["train.csv"]
    assert digests[0]["val.csv"] != digests[1]["val.csv"]
    contexts = {one.dataset.name: one.tags[0].value for one in first.inputs.dataset_inputs}
    assert contexts == {"train.csv": "training", "val.csv": "validation", "other.txt": "dataset"}


def test_environment(runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run names Python and, where it was told, the image; packages on top of the lock mark a drift."""
    monkeypatch.setenv("JUPYTER_UTILS_IMAGE_DIGEST", "sha256:abc")
    monkeypatch.setattr(overlay, "overlay_packages", lambda: [("extra", "1.0"), ("more", "2")])
    tags = save(runs, repo).data.tags
    assert tags["jupyter_utils.python"] == ".".join(map(str, sys.version_info[:3]))
    assert (tags["jupyter_utils.image"], tags["jupyter_utils.overlay"]) == ("sha256:abc", "extra==1.0, more==2")
    assert tags["jupyter_utils.drifted"] == "true"
    monkeypatch.setattr(overlay, "overlay_packages", list)
    assert "jupyter_utils.drifted" not in save(runs, repo).data.tags


def test_built_environment(runs: Runs, repo: Repo) -> None:
    """The run names the lock, the base's own release, and the store path, which says whether another is the same."""
    if not RECORD.exists():
        pytest.skip("not run by the built environment's Python (./check does)")
    tags = save(runs, repo).data.tags
    built = json.loads(RECORD.read_text())
    lock = Path(__file__).parents[3] / "python" / "poetry.lock"
    assert tags["jupyter_utils.lock"] == hashlib.sha256(lock.read_bytes()).hexdigest()
    for name in ("base", "variant", "system"):
        assert tags[f"jupyter_utils.{name}"] == built[name]
    assert tags["jupyter_utils.store_path"] == str(Path(sys.base_prefix).resolve())


def test_recipe_of_the_environment(runs: Runs, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run keeps it and names the environment; `environment show RUN` tells of it, of a run that waits as well."""
    own = own_recipe(built_environment())
    if own is None:
        pytest.skip(f"no recipe here: {why_none(built_environment())}")
    run = save(runs, repo)
    assert run.data.tags["jupyter_utils.environment"] == own.name
    kept = runs.file(run.info.run_id, "jupyter_utils/recipe.tar.gz", tmp_path).read_bytes()
    assert read_recipe(kept, "the run's").fits(own.name)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", runs.uri)
    shown = CliRunner().invoke(main, ["environment", "show", run.info.run_id], catch_exceptions=False)
    assert shown.exit_code == 0, shown.output
    assert dict(line.split(maxsplit=1) for line in shown.output.splitlines())["name"] == own.name


def test_the_machine_and_what_was_fixed(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Bit equality needs the same of these: the run holds them all, and its page shows the decisive ones."""
    code = (
        "import sys, torch, jupyter_utils as j; torch.set_num_threads(1); j.fix_seeds(7, deterministic=True);"
        "print(j.save_mlflow('e', mlf_uri=sys.argv[1], notebook=sys.argv[2]).run_id)"
    )
    command = [sys.executable, "-c", code, runs.uri, repo.notebook]
    told = env(OMP_NUM_THREADS="2", PYTHONHASHSEED="0")
    run = runs.get(subprocess.run(command, env=told, capture_output=True, text=True, check=True).stdout.strip())
    assert (run.data.tags["jupyter_utils.seed"], run.data.tags["jupyter_utils.deterministic"]) == ("7", "true")
    assert run.data.tags["jupyter_utils.processor"]
    found = json.loads(runs.file(run.info.run_id, "jupyter_utils/machine.json", tmp_path).read_text())
    assert (found["torch"]["threads"], found["torch"]["deterministic"]) == (1, True)
    assert found["variables"]["OMP_NUM_THREADS"] == "2"
    assert found["variables"]["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert found["hash_randomization"] is False
    assert found["seeds"] == {"seed": 7, "deterministic": True, "seeded": ["random", "numpy", "torch"], "left": []}


def test_a_machine_that_cannot_be_described(runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs the record of it, which the run says, and never the run."""

    def fail() -> None:
        raise RuntimeError("no such counter")

    monkeypatch.setattr(conditions, "hardware", fail)
    tags = save(runs, repo).data.tags
    assert tags["jupyter_utils.unrecorded"] == "machine: RuntimeError: no such counter"
    assert "jupyter_utils.processor" not in tags


@pytest.mark.parametrize("text", ["", "[]", '{"lock": '], ids=["empty", "list", "torn"])
def test_environment_with_a_broken_record(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no record costs its tags, never the run; a virtual environment has the one of its base."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "base"))
    file = tmp_path / "base" / "share" / "jupyter-utils" / "environment.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert "jupyter_utils.lock" not in record.environment_tags()
    file.write_text('{"lock": "abc", "base": "debian"}')
    assert record.environment_tags()["jupyter_utils.lock"] == "abc"


def test_long_values_are_stored_whole(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """What MLflow would cut without a word is cut with a mark, named in a tag, and whole among the artifacts."""
    description = "説明" * 5000
    run = save(runs, repo, params={"long": "長" * 6001, "fits": "x" * 6000}, description=description)
    assert run.data.params["fits"] == "x" * 6000
    assert "cut" in run.data.params["long"]
    assert json.loads(run.data.tags["jupyter_utils.long_params"]) == ["long"]
    whole = json.loads(runs.file(run.info.run_id, "jupyter_utils/long_params.json", tmp_path).read_text())
    assert whole == {"long": "長" * 6001}
    assert len(run.data.tags["mlflow.note.content"]) == 8000
    assert runs.file(run.info.run_id, "jupyter_utils/description.md", tmp_path).read_text() == description


def test_many_long_params(runs: Runs, repo: Repo) -> None:
    """Params that together are larger than one request of MLflow's may be are sent in several."""
    params = {f"p{number}": "あ" * 5000 for number in range(90)}
    assert save(runs, repo, params=params).data.params == params


def test_manifest(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """The manifest says what became of each value."""
    run = save(runs, repo, dataset={"a.parquet": pd.DataFrame({"x": [1]})})
    manifest = json.loads(runs.file(run.info.run_id, "jupyter_utils/manifest.json", tmp_path).read_text())
    (one,) = manifest["artifacts"]
    assert (one["path"], one["kind"], one["format"]) == ("dataset/a.parquet", "pandas.DataFrame", "parquet")
    assert one["details"]["dtypes"] == ["int64"]


@pytest.mark.parametrize("error", [OSError("line cut"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_failure_while_sending(error: BaseException, runs: Runs, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that did not become whole is not finished; the call is committed, kept, and sent by the next one."""
    before = runs.count("record")

    def fail(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setenv("JUPYTER_UTILS_LOCAL_ARTIFACTS", "off")
        patched.setattr(transfer, "put", fail)
        patched.setattr(retry, "LONGEST_WAIT", 0.01)
        if isinstance(error, OSError):
            result = runs.save(experiment_name="record", notebook=repo.notebook, dataset={"a.txt": "x"})
            assert (result.run_id, result.url, result.is_stored) == (None, None, False)
            assert result.commit == repo.git("rev-parse", "HEAD")
            assert any("line cut" in warning for warning in result.warnings)
            assert "will be sent later" in repr(result)
            assert str(result.entry) in result._repr_html_()
        else:
            with pytest.raises(KeyboardInterrupt) as caught:
                save(runs, repo, dataset={"a.txt": "x"})
            notes = "".join(caught.value.__notes__)
            assert repo.git("rev-parse", "HEAD") in notes
            assert "jupyter-utils sync" in notes
    experiment = runs.client.get_experiment_by_name("record").experiment_id
    begun = runs.client.search_runs([experiment], order_by=["start_time DESC"], max_results=1)[0]
    assert begun.info.status == "RUNNING"
    save(runs, repo)
    assert runs.count("record") == before + 2
    assert runs.get(begun.info.run_id).info.status == "FINISHED"
    assert "dataset/a.txt" in runs.files(begun.info.run_id, "dataset")


def test_failure_while_writing(runs: Runs, repo: Repo) -> None:
    """A value that cannot be written is named, and costs no other: the run has them, and its commit."""
    before = runs.count("record")
    with pytest.raises(errors.PartlySavedError, match=r"dataset\['x.parquet'\]") as caught:
        save(runs, repo, dataset={"x.parquet": pd.DataFrame({"a": [1, "x", object]}), "b.txt": "b"})
    assert runs.count("record") == before + 1
    result = caught.value.result
    assert result.commit == repo.git("rev-parse", "HEAD")
    assert runs.files(result.run_id, "dataset") == ["dataset/b.txt"]


def test_hostile_names_survive(runs: Runs, repo: Repo, tmp_path: Path) -> None:
    """Names that are allowed arrive as they are, whatever characters they hold."""
    names = [
        "a b",
        "日本語 データ.csv",
        "a&b=c;d",
        "a+b@c",
        "'q\"",
        "[1]{2}(3)",
        "..x",
        "-m",
        "~x",
        "c:x",
        "日本:X",
        "e\u0301",
        "😀",
        "a\u2028b",
    ]
    result = runs.save(
        experiment_name="record", notebook=repo.notebook, dataset={f"{n}/{name}": name for n, name in enumerate(names)}
    )
    stored = runs.files(result.run_id, "dataset")
    assert sorted(stored) == sorted(f"dataset/{n}/{name}" for n, name in enumerate(names))
    for file in stored:
        assert runs.file(result.run_id, file, tmp_path).read_text() == file.split("/")[-1]


SLOW = """
import time, jupyter_utils
class Slow(str): pass
def write(value, path):
    time.sleep(0.5)
    path.write_text(value)
jupyter_utils.register_writer(Slow, write)
r = jupyter_utils.save_mlflow('progress', do_commit=False, dataset={f'{n}.txt': Slow(n) for n in range(3)})
"""


def test_progress(runs: Runs, tmp_path: Path) -> None:
    """Work that takes longer than a moment shows a bar: a widget in a notebook, text elsewhere."""
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    settings = env(MLFLOW_TRACKING_URI=runs.uri)
    done = subprocess.run([sys.executable, script], env=settings, capture_output=True, text=True, check=True)
    assert "Writing artifacts" in done.stderr
    notebook = nbformat.read(write_notebook(tmp_path / "slow.ipynb", SLOW), 4)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output.data for output in notebook.cells[0].outputs if output.output_type == "display_data"]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)
    assert not any(output.get("name") == "stderr" for output in notebook.cells[0].outputs), "no bar in text as well"
