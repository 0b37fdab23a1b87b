#!/usr/bin/env bash
# What sinkscope needs: Debian packages (installed when root, otherwise named) and .venv from requirements.txt, with
# the Python package of this folder in place (a change of its code needs no second run).
# --with-slurm: also a Slurm to test with. --with-browser: also Chromium, for the tests of the report. --with-shells: also zsh, fish,
# groff and mandoc, for the tests of completion and of the manual page. --with-lint: also clang-format and clang-tidy. Safe to run
# again; takes seconds when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."

PACKAGES=(g++ cmake ninja-build ccache git ca-certificates nlohmann-json3-dev libcli11-dev libfmt-dev libspdlog-dev
          libsentencepiece-dev libicu-dev libonig-dev libgtest-dev libgmock-dev libssl-dev python3 python3-venv)
for option in "$@"; do
  case "$option" in
    --with-slurm) PACKAGES+=(slurm-wlm munge) ;;
    --with-browser) PACKAGES+=(chromium chromium-driver) ;;
    --with-shells) PACKAGES+=(zsh fish man-db groff mandoc) ;;
    --with-lint) PACKAGES+=(clang-format clang-tidy) ;;
    *) echo "setup: expected --with-slurm, --with-browser, --with-shells or --with-lint, found: $option" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${PACKAGES[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  if ((EUID != 0)); then
    echo "setup: these packages are missing; ask an administrator for: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "setup: installing ${missing[*]}"
  apt-get update -qq || { echo "setup: apt-get update failed; is a package mirror reachable?" >&2; exit 1; }
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    { echo "setup: apt-get install failed; run it by hand to see why: apt-get install ${missing[*]}" >&2; exit 1; }
fi

# The stamp holds what was installed; a changed requirements.txt or a broken environment installs again.
stamp=.venv/requirements.sha256
wanted=$(sha256sum requirements.txt | cut -d' ' -f1)
if [[ ! -x .venv/bin/python || "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]]; then
  free=$(df --output=avail -k . | tail -n 1)
  if ((free < 7 * 1024 * 1024)); then
    echo "setup: .venv and the build need 7 GB on the disk of $PWD, $((free / 1024)) MB are free; make room there" >&2
    exit 1
  fi
  echo "setup: making .venv from requirements.txt (libtorch is the torch wheel; a few gigabytes the first time)"
  python3 -m venv .venv || { echo "setup: python3 -m venv failed; is python3-venv there?" >&2; exit 1; }
  # pip's cache would take the wheels' three gigabytes a second time
  .venv/bin/pip install -q --no-cache-dir --disable-pip-version-check -r requirements.txt ||
    { echo "setup: pip install failed; is the package index reachable?" >&2; exit 1; }
  echo "$wanted" > "$stamp"
fi

# The package is this folder's: a line of a .pth, which PYTHONPATH goes before, and the command that a wheel would bring.
packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$(pwd -P)/python" > "$packages/sinkscope.pth"
printf '#!%s\nfrom sinkscope.program import main\n\nmain()\n' "$(pwd -P)/.venv/bin/python" > .venv/bin/sinkscope
chmod +x .venv/bin/sinkscope
echo "setup: ready"
