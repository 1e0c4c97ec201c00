# What people start: a program of an environment, with the environment's programs and our tools on the path.
{ pkgs }:
{
  name, # of the program
  environment, # a Python environment
  recipe, # the folder of its recipe
  command, # what it runs there, with arguments
  description,
}:
let
  path = import ../shared/path.nix;
  tools = pkgs.buildEnv {
    name = "tools";
    paths = (import ./tools.nix { inherit pkgs; }).lab;
    pathsToLink = [ "/bin" ];
    # The compiler's wrapper and coreutils share names with nobody's; less and git bring their own helpers.
    ignoreCollisions = true;
  };
  script =
    program:
    pkgs.writeShellScript (builtins.head (builtins.split " " program)) ''
      ${path.program environment tools}
      ${path.recipe recipe}
      ${path.compilers {
        c = "${pkgs.stdenv.cc}/bin/cc";
        cpp = "${pkgs.stdenv.cc}/bin/c++";
      }}
      # A machine without certificates of its own.
      [ -e /etc/ssl/certs/ca-certificates.crt ] || export SSL_CERT_FILE="''${SSL_CERT_FILE:-${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt}"
      ${if builtins.head (builtins.split " " program) == "jupyter-utils" then path.aside else ""}
      exec ${environment}/bin/${program} "$@"
    '';
in
pkgs.runCommand name
  {
    passthru = { inherit environment; };
    meta = {
      inherit description;
      mainProgram = name;
      inherit (import ../shared/project.nix) license;
      platforms = [ "x86_64-linux" ];
    };
  }
  ''
    mkdir -p $out/bin $out/share/jupyter-utils
    ln -s ${recipe} $out/share/jupyter-utils/recipe
    ln -s ${script command} $out/bin/${name}
    ln -s ${script "jupyter-utils"} $out/bin/jupyter-utils
  ''
