//! The tick thread: takes over what came in, runs the kernels in order, publishes, and tells the renderer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use wasm_engine_exchange::lane::Sender;
use wasm_engine_page::Page;
use wasm_engine_page::bridge::Bridge;
use wasm_engine_sandbox::{Event, KernelError, Pointer as KernelPointer, SlotState, TickInput, TickOutput};
use wasm_engine_telemetry::{Counter, Stage, Telemetry, Track, now_nanos};

use crate::buffers::Buffers;
use crate::clock::Clock;
use crate::control::{Control, Pointer};
use crate::groups::{Groups, KernelGroup, KernelSummary};
use crate::inbox::Inbox;
use crate::limits;
use crate::panel::{Desk, Reach};
use crate::recording::{Input, InputLog};
use crate::run_report::Fault;
use crate::wiring::TickDone;

/// Everything the tick thread owns.
pub(crate) struct Ticker {
    pub(crate) control: Arc<Control>,
    pub(crate) telemetry: Telemetry,
    pub(crate) clock: Clock,
    pub(crate) groups: Groups,
    pub(crate) buffers: Buffers,
    pub(crate) inbox: Inbox,
    pub(crate) bridge: Option<Bridge>,
    pub(crate) page: Option<Arc<Page>>,
    /// The page's document.
    pub(crate) document: Option<PathBuf>,
    /// Where a panel asks, if one is served.
    pub(crate) panel: Option<Desk>,
    pub(crate) done: Sender<TickDone>,
    pub(crate) log: Option<InputLog>,
    /// Ticks to run; for ever if `None`.
    pub(crate) ticks: Option<u64>,
    /// What came of each instance of the kernel that ran last.
    pub(crate) outcomes: Vec<Result<TickOutput, KernelError>>,
}

/// The pointer and the framebuffer's size, taken once: all kernels of a tick see the same.
#[derive(Clone, Copy)]
struct Seen {
    pointer: Pointer,
    size: (u32, u32),
}

/// What is left when the last tick is done.
#[derive(Default)]
pub(crate) struct Ticked {
    /// Ticks since the last beginning.
    pub(crate) ticks: u64,
    /// The seed of that beginning.
    pub(crate) seed: u64,
    pub(crate) faults: Vec<Fault>,
    pub(crate) kernels: Vec<KernelSummary>,
}

impl Ticker {
    /// Runs until the last tick or until the run is stopped.
    pub(crate) fn run(mut self) -> Ticked {
        let mut tick = 0;
        self.show_guests();
        while self.ticks.is_none_or(|last| tick < last) && self.wait_until_due(&mut tick) {
            self.tick(tick);
            tick += 1;
        }
        self.groups.shut_down();
        if let Some(log) = self.log.take() {
            log.finish();
        }
        // Nobody answers a panel from now on: with its end dropped, asks are answered by themselves.
        self.panel = None;
        self.control.end_ticks();
        let seed = self.groups.seed();
        let (kernels, faults) = self.groups.finish();
        Ticked { ticks: tick, seed, faults, kernels }
    }

    /// Sleeps until the tick is due; `false` when the run ends first. The next tick is number 0 when a panel wants a new beginning.
    fn wait_until_due(&mut self, tick: &mut u64) -> bool {
        loop {
            if self.control.stop.is_stopped() {
                return false;
            }
            if let Some(restart) = self.panel.as_mut().and_then(Desk::take_restart) {
                self.begin_anew(restart.seed);
                *tick = 0;
            }
            let now = Instant::now();
            let due = self.clock.due(*tick, now);
            if self.control.paused() {
                // Paused: the page and the panel are still served, so that their controls answer.
                self.take_over(*tick);
                if self.inbox.take_moved() {
                    self.control.render.notify();
                }
                if self.panel.as_mut().is_some_and(Desk::take_step) {
                    return true;
                }
                if !self.panel.as_ref().is_some_and(Desk::is_restart_waiting) {
                    self.control.tick.wait_timeout(limits::PAUSED_INTERVAL);
                }
            } else if due <= now {
                self.take_over(*tick);
                // A pause that was asked for just now holds this very tick back: nothing runs any more when the panel reads that it is paused.
                if !self.control.paused() {
                    return true;
                }
            } else if self.control.tick.wait_timeout((due - now).min(limits::STOP_INTERVAL)) {
                // What a panel asks for is not held up by a slow clock; what the page says waits for its tick.
                self.serve_panel(*tick);
            }
        }
    }

