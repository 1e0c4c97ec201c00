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

# The lowest series of NVIDIA's driver that the CUDA of the lock runs on; `jupyter-utils doctor` knows it, too.
MINIMUM_DRIVER=580

# The driver's series, such as 535; nothing where it does not say.
driver_series() {
  local command
  for command in nvidia-smi /usr/lib/wsl/lib/nvidia-smi; do
    command -v "$command" >/dev/null || continue
    "$command" --query-gpu=driver_version --format=csv,noheader 2>/dev/null | sed -n '1s/^\([0-9][0-9]*\)\..*/\1/p'
    return
  done
}

# Set `variant` and `why` from what there is: gigabytes of CUDA are of no use to a driver that is too old.
# shellcheck disable=SC2034 # quickstart reads them
choose_variant() {
  local series
  if ! driver_in_sight; then
    variant=cpu why+='; cpu: no NVIDIA driver in sight'
    return
  fi
  series=$(driver_series || true)
  if [ -n "$series" ] && [ "$series" -lt "$MINIMUM_DRIVER" ]; then
    variant=cpu why+="; cpu: the NVIDIA driver is $series, and CUDA needs $MINIMUM_DRIVER or newer"
  else
    variant=gpu why+='; gpu: an NVIDIA driver is in sight'
  fi
}
