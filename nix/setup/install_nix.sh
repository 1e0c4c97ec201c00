# shellcheck shell=bash
# A Nix that this script has installed is set up to the end, so that every later shell can use it.
# The settings leave Nix' default caches: the debian base never asks them (allowSubstitutes = false), so that one that cannot
# be reached costs nothing, and the nixpkgs base wants them.

set_up_nix() {
  if systemd_runs; then
    # nix-setup-systemd has made the build users, the group nix-users and the daemon.
    configure /etc/nix/nix.conf as_root
    [ "$(id -u)" = 0 ] || as_root usermod --append --groups nix-users "$(id -un)"
  elif [ "$(id -u)" = 0 ]; then
    make_build_users
    configure /etc/nix/nix.conf as_root
  else
    configure "$(user_configuration)"
  fi
}

# Builders without rights of their own, as Nix' manual has them ("Multi-user mode").
make_build_users() {
  local number
  groupadd --force --system nixbld
  for number in 1 2 3 4 5 6 7 8 9 10; do
    id "nixbld$number" >/dev/null 2>&1 || useradd --system --comment "Nix build user $number" --home-dir /var/empty \
      --gid nixbld --groups nixbld --no-user-group --no-create-home --shell "$(command -v nologin || echo /usr/sbin/nologin)" "nixbld$number"
  done
}

# Write the settings once; what stands in the file stays.
configure() { # file, then what to write it with
  local file=$1 lines='experimental-features = nix-command flakes'
  shift
  systemd_runs || sandbox_works || lines+=$'\nsandbox = false'
  ! grep -qs '^experimental-features *=.*flakes' "$file" || return 0
  "$@" mkdir -p "${file%/*}"
  printf '# By quickstart of jupyter-utils, which installed Nix here.\n%s\n' "$lines" | "$@" tee -a "$file" >/dev/null
  say "Nix is installed, and set up for every shell in $file"
}

# Membership in a group begins with the next login. Where this user was just made a member, go on as one.
enter_group() {
  local words
  [ "$(id -u)" != 0 ] && [ -z "${JUPYTER_UTILS_ENTERED:-}" ] || return 0
  in_group "$(id -un)" && ! in_group && command -v sg >/dev/null || return 0
  say "$(id -un) is in the group nix-users from the next login on; going on here as a member already"
  words=$(quoted "$BASH" "$PWD/${0##*/}" "${COMMAND_LINE[@]}")
  end_turn
  export JUPYTER_UTILS_ENTERED=yes
  # The inner one gives files the user's own group again.
  exec sg nix-users -c "exec sg $(id -gn) -c $(quoted "exec $words")"
}

# Words for /bin/sh.
quoted() {
  local word text=''
  for word in "$@"; do text+=" '${word//\'/\'\\\'\'}'"; done
  printf '%s' "${text# }"
}
