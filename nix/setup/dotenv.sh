# shellcheck shell=bash
# The settings that are needed before there is any Python: from the environment, else from .env.

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
