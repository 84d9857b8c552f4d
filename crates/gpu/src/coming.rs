//! A device that is opened on one thread while another gets ready for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::device::Gpu;

/// A device that will be there. Every clone stands for the same one.
#[derive(Clone, Debug)]
pub struct Coming(Arc<Place>);

/// What [`Coming`] waits for. Dropped without a device, it ends the wait.
#[derive(Debug)]
pub struct Giver(Arc<Place>);

#[derive(Debug, Default)]
struct Place {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_software: Option<bool>,
    gpu: Option<Arc<Gpu>>,
    is_over: bool,
}

/// A device to come, and who brings it.
#[must_use]
pub fn coming() -> (Giver, Coming) {
    let place = Arc::<Place>::default();
    (Giver(Arc::clone(&place)), Coming(place))
}

impl Coming {
    /// Waits until it is known whether the device is a software one. `None` when there will be no device.
    #[must_use]
    pub fn is_software(&self) -> Option<bool> {
        self.wait(|state| state.is_software)
    }

    /// Waits for the device. `None` when there will be none.
    #[must_use]
    pub fn gpu(&self) -> Option<Arc<Gpu>> {
        self.wait(|state| state.gpu.clone())
    }

    fn wait<T>(&self, known: impl Fn(&State) -> Option<T>) -> Option<T> {
        let state = self.0.lock();
        let state = self.0.changed.wait_while(state, |state| known(state).is_none() && !state.is_over);
        known(&state.unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<Arc<Gpu>> for Coming {
    fn from(gpu: Arc<Gpu>) -> Self {
        let (giver, coming) = coming();
        giver.give(gpu);
        coming
    }
}

impl Giver {
    /// The device was chosen, and is being opened.
    pub fn found(&self, is_software: bool) {
        self.0.change(|state| state.is_software = Some(is_software));
    }

    /// The device is there.
    pub fn give(self, gpu: Arc<Gpu>) {
        self.0.change(|state| (state.is_software, state.gpu) = (Some(gpu.info.software), Some(gpu)));
    }
}

impl Drop for Giver {
    fn drop(&mut self) {
        self.0.change(|state| state.is_over = true);
    }
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, State> {
        // What is kept here is replaced as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::GpuOptions;

    #[test]
    fn who_waits_hears_of_the_device_and_gets_it() {
        let (giver, coming) = coming();
        let waiting = std::thread::spawn(move || (coming.is_software(), coming.gpu().map(|gpu| gpu.info.name.clone())));
        let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
        giver.found(gpu.info.software);
        giver.give(Arc::clone(&gpu));
        assert_eq!(waiting.join().expect("no panic"), (Some(gpu.info.software), Some(gpu.info.name.clone())));
    }

    #[test]
    fn a_device_that_does_not_come_is_not_waited_for() {
        let (giver, coming) = coming();
        giver.found(true);
        drop(giver);
        assert_eq!(coming.is_software(), Some(true));
        assert!(coming.gpu().is_none());
    }
}
