# What `nix flake check` runs: formatting, lint, the unit tests and those of the environment, in the environment that users get.
{ pkgs, environment }:
let
  source = pkgs.lib.cleanSource ../../.;
  check =
    name: description: inputs: script:
    pkgs.runCommand "check-${name}"
      {
        nativeBuildInputs = [ environment ] ++ inputs;
        meta = { inherit description; };
      }
      ''
        cp -r ${source} source
        chmod -R u+w source
        cd source
        patchShebangs .
        export HOME=$TMPDIR
        ${script}
        touch $out
      '';
in
{
  # ./style.py knows the tools and the files.
  format = check "format" "Python and Nix files are formatted: ruff, nixfmt" [ pkgs.nixfmt ] ''
    python3 nix/development/style.py format format-nix
  '';
  lint =
    check "lint" "Linters find nothing in Python files and shell scripts: ruff, mypy, shellcheck"
      [ pkgs.shellcheck ]
      ''
        python3 nix/development/style.py lint types shell
      '';
  environment =
    check "environment" "The environment is whole, and holds what the lock names" [ pkgs.git ]
      ''
        python3 -m pytest -c python/pyproject.toml --rootdir . -p no:cacheprovider -m 'not full' \
          tests/integration/test_environment.py
      '';
  unit =
    check "unit" "The unit tests pass in the environment that users get" [ pkgs.git pkgs.shellcheck ]
      ''
        python3 -m pytest -c python/pyproject.toml --rootdir . -p no:cacheprovider -m 'not full' tests/unit
      '';
}
