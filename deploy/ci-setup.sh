#!/usr/bin/env bash
# Installs what the tests of this folder use: Debian's prometheus, prometheus-alertmanager and chromium, and the
# Python tools of requirements-tools.txt into an environment of their own in the user's cache. Does nothing, quickly,
# when all is there. Tests skip, naming this script, where it has not been run.
#   deploy/ci-setup.sh           install
#   deploy/ci-setup.sh --where   print the tools' folder, installed or not
#   deploy/ci-setup.sh --lock    resolve requirements-tools.in anew (needs uv)
# PYTHON names the interpreter; without it .venv's, else python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

PACKAGES=(prometheus prometheus-alertmanager chromium fonts-noto-cjk)

if [ -z "${PYTHON:-}" ]; then
  PYTHON=python3
  if [ -x ../.venv/bin/python ]; then PYTHON=../.venv/bin/python; fi
fi

where() {
  local key
  # Another lock or another Python is another folder: a half-made or outdated one is never used.
  key=$("$PYTHON" -c 'import hashlib, sys; print("{}.{}-".format(*sys.version_info) +
    hashlib.sha256(open("requirements-tools.txt", "rb").read()).hexdigest()[:12])')
  echo "${XDG_CACHE_HOME:-$HOME/.cache}/streamproc/deploy-tools-$key"
}

install_packages() {
  local missing=() each sudo=()
  if ! command -v apt-get >/dev/null; then
    echo "No apt-get here: install ${PACKAGES[*]} by other means, or their tests skip." >&2
    return
  fi
  for each in "${PACKAGES[@]}"; do
    if ! dpkg-query --show --showformat='${Status}\n' "$each" 2>/dev/null | grep -q '^install ok installed$'; then
      missing+=("$each")
    fi
  done
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  if [ "$(id -u)" -ne 0 ]; then sudo=(sudo -n); fi
  echo "Installing ${missing[*]} by apt-get." >&2
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_tools() {
  local home
  home=$(where)
  if [ -e "$home/.complete" ]; then return; fi
  echo "Installing the tools of deploy/requirements-tools.txt." >&2
  "$PYTHON" -m venv --clear "$home"
  "$home/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --no-compile --require-hashes \
    --only-binary=:all: -r requirements-tools.txt
  touch "$home/.complete"
}

case "${1:-}" in
  --where) where ;;
  --lock)
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
      --custom-compile-command "deploy/ci-setup.sh --lock" requirements-tools.in -o requirements-tools.txt
    ;;
  "")
    install_packages
    install_tools
    ;;
  *)
    echo "usage: deploy/ci-setup.sh [--where | --lock]" >&2
    exit 2
    ;;
esac
