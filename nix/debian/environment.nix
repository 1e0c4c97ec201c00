# A Python environment: the standard library and the packages of some groups of the lock, merged by symbolic links.
{ system, wheels }:
{
  name,
  variant, # "cpu" or "cuda"
  groups, # of python/pyproject.toml
  description,
}:
system.run ./build/merge.py {
  inherit name;
  inherit (system) root libraries stdlib;
  packages = [ wheels.jupyter-utils ] ++ wheels.packages variant groups;
  # What a run records of the environment it was made in.
  record = builtins.toJSON {
    base = "debian";
    inherit variant groups;
    lock = wheels.lockHash;
    system = builtins.unsafeDiscardStringContext (baseNameOf system.root.outPath);
    inherit (system) pinned;
  };
}
// {
  meta = {
    inherit description;
    mainProgram = "python3";
  };
}
