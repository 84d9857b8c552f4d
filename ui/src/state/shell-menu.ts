import { shortPath } from '../format/format';
import type { MenuItem } from '../menu';
import type { Shell } from './shell.svelte';

/** Recent apps in the menu; the welcome view has them all. */
const RECENT_MAX = 8;

/** What the app bar's menu holds in the shell. */
export function shellMenu(shell: Shell): MenuItem[] {
  const recent = shell.recent.slice(0, RECENT_MAX).map(
    ({ path, title }): MenuItem => ({
      kind: 'item',
      label: title,
      detail: shortPath(path, 40),
      title: path,
      run: () => shell.open({ what: 'app', path, title }),
    }),
  );
  const autostart = shell.state?.autostart ?? false;
  return [
    { kind: 'item', label: 'Open folder…', run: () => shell.open({ what: 'folder' }) },
    { kind: 'item', label: 'Open archive…', run: () => shell.open({ what: 'archive' }) },
    { kind: 'line' },
    ...(recent.length > 0 ? [{ kind: 'heading', label: 'Recent apps' } as const, ...recent, { kind: 'line' } as const] : []),
    { kind: 'checkbox', label: 'Start at login', checked: autostart, run: () => shell.autostart(!autostart) },
  ];
}
