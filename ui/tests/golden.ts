/** Golden images: a picture's blocks of 8 × 8 pixels, as a small PNG. Edges of letters hardly show in it; what has moved or has another color does. */

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';

const FOLDER = fileURLToPath(new URL('golden', import.meta.url));
const TOKENS = fileURLToPath(new URL('../src/styles/tokens.css', import.meta.url));
const BLOCK = 8;
/** A channel of a block that differs by more is another color: text over a plain background differs by up to about 60. */
const CHANNEL_DIFFERENCE_MAX = 12;
/** How many blocks may: a button has more. */
const BLOCKS_DIFFERENT_MAX = 16;

/** `WASM_ENGINE_BLESS=1` writes the images anew. */
const BLESS = process.env.WASM_ENGINE_BLESS === '1';

export interface Blocks {
  width: number;
  height: number;
  /** Red, green and blue of every block. */
  colors: number[];
  png: string;
}

/** What a PNG looks like in blocks of so many pixels. */
export async function blocks(page: Page, png: Buffer, block = BLOCK): Promise<Blocks> {
  return page.evaluate(
    async ([source, block]) => {
      const bytes = Uint8Array.from(atob(source), (letter) => letter.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      const [width, height] = [Math.floor(image.width / block), Math.floor(image.height / block)];
      const small = new ImageData(width, height);
      const colors: number[] = [];
      for (let at = 0; at < width * height; at += 1) {
        const [left, top] = [(at % width) * block, Math.floor(at / width) * block];
        for (let channel = 0; channel < 3; channel += 1) {
          let sum = 0;
          for (let y = top; y < top + block; y += 1) for (let x = left; x < left + block; x += 1) sum += data[(y * image.width + x) * 4 + channel] ?? 0;
          small.data[at * 4 + channel] = Math.round(sum / block ** 2);
          colors.push(small.data[at * 4 + channel] ?? 0);
        }
        small.data[at * 4 + 3] = 255;
      }
      const drawn = new OffscreenCanvas(width, height);
      (drawn.getContext('2d') as OffscreenCanvasRenderingContext2D).putImageData(small, 0, 0);
      const written = new Uint8Array(await (await drawn.convertToBlob({ type: 'image/png' })).arrayBuffer());
      return { width, height, colors, png: btoa(Array.from(written, (byte) => String.fromCharCode(byte)).join('')) };
    },
    [png.toString('base64'), block] as const,
  );
}

/** How two pictures differ, or `null` if they are the same as far as one can see. */
export function difference(a: Blocks, b: Blocks): string | null {
  if (a.width !== b.width || a.height !== b.height) return `${a.width} × ${a.height} blocks instead of ${b.width} × ${b.height}`;
  const different: number[] = [];
  for (let at = 0; at < a.width * a.height; at += 1) {
    const by = Math.max(...[0, 1, 2].map((channel) => Math.abs((a.colors[at * 3 + channel] ?? 0) - (b.colors[at * 3 + channel] ?? 0))));
    if (by > CHANNEL_DIFFERENCE_MAX) different.push(at);
  }
  if (different.length <= BLOCKS_DIFFERENT_MAX) return null;
  const xs = different.map((at) => (at % a.width) * BLOCK);
  const ys = different.map((at) => Math.floor(at / a.width) * BLOCK);
  return `${different.length} blocks differ, between ${Math.min(...xs)},${Math.min(...ys)} and ${Math.max(...xs) + BLOCK},${Math.max(...ys) + BLOCK}`;
}

/** Widths of a text in the panel's fonts. With other fonts every picture is another one. */
async function fonts(browser: Browser): Promise<string> {
  const tokens = await readFile(TOKENS, 'utf8');
  const families = ['sans', 'mono'].map((name) => new RegExp(`--${name}:([^;]*);`).exec(tokens)?.[1]?.trim() ?? '');
  const page = await browser.newPage();
  const widths = await page.evaluate(
    (fonts) => {
      const context = document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;
      return fonts.map((font) => {
        context.font = font;
        return context.measureText('Permissions 0123456789 of wasm-engine').width.toFixed(1);
      });
    },
    families.flatMap((family) => [`400 12px ${family}`, `600 12px ${family}`]),
  );
  await page.close();
  return widths.join(' ');
}

/** Whether this browser draws with the fonts that the images were made with. */
export async function sameFonts(browser: Browser): Promise<boolean> {
  const file = `${FOLDER}/fonts.txt`;
  const now = await fonts(browser);
  if (BLESS) {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(file, `${now}\n`);
  }
  return existsSync(file) && (await readFile(file, 'utf8')).trim() === now;
}

/** How a page differs from its image. */
export async function differs(page: Page, scratch: Page, name: string): Promise<string | null> {
  const now = await blocks(scratch, await page.screenshot({ animations: 'disabled', caret: 'hide' }));
  const file = `${FOLDER}/${name}.png`;
  if (BLESS) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, Buffer.from(now.png, 'base64'));
  }
  if (!existsSync(file)) return `there is no image ${name}.png: make it with WASM_ENGINE_BLESS=1`;
  return difference(now, await blocks(scratch, await readFile(file), 1));
}
