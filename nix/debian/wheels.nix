# The packages of the lock: one derivation each, so that a change of one rebuilds that one.
{ system, lock }:
let
  files = builtins.fromJSON (builtins.readFile (lock + "/files.json"));
  torchCpu = builtins.fromJSON (builtins.readFile (lock + "/torch-cpu.json"));
  project = import ../shared/project.nix;
  missing = import ./missing.nix;
  text = import ../shared/text.nix;

  # variant: "cpu" or "cuda"
  entries =
    variant:
    files.common
    ++ (if variant == "cuda" then files.cuda else [ (torchCpu // { groups = [ "ml" ]; }) ]);
  inGroups =
    groups: entry: groups == null || builtins.any (group: builtins.elem group groups) entry.groups;

  # Store names allow fewer characters than versions do ("!" of an epoch, "~").
  storeName = builtins.replaceStrings [ "!" "~" ] [ "_" "_" ];
  # What ./fetch.py is asked for to bring a file.
  asked =
    variant: entry:
    (if builtins.all (group: group == "test") entry.groups then "python" else "lab")
    + (if variant == "cuda" then "-gpu" else "")
    + (if toString lock == toString ../../python then "" else " --lock ${toString lock}");
  source =
    variant: entry:
    missing {
      name = storeName entry.file;
      hash = entry.sha256;
      output = asked variant entry;
    };

  tool = name: builtins.head (builtins.filter (entry: entry.name == name) files.common);
  isWheel = entry: builtins.match ".*\\.whl" entry.file != null;
  installer = source "cpu" (tool "installer");

  # What a package needs beyond being installed.
  patches.matplotlib = {
    patch = text.file ../shared/patch_matplotlib.py;
    font = "${system.root}/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf";
  };
  patches.bitsandbytes.patch = text.file ../shared/patch_bitsandbytes.py;

  # Compiled modules that carry 130 MB of what only a debugger reads; nixpkgs strips all of them.
  strip = "${system.libraries}/ld-linux-x86-64.so.2 --library-path ${system.libraries} ${system.root}/usr/bin/x86_64-linux-gnu-strip";
  stripped = [
    "aiohttp"
    "spacy"
    "sqlalchemy"
    "srsly"
    "thinc"
  ];

  leftOut = import ../shared/left-out.nix {
    inherit torchCpu;
    site = "lib/python3.11/dist-packages";
  };

  install =
    entry: attributes:
    system.run ./build/wheel.py (
      {
        name = storeName "${entry.name}-${entry.version}";
        inherit installer;
        leftOut = leftOut.${entry.version} or leftOut.${entry.name} or [ ];
      }
      // (if builtins.elem entry.name stripped then { inherit strip; } else { })
      // (patches.${entry.name} or { })
      // attributes
    )
    // {
      pname = entry.name;
    };
  fromWheel =
    variant: entry:
    install entry {
      wheel = source variant entry;
      fileName = entry.file;
    };
  # The tools are handed over installed, not zipped: setuptools reads its own version from its metadata.
  build =
    {
      name,
      source,
      backend,
      tools,
    }:
    system.run ./build/sdist.py {
      inherit name source backend;
      tools = map (tool': fromWheel "cpu" (tool tool')) tools;
    };
  fromSource =
    variant: entry:
    install entry {
      wheel = build {
        name = storeName "${entry.name}-${entry.version}-wheel";
        source = source variant entry;
        backend = "setuptools.build_meta:__legacy__";
        tools = [
          "setuptools"
          "wheel"
          "packaging"
        ];
      };
    };
in
{
  # The installed packages of some groups.
  packages =
    variant: groups:
    map (entry: (if isWheel entry then fromWheel else fromSource) variant entry) (
      builtins.filter (inGroups groups) (entries variant)
    );

  # The files that they are made from, for ./fetch.py.
  files =
    variant: groups:
    map (
      entry:
      entry
      // {
        storeName = storeName entry.file;
        path = (source variant entry).outPath;
      }
    ) (builtins.filter (inGroups groups) (entries variant));

  # jupyter_utils itself, built by its own build backend.
  jupyter-utils =
    install project {
      wheel = build {
        name = "jupyter-utils-${project.version}-wheel";
        source = system.folder (import ../shared/source.nix);
        backend = "poetry.core.masonry.api";
        tools = [ "poetry-core" ];
      };
    }
    // {
      meta = { inherit (project) description license; };
    };

  # Names the lock in what a run records.
  lockHash = files.lock;
}
