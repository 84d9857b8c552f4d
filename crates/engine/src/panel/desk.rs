//! Where the tick thread carries out what a panel asks for: between two ticks, so that no tick sees half of it.

use std::path::Path;
use std::sync::Arc;

use wasm_engine_page::Page;
use wasm_engine_page::bridge::Bridge;
use wasm_engine_serve::protocol::{Ask, Problem};
use wasm_engine_serve::{Asks, limits};

use super::board::Board;
use crate::control::Control;
use crate::error::Diagnostic;
use crate::groups::Groups;
use crate::inbox::Inbox;
use crate::policy::Right;
use crate::recording::{Input, InputLog};

/// The tick thread's end of a panel.
pub(crate) struct Desk {
    asks: Asks,
    pub(crate) board: Arc<Board>,
    step: bool,
    restart: Option<Restart>,
    have_guests_changed: bool,
}

/// A wish for a new beginning.
pub(crate) struct Restart {
    /// Its seed; none is the same as before.
    pub(crate) seed: Option<u64>,
}

/// What asks may touch.
pub(crate) struct Reach<'a> {
    pub(crate) control: &'a Control,
    pub(crate) inbox: &'a mut Inbox,
    pub(crate) groups: &'a mut Groups,
    pub(crate) page: Option<&'a Page>,
    /// The page's document.
    pub(crate) document: Option<&'a Path>,
    pub(crate) bridge: Option<&'a Bridge>,
    pub(crate) log: Option<&'a mut InputLog>,
    /// The tick that sees it first.
    pub(crate) tick: u64,
}

impl Desk {
    pub(crate) fn new(asks: Asks, board: Arc<Board>) -> Self {
        Self { asks, board, step: false, restart: None, have_guests_changed: false }
    }

    /// Takes over what waits, up to a bound, so that a panel that asks without end cannot hold up a tick. Whether a guest has begun anew, or something
    /// was decided about rights.
    pub(crate) fn take_over(&mut self, mut reach: Reach<'_>) -> bool {
        for _ in 0..limits::ASKS_WAITING {
            let Some(pending) = self.asks.next_waiting() else { break };
            // A slider that is moved asks all the time: what matters in the panel's log must not be pushed out of it.
            tracing::debug!(ask = pending.ask.name(), "a panel asks");
            let has_begun_anew = matches!(pending.ask, Ask::RestartGuest { .. });
            let outcome = self.carry_out(&pending.ask, &mut reach);
            pending.answer(outcome);
            // The panel is to see at once what has come of it.
            reach.control.monitor.notify();
            // To start one takes a while: the next ask waits for the next tick.
            if has_begun_anew {
                break;
            }
        }
        std::mem::take(&mut self.have_guests_changed)
    }

    fn carry_out(&mut self, ask: &Ask, reach: &mut Reach<'_>) -> Result<(), Problem> {
        match ask {
            Ask::Pause => reach.control.set_paused(true),
            Ask::Resume => {
                self.step = false;
                reach.control.set_paused(false);
            }
            Ask::Step => {
                self.step = true;
                reach.control.set_paused(true);
            }
            Ask::Restart { .. } | Ask::Permit { .. } if reach.log.is_some() => return Err(recording()),
            Ask::Restart { seed } => self.restart = Some(Restart { seed: seed.map(|seed| seed.0) }),
            Ask::RestartGuest { guest } => self.restart_guest(guest, reach)?,
            Ask::Hud { shown } => reach.control.set_hud(*shown),
            Ask::Param { name, value } => {
                set_param(reach, name, *value)?;
                self.board.set_params(&reach.inbox.params);
            }
            Ask::Permit { guest, right, object, decision, scope } => {
                let right = Right { guest: guest.clone(), right: right.clone(), object: object.clone() };
                reach.groups.decide(right, *decision, *scope).map_err(|refused| problem(&refused))?;
                self.have_guests_changed = true;
            }
            // What is wrong with it is shown until it answers.
            Ask::RestartPage => restart_page(reach.page, reach.document)?,
            Ask::Stop => reach.control.stop.stop(),
        }
        Ok(())
    }

    fn restart_guest(&mut self, guest: &str, reach: &mut Reach<'_>) -> Result<(), Problem> {
        let index = reach.groups.find(guest, reach.tick).map_err(|refused| problem(&refused))?;
        if let Some(log) = reach.log.as_deref_mut() {
            log.input(&Input::RestartGuest { tick: reach.tick, guest });
        }
        self.have_guests_changed = true;
        self.board.begin_guest(index);
        reach.groups.restart_one(index, &reach.inbox.params, reach.tick).map_err(|failed| problem(&failed))
    }

    /// Whether one tick is to be run although the run is paused. A restart that waits comes first.
    pub(crate) fn take_step(&mut self) -> bool {
        self.restart.is_none() && std::mem::take(&mut self.step)
    }

    /// Whether a new beginning was asked for.
    pub(crate) fn is_restart_waiting(&self) -> bool {
        self.restart.is_some()
    }

    /// The new beginning that was asked for, if one was.
    pub(crate) fn take_restart(&mut self) -> Option<Restart> {
        self.restart.take()
    }
}

fn set_param(reach: &mut Reach<'_>, name: &str, value: f64) -> Result<(), Problem> {
    let Some(change) = reach.inbox.params.set(name, value) else {
        return Err(Problem {
            code: "UNKNOWN_PARAM".to_owned(),
            message: format!("the manifest has no parameter `{name}`"),
            hint: Some("the engine's hello lists the parameters".to_owned()),
        });
    };
    // The page shows the same parameters, and must not fall behind.
    if let Some(bridge) = reach.bridge
        && let Err(error) = bridge.set_param(&change.name, change.value)
    {
        tracing::warn!(param = change.name, "{error}");
    }
    if let Some(log) = reach.log.as_deref_mut() {
        log.input(&Input::Param { tick: reach.tick, name: &change.name, value: change.value });
    }
    Ok(())
}

/// A page whose document has gone would be loaded as the server's word about that, so it stays as it is.
fn restart_page(page: Option<&Page>, document: Option<&Path>) -> Result<(), Problem> {
    let Some(page) = page else {
        return Err(Problem { code: "NO_PAGE".to_owned(), message: "the app has no page".to_owned(), hint: None });
    };
    if let Some(gone) = document.filter(|document| !document.is_file()) {
        return Err(Problem {
            code: "PAGE_MISSING".to_owned(),
            message: format!("{} is not there any more", gone.display()),
            hint: Some("put it back and restart the page".to_owned()),
        });
    }
    page.reload().map_err(|error| Problem {
        code: error.code().to_owned(),
        message: error.to_string(),
        hint: Some("the page's thread has ended; open the app anew".to_owned()),
    })
}

fn problem(diagnostic: &Diagnostic) -> Problem {
    Problem { code: diagnostic.code.clone(), message: diagnostic.message.clone(), hint: diagnostic.hint.clone() }
}

/// The numbers of a recording's ticks rise, and it does not hold decisions: it cannot have a second beginning, nor guests that end by a decision.
fn recording() -> Problem {
    Problem {
        code: "RECORDING".to_owned(),
        message: "a run that is recorded cannot begin anew, and its guests keep their rights".to_owned(),
        hint: Some("end it, and start another one".to_owned()),
    }
}
