"""The door: MLflow's pages at `<base_url>mlflow/`, inside of JupyterLab's address and behind its login.

JupyterHub, Kubeflow and an SSH tunnel give a person one port. What comes in here is asked of MLflow with the lab's own
login, streamed both ways. Programs use MLflow's port as before.

A page of the door can do what JupyterLab's own page can, such as run a cell. So the pages are those of this
environment's MLflow, whichever server it is that they show; nothing but their own scripts runs in them (`pages`); and
whatever a server answers is data, which no browser executes (`headers`).
"""
