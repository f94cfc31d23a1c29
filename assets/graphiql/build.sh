#!/bin/sh
# Makes dist/ from npm packages of the versions in package-lock.json, those that others bring too. Run by hand when src/ or a version changes;
# dist/ is committed, so that building the server needs neither npm nor a network. Given a schema, it also checks the examples against it:
#   assets/graphiql/build.sh [schema.graphql]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
schema=${1:+$(cd "$(dirname "$1")" && pwd)/$(basename "$1")}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$here/src" "$here/test" "$here/package.json" "$here/package-lock.json" "$scratch"
cd "$scratch"
npm ci --no-fund --no-audit --ignore-scripts
node --test test/*.test.js
if [ -n "$schema" ]; then
  cat > check.js <<'JS'
import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { tabs } from './src/tabs.js';
const schema = buildSchema(readFileSync(process.argv[2], 'utf8'));
for (const { query } of tabs) {
  const [error] = validate(schema, parse(query));
  if (error) throw new Error(`${error.message}\n${query}`);
}
JS
  node check.js "$schema"
fi
npx esbuild src/main.jsx --bundle --minify --format=esm --target=es2022 --jsx=automatic \
  --define:process.env.NODE_ENV='"production"' --legal-comments=none --loader:.woff2=dataurl --outfile=main.js
rm -rf "$here/dist"
mkdir "$here/dist"
cp main.js main.css "$here/index.html" "$here/dist/"
# Every package that esbuild may have put in, with its licence in full.
for package in node_modules/*/package.json node_modules/@*/*/package.json node_modules/@*/*/node_modules/*/package.json; do
  case $package in node_modules/esbuild/* | node_modules/@esbuild/*) continue ;; esac
  folder=$(dirname "$package")
  for text in "$folder"/LICEN[CS]E* "$folder"/license*; do
    [ -f "$text" ] || continue
    printf -- '---- %s\n\n' "${folder#node_modules/}"
    cat "$text"
    printf '\n\n'
    break
  done
done > "$here/dist/licences.txt"
ls -l "$here/dist"
