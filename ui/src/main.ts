import './locale';
import { mount } from 'svelte';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import { choose } from './connection/choose';
import PanelView from './Panel.svelte';
import { Panel } from './state/panel.svelte';

const panel = new Panel(choose(window));
const target = document.getElementById('panel');
if (!target) throw new Error('the page has no element #panel');
document.documentElement.dataset.home = panel.home;
mount(PanelView, { target, props: { panel } });
panel.open();
