# shellcheck shell=bash
# What ./quickstart and ./check do before they start anything: see what this machine is, install what is missing,
# fetch, build. Sourced by both; the caller has set -euo pipefail and stands in the repository.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# The value of a setting: from the environment, else from .env; quotes around it go, as docker-compose users write them.
setting() {
  local name=$1 value=${!1:-}
  if [ -z "$value" ] && [ -f .env ]; then
    value=$(sed -n "s/^[[:space:]]*\(export[[:space:]]\+\)\?${name}[[:space:]]*=[[:space:]]*//p" .env | tail -n 1)
    value=${value%$'\r'}
  fi
  value=${value#[\"\']}
  printf '%s' "${value%[\"\']}"
}

# Proxies in both letter cases and the company's certificates, for apt, pip and Nix alike.
use_network_settings() {
  local name value lower
  for name in HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    lower=${name,,}
    value=$(setting "$name")
    [ -n "$value" ] || value=$(setting "$lower")
    [ "$name" = NO_PROXY ] && value="localhost,127.0.0.1,::1${value:+,$value}"
    [ -z "$value" ] || export "$name=$value" "$lower=$value"
  done
  value=$(setting EXTRA_CA_CERTS)
  [ -n "$value" ] || return 0
  [ -r "$value" ] || die "EXTRA_CA_CERTS names $value, which cannot be read; give the path of a PEM file"
  mkdir -p .cache
  cat /etc/ssl/certs/ca-certificates.crt "$value" >.cache/certificates.pem 2>/dev/null || cp "$value" .cache/certificates.pem
  value=$PWD/.cache/certificates.pem
  export PIP_CERT=$value SSL_CERT_FILE=$value NIX_SSL_CERT_FILE=$value REQUESTS_CA_BUNDLE=$value CURL_CA_BUNDLE=$value
}

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

check_disk() { # GiB that the build needs in /nix
  local free
  [ -e /nix/store ] && [ -e .cache/"$output" ] && return 0
  free=$(free_space /nix/store)
  [ "$free" -ge "$1" ] || die "the file system of /nix has $free GiB free, $output needs $1 GiB; free some space and start again"
}

driver_in_sight() { [ -e /dev/nvidiactl ] || [ -e /usr/lib/wsl/lib/libcuda.so.1 ]; }

# Run as root: directly, or through sudo where there is one that can be asked.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    sudo "$@"
  else
    return 125
  fi
}

administrator() {
  die "$1
  This needs the administrator once, and there is no root or sudo here. Please have this run, then start again:
$2"
}

# Debian packages for the commands that are missing.
install_packages() {
  local packages=("$@")
  [ ${#packages[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "missing: ${packages[*]}, and there is no apt-get to install them; install them yourself or take --base nixpkgs"
  say "installing by apt-get: ${packages[*]}"
  local run=(env DEBIAN_FRONTEND=noninteractive http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" apt-get -qq -o Dpkg::Use-Pty=0)
  local log
  log=$(mktemp)
  # An update may complain of a repository that is none of ours; whether the packages can be had is what counts.
  { as_root "${run[@]}" update || [ $? != 125 ]; } >"$log" 2>&1 ||
    administrator "missing: ${packages[*]}" "    sudo apt-get update && sudo apt-get install --no-install-recommends ${packages[*]}
$(nix_commands)"
  as_root "${run[@]}" install -y --no-install-recommends "${packages[@]}" >>"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    die "apt-get could not install ${packages[*]} (its own words are above). If the mirror cannot be reached: HTTP_PROXY is '$(
      sed -E 's#//[^/@]*@#//***@#' <<<"${HTTP_PROXY:-unset}"
    )'; apt's mirrors stand in /etc/apt. If the disk is full: free some space."
  }
  rm -f "$log"
}

# A newer Nix that is installed but not on the path comes before the distribution's.
find_nix() {
  local folder
  for folder in "$HOME/.nix-profile/bin" /nix/var/nix/profiles/default/bin /run/current-system/sw/bin; do
    if ! command -v nix >/dev/null && [ -x "$folder/nix" ]; then PATH="$folder:$PATH"; fi
  done
}

missing_packages() { # the Debian packages for what this machine lacks
  local lacking=()
  command -v nix >/dev/null || lacking+=(nix-bin)
  command -v mmdebstrap >/dev/null || lacking+=(mmdebstrap)
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || lacking+=(debian-archive-keyring)
  # mmdebstrap without root maps users.
  [ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null || lacking+=(uidmap)
  python3 -c 'import sys, pip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || lacking+=(python3 python3-pip)
  [ -e /etc/ssl/certs/ca-certificates.crt ] || lacking+=(ca-certificates)
  printf '%s\n' "${lacking[@]}"
}

# What an administrator must do before this user can use Nix without a daemon; nothing where all is well.
nix_commands() {
  [ ! -S /nix/var/nix/daemon-socket/socket ] || return 0
  if [ ! -e /nix ]; then
    [ "$(id -u)" = 0 ] || echo "    sudo install -d -o $(id -un) /nix"
  elif [ ! -w /nix ] || { [ -e /nix/store ] && [ ! -w /nix/store ]; }; then
    echo "    sudo apt-get install nix-setup-systemd && sudo adduser $(id -un) nix-users    # a daemon for all users; or
    sudo chown -R $(id -un) /nix    # /nix for this user alone"
  fi
}

# Make Nix usable by this user without a daemon where there is none, and settle what it may do here.
prepare_nix() {
  local config="experimental-features = nix-command flakes
substituters =
max-jobs = auto"
  if [ -S /nix/var/nix/daemon-socket/socket ]; then
    say "Nix: $(nix --version), through its daemon"
  else
    if [ ! -e /nix ]; then
      as_root install -d -m 0755 -o "$(id -u)" -g "$(id -g)" /nix || administrator "there is no /nix" "$(nix_commands)"
    fi
    [ -z "$(nix_commands)" ] || administrator "/nix belongs to $(stat -c %U /nix), and no Nix daemon answers" "$(nix_commands)"
    config+=$'\nbuild-users-group ='
    # Some kernels and containers let a user namespace be made and then forbid what a sandbox does in it.
    if ! unshare --user --map-root-user --mount --pid --fork --mount-proc true 2>/dev/null; then
      config+=$'\nsandbox = false'
      say "Nix: $(nix --version), without its sandbox (this machine forbids mounts in namespaces; every input is pinned by hash all the same)"
    else
      say "Nix: $(nix --version), with its sandbox"
    fi
  fi
  export NIX_CONFIG="${NIX_CONFIG:+$NIX_CONFIG
}$config"
}

# Nix, and what the fetch step needs, ready to be used.
prepare_debian() {
  local packages
  find_nix
  mapfile -t packages < <(missing_packages)
  [ -z "${packages[0]:-}" ] || install_packages "${packages[@]}"
  prepare_nix
}

# Build an output of the debian base; leaves a link to it, which also keeps it from the garbage collector.
build_debian() { # output, then options of the fetch step
  local output=$1
  shift
  case $output in *-gpu) check_disk 20 ;; *) check_disk 7 ;; esac
  prepare_debian
  python3 nix/debian/fetch.py "$output" "$@"
  say "building $output ..."
  mkdir -p .cache
  nix build -f nix/debian "$output" --out-link ".cache/$output" ||
    die "the build of $output failed (see above); if it says that no space is left, free some and start again"
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
