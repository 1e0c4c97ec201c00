# The last layer of an image: the files that make a system of an environment, for ./image/layer.py to write.
{ system, descriptions }:
environment:
let
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
in
entries
// {
  "nix/store/${builtins.unsafeDiscardStringContext (baseNameOf system.root)}".link = "/";
  ${builtins.substring 1 (-1) descriptions.environment}.link = environment;
  "etc/passwd" = edited "etc/passwd" {
    replace."root:x:0:0:root:/root:/bin/bash\n" = accounts."etc/passwd".root;
  };
  "etc/group" = edited "etc/group" { };
}
