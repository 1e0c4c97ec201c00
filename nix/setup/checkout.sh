# shellcheck shell=bash
# Whether this folder will do: .cache and volume lie in it, and links into the Nix store lie in .cache.

check_checkout() {
  local probe=.cache/probe.$$
  mkdir -p .cache 2>/dev/null || die "$(unwritable)"
  [ -w .cache ] || die "$(unwritable)"
  if ! ln -s . "$probe" 2>/dev/null; then
    rm -rf "$probe"
    die "the disk of $PWD ($(stat -f -c %T .)) knows no symbolic links, and builds are links into the Nix store; clone to a folder of Linux' own, such as $HOME"
  fi
  # Nothing here differs by case alone, but people's notebooks may.
  if [ -e "${probe/probe/PROBE}" ]; then
    say "the disk of $PWD takes upper and lower case for the same: two notebooks whose names differ by case alone are one file here"
  fi
  rm -f "$probe"
}

# Why `nix run .#NAME` is not for this folder; nothing where it is.
why_no_flake() {
  # Nix 2.8 takes no other signs in a flake's address, and newer ones not all.
  case $PWD in
    *[!A-Za-z0-9/._~+-]*) echo "its path has signs that not every Nix takes in a flake's address" ;;
    *)
      [ -e .git ] || echo "it is no Git clone, so that Nix would copy all of it into its store, notebooks and runs included"
      [ ! -e .git ] || [ -O . ] || echo "it belongs to $(stat -c %U .), and Git and Nix take no other user's repository"
      ;;
  esac
}

unwritable() {
  echo "$PWD cannot be written to by $(id -un), and builds and notebooks are to lie in it; clone or copy it to a folder of your own. To use it as it is:
    python3 '$PWD/nix/debian/fetch.py' && nix --extra-experimental-features 'nix-command flakes' run -f '$PWD/nix/debian' lab"
}

# One at a time: a second one in this checkout waits for the first to end, and finds its work done.
take_turn() {
  mkdir -p .cache
  exec {turn}>.cache/turn
  flock --nonblock "$turn" || {
    say "another quickstart or check is at work in this folder; waiting for it ..."
    flock "$turn"
  }
}

end_turn() { [ -z "${turn:-}" ] || exec {turn}>&-; }