    fn take_over(&mut self, tick: u64) {
        if let Some(bridge) = &self.bridge {
            self.inbox.take_over(bridge, &self.control, self.log.as_mut(), tick);
        } else {
            self.inbox.fill(self.control.size());
        }
        self.serve_panel(tick);
    }

    fn serve_panel(&mut self, tick: u64) {
        if let Some(desk) = &mut self.panel {
            let (bridge, page, document, log) = (self.bridge.as_ref(), self.page.as_deref(), self.document.as_deref(), self.log.as_mut());
            let (control, inbox, groups) = (&*self.control, &mut self.inbox, &mut self.groups);
            let have_guests_changed = desk.take_over(Reach { control, inbox, groups, bridge, page, document, log, tick });
            if have_guests_changed {
                self.groups.enforce(tick);
                self.show_guests();
            }
        }
    }

    /// Shows the panel what is not shown by ticks: guests that have none, and what guests may do.
    fn show_guests(&self) {
        if let Some(desk) = &self.panel {
            desk.board.set_guests(&self.groups.list, self.groups.permissions());
        }
    }

    fn tick(&mut self, tick: u64) {
        let token = self.telemetry.token();
        self.telemetry.stamp(token, Stage::Queued);
        let began = now_nanos();
        let seen = Seen { pointer: self.control.pointer(), size: self.control.size() };
        if self.inbox.take_reset() {
            self.restart_kernels(tick);
        }
        self.telemetry.stamp(token, Stage::ComputeStart);
        for group in 0..self.groups.list.len() {
            self.run_group(group, tick, seen);
        }
        self.telemetry.stamp(token, Stage::ComputeEnd);
        self.telemetry.add(Counter::TicksRun, 1);
        if let Some(log) = &mut self.log {
            log.tick(tick, &self.buffers);
        }
        let handed_on = self.done.push(TickDone::new(token, tick)).is_ok();
        if !handed_on {
            self.telemetry.add(Counter::LaneRejects, 1);
        }
        if let Some(desk) = &self.panel {
            desk.board.end_tick(tick, &self.inbox.params, handed_on);
        }
        if self.control.paused() {
            // Nothing comes after a step for which the panel would be told soon anyway.
            self.control.monitor.notify();
        }
        self.control.render.notify();
        let ended = now_nanos();
        self.control.expect_tick_by(ended + self.clock.patience());
        self.telemetry.span_at("tick.run", Track::Main, began, ended);
    }

    /// Runs every shard of one kernel in parallel, then publishes what it wrote: one generation, whatever the number of shards.
    fn run_group(&mut self, index: usize, tick: u64, seen: Seen) {
        let group = &mut self.groups.list[index];
        if group.fault.is_some() {
            return;
        }
        let pointer = kernel_pointer(&self.inbox, seen, group.pointer_surface);
        if let Some(log) = self.log.as_mut().filter(|_| group.pointer != pointer) {
            let at = pointer.map(|pointer| [pointer.x, pointer.y]);
            log.input(&Input::Pointer { tick, guest: &group.name, at, buttons: pointer.map_or(0, |pointer| pointer.buttons) });
            group.pointer = pointer;
        }
        group.writes.iter().for_each(|&buffer| self.buffers.prepare(buffer));
        let slots: Vec<SlotState> = group.grants.iter().map(|&buffer| self.buffers.slots(buffer)).collect();
        let input = TickInput {
            tick,
            time: self.clock.time(tick),
            dt: self.clock.dt(),
            params: self.inbox.params.values(),
            pointer,
            slots: &slots,
        };
        let telemetry = &self.telemetry;
        let (began, outcomes) = (now_nanos(), &mut self.outcomes);
        self.groups.pool.install(|| {
            let ticked = group.shards.par_iter_mut().enumerate().map(|(shard, kernel)| {
                let worker = rayon::current_thread_index().unwrap_or(shard);
                let _span = telemetry.span("kernel.tick", Track::Worker(worker as u16));
                kernel.tick(&input)
            });
            ticked.collect_into_vec(outcomes);
        });
        let took = now_nanos().saturating_sub(began);
        let fuel = self.outcomes.iter().flatten().filter_map(|output| output.fuel_used).reduce(|sum, more| sum + more);
        // Of several that fail in one tick the first is told, whichever was done first.
        match self.outcomes.drain(..).find_map(Result::err) {
            None => {
                group.drain_log();
                group.writes.iter().for_each(|&buffer| self.buffers.publish(buffer));
                pass_on_events(group, self.bridge.as_ref(), &self.telemetry);
            }
            Some(error) => {
                let fault = Fault::of_kernel(&group.name, Some(tick), &error);
                self.groups.fail(index, fault);
            }
        }
        if let Some(desk) = &self.panel {
            desk.board.end_guest(index, &self.groups.list[index], took, fuel);
        }
    }

