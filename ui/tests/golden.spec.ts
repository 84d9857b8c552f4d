/** What the panel looks like, in both themes. `WASM_ENGINE_BLESS=1 npm run test:panel` makes the images anew; look at them before you commit them. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, NO_APP, open, OPEN, shell } from './browser';
import { blocks, difference, differs, sameFonts } from './golden';
import { asking } from './recorded';
import { TestServer } from './server';

let browser: Browser;
let scratch: Page;
let comparable = false;

beforeAll(async () => {
  browser = await launch();
  scratch = await browser.newPage();
  comparable = await sameFonts(browser);
});

afterAll(() => browser.close());

const VIEWS = [
  { name: 'wide', width: 1440, height: 900, state: null },
  { name: 'docked', width: 400, height: 3300, state: OPEN },
  { name: 'welcome', width: 800, height: 600, state: NO_APP },
] as const;

type View = (typeof VIEWS)[number];
type Scheme = 'dark' | 'light';

async function look<T>({ width, height, state }: View, colorScheme: Scheme, then: (page: Page) => Promise<T>): Promise<T> {
  const server = await TestServer.start();
  const { page } = await open(browser, state ? 'about:blank' : server.url(), { viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
  if (state) {
    await shell(page, asking(), state);
    await page.goto(server.url(null));
  }
  await page.getByRole('heading', { level: 1 }).waitFor();
  if (state !== NO_APP) await page.locator('.u-over').waitFor();
  await page.waitForTimeout(200);
  const result = await then(page);
  await page.context().close();
  await server.stop();
  return result;
}

describe('golden images', () => {
  for (const view of VIEWS) {
    for (const colorScheme of ['dark', 'light'] as const) {
      it(`${view.name}, ${colorScheme}`, async ({ skip }) => {
        if (!comparable) skip('this browser has other fonts');
        expect(await look(view, colorScheme, (page) => differs(page, scratch, `${view.name}-${colorScheme}`))).toBe(null);
      });
    }
  }

  it('tell apart what somebody would see: a button that moved, another color, a missing card', async () => {
    const changes = ['.top :nth-child(1) { margin-top: 4px }', ':root { --accent-fill: #2a6f96 !important }', '#body-permissions { display: none }'];
    const found = await look(VIEWS[1], 'dark', async (page) => {
      const before = await blocks(scratch, await page.screenshot());
      const again = difference(await blocks(scratch, await page.screenshot()), before);
      const differences: (string | null)[] = [again];
      for (const change of changes) {
        const style = await page.evaluateHandle((css) => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(css);
          document.adoptedStyleSheets = [sheet];
        }, change);
        differences.push(difference(await blocks(scratch, await page.screenshot()), before));
        await style.dispose();
      }
      return differences;
    });
    expect(found.map((difference) => difference === null)).toEqual([true, false, false, false]);
  });
});
