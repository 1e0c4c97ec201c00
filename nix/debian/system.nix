# The Debian system: one fetched tree with one hash, the Python in it made ready for the store, and how to run its programs.
let
  pin = builtins.fromJSON (builtins.readFile ./system.json);
  missing = import ./missing.nix;
  file = {
    name = "debian-${pin.suite}";
    hash = pin.sha256;
    mode = "recursive";
  };
  root = missing file;
  libraries = "${root}/usr/lib/x86_64-linux-gnu";

  # A derivation whose builder is a Python script of ./build, run by the interpreter that is handed in.
  # What the script needs to know stands in its environment.
  runWith =
    { interpreter }:
    script: attributes:
    derivation (
      {
        system = "x86_64-linux";
        builder = "${libraries}/ld-linux-x86-64.so.2";
        args = [
          "--argv0"
          interpreter
          "--library-path"
          libraries
          "${root}/usr/bin/python3.11"
          "-sB"
          script
        ];
        # Bytecode must not depend on the order of sets.
        PYTHONHASHSEED = "0";
        PYTHONPATH = "${./build/lib}";
        # Where the driver's libraries may lie. After our own libraries, so that they can replace none of them.
        driver = builtins.fromJSON (builtins.readFile ../shared/driver-folders.json);
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      // attributes
    );

  # The standard library with bytecode that fits the store, where every file's time is 1.
  stdlib = runWith { interpreter = "${root}/usr/bin/python3.11"; } ./build/stdlib.py {
    name = "python-3.11-stdlib";
    inherit root;
    refusal = builtins.readFile ../shared/externally-managed;
  };
in
{
  inherit root libraries stdlib;
  file = file // {
    path = root.outPath;
  };
  run = runWith { interpreter = "${stdlib}/bin/python3.11"; };
}
