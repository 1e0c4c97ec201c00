# shellcheck shell=bash
# What this machine is, and whether it will do.

check_machine() {
  [ "$(uname -s)" = Linux ] || die "this needs Linux (on Windows: WSL2); this is $(uname -s)"
  [ "$(uname -m)" = x86_64 ] || die "this needs an x86_64 processor, since the locked wheels are built for it; this is $(uname -m)"
  # numpy and torch of the lock are compiled for x86-64-v2 and end with "Illegal instruction" on less.
  if ! grep -qw sse4_2 /proc/cpuinfo || ! grep -qw popcnt /proc/cpuinfo; then
    die "this processor lacks SSE 4.2 or POPCNT (x86-64-v2), which numpy and torch need; a processor of 2009 or later has them"
  fi
}

# Free space in GiB of the file system that will hold a path.
free_space() {
  local path=$1
  while [ ! -d "$path" ]; do path=$(dirname "$path"); done
  df --output=avail -BG "$path" | tail -n 1 | tr -dc 0-9
}

check_disk() { # output, GiB that its build needs in /nix
  local output=$1 free
  shift
  [ -e /nix/store ] && [ -e .cache/"$output" ] && return 0
  free=$(free_space /nix/store)
  [ "$free" -ge "$1" ] || die "the file system of /nix has $free GiB free, $output needs $1 GiB; free some space and start again"
}

driver_in_sight() { [ -e /dev/nvidiactl ] || [ -e /usr/lib/wsl/lib/libcuda.so.1 ]; }
