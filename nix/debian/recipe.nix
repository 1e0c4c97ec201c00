# The files from which this base builds an environment: its own that derivations read, and the fetch step.
{ lock, pin }:
import ../shared/recipe.nix {
  base = "debian";
  inherit lock;
  locks = [
    "files.json"
    "pyproject.toml"
    "torch-cpu.json"
  ];
  files = [
    {
      at = "nix/debian";
      path = ./.;
      wanted =
        relative:
        # Of images and units, which no recipe makes.
        builtins.match "image.*|docker-build-step|(build/)?units\\.(nix|py)" relative == null;
    }
  ]
  ++ (
    if toString pin == toString ./system.json then
      [ ]
    else
      [
        # What stood in for the pin.
        {
          at = "pin";
          path = dirOf (/. + pin);
          wanted = name: name == baseNameOf pin;
        }
      ]
  );
}
