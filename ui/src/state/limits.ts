/** Frames and log entries that the panel keeps; the engine keeps as many. */
export const FRAMES_MAX = 300;
export const LOG_MAX = 1000;

/** Budgets that the timeline always shows: 120 and 60 frames a second, in milliseconds. */
export const BUDGETS_MS = [8.3, 16.7] as const;
