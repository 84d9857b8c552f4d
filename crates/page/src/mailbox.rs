//! What waits for the page's thread.
//!
//! Commands queue; a resize replaces the one that waits, and so does a mouse move that follows another. The thread sleeps here
//! when nothing is to be done, so an idle page costs nothing.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{CommandError, ScriptError};
use crate::input::PageInput;
use crate::limits::MAX_QUEUED_COMMANDS;

/// Takes the result of a script, on the page's thread.
pub(crate) type ScriptReply = Box<dyn FnOnce(Result<serde_json::Value, ScriptError>) + Send>;

/// Takes the page's pixels, on the page's thread.
pub(crate) type PixelsReply = Box<dyn FnOnce(Option<crate::Pixels>) + Send>;

/// What the page's thread is told.
pub(crate) enum Command {
    Input(PageInput),
    Evaluate(String, ScriptReply),
    ReadPixels(PixelsReply),
    FrameRate(f32),
    Reload,
}

/// A new size, in device pixels, and scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Resize {
    pub(crate) size: (u32, u32),
    pub(crate) scale: f32,
}

/// Everything that waited.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) commands: VecDeque<Command>,
    pub(crate) resize: Option<Resize>,
    pub(crate) shutdown: bool,
}

#[derive(Default)]
struct State {
    batch: Batch,
    woken: bool,
    ended: bool,
}

/// The queue.
#[derive(Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
    /// Rung for the page's thread.
    bell: Condvar,
    /// Rung when the thread has ended.
    over: Condvar,
}

impl Mailbox {
    /// The state is whole at every point at which a thread could have died while holding the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the page's thread: Servo, a free slot or a due frame waits for it.
    pub(crate) fn wake(&self) {
        self.state().woken = true;
        self.bell.notify_one();
    }

    pub(crate) fn push(&self, command: Command) -> Result<(), CommandError> {
        let mut state = self.state();
        if state.ended || state.batch.shutdown {
            return Err(CommandError::Ended);
        }
        let commands = &mut state.batch.commands;
        let moved = |command: Option<&Command>| matches!(command, Some(Command::Input(PageInput::MouseMove { .. })));
        if moved(Some(&command)) && moved(commands.back()) {
            commands.pop_back();
        }
        if commands.len() >= MAX_QUEUED_COMMANDS {
            return Err(CommandError::Busy);
        }
        commands.push_back(command);
        drop(state);
        self.wake();
        Ok(())
    }

    pub(crate) fn resize(&self, resize: Resize) -> Result<(), CommandError> {
        let mut state = self.state();
        if state.ended || state.batch.shutdown {
            return Err(CommandError::Ended);
        }
        state.batch.resize = Some(resize);
        drop(state);
        self.wake();
        Ok(())
    }

    pub(crate) fn shut_down(&self) {
        self.state().batch.shutdown = true;
        self.wake();
    }

    /// Sleeps until something is there, or until `deadline`, and takes it.
    pub(crate) fn wait(&self, deadline: Instant) -> Batch {
        let mut state = self.state();
        while !state.woken {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.woken = false;
        // The wish to end stays, so that no later command is taken.
        let shutdown = state.batch.shutdown;
        let batch = std::mem::take(&mut state.batch);
        state.batch.shutdown = shutdown;
        batch
    }

    /// Says that the thread has ended, and drops what still waits.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        let rest = std::mem::take(&mut state.batch);
        drop(state);
        self.over.notify_all();
        // Replies are dropped outside the lock: they may run code of their owners.
        drop(rest);
    }

    /// Waits until the thread has ended; false if that took longer than `timeout`.
    pub(crate) fn wait_ended(&self, timeout: Duration) -> bool {
        let (state, _) = self.over.wait_timeout_while(self.state(), timeout, |state| !state.ended).unwrap_or_else(PoisonError::into_inner);
        state.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_storm_of_resizes_leaves_the_newest() {
        let mailbox = Mailbox::default();
        for side in 1..=1000 {
            mailbox.resize(Resize { size: (side, side), scale: 1.0 }).expect("it is alive");
        }
        assert_eq!(mailbox.wait(now()).resize, Some(Resize { size: (1000, 1000), scale: 1.0 }));
        assert_eq!(mailbox.wait(now()).resize, None);
    }

    #[test]
    fn moves_are_merged_but_never_across_a_click() {
        let mailbox = Mailbox::default();
        let moved = |x| Command::Input(PageInput::MouseMove { x, y: 0.0 });
        for command in [moved(1.0), moved(2.0), Command::Input(PageInput::Focus(true)), moved(3.0), moved(4.0)] {
            mailbox.push(command).expect("it is alive");
        }
        let inputs: Vec<PageInput> = mailbox
            .wait(now())
            .commands
            .into_iter()
            .filter_map(|command| if let Command::Input(input) = command { Some(input) } else { None })
            .collect();
        let expected = [PageInput::MouseMove { x: 2.0, y: 0.0 }, PageInput::Focus(true), PageInput::MouseMove { x: 4.0, y: 0.0 }];
        assert_eq!(inputs, expected);
    }

    #[test]
    fn a_full_queue_refuses_and_an_ended_page_says_so() {
        let mailbox = Mailbox::default();
        for _ in 0..MAX_QUEUED_COMMANDS {
            mailbox.push(Command::Reload).expect("there is room");
        }
        assert_eq!(mailbox.push(Command::Reload), Err(CommandError::Busy));
        assert_eq!(mailbox.wait(now()).commands.len(), MAX_QUEUED_COMMANDS);
        mailbox.shut_down();
        assert_eq!(mailbox.push(Command::Reload), Err(CommandError::Ended));
        assert!(mailbox.wait(now()).shutdown);
        assert!(!mailbox.wait_ended(Duration::ZERO));
        mailbox.end();
        assert!(mailbox.wait_ended(Duration::ZERO));
    }

    #[test]
    fn a_wake_is_not_lost_between_two_waits() {
        let mailbox = Mailbox::default();
        mailbox.wake();
        let far = now() + Duration::from_secs(3600);
        mailbox.wait(far);
        mailbox.wake();
        mailbox.wait(far);
    }
}
