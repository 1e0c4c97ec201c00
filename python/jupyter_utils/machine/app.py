"""The name of this program in folders of the user's: a module of its own, so that a health check reads no settings."""

APP = "jupyter-utils"
