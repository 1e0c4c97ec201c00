# shellcheck shell=bash
# Nix, and what the fetch step needs, ready to be used. What is there already is not asked for.

prepare_debian() { # output, then options of the fetch step
  local missing packages
  find_nix
  if nix_is_set_up && [ -n "$(python_with)" ]; then
    use_nix
  else
    # Nothing was fetched here yet. All packages at once, since each call of apt-get looks for news first.
    install_nix
    use_nix
  fi
  missing=$(with_python nix/debian/fetch.py --missing "$@")
  mapfile -t packages < <(packages_to_fetch "$missing")
  install_packages "${packages[@]}"
}

install_nix() {
  local before=yes packages
  nix_is_set_up || before=
  mapfile -t packages < <(
    packages_of_nix
    # An archive may have all that would be fetched; whether it has is known as soon as there is Nix.
    [ -n "$(setting ENVIRONMENTS)" ] || packages_to_fetch 'system wheels'
  )
  install_packages "${packages[@]}"
  [ -n "$before" ] || set_up_nix
}
