# What the lock's wheels need beyond being unpacked. Every name here is held against the lock by tests/evaluation/test_overrides.py.
{
  pkgs,
  lock,
  variant,
  interpreter,
}:
let
  inherit (pkgs) lib;
  files = lib.importJSON (lock + "/files.json");
  torchCpu = lib.importJSON (lock + "/torch-cpu.json");
  needs = lib.importJSON ./native-needs.json;
  cudaOnly = lib.subtractLists [ "torch" ] (map (row: row.name) files.cuda);
  site = interpreter.sitePackages;
in
final: prev:
let
  change = name: attributes: prev.${name}.overridePythonAttrs attributes;

  # Wheels that find libraries of other wheels: ./native-needs.json says which.
  native =
    name: need:
    change name (old: {
      autoPatchelfIgnoreMissingDeps = need.ignore or [ ];
      preFixup =
        (old.preFixup or "")
        + lib.concatMapStrings (sibling: ''
          addAutoPatchelfSearchPath "${final.${sibling}}/${site}"
        '') (need.siblings or [ ]);
    });

  # The libraries of these need glibc alone and work as they come: not even touched, for patchelf before 0.19 destroys the
  # large one of mypy, and nixpkgs has an older one.
  untouched = name: change name { dontAutoPatchelf = true; };

  # setup.py alone, no build-system table: poetry2nix cannot know.
  withSetuptools =
    name:
    change name (old: {
      nativeBuildInputs = (old.nativeBuildInputs or [ ]) ++ [ final.setuptools ];
    });

  leftOut = import ../shared/left-out.nix { inherit site torchCpu; };
  remove =
    patterns:
    "(shopt -s globstar; rm -rf ${lib.concatMapStringsSep " " (pattern: "$out/${pattern}") patterns})";
  lean = name: change name { postInstall = remove leftOut.${name}; };
  # nixpkgs wraps a package's programs, so that the same program of two packages differs.
  withoutPrograms = name: change name { postInstall = remove ([ "bin" ] ++ leftOut.${name}); };
in
{
  # poetry2nix reads what nixpkgs took away in June 2026, of an interpreter that can only be Python 3.
  isPy27 = false;
  # It puts lists into lists, which nixpkgs takes since 26.05 with a warning a package.
  mkPoetryDep = prev.mkPoetryDep.override {
    buildPythonPackage =
      attributes:
      final.buildPythonPackage (
        attributes // { buildInputs = lib.flatten (attributes.buildInputs or [ ]); }
      );
  };

  # nixpkgs builds its own build tools with these; the lock's wheels of them would need themselves to be unpacked.
  inherit (interpreter.pkgs) bootstrap installer wheel;

  fetchFromPypi = lib.makeOverridable (import ./fetch.nix { inherit pkgs files; });

  matplotlib = change "matplotlib" {
    # Figures show Japanese: the same script as on the debian base. nixpkgs moved the font within its package in 2026.
    postInstall = ''
      font=$(find -L ${pkgs.ipaexfont} -name ipaexg.ttf -print -quit)
      if [ -z "$font" ]; then
        echo "${pkgs.ipaexfont} has no ipaexg.ttf: see where this nixpkgs keeps IPAexGothic" >&2
        exit 1
      fi
      font=$font ${interpreter.interpreter} ${../shared/patch_matplotlib.py} $out/${site}
    '';
  };
  mlflow-skinny = withoutPrograms "mlflow-skinny";
  mlflow-tracing = withoutPrograms "mlflow-tracing";
  ipadic = withSetuptools "ipadic";
  unidic-lite = withSetuptools "unidic-lite";
  # Its setup.py asks Git for the version, by a package that is not in the lock.
  seqeval = (withSetuptools "seqeval").overridePythonAttrs (old: {
    postPatch = (old.postPatch or "") + ''
      sed -i -e '/setup_requires/d' -e 's/use_scm_version=True/version="${old.version}"/' setup.py
    '';
  });
}
// lib.genAttrs [
  "jupyterhub"
  "networkx"
  "numpy"
  "pandas"
  "pyarrow"
  "scikit-learn"
  "scipy"
  "spacy"
  "sympy"
] lean
// lib.genAttrs needs.glibc untouched
// lib.optionalAttrs (variant == "cuda") (
  lib.mapAttrs native needs.cuda
  // {
    bitsandbytes = (native "bitsandbytes" needs.cuda.bitsandbytes).overridePythonAttrs {
      postInstall = ''
        ${remove leftOut.bitsandbytes}
        ${interpreter.interpreter} ${../shared/patch_bitsandbytes.py} $out/${site}
        ${interpreter.interpreter} -m compileall -q -f $out/${site}/bitsandbytes/backends/cpu/ops.py
      '';
    };
    torch = (native "torch" needs.cuda.torch).overridePythonAttrs (old: {
      # ./cuda_driver.py says why.
      postInstall = (old.postInstall or "") + ''
        ${interpreter.interpreter} ${./patch_torch.py} $out/${site} ${./cuda_driver.py} ${../shared/driver-folders.json}
        ${interpreter.interpreter} -m compileall -q -f $out/${site}/torch/__init__.py $out/${site}/torch/_cuda_driver.py
      '';
    });
  }
)
// lib.optionalAttrs (variant == "cpu") (
  lib.genAttrs cudaOnly (_name: null)
  // {
    torch = change "torch" {
      src = pkgs.fetchurl {
        name = torchCpu.file;
        url = "${torchCpu.index}/${lib.escapeURL torchCpu.file}";
        inherit (torchCpu) sha256;
      };
      postInstall = remove leftOut.${torchCpu.version};
    };
  }
)
