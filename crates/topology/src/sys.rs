//! What differs between operating systems: finding the cores, and pinning.
//!
//! The tests compile and run the parts of all systems, so that none of them rots; what they do on their own system is not run here.

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(any(target_os = "macos", test))]
mod macos;
#[cfg(any(not(any(target_os = "linux", target_os = "macos")), test))]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{detect, pin};
#[cfg(target_os = "macos")]
pub(crate) use macos::{detect, pin};
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(crate) use windows::{detect, pin};

#[cfg(test)]
mod tests {
    use super::{macos, windows};
    use crate::core_set::{CoreId, CoreSet};
    use crate::pin::PinError;
    use crate::topology::Source;

    #[test]
    fn systems_that_only_count_say_so() {
        for topology in [macos::detect(), windows::detect()] {
            assert!(topology.is_ok_and(|topology| topology.source == Source::CountOnly && !topology.allowed().is_empty()));
        }
    }

    #[test]
    fn systems_that_cannot_pin_say_so() {
        let two: CoreSet = [CoreId(0), CoreId(1)].into_iter().collect();
        for pin in [macos::pin, windows::pin] {
            assert!(matches!(pin(&CoreSet::default()), Err(PinError::Empty)));
            assert!(matches!(pin(&two), Err(PinError::Unsupported { .. })));
        }
        let beyond = CoreSet::from(CoreId(64));
        assert!(matches!(windows::pin(&beyond), Err(PinError::Refused { .. })));
    }
}
