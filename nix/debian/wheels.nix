# The packages of the lock: one derivation each, so that a change of one rebuilds that one.
{ system, lock }:
let
  files = builtins.fromJSON (builtins.readFile (lock + "/files.json"));
  torchCpu = builtins.fromJSON (builtins.readFile (lock + "/torch-cpu.json"));
  project = import ../shared/project.nix;
  missing = import ./missing.nix;

  # variant: "cpu" or "cuda"
  entries =
    variant:
    files.common
    ++ (if variant == "cuda" then files.cuda else [ (torchCpu // { groups = [ "ml" ]; }) ]);
  inGroups =
    groups: entry: groups == null || builtins.any (group: builtins.elem group groups) entry.groups;

  # Store names allow fewer characters than versions do ("!" of an epoch, "~").
  storeName = builtins.replaceStrings [ "!" "~" ] [ "_" "_" ];
  source =
    entry:
    missing {
      name = storeName entry.file;
      hash = entry.sha256;
    };

  tool = name: builtins.head (builtins.filter (entry: entry.name == name) files.common);
  isWheel = entry: builtins.match ".*\\.whl" entry.file != null;
  installer = source (tool "installer");

  # What a package needs beyond being installed.
  patches.matplotlib = {
    patch = ../shared/patch_matplotlib.py;
    font = "${system.root}/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf";
  };

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
      // (patches.${entry.name} or { })
      // attributes
    )
    // {
      pname = entry.name;
    };
  fromWheel =
    entry:
    install entry {
      wheel = source entry;
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
      tools = map (tool': fromWheel (tool tool')) tools;
    };
  fromSource =
    entry:
    install entry {
      wheel = build {
        name = storeName "${entry.name}-${entry.version}-wheel";
        source = source entry;
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
    map (entry: if isWheel entry then fromWheel entry else fromSource entry) (
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
        path = (source entry).outPath;
      }
    ) (builtins.filter (inGroups groups) (entries variant));

  # jupyter_utils itself, built by its own build backend.
  jupyter-utils =
    install project {
      wheel = build {
        name = "jupyter-utils-${project.version}-wheel";
        source = import ../shared/source.nix;
        backend = "poetry.core.masonry.api";
        tools = [ "poetry-core" ];
      };
    }
    // {
      meta.license = project.license;
    };

  # Names the lock in what a run records.
  lockHash = files.lock;
}
