# A file that ./fetch.py adds to the store under exactly this name and hash. If it is not there, Nix "builds" it, and
# the builder (Nix's own downloader: a sandbox may hold no shell) can only say what is missing and who brings it.
{
  name,
  hash,
  mode ? "flat",
  ...
}:
derivation {
  inherit name;
  system = "builtin";
  builder = "builtin:fetchurl";
  url = "${name} is not in the Nix store yet. Run ./quickstart, or python3 nix/debian/fetch.py, and try again";
  outputHashMode = mode;
  outputHashAlgo = "sha256";
  outputHash = hash;
  preferLocalBuild = true;
  allowSubstitutes = false;
}
