# A nixpkgs just large enough for the real poetry2nix to make our environments of: nixpkgs' own `lib`, and things that
# have a name and nothing in them. What it builds is a derivation of all that a package is made of, never to be built.
{
  # nixpkgs' lib, a folder.
  library,
  # As `./python.nix` has it.
  isPy27 ? false,
  # Where the font lies.
  ipaexfont ? "/ipaexfont",
}:
let
  lib = import (/. + library);
  # A derivation of some strings, lists of strings and derivations.
  made =
    name: attributes:
    derivation (
      attributes
      // {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
      }
    );
  thing = name: made name { };
  builders = import ./builders.nix { inherit lib pkgs made; };
  python = import ./python.nix {
    inherit
      lib
      pkgs
      builders
      isPy27
      ;
  };
  stdenv = {
    targetPlatform = lib.systems.elaborate "x86_64-linux";
    cc = thing "gcc-wrapper" // {
      libc = thing "glibc" // {
        pname = "glibc";
        version = "2.42";
      };
    };
  };
  fetchurl =
    {
      url ? "",
      urls ? [ url ],
      name ? baseNameOf (builtins.head urls),
      hash ? "sha256:${sha256}",
      sha256 ? "",
    }:
    made name {
      inherit urls;
      outputHash = hash;
      outputHashMode = "flat";
    }
    // {
      url = builtins.head urls;
    };
  # What is named and not looked into.
  programs = lib.genAttrs [
    "bash"
    "bashInteractive"
    "cacert"
    "coreutils"
    "curl"
    "findutils"
    "git"
    "gnugrep"
    "gnused"
    "htop"
    "less"
    "nano"
    "nixfmt"
    "openssh"
    "openssl"
    "poetry"
    "procps"
    "shellcheck"
    "tini"
    "tmux"
    "tzdata"
    "unzip"
    "util-linux"
    "vim"
    "wget"
  ] thing;
  pkgs = programs // {
    inherit
      lib
      pkgs
      thing
      stdenv
      ipaexfont
      fetchurl
      ;
    inherit (builders)
      buildEnv
      dockerTools
      mkShell
      runCommand
      testers
      writeShellApplication
      writeShellScript
      ;
    stdenvNoCC = stdenv;
    newScope = extra: lib.callPackageWith (pkgs // extra);
    python3 = python;
    python311 = python;
    # What nixpkgs has and the lock has not.
    pythonPackageNames = [
      "bootstrap"
      "installer"
      "packaging"
      "pip"
      "pypaInstallHook"
      "setuptools"
      "wheel"
      "wheelUnpackHook"
      "flit-core"
      "hatchling"
      "poetry-core"
      "tomlkit"
    ];
    pythonManylinuxPackages = lib.genAttrs [ "manylinux1" "manylinux2010" "manylinux2014" ] (name: [
      (thing "${name}-first")
      (thing "${name}-second")
    ]);
    autoPatchelfHook = thing "auto-patchelf-hook";
    makeSetupHook = { name, ... }: _script: thing name;
    writeTextDir = name: _text: thing (baseNameOf name);
    fetchPypiLegacy = throw "the lock names no index";
    # Addresses as nixpkgs makes them, of a host that there is not.
    fetchPypi =
      {
        pname,
        version,
        hash,
        format ? "setuptools",
        dist ? "",
        python ? "",
        abi ? "",
        platform ? "",
      }:
      fetchurl {
        inherit hash;
        url =
          if format == "wheel" then
            "https://files.example.org/packages/${dist}/${builtins.substring 0 1 pname}/${pname}/${pname}-${version}-${python}-${abi}-${platform}.whl"
          else
            "mirror://pypi/${builtins.substring 0 1 pname}/${pname}/${pname}-${version}.tar.gz";
      };
  };
in
pkgs
