# shellcheck shell=bash
# The Python that fetches: any of 3.9 and newer. With a virtual environment or conda active the first on the path may have
# no pip, and PYTHONHOME may belong to another one.

pythons() { { type -ap python3 || true; echo /usr/bin/python3; } | awk '!seen[$0]++'; }

CLEAN=(env -u PYTHONHOME -u PYTHONPATH)

# The first Python that will do, with the modules that are named; nothing where there is none.
python_with() { # modules
  local candidate
  while read -r candidate; do
    if "${CLEAN[@]}" "$candidate" -c 'import importlib, sys
sys.version_info < (3, 9) and sys.exit(1)
[importlib.import_module(name) for name in sys.argv[1:]]' "$@" 2>/dev/null; then
      printf '%s' "$candidate"
      return
    fi
  done < <(pythons)
}

# A script of this checkout, with the Python that has pip where there is one.
with_python() {
  local python
  python=$(python_with pip)
  [ -n "$python" ] || python=$(python_with)
  "${CLEAN[@]}" "$python" "$@"
}
