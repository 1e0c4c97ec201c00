"""JupyterLab's process: JupyterLab with what must not stand on a command line that all users of a machine can read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jupyter_utils.variables import take

TOKEN = "JUPYTER_UTILS_TOKEN"  # noqa: S105 - the name of a variable
PASSWORD_FILE = "JUPYTER_PASSWORD_FILE"  # noqa: S105 - the name of a variable


def secret_arguments() -> list[str]:
    """Arguments that hold secrets; they are taken out of the environment, which notebooks inherit."""
    token = take(TOKEN)
    # JupyterLab's own variables come before arguments of the same meaning.
    os.environ.pop("JUPYTER_TOKEN", None)
    os.environ.pop("JUPYTER_TOKEN_FILE", None)
    arguments = [f"--IdentityProvider.token={token}"]
    if password_file := take(PASSWORD_FILE):
        from jupyter_server.auth.security import passwd  # noqa: PLC0415 - argon2 is slow to import

        password = Path(password_file).read_text(encoding="utf-8").strip()
        hashed = passwd(password)  # type: ignore[no-untyped-call]
        arguments.append(f"--PasswordIdentityProvider.hashed_password={hashed}")
    return arguments


def skip_slow_import() -> None:
    """Spare JupyterLab a grammar that it builds at every start and never uses.

    jsonschema imports `rfc3987_syntax`, if it is there, to check the formats "iri" and "iri-reference", which no schema
    of Jupyter has. Building its grammar took 1.3 of the 3.0 s that JupyterLab took to answer.
    """
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def main() -> None:
    skip_slow_import()
    arguments = [*secret_arguments(), *sys.argv[1:]]

    # It reads the environment.
    from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]  # noqa: PLC0415

    LabApp.launch_instance(arguments)


if __name__ == "__main__":
    main()
