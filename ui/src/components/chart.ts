import uPlot from 'uplot';
import type { Frame } from '../protocol';
import { needed, reach, STAGES, type StageName } from '../state/frames';
import { BUDGETS_MS, FRAMES_MAX } from '../state/limits';

/** From the axis upwards. `page` runs beside these, in Servo's own threads, and is drawn downwards. */
const STACK: StageName[] = ['wait', 'compute', 'compose', 'present'];

type Colors = Record<StageName | 'text' | 'grid' | 'budget' | 'own' | 'late' | 'card', string>;

/** The timeline: one column for each frame, the newest on the right. */
export class TimelineChart {
  readonly #plot: uPlot;
  readonly #element: HTMLElement;
  readonly #observer: ResizeObserver;
  #colors: Colors;
  #frames: Frame[] = [];
  #budgetMs = 0;
  #above = 20;
  #below = 0;

  /** `inspect` is told which frame is under the cursor. */
  constructor(element: HTMLElement, inspect: (frame: number | null) => void) {
    this.#element = element;
    this.#colors = readColors(element);
    this.#plot = new uPlot(this.#options(inspect), [[], ...STAGES.map(() => [])], element);
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(element);
  }

  /** Shows these frames. */
  show(frames: Frame[], budgetMs: number): void {
    this.#frames = frames;
    this.#budgetMs = budgetMs;
    const need = needed(frames, budgetMs);
    this.#above = reach(need.above, this.#above);
    this.#below = need.below > 0 ? reach(need.below, this.#below) : 0;
    const first = FRAMES_MAX - frames.length;
    const x = frames.map((_, at) => first + at + 0.5);
    const tops = { wait: [] as number[], compute: [] as number[], compose: [] as number[], present: [] as number[] };
    for (const frame of frames) {
      let top = 0;
      for (const stage of STACK) {
        top += frame[stage] ?? 0;
        tops[stage as keyof typeof tops].push(top);
      }
    }
    const page = frames.map((frame) => -(frame.page ?? 0));
    this.#plot.setData([x, tops.wait, tops.compute, page, tops.compose, tops.present]);
  }

  /** Puts the cursor on a frame, or away. */
  inspect(frame: number | null): void {
    const left = frame === null ? -10 : this.#plot.valToPos(FRAMES_MAX - this.#frames.length + frame + 0.5, 'x');
    this.#plot.setCursor({ left, top: frame === null ? -10 : 1 });
  }

  recolor(): void {
    this.#colors = readColors(this.#element);
    this.#plot.redraw(true, true);
  }

