/** The desktop shell's own views, with a make-believe of Tauri. */

import { describe, expect, it } from 'vitest';
import { type ShellState, VERSION } from '../src/protocol';
import { calls, NO_APP, OPEN, RECENT, refuse, shell, tell, violations } from './browser';
import { asking } from './recorded';
import { begin, page, scene, server, titled } from './scene';

const [SWARM, NIGHT_SKY, ORDERS] = RECENT as [(typeof RECENT)[0], (typeof RECENT)[0], (typeof RECENT)[0]];

scene();

async function start(state: ShellState, { width = 1280, colorScheme = 'dark' as 'dark' | 'light' } = {}): Promise<void> {
  await begin({}, { viewport: { width, height: 720 }, colorScheme, reducedMotion: 'reduce' }, () => 'about:blank');
  await shell(page, asking(), state);
  await page.goto(server.url(null));
  await titled(state.app ? 'Swarm' : 'wasm-engine');
}

const commands = async () => (await calls(page)).map(([command]) => command);
const menu = () => page.getByRole('button', { name: 'Open another app' }).click();

describe('without an app', () => {
  it('greets no engine, fills the window, and says what can be done', async () => {
    await start(NO_APP);
    expect(await commands()).toEqual(['shell_hello']);
    const box = await page.locator('.welcome').boundingBox();
    expect(box).toEqual({ x: 0, y: 0, width: 1280, height: 720 });
    expect(await page.locator('.welcome').evaluate((main) => getComputedStyle(main).backgroundColor)).toBe('rgb(9, 11, 16)');
    await page.getByText('.weapp', { exact: true }).waitFor();
    expect(await page.getByRole('listitem').count()).toBe(3);
    expect(await page.title()).toBe('wasm-engine');
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
  });

  it('opens one from the list, and then greets its run', async () => {
    await start(NO_APP);
    await page.getByRole('button', { name: /^Night sky/ }).click();
    await titled('Swarm');
    expect((await calls(page)).map(([command, args]) => [command, args])).toEqual([
      ['shell_hello', {}],
      ['shell_ask', { ask: { what: 'open', path: NIGHT_SKY.path } }],
      ['panel_hello', { message: { type: 'hello', version: VERSION } }],
    ]);
    expect(await page.title()).toBe('Swarm – wasm-engine');
    expect(await page.locator('main.welcome').count()).toBe(0);
  });

  it("asks for the system's dialog, and has paths in full beside the shortened ones", async () => {
    await start(NO_APP);
    await page.getByRole('button', { name: 'Open folder…' }).click();
    await page.getByRole('button', { name: 'Open archive…' }).click();
    await page.keyboard.press('o');
    await expect.poll(async () => (await calls(page)).slice(1)).toEqual([
      ['shell_ask', { ask: { what: 'choose', archive: false } }],
      ['shell_ask', { ask: { what: 'choose', archive: true } }],
      ['shell_ask', { ask: { what: 'choose', archive: false } }],
    ]);
    const long = page.getByRole('button', { name: /^Night sky/ });
    expect(await long.getAttribute('title')).toBe(NIGHT_SKY.path);
    expect(await long.innerText()).toContain('…/observatory/');
  });

  it('forgets an app, and starts at login', async () => {
    await start(NO_APP);
    await page.getByRole('button', { name: 'Remove Orders from the list' }).click();
    await expect.poll(() => page.getByRole('listitem').count()).toBe(2);
    await page.getByRole('checkbox', { name: 'Start at login' }).click();
    await expect.poll(async () => (await calls(page)).slice(1)).toEqual([
      ['shell_ask', { ask: { what: 'forget', path: ORDERS.path } }],
      ['shell_ask', { ask: { what: 'autostart', on: true } }],
    ]);
    await expect.poll(() => page.getByRole('checkbox').isChecked()).toBe(true);
  });

  it('shows why an app could not be opened', async () => {
    await start(NO_APP);
    await refuse(page, 'open', { code: 'MANIFEST_MISSING', message: 'There is no app.toml in /srv/apps/orders.', hint: 'Choose another folder.' });
    await page.getByRole('button', { name: /^Orders/ }).click();
    await page.getByRole('alert').getByText('There is no app.toml').waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await expect.poll(() => page.getByRole('alert').innerText()).toBe('');
    await tell(page, { ...NO_APP, problem: { code: 'ARCHIVE_BROKEN', message: 'This is no archive.', hint: null } });
    await page.getByRole('alert').getByText('ARCHIVE_BROKEN').waitFor();
  });

  it('takes a box back that could not be set', async () => {
    await start(NO_APP);
    await refuse(page, 'autostart', { code: 'AUTOSTART', message: 'The folder for autostart cannot be written.', hint: null });
    const box = page.getByRole('checkbox', { name: 'Start at login' });
    await box.click();
    await page.getByRole('alert').getByText('cannot be written').waitFor();
    expect(await box.isChecked()).toBe(false);
  });
});

