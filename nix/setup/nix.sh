# shellcheck shell=bash
# Nix as it is here: whose it is, and how this user builds with it.

DAEMON=/nix/var/nix/daemon-socket

# A newer Nix that is installed but not on the path comes before the distribution's.
find_nix() {
  local folder
  for folder in "$HOME/.nix-profile/bin" /nix/var/nix/profiles/default/bin /run/current-system/sw/bin; do
    if ! command -v nix >/dev/null && [ -x "$folder/nix" ]; then PATH="$folder:$PATH"; fi
  done
}

# Somebody has used or configured this Nix. Distributions' bare package of its programs is not set up.
nix_is_set_up() {
  command -v nix >/dev/null && { [ -e /nix/store ] || [ -e /etc/nix/nix.conf ] || [ -e "$(user_configuration)" ]; }
}

user_configuration() { echo "${XDG_CONFIG_HOME:-$HOME/.config}/nix/nix.conf"; }
systemd_runs() { [ -d /run/systemd/system ]; }
in_group() { id -nG "$@" | grep -qwF nix-users; }

# Make Nix usable by this user, and settle what it may do here.
use_nix() {
  local config="experimental-features = nix-command flakes
substituters =
max-jobs = auto"
  enter_group
  refuse_foreign_store
  say_what_fresh_shells_need
  if [ "$(id -u)" != 0 ] && [ -S "$DAEMON/socket" ]; then
    say "Nix: $(nix --version), through its daemon"
  else
    make_store
    getent group nixbld >/dev/null || config+=$'\nbuild-users-group ='
    if sandbox_works; then
      say "Nix: $(nix --version), with its sandbox"
    else
      config+=$'\nsandbox = false'
      say "Nix: $(nix --version), without its sandbox (this machine forbids mounts in namespaces; every input is pinned by hash all the same)"
    fi
  fi
  export NIX_CONFIG="${NIX_CONFIG:+$NIX_CONFIG
}$config"
}

# Nix 2.19 and newer build for an ordinary user without /nix/var/nix below the home folder, where no program finds it.
make_store() {
  [ -e /nix ] || as_root install -d -m 0755 -o "$(id -u)" -g "$(id -g)" /nix || administrator "there is no /nix" "$(nix_commands)"
  mkdir -p /nix/var/nix
}

# Some kernels and containers let a user namespace be made and then forbid what a sandbox does in it.
sandbox_works() { unshare --user --map-root-user --mount --pid --fork --mount-proc true 2>/dev/null; }

# Who may not write to a store, and has no daemon to ask, must not be helped to it by force: it is somebody's.
refuse_foreign_store() {
  local owner
  if [ -e /nix/store ]; then owner=$(stat -c %U /nix/store); else owner=$(stat -c %U /nix 2>/dev/null || id -un); fi
  if [ "$(id -u)" = 0 ]; then
    [ "$owner" = root ] || die "/nix belongs to $owner, and files of root in it would shut $owner out; start this as $owner"
  elif [ ! -S "$DAEMON/socket" ] && [ "$owner" != "$(id -un)" ]; then
    [ ! -e "$DAEMON" ] || ! in_group "$(id -un)" ||
      die "$(id -un) is in the group nix-users, but not in this session: log in again, then start again"
    administrator "/nix belongs to $owner, and no Nix daemon answers $(id -un)" "$(nix_commands)"
  fi
}

# What an administrator must do before this user can use Nix; nothing where all is well.
nix_commands() {
  local me owner=root
  me=$(id -un)
  [ "$me" != root ] && [ ! -S "$DAEMON/socket" ] || return 0
  [ ! -e /nix/store ] || owner=$(stat -c %U /nix/store)
  [ "$owner" != "$me" ] || return 0
  if systemd_runs || [ -e "$DAEMON" ] || [ -e /nix/store ]; then
    [ -e "$DAEMON" ] || ! command -v nix >/dev/null || echo "    sudo apt-get install nix-setup-systemd          # Nix for all users, by a daemon; nothing in /nix is lost"
    [ "$owner" = root ] || echo "    sudo usermod --append --groups nix-users $owner   # who has had /nix alone, and then uses the daemon, too"
    echo "    sudo usermod --append --groups nix-users $me      # then $me must log in again"
  elif [ ! -w /nix ]; then
    echo "    sudo install -d -o $me /nix"
  fi
}

# Where Nix was here before, its settings are its owner's: only the line that other shells lack is said.
say_what_fresh_shells_need() {
  local lines=() settings file
  settings=$(effective_settings)
  grep -q '^experimental-features = .*flakes' <<<"$settings" || lines+=('experimental-features = nix-command flakes')
  if [ "$(id -u)" = 0 ] && ! getent group nixbld >/dev/null && ! grep -qx 'build-users-group = *' <<<"$settings"; then
    lines+=('build-users-group =')
  fi
  [ ${#lines[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ]; then file=/etc/nix/nix.conf; else file=$(user_configuration); fi
  say "this Nix was here before, and stays as it is. For nix run, nix build and so on in other shells:
    mkdir -p ${file%/*} && printf '%s\\n'$(printf " '%s'" "${lines[@]}") >>$file"
}

effective_settings() {
  nix --extra-experimental-features nix-command config show 2>/dev/null ||
    nix --extra-experimental-features nix-command show-config 2>/dev/null
}
