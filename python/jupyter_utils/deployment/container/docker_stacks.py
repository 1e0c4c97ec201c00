"""Names that people bring from the images of jupyter/docker-stacks, and what they are called here.

What is set and does nothing is the worst of answers: each such name gives one line in the log.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_utils.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .user import User

_OWNERS = (
    "a folder that Docker makes for a volume is given to CONTAINER_UID by itself; any other one you give on the host: "
    "sudo chown -R"
)
_NO_NAME = "users have no name of their own here; the home folder is always /home/jovyan, so mount it there"
_ARGUMENTS = "write them after the image's name, or as `command:` in a compose file"
INSTEAD = {
    "NB_UID": "set CONTAINER_UID",
    "NB_GID": "set CONTAINER_GID",
    "NB_USER": _NO_NAME,
    "NB_GROUP": "groups have no name of their own here; set CONTAINER_GID",
    "NB_UMASK": "set the umask in /home/jovyan/.bashrc and .ipython/profile_default/startup/",
    "CHOWN_HOME": _OWNERS,
    "CHOWN_HOME_OPTS": _OWNERS,
    "CHOWN_EXTRA": _OWNERS,
    "CHOWN_EXTRA_OPTS": _OWNERS,
    "GRANT_SUDO": "there is no sudo; set RUN_AS_ROOT=1, or put what you need into an image of your own",
    "NOTEBOOK_ARGS": f"arguments of JupyterLab: {_ARGUMENTS}",
    "JUPYTERHUB_SINGLEUSER_APP": "what runs is always JupyterLab (Notebook 7 is at /tree)",
    "DOCKER_STACKS_JUPYTER_CMD": "what runs is always JupyterLab (Notebook 7 is at /tree)",
    "JUPYTER_ENABLE_LAB": "what runs is always JupyterLab",
    "JUPYTER_ENV_VARS_TO_UNSET": "an image of your own can take them out: "
    'ENTRYPOINT ["/usr/bin/tini", "--", "env", "-u", "NAME", "jupyter-utils", "container"]',
    "GEN_CERT": "no certificate is made; put TLS in front of it, or mount one and give JupyterLab "
    "--ServerApp.certfile=FILE --ServerApp.keyfile=FILE after the image's name",
    "RESTARTABLE": "let Docker start it again: --restart unless-stopped, as docker-compose.yml has it",
}
"""Each name and what to do instead."""
HOOKS = (Path("/usr/local/bin/before-notebook.d"), Path("/usr/local/bin/start-notebook.d"))
_HOOKS_INSTEAD = (
    "hooks are not run; in an image of your own, set an entry that does its work first and then goes on: "
    'ENTRYPOINT ["/usr/bin/tini", "--", "/your-hook.sh"], with exec jupyter-utils container "$@" as its last line'
)
_LABS = {f"start-{kind}{suffix}" for kind in ("notebook", "singleuser") for suffix in (".sh", ".py")}

"""Programs of those images that mean the lab; `start.sh` means what stands after it."""
_OFF = {"no", "0", "false", "off"}


def words_of_ours(words: Sequence[str]) -> list[str]:
    """Return the words after the image's name without the start scripts of docker-stacks.

    >>> words_of_ours(["start.sh", "start-notebook.py", "--ServerApp.x=1"])
    ['lab', '--ServerApp.x=1']
    """
    left = list(words)
    while left and Path(left[0]).name == "start.sh":
        left.pop(0)
    if left and Path(left[0]).name in _LABS:
        left[0] = "lab"
    return left


def remarks(environ: Mapping[str, str], words: Sequence[str], hooks: Sequence[Path] = HOOKS) -> Iterator[str]:
    """Yield a line for each name of docker-stacks that is used and does nothing here."""
    if words and Path(words[0]).name in {"start.sh", *_LABS}:
        ours = " ".join(words_of_ours(words)[:1]) or "nothing"
        yield f"{words[0]} belongs to jupyter/docker-stacks. Here the word for it is {ours}, which is done now."
    # Several of them have the same answer: they share one line.
    answers: dict[str, list[str]] = {}
    for name, instead in INSTEAD.items():
        if environ.get(name, "no").lower() not in _OFF:
            answers.setdefault(instead, []).append(name)
    for instead, names in answers.items():
        what = "a variable" if len(names) == 1 else "variables"
        yield f"{', '.join(names)}: {what} of jupyter/docker-stacks, without effect here; {instead}."
    for folder in hooks:
        found = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        if found:
            yield f"{folder} ({', '.join(found)}) is a folder of jupyter/docker-stacks: {_HOOKS_INSTEAD}."


def check_numbers(environ: Mapping[str, str], user: User) -> None:
    """Refuse NB_UID and NB_GID where files would belong to somebody else than they say.

    Raises:
        SettingsError: the user of this container has another number.

    """
    for name, ours, number in (("NB_UID", "CONTAINER_UID", user.uid), ("NB_GID", "CONTAINER_GID", user.gid)):
        value = environ.get(name, "").strip().strip("\"'")
        if value and value != str(number):
            raise SettingsError(
                f"{name}={value!r} is a variable of jupyter/docker-stacks; here it is {ours}, which is {number}. "
                f"Set {ours}={value} instead of {name}: else files would belong to {number}. Nothing was changed."
            )