describe('with an app', () => {
  it('another one is opened from the menu, and the run goes on', async () => {
    await start(OPEN);
    await menu();
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Open folder…', 'Open archive…', 'Night sky\n…/releases/2026-11/night-sky-1.4.0.weapp', 'Orders\n/srv/apps/orders']);
    await page.getByRole('menuitem', { name: /Orders/ }).click();
    await expect.poll(commands).toEqual(['shell_hello', 'panel_hello', 'shell_ask']);
    await menu();
    await page.getByRole('menuitem', { name: 'Open archive…' }).click();
    await expect.poll(commands).toEqual(['shell_hello', 'panel_hello', 'shell_ask', 'shell_ask']);
  });

  it('the menu is used with keys, and sets the start at login', async () => {
    await start(OPEN);
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowUp');
    const box = page.getByRole('menuitemcheckbox', { name: 'Start at login' });
    expect(await box.getAttribute('aria-checked')).toBe('false');
    await page.keyboard.press('Space');
    await expect.poll(async () => (await calls(page)).at(-1)).toEqual(['shell_ask', { ask: { what: 'autostart', on: true } }]);
    await page.keyboard.press('Enter');
    await page.keyboard.press('End');
    expect(await box.getAttribute('aria-checked')).toBe('true');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('menu').count()).toBe(0);
  });

  it('closing it leads back to the welcome, opening another shows nothing of the one before', async () => {
    await start(OPEN);
    await tell(page, NO_APP);
    await titled('wasm-engine');
    await tell(page, { ...NO_APP, app: SWARM });
    await titled('Swarm');
    expect(await commands()).toEqual(['shell_hello', 'panel_hello', 'panel_hello']);
  });

  it('says what the shell failed at', async () => {
    await start(OPEN);
    await tell(page, { ...OPEN, problem: { code: 'ARCHIVE_BROKEN', message: 'This is no archive.', hint: null } });
    await page.getByRole('status').getByText('This is no archive.').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByText('This is no archive.').count()).toBe(0);
  });
});

describe('something dragged over the window', () => {
  it('can be dropped, and nothing is in its way', async () => {
    await start(NO_APP);
    await tell(page, { ...NO_APP, dropping: true });
    await page.getByText('Drop to open').waitFor();
    expect(await page.getByText('a window of its own').count()).toBe(0);
    expect(await page.locator('.drop').evaluate((drop) => getComputedStyle(drop).pointerEvents)).toBe('none');
    await tell(page, { ...OPEN, dropping: true });
    await page.getByText('It gets a window of its own.').waitFor();
    await tell(page, OPEN);
    await page.getByText('Drop to open').waitFor({ state: 'detached' });
  });
});

describe('axe finds nothing', () => {
  for (const colorScheme of ['dark', 'light'] as const) {
    for (const width of [400, 1280]) {
      it(`${colorScheme}, ${width} px`, async () => {
        await start(NO_APP, { colorScheme, width });
        expect(await violations(page)).toEqual([]);
        await tell(page, { ...NO_APP, recent: [], problem: { code: 'ARCHIVE_BROKEN', message: 'This is no archive.', hint: 'Open another.' } });
        await page.getByRole('alert').getByText('ARCHIVE_BROKEN').waitFor();
        expect(await violations(page)).toEqual([]);
        await tell(page, { ...OPEN, dropping: true });
        await titled('Swarm');
        expect(await violations(page)).toEqual([]);
        await tell(page, OPEN);
        await menu();
        expect(await violations(page)).toEqual([]);
      });
    }
  }
});
