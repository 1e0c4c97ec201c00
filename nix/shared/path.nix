# Where programs are looked for, on the host and in images; `environment` and `tools` are folders with a bin/.
{
  # A line of shell for programs on the host: `python` in a notebook is the environment's, and the machine's own Git comes
  # before ours.
  program = environment: tools: ''export PATH="${environment}/bin:''${PATH:+$PATH:}${tools}/bin"'';

  # A line of shell that tells the environment's processes where its recipe is (./recipe.nix): the environment holds none.
  recipe = folder: ''export JUPYTER_UTILS_RECIPE="${folder}"'';

  # Lines of shell that name the compilers for torch.compile, Triton and `%pip`: what they make must load in the
  # environment's Python, and the machine's own are for its own, perhaps younger, C library.
  compilers =
    { c, cpp }:
    ''
      export CC="''${CC:-${c}}"
      export CXX="''${CXX:-${cpp}}"'';

  # Lines of shell for `jupyter-utils` and its servers: what would keep their Python from starting, or give it modules of
  # the caller's, is set aside. python/jupyter_utils/machine/inherited.py reads it there, says so, and knows the reasons.
  aside = builtins.concatStringsSep "\n" (
    map
      (name: ''
        [ -z "''${${name}:-}" ] || export JUPYTER_UTILS_SHELL_${name}="''$${name}"
        unset ${name}'')
      [
        "PYTHONPATH"
        "PYTHONHOME"
        "LD_PRELOAD"
        "LD_AUDIT"
      ]
  );

  # The variable of an image.
  image =
    environment: "${environment}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  # A piece of a profile: login shells begin with a path of their own. What is there already is not added again: a shell
  # that starts another would have it twice.
  login = environment: ''
    case ":$PATH:" in
      *:${environment}/bin:*) ;;
      *) PATH="${environment}/bin:$PATH" ;;
    esac
  '';
}
