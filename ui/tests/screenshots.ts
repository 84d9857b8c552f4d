/** `npm run screenshots`: pictures of the built panel in a new folder of the system's temporary one. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, NO_APP, open, OPEN, shell, tell } from './browser';
import { asking } from './recorded';
import { TestServer } from './server';

const folder = process.env.SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'panel-')));
const browser = await launch();

interface Shot {
  name: string;
  width: number;
  height: number;
  light?: boolean;
  mayAsk?: boolean;
  fullPage?: boolean;
  before?: (page: Page, server: TestServer) => Promise<void>;
}

const hover: Shot['before'] = async (page) => {
  const box = await page.locator('.u-over').boundingBox();
  if (box) await page.mouse.move(box.x + box.width * 0.62, box.y + 60);
};

type Page = Awaited<ReturnType<typeof open>>['page'];

const permissions = async (page: Page) => {
  await page.locator('#card-permissions').scrollIntoViewIfNeeded();
  await page.evaluate(() => document.getElementById('body-permissions')?.scrollIntoView({ block: 'end' }));
};

/** One right denied, one allowed again, and the menu of a third. */
const decide = async (page: Page) => {
  await page.getByRole('button', { name: 'flock, write boids' }).click();
  await page.getByRole('menuitemradio', { name: 'Deny for this run' }).click();
  await page.getByRole('button', { name: 'palette, read boids' }).click();
  await page.getByRole('menuitemradio', { name: 'Deny for this run' }).click();
  await page.getByRole('button', { name: 'palette, read boids: Denied' }).click();
  await page.getByRole('menuitemradio', { name: 'As the manifest says' }).click();
  await page.getByText('after a restart').first().waitFor();
  await permissions(page);
  await page.getByRole('button', { name: 'grid, write cells' }).click();
};

const SHOTS: Shot[] = [
  { name: 'full-dark', width: 1440, height: 900 },
  { name: 'full-light', width: 1440, height: 900, light: true },
  { name: 'full-hover', width: 1440, height: 900, before: hover },
  { name: 'full-tall', width: 1440, height: 1500 },
  { name: 'full-900', width: 900, height: 1000 },
  { name: 'docked-dark', width: 380, height: 1900 },
  { name: 'docked-light', width: 380, height: 1900, light: true },
  { name: 'read-only', width: 1180, height: 800, mayAsk: false, before: async (page) => page.keyboard.press('.') },
  {
    name: 'fault',
    width: 1440,
    height: 900,
    before: async (page, server) => {
      server.change(server.world.fault('flock'));
      await page.locator('.box').focus();
      await page.keyboard.press('End');
    },
  },
  { name: 'crash', width: 1440, height: 900, before: async (_, server) => server.change(server.world.crash()) },
  { name: 'crash-docked', width: 400, height: 700, light: true, before: async (_, server) => server.change(server.world.crash()) },
  { name: 'permissions', width: 400, height: 760, before: decide },
  { name: 'permissions-light', width: 400, height: 760, light: true, before: decide },
  { name: 'permissions-wide', width: 820, height: 760, before: decide },
  { name: 'permissions-full', width: 1180, height: 900, light: true, before: decide },
  { name: 'permissions-read-only', width: 400, height: 760, mayAsk: false, before: async (page) => permissions(page) },
  { name: 'lost', width: 1440, height: 900, light: true, before: async (_, server) => server.stop() },
  { name: 'help', width: 1440, height: 900, before: async (page) => page.keyboard.press('?') },
];

const words = process.argv.slice(2).filter((word) => /^[a-z-]+$/.test(word));
const wanted = (name: string) => words.length === 0 || words.some((word) => name.startsWith(word));
for (const shot of SHOTS.filter(({ name }) => wanted(name))) {
  const server = await TestServer.start({ mayAsk: shot.mayAsk ?? true });
  const { page } = await open(browser, server.url(), {
    viewport: { width: shot.width, height: shot.height },
    colorScheme: shot.light ? 'light' : 'dark',
    reducedMotion: 'reduce',
  });
  await page.getByRole('heading', { name: 'Swarm' }).waitFor();
  server.change(server.world.advance(6));
  await shot.before?.(page, server);
  await page.waitForTimeout(300);
  const path = join(folder, `${shot.name}.png`);
  await page.screenshot({ path });
  console.log(path);
  await page.context().close();
  await server.stop().catch(() => undefined);
}

const openMenu = async (page: Page) => page.getByRole('button', { name: 'Open another app' }).click();

const PROBLEM = { code: 'MANIFEST_MISSING', message: 'There is no app.toml in /srv/apps/orders.', hint: 'Choose the folder that has one, or an archive.' };

// In the shell the panel lies over an app; a gradient stands for it.
const SHELL = [
  { name: 'shell', state: OPEN },
  { name: 'shell-menu', state: OPEN, before: openMenu },
  { name: 'shell-drop', state: { ...OPEN, dropping: true } },
  {
    name: 'shell-confirm',
    state: OPEN,
    before: async (page: Page) => {
      await openMenu(page);
      await page.getByRole('menuitem', { name: /Night sky/ }).click();
    },
  },
  { name: 'shell-welcome', state: NO_APP },
  { name: 'shell-welcome-narrow', state: NO_APP, width: 400 },
  { name: 'shell-welcome-problem', state: NO_APP, before: async (page: Page) => tell(page, { ...NO_APP, recent: [], problem: PROBLEM }) },
];

for (const { name, state, before, width = 1280 } of SHELL.filter(({ name }) => wanted(name))) {
  for (const light of [false, true]) {
    const server = await TestServer.start();
    const { page } = await open(browser, 'about:blank', { viewport: { width, height: 720 }, colorScheme: light ? 'light' : 'dark' });
    await shell(page, asking(), state);
    await page.goto(server.url(null));
    await page.getByRole('heading', { name: state.app ? 'Swarm' : 'wasm-engine' }).waitFor();
    await page.evaluate(() => {
      document.documentElement.style.background = 'conic-gradient(from 200deg at 70% 40%, #0b1030, #5a1f6b, #d0548a, #2aa6c9, #0b1030)';
    });
    await before?.(page);
    await page.waitForTimeout(300);
    const path = join(folder, `${name}-${light ? 'light' : 'dark'}.png`);
    await page.screenshot({ path });
    console.log(path);
    await page.context().close();
    await server.stop();
  }
}
await browser.close();
