#!/bin/sh
# Installs requirement files: install_packages.sh PYTHON FILE...
# Where TORCH_INDEX names an index of wheels, torch is taken from there, in the version of the first file: those of CPU alone need a quarter
# of the disk.
set -eu
python=$1
shift
if [ -n "${TORCH_INDEX:-}" ]; then
  "$python" -m pip install --disable-pip-version-check --no-deps --index-url "$TORCH_INDEX" --constraint "$1" torch
fi
for file in "$@"; do
  "$python" -m pip install --disable-pip-version-check --requirement "$file"
done
