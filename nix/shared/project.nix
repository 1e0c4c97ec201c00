# What python/pyproject.toml says of jupyter_utils, which is the one place for its version, description and licence.
let
  inherit ((builtins.fromTOML (builtins.readFile ../../python/pyproject.toml)).tool) poetry;
in
{
  inherit (poetry) name version description;
  # As `meta.license` has it. Ours alone: each package in an environment or an image has a licence of its own.
  license = {
    spdxId = poetry.license;
    free = true;
  };
}
