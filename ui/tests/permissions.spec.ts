/** Decisions about guests' rights, and the page that has crashed. */

import { describe, expect, it } from 'vitest';
import { violations } from './browser';
import { begin, page, scene, server, titled } from './scene';
import type { Options } from './server';
import { World } from './world';

scene();

async function start(options: Options = {}, { width = 400, height = 2200, colorScheme = 'dark' as 'dark' | 'light' } = {}): Promise<void> {
  await begin(options, { viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
  await titled('Swarm');
}

const asked = (expected: unknown[]) => expect.poll(() => server.asks).toEqual(expected);
const button = (name: RegExp) => page.getByRole('button', { name });
const row = (name: string, at = 0) => page.getByRole('table', { name: 'Effective policy of each guest' }).getByRole('row', { name }).nth(at);
const choices = () => page.getByRole('menuitemradio');
const checked = () => page.getByRole('menuitemradio', { checked: true }).allInnerTexts();
const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).innerText.split('\n')[0]);

async function choose(name: RegExp, choice: string): Promise<void> {
  await button(name).click();
  await page.getByRole('menuitemradio', { name: choice }).click();
}

/** Denies a right of palette's, and takes that back: the guest has ended, and has the right again from a restart on. */
async function hesitate(): Promise<void> {
  await choose(/^palette, read boids/, 'Deny for this run');
  await button(/^palette, read boids: Denied this run$/).waitFor();
  await choose(/^palette, read boids/, 'As the manifest says');
  await button(/^palette, read boids: Denied$/).waitFor();
}

const BOIDS = { what: 'permit', guest: 'flock', right: 'write', object: 'boids' };
const CELLS = { what: 'permit', guest: 'flock', right: 'read', object: 'cells' };