  destroy(): void {
    this.#observer.disconnect();
    this.#plot.destroy();
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (width > 0 && height > 0 && (width !== this.#plot.width || height !== this.#plot.height)) this.#plot.setSize({ width, height });
  }

  #options(inspect: (frame: number | null) => void): uPlot.Options {
    // A whole number: uPlot scales no other.
    const font = `11px ${getComputedStyle(this.#element).fontFamily}`;
    const axis = { font, stroke: () => this.#colors.text, scale: 'y', gap: 5, ticks: { show: false } };
    return {
      width: Math.max(50, this.#element.clientWidth),
      height: Math.max(50, this.#element.clientHeight),
      legend: { show: false },
      padding: [8, 0, 6, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      scales: { x: { time: false, range: [0, FRAMES_MAX] }, y: { range: () => [-this.#below, this.#above] } },
      series: [
        {},
        ...STAGES.map((stage): uPlot.Series => ({
          label: stage,
          // With a line of odd width, columns would lie between pixels.
          width: 0,
          fill: () => this.#colors[stage],
          paths: (plot) => ({ fill: this.#columns(plot, stage), stroke: null }),
          points: { show: false },
        })),
      ],
      axes: [
        { show: false },
        {
          ...axis,
          size: 30,
          space: 26,
          grid: { stroke: () => this.#colors.grid, width: 1 },
          values: (_, values) => values.map((value) => String(Math.abs(value))),
        },
        {
          ...axis,
          side: 1,
          size: 34,
          stroke: () => this.#colors.own,
          grid: { show: false },
          splits: (plot) => this.#labeled(plot),
          values: (_, values) => values.map((value) => value.toFixed(1)),
        },
      ],
      hooks: {
        draw: [(plot) => this.#drawBudgets(plot)],
        setCursor: [(plot) => inspect(plot.cursor.idx ?? null)],
      },
    };
  }

  /** One stage's part of every column, seamless at every width. */
  #columns(plot: uPlot, stage: StageName): Path2D {
    const path = new Path2D();
    const first = FRAMES_MAX - this.#frames.length;
    const x = (at: number) => Math.round(plot.valToPos(at, 'x', true));
    const y = (value: number) => Math.round(plot.valToPos(Math.min(value, this.#above), 'y', true));
    const gap = x(1) - x(0) >= 5 ? 1 : 0;
    const lower = STACK.slice(0, Math.max(0, STACK.indexOf(stage)));
    this.#frames.forEach((frame, at) => {
      const value = frame[stage];
      if (value === null || value <= 0) return;
      const from = stage === 'page' ? 0 : lower.reduce((sum, below) => sum + (frame[below] ?? 0), 0);
      const to = stage === 'page' ? Math.max(-value, -this.#below) : from + value;
      const left = x(first + at);
      path.rect(left, y(to), x(first + at + 1) - left - gap, y(from) - y(to));
    });
    return path;
  }

  /** The budgets with room for a label; the run's own comes first. */
  #labeled(plot: uPlot): number[] {
    const budgets = [this.#budgetMs, ...BUDGETS_MS].filter((budget) => budget > 0 && budget < this.#above);
    const apart = (12 * (this.#above + this.#below)) / Math.max(1, plot.bbox.height / devicePixelRatio);
    const kept: number[] = [];
    for (const budget of budgets) {
      if (kept.every((other) => Math.abs(other - budget) >= apart)) kept.push(budget);
    }
    return kept.sort((a, b) => a - b);
  }

  #drawBudgets(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const line = (ms: number, color: string, dash: number[], width: number) => {
      const y = Math.round(plot.valToPos(ms, 'y', true)) + 0.5;
      if (y < bbox.top) return;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      // First the card's color, so that the line is seen over columns of every color.
      ctx.strokeStyle = this.#colors.card;
      ctx.lineWidth = (width + 2) * devicePixelRatio;
      ctx.setLineDash([]);
      ctx.globalAlpha = 0.4;
      ctx.stroke();
      ctx.globalAlpha = 1;
      ctx.strokeStyle = color;
      ctx.lineWidth = width * devicePixelRatio;
      ctx.setLineDash(dash.map((part) => part * devicePixelRatio));
      ctx.stroke();
    };
    ctx.save();
    for (const budget of BUDGETS_MS) line(budget, this.#colors.budget, [3, 3], 1);
    if (this.#budgetMs > 0) line(this.#budgetMs, this.#colors.own, [], 1);
    line(0, this.#colors.text, [], 1);
    this.#drawLate(plot);
    ctx.restore();
  }

  /** A mark above each late frame. */
  #drawLate(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const first = FRAMES_MAX - this.#frames.length;
    const height = Math.round(3 * devicePixelRatio);
    ctx.fillStyle = this.#colors.late;
    this.#frames.forEach((frame, at) => {
      if (!frame.late) return;
      const left = Math.round(plot.valToPos(first + at, 'x', true));
      const right = Math.round(plot.valToPos(first + at + 1, 'x', true));
      ctx.fillRect(left, bbox.top - height - 1, Math.max(2, right - left), height);
    });
  }
}

function readColors(element: HTMLElement): Colors {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const stages = Object.fromEntries(STAGES.map((stage) => [stage, color(`--${stage}`)])) as Record<StageName, string>;
  return {
    ...stages,
    text: color('--text-3'),
    grid: color('--line'),
    budget: color('--text'),
    own: color('--text'),
    late: color('--late'),
    card: color('--card'),
  };
}
