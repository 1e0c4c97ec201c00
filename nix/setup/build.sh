# shellcheck shell=bash
# An output of one of the bases, built, with a link to it in .cache.

# Build an output of the debian base; leaves a link to it, which also keeps it from the garbage collector.
build_debian() { # output, then options of the fetch step
  local output=$1
  shift
  case $output in *-gpu) check_disk "$output" 20 ;; *) check_disk "$output" 7 ;; esac
  prepare_debian "$output" "$@"
  # Both end with this script, however it ends.
  with_python nix/debian/fetch.py "$output" --parent $$ "$@"
  say "building $output ..."
  mkdir -p .cache
  with_python nix/debian/build.py "$output" --parent $$ --out-link ".cache/$output" || {
    local code=$?
    [ $code -lt 128 ] || exit $code # interrupted, which has been said
    die "the build of $output failed (see above)"
  }
}

# The nixpkgs base: the flake's own outputs, with whatever caches this Nix is configured for.
build_nixpkgs() {
  local output=$1
  find_nix
  command -v nix >/dev/null || die "there is neither Nix nor apt-get here; install Nix (https://nixos.org/download) and start again"
  say "building .#$output with nixpkgs ..."
  mkdir -p .cache
  nix --extra-experimental-features 'nix-command flakes' build ".#$output" --out-link ".cache/$output" ||
    die "the build of .#$output failed (see above); if GitHub or the Nix cache cannot be reached from here, try --base debian"
}
