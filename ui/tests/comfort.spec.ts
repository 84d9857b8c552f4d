/** Keys, accessibility, stillness, and the three homes. */

import { describe, expect, it } from 'vitest';
import { calls, shell, shifts, violations, watchShifts } from './browser';
import { asking, recorded } from './recorded';
import { begin, page, scene, server, titled } from './scene';
import type { Options } from './server';

scene();

interface Window {
  width?: number;
  colorScheme?: 'dark' | 'light';
  token?: null;
}

async function start(options: Options = {}, { width = 1440, colorScheme = 'dark', token }: Window = {}): Promise<void> {
  await begin(options, { viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' }, () => server.url(token));
  await titled('Swarm');
}

/** Whether a stage's color is somewhere in the picture. */
const drawn = (stage: string) =>
  page.evaluate((name) => {
    const color = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const wanted = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    const canvas = document.querySelector('canvas') as HTMLCanvasElement;
    const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) if (wanted.every((part, channel) => data[at + channel] === part)) return true;
    return false;
  }, stage);

describe('axe finds nothing', () => {
  for (const colorScheme of ['dark', 'light'] as const) {
    for (const width of [380, 1440]) {
      it(`${colorScheme}, ${width} px`, async () => {
        await start({}, { colorScheme, width });
        expect(await page.locator('html').getAttribute('data-theme')).toBe(colorScheme);
        server.change(server.world.fault('flock'));
        await page.getByText('the call took longer than 500ms').first().waitFor();
        expect(await violations(page)).toEqual([]);
        await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press('Escape');
        await server.stop();
        await page.getByRole('alert').getByText('does not answer').waitFor();
        expect(await violations(page)).toEqual([]);
      });
    }
  }
});

describe('keys alone', () => {
  it('reach everything in the order of reading, with a visible focus', async () => {
    await start();
    const names: string[] = [];
    for (let at = 0; at < 90; at += 1) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        if (element === document.body) return null;
        const name = element.getAttribute('aria-label') ?? (element as HTMLInputElement).labels?.[0]?.innerText ?? element.innerText;
        return { name: name.trim(), outline: getComputedStyle(element).outlineStyle };
      });
      if (!focus) break;
      expect(focus.outline, focus.name).not.toBe('none');
      names.push(focus.name);
    }
    const order = ['Pause', 'Step one tick', 'Seed', 'HUD', 'End the run', 'Use the light theme', 'Keyboard shortcuts', 'Frames', 'Frame to look at', 'Guests', 'Restart grid', 'Exchange', 'Log', 'Search the log', 'Least grave level', 'Follow', 'Parameters', 'alignment', 'Permissions', 'Counters'];
    const places = order.map((name) => names.findIndex((found) => found.toLowerCase() === name.toLowerCase()));
    expect(places.filter((place) => place < 0), names.join(' | ')).toEqual([]);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('do what the pointer does', async () => {
    await start();
    await page.keyboard.press('Space');
    await page.keyboard.press('.');
    await page.keyboard.press('h');
    await page.keyboard.press('Shift+R');
    await expect
      .poll(() => server.asks)
      .toEqual([{ what: 'pause' }, { what: 'step' }, { what: 'hud', shown: true }, { what: 'restart', seed: null }]);
    server.asks.length = 0;
    await page.keyboard.press('3');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => server.asks).toEqual([{ what: 'param', name: 'alignment', value: 0.79 }]);
    await page.keyboard.press('2');
    await page.keyboard.press('Enter');
    expect(await page.locator('#card-guests').getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement?.id === 'log-search');
    await page.keyboard.type('h.t');
    expect(server.asks).toHaveLength(1);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await page.locator('.box').focus();
    await page.keyboard.press('End');
    const newest = server.world.state.log.at(-1)?.text ?? '';
    await page.waitForFunction((text) => document.querySelector('.detail')?.textContent?.includes(text), newest);
  });

  it('do it once however long they are held, but for steps; Caps Lock is no Shift; Space scrolls what can be', async () => {
    await start();
    for (const [key, times] of [['Space', 1], ['h', 1], ['.', 3]] as const) {
      server.asks.length = 0;
      for (let at = 0; at < 3; at += 1) await page.keyboard.down(key);
      await page.keyboard.up(key);
      await expect.poll(() => server.asks.length, { message: key }).toBe(times);
    }
    server.asks.length = 0;
    await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'R', bubbles: true })));
    const box = page.locator('.box');
    await box.evaluate((box) => (box.scrollTop = 0));
    await box.focus();
    await page.keyboard.press('Space');
    await expect.poll(() => box.evaluate((box) => box.scrollTop)).toBeGreaterThan(0);
    // Caps Lock with Shift makes small letters, which mean what the key means.
    await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'r', shiftKey: true, bubbles: true })));
    await expect.poll(() => server.asks).toEqual([{ what: 'restart', seed: null }]);
  });

  it('open a list of all of them, close it, and can be switched off', async () => {
    await start();
    await page.locator('#card-log').focus();
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await dialog.waitFor();
    expect(await dialog.getByRole('row').count()).toBeGreaterThan(12);
    await page.getByRole('checkbox').uncheck();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('card-log');
    await page.keyboard.press('h');
    await page.waitForTimeout(100);
    expect(server.asks).toEqual([]);
  });
});

