#!/bin/sh
# Asks the advisory services about the locked packages: audit.sh PYTHON. Fails where one of them has a known fault, and, with a
# sentence, where a service cannot be reached: what was not asked about is not safe.
set -u
python=$1
PIP_AUDIT=pip-audit==2.10.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
fail() {
  echo "audit: $1" >&2
  failed=1
}

# In an environment of its own: what checks the packages must not change them.
if ! { "$python" -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$PIP_AUDIT"; }; then
  fail "$PIP_AUDIT cannot be installed: the Python packages were NOT checked."
else
  for file in requirements.txt requirements-s3.txt requirements-ray.txt; do
    "$folder/venv/bin/pip-audit" --no-deps --disable-pip --progress-spinner off --requirement "$file" \
      --strict --format json --output "$folder/answer" 2>"$folder/why"
    rc=$?
    if [ ! -s "$folder/answer" ]; then
      fail "the advisory service cannot be asked about $file ($(tail -n 1 "$folder/why" | cut -c 1-200)): it was NOT checked."
    elif [ "$rc" -ne 0 ]; then
      "$python" -m json.tool "$folder/answer" | grep -B 12 '"fix_versions"' || true
      fail "packages of $file have known faults, see above."
    else
      echo "audit: no known fault in $file."
    fi
    rm -f "$folder/answer"
  done
fi

if command -v npm >/dev/null; then
  npm audit --json >"$folder/npm" 2>/dev/null
  rc=$?
  if ! grep -q '"auditReportVersion"' "$folder/npm"; then
    fail "npm's advisory service cannot be asked: the packages that check scripts were NOT checked."
  elif [ "$rc" -ne 0 ]; then
    npm audit || true
    fail "packages that check scripts have known faults, see above."
  else
    echo "audit: no known fault in package-lock.json."
  fi
else
  fail "npm is missing: the packages that check scripts were NOT checked."
fi
exit "$failed"
