# The last layer of an image: the files that make a system of an environment, for ./image/layer.py to write.
{ system, descriptions }:
environment: recipe:
let
  inherit (system) suite;
  inherit (import ../shared/image/system.nix) entries accounts;
  # What Debian's own file has stays; of its users, root moves into the common home.
  edited =
    name: changes:
    changes
    // {
      inherit (accounts.${name}) mode;
      base = "${system.root}/${name}";
      append = accounts.${name}.jupyter;
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
    URIs: @server@/${uri}
    Suites: ${suites}
    Components: main
    Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
  '';
in
entries
// {
  "nix/store/${builtins.unsafeDiscardStringContext (baseNameOf system.root)}".link = "/";
  # For `apt-get install` in an image that is made from this one: Debian's own servers, and no list of what they have.
  "etc/apt/sources.list.d/debian.sources" = {
    mode = "0644";
    # Debian's own server, as its dpkg knows it.
    server = {
      file = "${system.root}/usr/lib/dpkg/methods/apt/setup";
      pattern = "\\$urn += \"(http://[^\"]+)/debian\"";
    };
    text = builtins.concatStringsSep "\n" [
      (source "debian" "${suite} ${suite}-updates")
      (source "debian-security" "${suite}-security")
    ];
  };
  "etc/apt/apt.conf.d".mode = "0755";
  "etc/apt/preferences.d".mode = "0755";
  "usr/local/bin/conda" = conda;
  "usr/local/bin/mamba" = conda;
  ${builtins.substring 1 (-1) descriptions.environment}.link = environment;
  ${builtins.substring 1 (-1) descriptions.recipe}.link = recipe;
  "etc/passwd" = edited "etc/passwd" {
    replace."root:x:0:0:root:/root:/bin/bash\n" = accounts."etc/passwd".root;
  };
  "etc/group" = edited "etc/group" { };
}
