/** The panel that the program carries, in a browser, against a real run: what it shows is what the engine did. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { count } from '../src/format/format';
import { launch, open } from './browser';
import { APP, PROGRAM, serve, type Served, Witness } from './real';

const SLOW = 30_000;

describe.skipIf(!PROGRAM || !APP)('against a real run', () => {
  let browser: Browser;
  let served: Served;
  let witness: Witness;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    served = await serve();
    witness = await Witness.connect(served.socket);
    ({ page, faults } = await open(browser, served.panel));
    await expect.poll(() => witness.now.run.phase, { timeout: SLOW }).toBe('running');
  });

  afterEach(async () => {
    witness.close();
    await page.context().close();
    served.engine.kill('SIGINT');
    await served.ended;
    expect(faults).toEqual([]);
  });

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const shownTick = async () => (await page.locator('.figures dd').allInnerTexts())[0];

  /** Pauses, and waits until nothing changes any more. */
  async function pause(): Promise<void> {
    await press('Pause');
    await expect.poll(() => witness.now.run.phase, { timeout: SLOW }).toBe('paused');
    await expect.poll(async () => (await shownTick()) === count(witness.now.run.tick), { timeout: SLOW }).toBe(true);
  }

  async function rows(table: string): Promise<string[][]> {
    const found = page.getByRole('table', { name: table }).getByRole('row');
    return found.evaluateAll((all) => all.slice(1).map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText.trim())));
  }

  it('shows guests, buffers and permissions as they are, and steps one tick at a time', async () => {
    await pause();
    const before = witness.now.run.tick;
    await press('Step one tick');
    await expect.poll(() => witness.now.run.tick, { timeout: SLOW }).toBe(before + 1);
    await expect.poll(shownTick, { timeout: SLOW }).toBe(count(before + 1));
    const { guests, buffers, permissions } = witness.now;
    expect(guests.length).toBeGreaterThan(0);
    await expect.poll(async () => (await rows('Guests')).map((row) => [row[1], row[2]]), { timeout: SLOW }).toEqual(guests.map((guest) => [guest.state, count(guest.ticks)]));
    expect((await rows('Buffers')).map((row) => [row[0], row[2]])).toEqual(buffers.map((buffer) => [buffer.name, count(buffer.generation)]));
    expect(await rows('Effective policy of each guest')).toHaveLength(permissions.length);
    await press('Run');
    await expect.poll(() => witness.now.run.tick, { timeout: SLOW }).toBeGreaterThan(before + 5);
  });

  it('restarts one guest, and the others go on', async () => {
    await pause();
    const [first, ...others] = witness.now.guests;
    await press(`Restart ${first?.name}`);
    await expect.poll(() => witness.now.guests.map((guest) => guest.ticks), { timeout: SLOW }).toEqual([0, ...others.map((guest) => guest.ticks)]);
    await expect.poll(async () => (await rows('Guests'))[0]?.slice(1, 3), { timeout: SLOW }).toEqual(['running', '0']);
    await press('Run');
    await expect.poll(() => witness.now.guests[0]?.ticks, { timeout: SLOW }).toBeGreaterThan(3);
  });

  it('says when the engine says nothing any more, also at rest, until it does again', async () => {
    await pause();
    served.engine.kill('SIGSTOP');
    try {
      await page.getByRole('alert').getByText('ENGINE_SILENT').waitFor();
    } finally {
      served.engine.kill('SIGCONT');
    }
    await expect.poll(() => page.locator('.below [role=alert]').innerText(), { timeout: SLOW }).toBe('');
    await press('Run');
    const before = witness.now.run.tick;
    await expect.poll(() => witness.now.run.tick, { timeout: SLOW }).toBeGreaterThan(before);
  });

  it('moves a parameter, restarts with a seed, and ends the run', async () => {
    const slider = page.getByRole('region', { name: 'Parameters' }).getByRole('slider').first();
    const name = (await slider.getAttribute('id'))?.replace('param-', '');
    const value = () => witness.now.params.find((param) => param.name === name)?.value;
    const before = value();
    await slider.focus();
    await page.keyboard.press('Home');
    await expect.poll(value, { timeout: SLOW }).not.toBe(before);
    expect(value()).toBe(Number(await slider.getAttribute('min')));

    await page.getByRole('textbox', { name: 'Seed' }).fill('9');
    await press('Restart from tick 0 with this seed');
    await expect.poll(() => witness.now.run.seed, { timeout: SLOW }).toBe('9');
    await expect.poll(() => witness.now.run.tick > 3 && witness.now.guests.every((guest) => guest.state === 'running'), { timeout: SLOW }).toBe(true);

    await press('End the run');
    await page.getByRole('dialog').getByRole('button', { name: 'End the run' }).click();
    expect(await served.ended).toBe(0);
    expect(witness.bye).toBe('ENGINE_ENDED');
    await page.getByRole('alert').getByText('ENGINE_ENDED').waitFor();
  });
});
