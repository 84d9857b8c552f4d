import type { TauriInternals } from './channel';
import type { Connection } from './connection';
import { loadRecorded, RecordedConnection } from './recorded';
import { TauriConnection } from './tauri';
import { WebSocketConnection } from './websocket';

/** The home that this window is: the shell if it is there, a live engine if the address has a token (`#token=…`), else recorded data. */
export function choose(window: Window & { __TAURI_INTERNALS__?: TauriInternals }): Connection {
  if (window.__TAURI_INTERNALS__) return new TauriConnection(window.__TAURI_INTERNALS__);
  const page = new URL(window.location.href);
  const token = new URLSearchParams(page.hash.slice(1)).get('token');
  if (token) return new WebSocketConnection(page, token);
  return new RecordedConnection(() => loadRecorded(new URL('recorded.json', page)));
}
