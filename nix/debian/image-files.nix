# The last layer of an image: the files that make a system of an environment, for ./image/layer.py to write.
{ system, descriptions }:
environment:
let
  open.mode = "0777";
  edited =
    mode: file: changes:
    changes
    // {
      inherit mode;
      base = "${system.root}/${file}";
    };
in
{
  "nix/store/${builtins.unsafeDiscardStringContext (baseNameOf system.root)}".link = "/";
  "opt/environment".link = environment;
  # Belong to whoever is the user; the entry settles that.
  "home/jovyan" = open;
  "opt/jupyter" = open;
  "opt/mlflow" = open;
  "tmp".mode = "1777";
  "var/tmp".mode = "1777";
  # The entry adds a user of another number; without root it can, as is usual, as a member of group 0.
  "etc/passwd" = edited "0664" "etc/passwd" {
    # One home for everyone, root included: SSH looks here and not at $HOME.
    replace = {
      "root:x:0:0:root:/root:" = "root:x:0:0:root:/home/jovyan:";
    };
    append = "jupyter:x:1000:1000:Jupyter:/home/jovyan:/bin/bash\n";
  };
  "etc/group" = edited "0664" "etc/group" { append = "jupyter:x:1000:\n"; };
  # Login shells begin with a path of their own.
  "etc/profile.d/environment.sh" = {
    mode = "0644";
    text = ''
      case ":$PATH:" in
        *:${descriptions.environment}/bin:*) ;;
        *) PATH="${descriptions.environment}/bin:$PATH" ;;
      esac
    '';
  };
}
