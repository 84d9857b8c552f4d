import { describe, expect, it } from 'vitest';
import { lettered, moved, placed } from './menu';

describe('keys in a menu', () => {
  it('lead around in a ring, and to both ends', () => {
    expect([moved(3, 0, 'ArrowDown'), moved(3, 2, 'ArrowDown'), moved(3, 0, 'ArrowUp'), moved(3, 1, 'Home'), moved(3, 1, 'End')]).toEqual([1, 0, 2, 0, 2]);
  });

  it('lead nowhere when they are none of a menu, or when it is empty', () => {
    expect([moved(3, 0, 'x'), moved(0, -1, 'ArrowDown')]).toEqual([null, null]);
  });

  it('lead to the next item that begins with a letter, the same one last of all', () => {
    const labels = ['Open folder…', 'Open archive…', 'Swarm'];
    expect([lettered(labels, 0, 'o'), lettered(labels, 1, 'O'), lettered(labels, 2, 's'), lettered(labels, 0, 'x')]).toEqual([1, 0, 2, null]);
    expect(lettered([], -1, 'o')).toBe(null);
  });
});

describe('a menu lies', () => {
  const window = { width: 400, height: 700 };
  const size = { width: 180, height: 200 };
  const anchor = (left: number, top: number) => ({ left, top, right: left + 120, bottom: top + 24 });

  it('below its button and along its left edge', () => {
    expect(placed(anchor(10, 100), size, window)).toEqual({ left: 10, top: 128, height: 200 });
  });

  it('along its right edge where the button is on the right', () => {
    expect(placed(anchor(260, 100), size, window)).toEqual({ left: 200, top: 128, height: 200 });
  });

  it('above where only there is room', () => {
    expect(placed(anchor(10, 600), size, window)).toEqual({ left: 10, top: 396, height: 200 });
  });

  it('inside of the window in any case, as high as there is room', () => {
    const { left, top, height } = placed(anchor(10, 300), { width: 600, height: 900 }, window);
    expect([left, top, top + height <= window.height]).toEqual([8, 328, true]);
  });
});
