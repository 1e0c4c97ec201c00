# The last layer of an image: the files that make a system of an environment, for ./image/layer.py to write.
{ system, descriptions }:
environment:
let
  inherit (builtins.fromJSON (builtins.readFile ./system.json)) suite;
  open.mode = "0777";
  edited =
    mode: file: changes:
    changes
    // {
      inherit mode;
      base = "${system.root}/${file}";
    };
  # What people call who come from other images, and what they find instead.
  conda = {
    mode = "0755";
    text = ''
      #!/bin/sh
      cat >&2 <<END
      This image has no ''${0##*/}: its environment is read-only, so that a run can be repeated with it.
      In a notebook, %pip install NAME puts a package into the overlay beside the notebooks.
      For good, add it to python/pyproject.toml and run python3 python/lock.py (README, "Packages").
      END
      exit 127
    '';
  };
  source = uri: suites: ''
    Types: deb
    URIs: http://debian.example.org/${uri}
    Suites: ${suites}
    Components: main
    Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
  '';
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
  # For `apt-get install` in an image that is made from this one: Debian's own servers, and no list of what they have.
  "etc/apt/sources.list.d/debian.sources" = {
    mode = "0644";
    text = builtins.concatStringsSep "\n" [
      (source "debian" "${suite} ${suite}-updates")
      (source "debian-security" "${suite}-security")
    ];
  };
  "etc/apt/apt.conf.d".mode = "0755";
  "etc/apt/preferences.d".mode = "0755";
  "usr/local/bin/conda" = conda;
  "usr/local/bin/mamba" = conda;
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