describe('a decision', () => {
  it('is asked for as it was chosen, and what follows from it is shown', async () => {
    await start();
    await choose(/^flock, write boids/, 'Deny for this run');
    await asked([{ ...BOIDS, decision: 'deny', scope: 'run' }]);
    await button(/^flock, write boids: Denied this run$/).waitFor();
    expect((await row('write boids').innerText()).replace(/\s+/g, ' ')).toContain('Denied this run');
    expect(await page.getByRole('table', { name: 'Guests' }).getByText('PERMISSION_DENIED').count()).toBeGreaterThan(0);

    await choose(/^flock, write boids/, 'Always allow');
    await button(/^flock, write boids: Denied$/).waitFor();
    expect(await row('write boids').innerText()).toContain('Allowed after a restart · always');
    const later = 'Always allowed, from the next restart on. Until then: it was denied, and the guest has not begun anew';
    expect(await row('write boids').locator('.why').getAttribute('title')).toBe(later);
    await button(/^flock, write boids/).click();
    expect(await checked()).toEqual(['Always allow\nFrom the next restart on']);
    await page.keyboard.press('Escape');

    await button(/^Restart from tick 0, with what is allowed now/).press('Enter');
    await button(/^flock, write boids: Allowed always$/).waitFor();
    expect(await page.locator('.waiting').count()).toBe(0);
    // The button has gone, and did not take the focus with it.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('card-permissions');
    await choose(/^flock, write boids/, 'As the manifest says');
    await button(/^flock, write boids: Allowed$/).waitFor();
    await asked([
      { ...BOIDS, decision: 'deny', scope: 'run' },
      { ...BOIDS, decision: 'allow', scope: 'always' },
      { what: 'restart', seed: null },
      { ...BOIDS, decision: null, scope: 'always' },
    ]);
  });

  it('that is there already is not asked for again', async () => {
    await start();
    await choose(/^flock, read cells/, 'Always allow');
    await choose(/^grid, read boids/, 'Always allow');
    await asked([{ ...CELLS, guest: 'grid', object: 'boids', decision: 'allow', scope: 'always' }]);
  });

  it('can be made with keys alone', async () => {
    await start();
    await button(/^flock, read cells/).focus();
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('Always allow');
    expect(await button(/^flock, read cells/).getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('As the manifest says');
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    await page.keyboard.press('d');
    expect(await focused()).toBe('Deny for this run');
    // Letters that are shortcuts elsewhere.
    await page.keyboard.press('h');
    await page.keyboard.press('.');
    await page.keyboard.press('Enter');
    await asked([{ ...CELLS, decision: 'deny', scope: 'run' }]);
    expect(await choices().count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toContain('flock, read cells');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(await choices().count()).toBe(0);
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    expect(await choices().count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toContain('flock, write boids');
    expect(server.asks).toHaveLength(1);
  });

  it('is not made by leaving the menu: a click elsewhere, on its button, or a scroll', async () => {
    await start({}, { height: 800 });
    await button(/^flock, write boids/).click();
    await page.mouse.click(30, 300);
    expect(await choices().count()).toBe(0);
    await button(/^flock, write boids/).click();
    await button(/^flock, write boids/).click();
    expect(await choices().count()).toBe(0);
    await button(/^flock, write boids/).click();
    await page.mouse.move(30, 400);
    await page.mouse.wheel(0, -30);
    expect(await choices().count()).toBe(5);
    const lie = await page.evaluate(() => [document.querySelector('[role=menu]'), document.querySelector('[aria-expanded=true][aria-haspopup]')].map((element) => element?.getBoundingClientRect().top ?? 0));
    expect(lie[0]).not.toBe(lie[1]);
    expect(server.asks).toEqual([]);
  });

  it('cannot be made by who may only watch, and every decision can be read all the same', async () => {
    const world = World.running();
    world.answer({ what: 'permit', guest: 'palette', right: 'read', object: 'boids', decision: 'deny', scope: 'always' });
    await start({ mayAsk: false, world });
    expect(await button(/^flock, write boids/).count()).toBe(0);
    expect(await row('read boids', 1).innerText()).toContain('Denied');
    expect(await page.getByText('Denying what a guest has').count()).toBe(0);
  });

  it('cannot be made once the run has ended, and says so', async () => {
    await start();
    await button(/^flock, write boids/).click();
    const { change } = server.world.answer({ what: 'stop' });
    if (change) server.change(change);
    await expect.poll(() => button(/^flock, write boids/).getAttribute('aria-disabled')).toBe('true');
    expect(await choices().count()).toBe(0);
    await button(/^flock, write boids/).click({ force: true });
    await page.locator('.toast').getByText('The run has ended.').waitFor();
    expect(server.asks).toEqual([]);
  });

  for (const [width, height] of [[400, 3200], [820, 3200], [940, 1600], [1440, 1600]] as const) {
    it(`moves nothing, ${width} px`, async () => {
      await start({}, { width, height });
      await button(/^flock, write boids/).waitFor();
      const places = () =>
        page
          .getByRole('region', { name: 'Permissions' })
          .locator('tr, td, td > *, .foot, .foot > *')
          .evaluateAll((all) => all.map((element) => JSON.stringify(element.getBoundingClientRect())));
      const before = await places();
      expect(before.length).toBeGreaterThan(20);
      await choose(/^flock, write boids/, 'Deny for this run');
      await button(/^flock, write boids: Denied this run$/).waitFor();
      await choose(/^flock, write boids/, 'Always allow');
      await page.getByText('after a restart').first().waitFor();
      await hesitate();
      await expect.poll(() => page.getByText('after a restart').count()).toBe(2);
      expect(await places()).toEqual(before);
    });
  }
});

describe('a page that has crashed', () => {
  it('is said once, with what to do, and can be restarted; the guests go on', async () => {
    await start();
    await page.evaluate(() => {
      const heard: string[] = [];
      Object.assign(window, { heard });
      const alert = document.querySelector('.top [role=alert]') as HTMLElement;
      new MutationObserver(() => heard.push(alert.innerText)).observe(alert, { childList: true, subtree: true, characterData: true });
    });
    const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard);
    server.change(server.world.crash());
    const alert = page.getByRole('alert').filter({ hasText: 'The guests go on' });
    await alert.getByText('index out of bounds').waitFor();
    expect(await alert.innerText()).toContain('restart the page from the panel');
    for (let round = 0; round < 3; round += 1) server.change(server.world.advance(6));
    await expect.poll(() => page.locator('.figures dd').first().innerText()).toBe(String(server.world.state.run.tick));
    expect(await heard()).toHaveLength(1);
    expect(await page.getByText('PAGE_CRASHED').count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Restart page' }).click();
    await asked([{ what: 'restart_page' }]);
    expect(await page.getByRole('button', { name: 'Restart page' }).count()).toBeGreaterThan(0);
    server.change(server.world.recover());
    await expect.poll(() => page.getByRole('button', { name: 'Restart page' }).count()).toBe(0);
    expect(await page.getByText('The guests go on').count()).toBe(0);
  });

  it('cannot be restarted by who may only watch', async () => {
    await start({ mayAsk: false });
    server.change(server.world.crash());
    const restart = page.getByRole('button', { name: 'Restart page' });
    expect(await restart.getAttribute('aria-disabled')).toBe('true');
    await restart.click({ force: true });
    await page.locator('.toast').getByText('may watch the run but not change it').waitFor();
    expect(server.asks).toEqual([]);
  });
});

describe('axe finds nothing', () => {
  for (const colorScheme of ['dark', 'light'] as const) {
    it(`${colorScheme}: decisions that wait, an open menu, a crashed page`, async () => {
      await start({}, { colorScheme });
      await hesitate();
      await page.getByText('after a restart').first().waitFor();
      server.change(server.world.crash());
      await page.getByRole('button', { name: 'Restart page' }).waitFor();
      expect(await violations(page)).toEqual([]);
      await button(/^grid, write cells/).click();
      await choices().first().waitFor();
      expect(await violations(page)).toEqual([]);
    });
  }
});
