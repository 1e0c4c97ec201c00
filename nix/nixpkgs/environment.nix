# A Python environment of the lock, by poetry2nix. All that we ask of poetry2nix stands here and in ./overrides.nix.
{
  pkgs,
  poetry2nix,
  lock,
}:
{
  name,
  variant, # "cpu" or "cuda"
  groups, # of python/pyproject.toml
  description,
  extraPackages ? _packages: [ ],
}:
let
  inherit (pkgs) lib;
  # Not nixpkgs' default python3, which moves; the lock is for this one.
  interpreter = pkgs.python311;
  source = import ../shared/source.nix;
  overrides = import ./overrides.nix {
    inherit
      pkgs
      lock
      variant
      interpreter
      ;
  };

  # What buildEnv would leave out without a word is refused; what the lock has for another variant is null.
  extra = map (
    package:
    if application.python.pkgs.hasPythonModule package then
      package
    else
      throw "extraPackages: ${
        package.name or (toString package)
      } is no package of ${interpreter.libPrefix}. Take Python packages from the function's argument, as in packages: [ packages.pygraphviz ]; programs belong into a shell of your own."
  ) (builtins.filter (package: package != null) (extraPackages application.python.pkgs));
  application = poetry2nix.mkPoetryApplication {
    projectDir = lock;
    src = builtins.path {
      inherit (source) name path;
      filter =
        path: _type:
        source.wanted (builtins.substring (builtins.stringLength (toString source.path) + 1) (-1) path);
    };
    python = interpreter;
    # The default overrides are for source distributions and break on wheels.
    overrides = poetry2nix.overrides.withoutDefaults overrides;
    preferWheels = true;
    checkGroups = [ ];
    # ../development/checks.nix runs the tests, in the whole environment.
    doCheck = false;
    # Wheels' metadata may name a release that Nix has in another spelling; the lock has settled that already.
    dontCheckRuntimeDeps = true;
    inherit groups;
    meta.mainProgram = "jupyter-utils";
  };
  # Taken into the environment only as a Python module: everything else is left out without a word.
  record = application.python.pkgs.toPythonModule (
    pkgs.writeTextDir "share/jupyter-utils/environment.json" (
      builtins.toJSON (
        {
          base = "nixpkgs";
          inherit variant groups;
          lock = builtins.hashFile "sha256" (lock + "/poetry.lock");
          system = lib.trivial.release or "unknown";
        }
        # Packages of a function, which no recipe holds.
        // lib.optionalAttrs (extra != [ ]) {
          extra = map (package: package.name or (toString package)) extra;
        }
      )
    )
  );
  merged = application.python.buildEnv.override {
    extraLibs = [
      application
      record
    ]
    ++ extra;
    # pip's refusal names our remedies instead of nixpkgs' own.
    postBuild = ''
      rm -f $out/lib/${interpreter.libPrefix}/EXTERNALLY-MANAGED
      cp ${../shared/externally-managed} $out/lib/${interpreter.libPrefix}/EXTERNALLY-MANAGED
    '';
  };
in
merged.overrideAttrs (old: {
  inherit name;
  passthru = (old.passthru or { }) // {
    jupyter-utils = application;
    inherit variant;
  };
  meta = {
    inherit description;
    mainProgram = "python3";
    platforms = [ "x86_64-linux" ];
  };
})
