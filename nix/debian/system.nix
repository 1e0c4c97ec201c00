# The Debian system: one fetched tree with one hash, the Python in it made ready for the store, and how to run its programs.
{
  pin ? ./system.json,
}:
let
  read = path: builtins.fromJSON (builtins.readFile path);
  inherit (read pin) suite sha256;
  # Whether it is the one that this checkout pins, and not what stands in for it.
  pinned = sha256 == (read ./system.json).sha256;
  missing = import ./missing.nix;
  text = import ../shared/text.nix;
  file = {
    name = "debian-${suite}";
    hash = sha256;
    mode = "recursive";
    more = " (with --locked: the pinned Debian system or an error; without it, where no place has that any more, the present packages, which are then run by: nix run -f nix/debian --argstr pin $PWD/.cache/debian/system.json)";
  };
  root = missing file;
  libraries = "${root}/usr/lib/x86_64-linux-gnu";

  # A derivation whose builder is a Python script of ./build, run by the interpreter that is handed in.
  # What the script needs to know stands in its environment.
  runWith =
    { interpreter, library }:
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
          (if builtins.isPath script then text.file script else script)
        ];
        # Bytecode must not depend on the order of sets.
        PYTHONHASHSEED = "0";
        PYTHONPATH = library;
        # Where the driver's libraries may lie. After our own libraries, so that they can replace none of them.
        driver = builtins.fromJSON (builtins.readFile ../shared/driver-folders.json);
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      // attributes
    );

  first = "${root}/usr/bin/python3.11";
  # A folder of this checkout's text files, the same path whatever bits the disk shows.
  folder =
    { name, ... }@what:
    runWith
      {
        interpreter = first;
        library = "";
      }
      ./build/folder.py
      {
        inherit name;
        files = text.folder what;
      };
  library = folder {
    name = "builders";
    path = ./build/lib;
  };

  # The standard library with bytecode that fits the store, where every file's time is 1.
  stdlib =
    runWith
      {
        interpreter = first;
        inherit library;
      }
      ./build/stdlib.py
      {
        name = "python-3.11-stdlib";
        inherit root;
        refusal = builtins.readFile ../shared/externally-managed;
      };
in
{
  inherit
    suite
    pinned
    root
    libraries
    stdlib
    folder
    ;
  file = file // {
    path = root.outPath;
  };
  run = runWith {
    interpreter = "${stdlib}/bin/python3.11";
    inherit library;
  };
}
