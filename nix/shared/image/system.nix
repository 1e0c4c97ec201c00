# What makes a system of an environment: the folders, users and files of an image. Each base writes them in its own way.
let
  # One home, whoever one is, root included: SSH looks into passwd and not at $HOME.
  home = "/home/jovyan";
  # A link to the environment, whose own address changes with every build. The Dockerfile knows it, too.
  environment = "/opt/environment";
  # A link to the environment's recipe.
  recipe = "/opt/recipe";
  # Belong to whoever is the user; the entry settles that.
  open.mode = "0777";
in
{
  inherit home environment recipe;

  # Folders { mode } and files { mode, text } by their path.
  entries = {
    "home/jovyan" = open;
    "opt/jupyter" = open;
    "opt/mlflow" = open;
    "tmp".mode = "1777";
    "var/tmp".mode = "1777";
    "etc/profile.d/environment.sh" = {
      mode = "0644";
      text = (import ../path.nix).login environment;
    };
    "usr/share/doc/jupyter-utils".mode = "0755";
    "usr/share/doc/jupyter-utils/LICENSE" = {
      mode = "0644";
      text = builtins.readFile ../../../LICENSE;
    };
  };

  # The entry adds a user of another number; without root it can, as is usual, as a member of group 0.
  accounts = {
    "etc/passwd" = {
      mode = "0664";
      root = "root:x:0:0:root:${home}:/bin/bash\n";
      jupyter = "jupyter:x:1000:1000:Jupyter:${home}:/bin/bash\n";
    };
    "etc/group" = {
      mode = "0664";
      root = "root:x:0:\n";
      jupyter = "jupyter:x:1000:\n";
    };
  };
}
