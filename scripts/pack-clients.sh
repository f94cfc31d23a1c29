#!/usr/bin/env bash
# Packs both clients as a release has them: a package of npm, and a wheel and a source archive of Python. Each one is then unpacked elsewhere and tried.
#
#   scripts/pack-clients.sh [FOLDER]    without FOLDER: packages, in the target folder
#
# Nothing is published, and the checkout stays as it is. ENTREPOT_REPOSITORY (https://github.com/OWNER/REPOSITORY) is written into the packages as
# their source; npm's provenance needs it.
#
# Needed: git, Node 20 or newer with npm, and Python 3.9 or newer. It works offline where clients/typescript/node_modules is there (scripts/test-clients.sh
# leaves it) and Python has setuptools 77 or newer; otherwise they are downloaded, setuptools into the target folder. Up to a minute.
# Ends with 1 when a package is not as it should be, with 2 for wrong flags, and with 3 when one cannot be built for want of a tool or a download.
set -euo pipefail
ME='pack-clients'
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

SETUPTOOLS=80.9.0
# An installation without a registry is given up.
INSTALL=120
case "${1:-}" in
-h | --help)
  usage
  exit 0
  ;;
-*)
  usage >&2
  exit 2
  ;;
esac
OUT=${1:-$(target_dir)/packages}
VERSION=$(workspace_version)
WORK=$(mktemp -d)
trap 'rm -rf "${WORK:?}"' EXIT
mkdir -p "$OUT"
OUT=$(realpath "$OUT")

# Ends for want of a tool or a download, and shows what the tool said.
cannot() {
  [ ! -s "$WORK/log" ] || tail -n 20 "$WORK/log" >&2
  say "$*"
  exit 3
}
# run COMMAND…: shows what the command says only if it fails.
run() {
  "$@" </dev/null >"$WORK/log" 2>&1 || {
    cat "$WORK/log" >&2
    die "FAILED: $*"
  }
}
# same FOUND EXPECTED WHAT
same() { [ "$1" = "$2" ] || die "$3 is $1, and Cargo.toml has $2"; }

if ! command -v npm >/dev/null || ! node -e 'if (parseInt(process.versions.node) < 20) process.exit(1)' 2>/dev/null; then
  cannot "Node 20 or newer with npm is not installed"
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || cannot "Python 3.9 or newer is not installed"

# Copies a client's tracked files and those that are new, without what is ignored; the licence belongs into each package.
copy() {
  mkdir "$WORK/$1"
  git ls-files -z --cached --others --exclude-standard -- "clients/$1" | (cd "$ROOT" && xargs -0 tar --create --file -) |
    tar --extract --file - --directory "$WORK/$1" --strip-components 2
  cp LICENSE "$WORK/$1/LICENSE"
}

typescript() {
  local from="$WORK/typescript" package="entrepot-client-$VERSION.tgz" try="$WORK/try-typescript"
  copy typescript
  cd "$from"
  if [ -x "$ROOT/clients/typescript/node_modules/.bin/tsc" ]; then
    ln -s "$ROOT/clients/typescript/node_modules" node_modules
  else
    timeout "$INSTALL" npm ci --prefer-offline --no-audit --no-fund --fetch-retries=0 --loglevel=error </dev/null >"$WORK/log" 2>&1 ||
      cannot "the development packages of clients/typescript cannot be installed"
  fi
  if [ -n "${ENTREPOT_REPOSITORY:-}" ]; then
    npm pkg set repository.type=git "repository.url=git+$ENTREPOT_REPOSITORY.git" repository.directory=clients/typescript
  fi
  # `prepack` compiles.
  run npm pack --offline --pack-destination "$OUT"
  [ -f "$OUT/$package" ] || die "npm packed no $package"

  mkdir "$try"
  cd "$try"
  echo '{"type":"module"}' >package.json
  run npm install --offline --no-audit --no-fund "$OUT/$package"
  for file in LICENSE README.md dist/index.d.ts dist/react.d.ts; do
    [ -f "node_modules/@entrepot/client/$file" ] || die "$package lacks $file"
  done
  [ ! -e node_modules/@entrepot/client/test ] || die "$package has the tests"
  same "$(node -p 'JSON.parse(fs.readFileSync("node_modules/@entrepot/client/package.json")).version')" "$VERSION" "the version of $package"
  run node --eval "Promise.all(['', '/schema', '/webhooks'].map((each) => import('@entrepot/client' + each)))"
  run node_modules/.bin/entrepot-codegen --schema "$ROOT/schema.graphql" --out gql.ts "$from"/documents/*.graphql
  say "$OUT/$package"
}

# A Python whose setuptools can build the wheel by itself.
python_with_setuptools() {
  local found venv has='import setuptools, sys; sys.exit(int(setuptools.__version__.split(".")[0]) < 77)'
  venv="$(target_dir)/pack-python"
  for found in python3 "$venv/bin/python"; do
    if "$found" -c "$has" 2>/dev/null; then
      command -v "$found"
      return 0
    fi
  done
  {
    python3 -m venv "$venv" &&
      timeout "$INSTALL" "$venv/bin/pip" install --quiet --retries 0 --timeout 20 "setuptools==$SETUPTOOLS" &&
      "$venv/bin/python" -c "$has"
  } </dev/null >"$WORK/log" 2>&1 || return 1
  echo "$venv/bin/python"
}

# The wheel is built from the unpacked source archive: so that one is whole.
python() {
  local found from="$WORK/python" try="$WORK/try-python" sdist wheel
  copy python
  found=$(python_with_setuptools) || cannot "setuptools $SETUPTOOLS cannot be installed"
  cd "$from"
  if [ -n "${ENTREPOT_REPOSITORY:-}" ]; then printf '\n[project.urls]\nSource = "%s"\n' "$ENTREPOT_REPOSITORY" >>pyproject.toml; fi
  SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct)
  export SOURCE_DATE_EPOCH
  mkdir "$WORK/sdist" "$WORK/wheel" "$WORK/unpacked"
  run "$found" -c 'import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])' "$WORK/sdist"
  sdist=$(basename "$WORK"/sdist/*.tar.gz)
  tar --extract --gzip --file "$WORK/sdist/$sdist" --directory "$WORK/unpacked" --strip-components 1
  cd "$WORK/unpacked"
  run "$found" -c 'import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])' "$WORK/wheel"
  wheel=$(basename "$WORK"/wheel/*.whl)

  mkdir "$try"
  cd "$try"
  run "$found" -m zipfile -e "$WORK/wheel/$wheel" .
  for file in entrepot/py.typed entrepot/_sync.py entrepot-*.dist-info/licenses/LICENSE; do
    [ -f "$file" ] || die "$wheel lacks $file"
  done
  [ ! -e tests ] || die "$wheel has the tests"
  same "$("$found" -c 'import runpy; print(runpy.run_path("entrepot/version.py")["VERSION"])')" "$VERSION" "the version of $wheel"
  local importer=''
  for each in python3 "$(target_dir)/clients-python/bin/python"; do
    if "$each" -c 'import httpx' 2>/dev/null; then importer=$each; fi
  done
  if [ -n "$importer" ]; then run "$importer" -c 'import entrepot'; else say "$wheel was not imported: no Python has httpx"; fi
  cp "$WORK/sdist/$sdist" "$WORK/wheel/$wheel" "$OUT"
  say "$OUT/$sdist"
  say "$OUT/$wheel"
}

typescript
cd "$ROOT"
python
