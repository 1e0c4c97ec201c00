# shellcheck shell=bash
# Packages that the machine lacks, and who may install them.

# Run as root: directly, or through sudo where there is one that can be asked.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif may_sudo; then
    sudo "$@"
  else
    return 125
  fi
}

may_sudo() { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }

administrator() {
  die "$1
  This needs the administrator once, and there is no root or sudo here. Please have this run, then start again:
$2"
}

# Debian packages for the commands that are missing. An interrupted apt-get ends its work: half of it would be worse.
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

# Nix and the Python that runs the fetch step.
packages_of_nix() {
  command -v nix >/dev/null || echo nix-bin
  if ! nix_is_set_up && systemd_runs; then echo nix-setup-systemd; fi
  [ -n "$(python_with)" ] || echo python3
}

# What this machine lacks to fetch the Debian system, the wheels, or both.
packages_to_fetch() { # words of fetch.py --missing
  case $1 in *system*)
    command -v mmdebstrap >/dev/null || echo mmdebstrap
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
    # mmdebstrap without root maps users.
    [ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null || echo uidmap
    ;;
  esac
  case $1 in *wheels*)
    [ -n "$(python_with pip)" ] || echo python3-pip
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
    ;;
  esac
}
