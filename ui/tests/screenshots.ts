/** `npm run screenshots`: pictures of the built panel in a new folder of the system's temporary one. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, open, shell } from './browser';
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
  before?: (page: Awaited<ReturnType<typeof open>>['page'], server: TestServer) => Promise<void>;
}

const hover: Shot['before'] = async (page) => {
  const box = await page.locator('.u-over').boundingBox();
  if (box) await page.mouse.move(box.x + box.width * 0.62, box.y + 60);
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
  { name: 'lost', width: 1440, height: 900, light: true, before: async (_, server) => server.stop() },
  { name: 'help', width: 1440, height: 900, before: async (page) => page.keyboard.press('?') },
];

const only = process.argv.slice(2).filter((word) => word === 'shell' || SHOTS.some(({ name }) => name === word));
for (const shot of SHOTS.filter(({ name }) => only.length === 0 || only.includes(name))) {
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

// In the shell the panel lies over an app; a gradient stands for it.
for (const light of only.length === 0 || only.includes('shell') ? [false, true] : []) {
  const server = await TestServer.start();
  const { page } = await open(browser, 'about:blank', { viewport: { width: 1280, height: 720 }, colorScheme: light ? 'light' : 'dark' });
  await shell(page, asking());
  await page.goto(server.url(null));
  await page.getByRole('heading', { name: 'Swarm' }).waitFor();
  await page.evaluate(() => {
    document.documentElement.style.background = 'conic-gradient(from 200deg at 70% 40%, #0b1030, #5a1f6b, #d0548a, #2aa6c9, #0b1030)';
  });
  await page.waitForTimeout(300);
  const path = join(folder, `shell-${light ? 'light' : 'dark'}.png`);
  await page.screenshot({ path });
  console.log(path);
  await page.context().close();
  await server.stop();
}
await browser.close();
