import './locale';
import { mount } from 'svelte';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import App from './App.svelte';
import type { TauriInternals } from './connection/channel';
import { choose } from './connection/choose';
import { ShellConnection } from './connection/shell';
import { Panel } from './state/panel.svelte';
import { Shell } from './state/shell.svelte';

const { __TAURI_INTERNALS__: tauri } = window as Window & { __TAURI_INTERNALS__?: TauriInternals };
const panel = new Panel(choose(window));
const shell = tauri ? new Shell(new ShellConnection(tauri), panel) : null;
const target = document.getElementById('panel');
if (!target) throw new Error('the page has no element #panel');
document.documentElement.dataset.home = panel.home;
mount(App, { target, props: { panel, shell } });
if (shell) {
  void shell.hello();
} else {
  // An address that was pasted over this one may have another token, and browsers load nothing anew for a fragment.
  window.addEventListener('hashchange', () => window.location.reload());
  panel.open();
}
