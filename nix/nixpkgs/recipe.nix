# The files from which this base builds an environment. The flake's lock names nixpkgs and poetry2nix; where another flake
# has this one as an input and lets it follow its own nixpkgs, or adds packages by functions, that flake is needed, too.
{ lock }:
import ../shared/recipe.nix {
  base = "nixpkgs";
  inherit lock;
  locks = [
    "files.json"
    "poetry.lock"
    "pyproject.toml"
    "torch-cpu.json"
  ];
  files = [
    {
      at = ".";
      path = ../../.;
      wanted =
        name:
        builtins.elem name [
          "flake.lock"
          "flake.nix"
        ];
    }
    {
      at = "nix/flake";
      path = ../flake;
      wanted = name: name == "lib.nix";
    }
    {
      at = "nix/nixpkgs";
      path = ./.;
      # Of images, which no recipe makes.
      wanted = name: name != "images.nix";
    }
  ];
}
