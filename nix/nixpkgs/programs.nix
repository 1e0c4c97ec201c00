# What people start: a program of an environment, with its programs at the front of the path and tools at the end, so
# that `python` in a notebook is the environment's and the machine's own Git comes before ours.
{ pkgs }:
{
  name, # of the program
  environment, # a Python environment
  command, # what it runs there, with arguments
}:
let
  tools = pkgs.buildEnv {
    name = "tools";
    paths = import ./tools.nix { inherit pkgs; };
    pathsToLink = [ "/bin" ];
    # The compiler's wrapper and coreutils share names with nobody's; less and git bring their own helpers.
    ignoreCollisions = true;
  };
  script =
    program:
    pkgs.writeShellScript (builtins.head (builtins.split " " program)) ''
      export PATH="${environment}/bin:''${PATH:+$PATH:}${tools}/bin"
      # A machine without certificates of its own.
      [ -e /etc/ssl/certs/ca-certificates.crt ] || export SSL_CERT_FILE="''${SSL_CERT_FILE:-${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt}"
      exec ${environment}/bin/${program} "$@"
    '';
in
pkgs.runCommand name
  {
    passthru = { inherit environment; };
    meta = {
      description = "`${command}` in ${environment.name}: ${environment.meta.description}";
      mainProgram = name;
      platforms = [ "x86_64-linux" ];
    };
  }
  ''
    mkdir -p $out/bin
    ln -s ${script command} $out/bin/${name}
    ln -s ${script "jupyter-utils"} $out/bin/jupyter-utils
  ''
