"""`jupyter-utils environment`: which environment this is, building it again, archives of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .help import WholeHelp

if TYPE_CHECKING:
    from jupyter_utils.environments.overlay_record import Package
    from jupyter_utils.environments.recipe import Recipe
    from jupyter_utils.runs.sources import Source

# Whatever a command needs is imported when it runs: `--help` and completion must not wait for it.

_LINK = click.option(
    "--out-link",
    "link",
    type=click.Path(path_type=Path),
    help="A link to it, which keeps Nix from collecting it as garbage.",
)


@click.group(cls=WholeHelp)
def environment() -> None:
    """Say which environment this is or a run had, build it again, archive and restore it."""


@environment.command()
@click.argument("run", required=False)
def show(run: str | None) -> None:
    """Show this environment, or the one in which RUN (its id, first digits or page in MLflow) was made."""
    from jupyter_utils.environments.showing import rows, this_environment
    from jupyter_utils.runs.records.provenance import environment_tags

    tags = _run(run).describe().tags if run else this_environment(environment_tags())
    for name, value in rows(tags):
        click.echo(f"{name:12}{value}")


@environment.command()
@click.argument("source", metavar="RUN|RECIPE")
@_LINK
@click.option(
    "--overlay",
    type=click.Path(path_type=Path),
    help="A new folder for what %pip had added to the run's environment: the same files, on top of it.",
)
@click.option("--wheels", type=click.Path(path_type=Path), help="A folder in which files for --overlay are looked for.")
@click.option("--trust", is_flag=True, help="Do not ask: building and installing run code of whoever made the run.")
def build(source: str, link: Path | None, overlay: Path | None, wheels: Path | None, *, trust: bool) -> None:
    """Build the environment of a run, or of a recipe (a file), and say whether it is the same. Exit code 1 if not."""
    from jupyter_utils.environments.building import unpacked
    from jupyter_utils.environments.nix import found_nix, is_valid

    recipe, tags, where = _recipe(source)
    store_path, variant = (tags.get(f"jupyter_utils.{name}", "") for name in ("store_path", "variant"))
    if found_nix() is None:
        click.echo(f"There is no Nix here. On a host where ./quickstart of this project has run:\n{_on_host(source)}")
        sys.exit(1)
    _ask(recipe, where, trust=trust)
    packages = _added(source, tags)
    if packages and overlay:
        _ask_for(packages, where, trust=trust)
    with unpacked(recipe) as found:
        output = found.output(store_path, variant)
        path = found.paths[output]
        click.echo(f"{recipe.name(variant or 'cpu')}: {output} of the {recipe.base} base, {path}")
        if is_valid(path) and link is None:
            click.echo("It is in the store already.")
        else:
            found.bring(output, link)
            click.echo("It is built.")
        _bring_overlay(packages, overlay, wheels, Path(path) / "bin" / "python")
        if not store_path:
            return
        if store_path == path:
            click.echo("The same store path as the run's.")
            return
        click.echo(f"Another one than the run's, {store_path}", err=True)
        for line in found.differences(tags):
            click.echo(f"  {line}", err=True)
        if extra := tags.get("jupyter_utils.recipe"):
            click.echo(f"  recipe: {extra}", err=True)
        sys.exit(1)


@environment.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--sources", is_flag=True, help="Also what it is built from: wheels, source distributions.")
def archive(directory: Path, *, sources: bool) -> None:
    """Put this environment into the archive DIRECTORY, a folder that any web server can hand out; print its key."""
    from jupyter_utils.environments import archive as made
    from jupyter_utils.environments.building import sources_of
    from jupyter_utils.environments.recipe import own_recipe, read_recipe, why_none
    from jupyter_utils.environments.record import built_environment
    from jupyter_utils.errors import ArchiveError

    record = built_environment()
    own = own_recipe(record)
    if record is None or record.store_path is None or own is None:
        raise ArchiveError(f"This environment cannot be archived: {why_none(record)}.")
    recipe = read_recipe(own.archive.read_bytes(), str(own.archive))
    more = sources_of(recipe, own.output) if sources else []
    made.archive(directory, made.Archived(own.name, record.store_path, str(own.archive.parent)), more)
    click.echo(f"{own.name} is in {directory}: {record.store_path}")
    click.echo(f"Who restores it needs this key:\n{made.public_key()}")
    click.echo(f"For ./quickstart elsewhere:\nENVIRONMENTS='{directory.absolute()} {made.public_key()}'")


@environment.command()
@click.argument("source", metavar="DIRECTORY|URL")
@click.argument("name", required=False)
@click.option("--key", help="The public key that `environment archive` printed; default: your own.")
@_LINK
def restore(source: str, name: str | None, key: str | None, link: Path | None) -> None:
    """Copy the environment NAME (or store path; not needed where there is one) from an archive into the Nix store."""
    from jupyter_utils.environments import archive as made
    from jupyter_utils.environments.nix import nix

    one = made.chosen(source, name)
    made.restore(source, one, key or made.public_key())
    if link:
        nix("build", one.store_path, "--out-link", str(link))
    click.echo(f"{one.name} is in the store: {one.store_path}")


def _run(run: str) -> Source:
    from jupyter_utils.runs.sources import find_source, named_run
    from jupyter_utils.servers.environment import use_settings

    use_settings()
    return find_source(named_run(run), None)


def _recipe(source: str) -> tuple[Recipe, dict[str, str], str]:
    """Return a recipe, the tags of its run, and where it came from."""
    from jupyter_utils.environments.recipe import read_recipe
    from jupyter_utils.runs.records.recipe import NAME_TAG, recipe_of

    path = Path(source)
    if path.is_file():
        return read_recipe(path.read_bytes(), source), {}, f"the file {path}"
    run = _run(source)
    tags = run.describe().tags
    place = tags.get("mlflow.user", "somebody")
    return recipe_of(run, tags.get(NAME_TAG, "")), tags, f"the run {source}, made by {place}"


def _ask(recipe: Recipe, where: str, *, trust: bool) -> None:
    """Ask before code of others runs: what this environment or this checkout is made of is none."""
    from jupyter_utils.environments.recipe import own_recipe
    from jupyter_utils.environments.record import built_environment

    own = own_recipe(built_environment())
    if trust or (own and own.digest == recipe.digest) or recipe.is_of(Path.cwd()):
        return
    click.echo(f"The recipe comes from {where}. It is neither this environment's nor this checkout's.", err=True)
    if not sys.stdin.isatty():
        click.echo("Building it runs its code: look at it, then give --trust.", err=True)
        sys.exit(1)
    click.confirm("Building it runs its code. Go on?", abort=True, err=True)


def _added(source: str, tags: dict[str, str]) -> tuple[Package, ...]:
    """Return the packages that `%pip` had added to the environment of a run."""
    from jupyter_utils.environments.overlay_record import read_record
    from jupyter_utils.errors import LoadError
    from jupyter_utils.runs.records.overlay import FILE

    if "jupyter_utils.overlay" not in tags:
        return ()
    try:
        return tuple(read_record(_run(source).text(FILE)))
    except LoadError as error:
        click.echo(f"What %pip had added ({tags['jupyter_utils.overlay']}) is not recorded exactly: {error}", err=True)
        return ()


def _ask_for(packages: tuple[Package, ...], where: str, *, trust: bool) -> None:
    click.echo(f"Packages that {where} had added: {', '.join(map(str, packages))}.", err=True)
    if trust:
        return
    if not sys.stdin.isatty():
        click.echo("Installing them may run their code: look at them, then give --trust.", err=True)
        sys.exit(1)
    click.confirm("Installing them may run their code. Go on?", abort=True, err=True)


def _bring_overlay(packages: tuple[Package, ...], overlay: Path | None, wheels: Path | None, python: Path) -> None:
    """Restore what `%pip` had added, or say how; what is not known exactly is named."""
    from jupyter_utils.environments.overlay import restore_overlay

    if not packages:
        if overlay:
            click.echo("The run's environment had no packages of %pip on top.")
        return
    if overlay is None:
        click.echo(f"%pip had added {', '.join(map(str, packages))}: --overlay FOLDER restores it, too.")
        return
    restored = restore_overlay(packages, overlay, wheels=wheels, python=python)
    click.echo(f"{overlay} has what %pip had added: {', '.join(map(str, restored.installed)) or 'nothing'}")
    for one in restored.left:
        click.echo(f"  not {one}: {one.note}", err=True)


def _on_host(source: str) -> str:
    return f"    .cache/lab/bin/jupyter-utils environment build {source} --out-link environment"
