// A real Chromium for the tests of pages. ENTREPOT_CHROMIUM names it; without one they say that they were skipped.
import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';

const FOUND = [process.env['ENTREPOT_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find((path) => path && existsSync(path));
const DRIVES = Number(process.versions.node.split('.')[0]) >= 20;

/** Why no page can be tested here, or false. */
export const skip = !DRIVES ? 'Playwright drives browsers from Node 20 on only'
  : FOUND ? false : 'no Chromium here: install one, or name it in ENTREPOT_CHROMIUM';

/** A browser without a window. It asks for what is found above: call it where nothing is skipped. */
export async function launch(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: FOUND!, args: ['--no-sandbox'] });
}
