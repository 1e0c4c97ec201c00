# A file that ./fetch.py adds to the store under exactly this name and hash. If it is not there, Nix "builds" it, and
# the builder (Nix's own downloader: a sandbox may hold no shell) can only say what is missing and who brings it.
{
  name,
  hash,
  mode ? "flat",
  # What ./fetch.py is asked for to bring it.
  output ? "lab",
  # What else is to be said.
  more ? "",
  ...
}:
derivation {
  inherit name;
  system = "builtin";
  builder = "builtin:fetchurl";
  url = "${name} is not in the Nix store yet. This brings it, and all that goes with it: python3 nix/debian/fetch.py ${output}${more}";
  outputHashMode = mode;
  outputHashAlgo = "sha256";
  outputHash = hash;
  preferLocalBuild = true;
  allowSubstitutes = false;
}