    /// Begins anew at the page's wish: fresh instances, the tick's number goes on. A kernel that had failed gets another chance.
    fn restart_kernels(&mut self, tick: u64) {
        self.groups.shut_down();
        self.start_kernels(tick);
    }

    /// Begins anew at a panel's wish: tick 0, fresh instances, empty buffers, and the parameters as they are.
    fn begin_anew(&mut self, seed: Option<u64>) {
        if let Some(seed) = seed {
            self.groups.set_seed(seed);
        }
        self.groups.shut_down();
        self.buffers.restart();
        if let Some(desk) = &self.panel {
            desk.board.restart(seed);
        }
        self.start_kernels(0);
        self.clock.restart();
        self.control.monitor.notify();
    }

    fn start_kernels(&mut self, tick: u64) {
        self.groups.restart(&self.inbox.params, tick);
        self.show_guests();
    }
}

/// Sends on what the kernels emitted, in the order of their shards, so that the order does not depend on threads. How much that may be, each instance was told when it emitted.
fn pass_on_events(group: &mut KernelGroup, bridge: Option<&Bridge>, telemetry: &Telemetry) {
    for kernel in &mut group.shards {
        kernel.drain_events(|event| {
            if let Some(bridge) = bridge {
                send(bridge, telemetry, event);
            }
        });
    }
}

fn send(bridge: &Bridge, telemetry: &Telemetry, event: Event) {
    if let Err(error) = bridge.send(&event.topic, event.data) {
        telemetry.add(Counter::EventsDropped, 1);
        tracing::debug!(topic = event.topic, code = error.code(), "{error}");
    }
}

/// The pointer in the surface's own coordinates, 0 to 1 from its top left corner; `None` outside.
fn kernel_pointer(inbox: &Inbox, Seen { pointer, size: (width, height) }: Seen, surface: Option<usize>) -> Option<KernelPointer> {
    let (x, y, w, h) = surface.and_then(|surface| inbox.surface_rect(surface)).unwrap_or((0.0, 0.0, width as f32, height as f32));
    let (u, v) = ((pointer.x - x) / w, (pointer.y - y) / h);
    // NaN, which stands for a pointer outside of the window, is in no range.
    ((0.0..=1.0).contains(&u) && (0.0..=1.0).contains(&v)).then_some(KernelPointer { x: u, y: v, buttons: pointer.buttons })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_do_not_reach_the_page_are_counted() {
        let (bridge, _port) = Bridge::pair();
        let telemetry = Telemetry::default();
        let event = |topic: &str| Event { topic: topic.to_owned(), data: vec![0; 8] };
        // Nobody takes them, so that the queue is full in the end.
        (0..5_000).for_each(|_| send(&bridge, &telemetry, event("bounced")));
        let full = telemetry.counter(Counter::EventsDropped);
        assert!(full > 0 && full < 5_000);
        assert_eq!(full, bridge.stats().outbox_refused);
        send(&bridge, &telemetry, event(""));
        assert_eq!(telemetry.counter(Counter::EventsDropped), full + 1);
    }
}