describe('what a person chose', () => {
  it('is remembered: theme and folded cards', async () => {
    await start({}, { colorScheme: 'light' });
    await page.getByRole('button', { name: 'Use the dark theme' }).click();
    await page.locator('#card-exchange').click();
    await page.reload();
    await page.getByRole('heading', { name: 'Swarm' }).waitFor();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await page.locator('#card-exchange').getAttribute('aria-expanded')).toBe('false');
  });

  it('follows the system until it differs from it', async () => {
    await start({}, { colorScheme: 'light' });
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('dark');
  });
});

describe('the timeline', () => {
  for (const colorScheme of ['dark', 'light'] as const) {
    it(`has the theme's colors, also after a change of theme, ${colorScheme}`, async () => {
      await start({}, { colorScheme });
      for (const stage of ['compute', 'page', 'compose', 'present', 'late']) await expect.poll(() => drawn(stage), { message: stage }).toBe(true);
      await page.keyboard.press('t');
      for (const stage of ['compute', 'page', 'compose', 'present', 'late']) await expect.poll(() => drawn(stage), { message: stage }).toBe(true);
    });
  }
});

describe('stillness', () => {
  for (const width of [380, 1440]) {
    it(`nothing moves during 5 s of changes, ${width} px`, async () => {
      await start({}, { width });
      await page.waitForTimeout(500);
      await watchShifts(page);
      server.play();
      await page.waitForTimeout(2500);
      server.change(server.world.fault('palette'));
      await page.waitForTimeout(2500);
      server.still();
      expect(await shifts(page)).toEqual([]);
    });
  }

  it('nothing runs while nothing changes', async () => {
    await start();
    server.change(server.world.advance(6));
    await page.waitForTimeout(1000);
    await page.evaluate(() => {
      const calls: string[] = [];
      Object.assign(window, { calls });
      for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback'] as const) {
        const original = window[name].bind(window) as (...args: unknown[]) => number;
        Object.assign(window, { [name]: (...args: unknown[]) => (calls.push(name), original(...args)) });
      }
    });
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable');
    const seconds = async () => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0;
    };
    const before = await seconds();
    await page.waitForTimeout(3000);
    const spent = (await seconds()) - before;
    // The connection's own watch, which begins anew with each word of the engine.
    const calls = await page.evaluate(() => (window as unknown as { calls: string[] }).calls);
    expect(calls).toEqual(calls.slice(0, 2).map(() => 'setTimeout'));
    // Half a percent of a core.
    expect(spent).toBeLessThan(0.015);
  });
});

describe('homes', () => {
  it('a page with recorded data asks nothing', async () => {
    await start({ recorded: recorded() }, { token: null });
    expect(await page.locator('.chip').innerText()).toBe('Recorded');
    expect(await page.getByRole('table', { name: 'Guests' }).getByRole('row').count()).toBe(4);
    const restart = page.getByRole('button', { name: 'Restart flock', exact: true });
    expect(await restart.getAttribute('aria-disabled')).toBe('true');
    await restart.click({ force: true });
    await page.locator('.toast').getByText('there is no engine to ask').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it('the shell, with a make-believe of Tauri: docked, transparent where it shows nothing', async () => {
    await begin({}, { viewport: { width: 1280, height: 720 }, colorScheme: 'light' }, () => 'about:blank');
    await shell(page, asking());
    await page.goto(server.url(null));
    await page.getByRole('button', { name: 'Pause' }).click();
    // Everything was there at once, before the first picture.
    expect(await drawn('compute')).toBe(true);
    expect((await calls(page)).at(-1)).toEqual(['panel_ask', { message: { type: 'ask', id: 1, ask: { what: 'pause' } } }]);
    const width = await page.locator('.panel').evaluate((panel) => panel.getBoundingClientRect().width);
    expect(width).toBe(400);
    const colors = await page.evaluate(() => [document.documentElement, document.body].map((element) => getComputedStyle(element).backgroundColor));
    expect(colors).toEqual(['rgba(0, 0, 0, 0)', 'rgba(0, 0, 0, 0)']);
    await page.keyboard.press('m');
    expect(await page.locator('main').count()).toBe(0);
    await page.keyboard.press('m');
    await page.keyboard.press('w');
    expect(await page.locator('.panel.full').count()).toBe(1);
  });

  for (const { key, id } of [{ key: '/', id: 'log-search' }, { key: '2', id: 'card-guests' }]) {
    it(`the shell, with its cards hidden: ${key} shows them, and what it leads to has the focus`, async () => {
      await begin({}, { viewport: { width: 1280, height: 720 } }, () => 'about:blank');
      await shell(page, asking());
      await page.goto(server.url(null));
      await titled('Swarm');
      await page.keyboard.press('5');
      await page.keyboard.press('Enter');
      await page.keyboard.press('m');
      await expect.poll(() => page.locator('main').count()).toBe(0);
      await page.keyboard.press(key);
      await page.waitForFunction((id) => document.activeElement?.id === id, id);
      await page.keyboard.press('Tab');
      expect(await page.locator('main').count()).toBe(1);
    });
  }
});
