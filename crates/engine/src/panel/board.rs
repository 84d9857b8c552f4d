//! What the tick thread notes for the panel. The monitor thread reads it ten times a second.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wasm_engine_serve::protocol::{Permission, Problem};

use crate::groups::KernelGroup;
use crate::limits;
use crate::params::Params;
use crate::run_report::Fault;

/// What is known of a run's ticks.
#[derive(Default)]
pub(crate) struct Board {
    tick: AtomicU64,
    /// Finished ticks that the lane to the renderer has turned away.
    rejects: AtomicU64,
    notes: Mutex<Notes>,
}

/// What changes together.
#[derive(Clone, Default)]
pub(crate) struct Notes {
    /// How many times the run has begun anew.
    pub(crate) beginning: u64,
    /// The seed, once somebody has given another one than the run began with.
    pub(crate) seed: Option<u64>,
    /// One for each kernel, in manifest order.
    pub(crate) guests: Vec<GuestNote>,
    /// Values in manifest order.
    pub(crate) params: Vec<f32>,
    /// What the guests may do.
    pub(crate) permissions: Vec<Permission>,
    /// Why the page does not go on.
    pub(crate) page_problem: Option<Problem>,
}

/// What is known of one kernel.
#[derive(Clone, Default)]
pub(crate) struct GuestNote {
    pub(crate) instances: u32,
    /// Ticks since it was started.
    pub(crate) ticks: u64,
    /// Nanoseconds of its newest ticks.
    pub(crate) nanos: VecDeque<u64>,
    /// Fuel of the newest tick.
    pub(crate) fuel: Option<u64>,
    pub(crate) memory_bytes: u64,
    pub(crate) fault: Option<Fault>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finished ticks that the lane to the renderer has turned away.
    pub(crate) fn rejects(&self) -> u64 {
        self.rejects.load(Ordering::Relaxed)
    }

    /// Ticks done since the beginning or the last restart, and a copy of the notes, both of the same beginning.
    pub(crate) fn read(&self) -> (u64, Notes) {
        let notes = self.lock();
        (self.tick.load(Ordering::Acquire), notes.clone())
    }

    /// A tick is done, and was handed on to the renderer, or turned away.
    pub(crate) fn end_tick(&self, tick: u64, params: &Params, handed_on: bool) {
        self.tick.store(tick + 1, Ordering::Release);
        if !handed_on {
            self.rejects.fetch_add(1, Ordering::Relaxed);
        }
        self.set_params(params);
    }

    /// The parameters may have changed.
    pub(crate) fn set_params(&self, params: &Params) {
        let mut notes = self.lock();
        notes.params.clear();
        notes.params.extend_from_slice(params.values());
    }

    /// One kernel, all instances together, has done a tick.
    pub(crate) fn end_guest(&self, index: usize, group: &KernelGroup, nanos: u64, fuel: Option<u64>) {
        let mut notes = self.lock();
        if notes.guests.len() <= index {
            notes.guests.resize_with(index + 1, GuestNote::default);
        }
        let note = &mut notes.guests[index];
        note.instances = group.shards.len() as u32;
        note.memory_bytes = group.shards.iter().map(|kernel| kernel.memory_bytes() as u64).sum();
        note.fuel = fuel;
        if group.fault.is_none() {
            note.ticks += 1;
        }
        if note.nanos.len() == limits::PANEL_TICK_TIMES {
            note.nanos.pop_front();
        }
        note.nanos.push_back(nanos);
        if note.fault != group.fault {
            note.fault.clone_from(&group.fault);
        }
    }

    /// One kernel begins anew; nothing is known of its time before.
    pub(crate) fn begin_guest(&self, index: usize) {
        if let Some(note) = self.lock().guests.get_mut(index) {
            *note = GuestNote::default();
        }
    }

    /// Guests were started, or ended by a decision.
    pub(crate) fn set_guests(&self, groups: &[KernelGroup], permissions: Vec<Permission>) {
        let mut notes = self.lock();
        notes.guests.resize_with(groups.len(), GuestNote::default);
        for (note, group) in notes.guests.iter_mut().zip(groups) {
            note.instances = group.shards.len() as u32;
            note.fault.clone_from(&group.fault);
        }
        notes.permissions = permissions;
    }

    /// The page does not go on, or does again.
    pub(crate) fn set_page_problem(&self, problem: Option<Problem>) {
        self.lock().page_problem = problem;
    }

    /// Everything begins anew.
    pub(crate) fn restart(&self, seed: Option<u64>) {
        let mut notes = self.lock();
        self.tick.store(0, Ordering::Release);
        notes.beginning += 1;
        notes.guests.clear();
        notes.seed = seed.or(notes.seed);
    }
}
