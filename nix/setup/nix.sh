# shellcheck shell=bash
# Nix, so that this user can build with it.

# A newer Nix that is installed but not on the path comes before the distribution's.
find_nix() {
  local folder
  for folder in "$HOME/.nix-profile/bin" /nix/var/nix/profiles/default/bin /run/current-system/sw/bin; do
    if ! command -v nix >/dev/null && [ -x "$folder/nix" ]; then PATH="$folder:$PATH"; fi
  done
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
