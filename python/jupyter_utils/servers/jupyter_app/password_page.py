"""JupyterLab's log-in page where users have a password."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.login import LoginFormHandler


class PasswordPage(LoginFormHandler):
    """A page that asks for the password and says nothing of the token, which is for this server's own kernels.

    Jupyter's own page would explain tokens at length, and offer to set another password.
    """

    @property
    def template_namespace(self) -> dict[str, Any]:
        """What the page's template is given."""
        return super().template_namespace | {"token_available": False}
