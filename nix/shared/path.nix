# Where programs are looked for, on the host and in images; `environment` and `tools` are folders with a bin/.
{
  # A line of shell for programs on the host: `python` in a notebook is the environment's, and the machine's own Git comes
  # before ours.
  program = environment: tools: ''export PATH="${environment}/bin:''${PATH:+$PATH:}${tools}/bin"'';

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
