//! Tracy, when the feature `tracy` is on: zones from spans, frame marks, plots from gauges.
//!
//! The client records nothing until a profiler connects, and listens on loopback only. Without the feature everything here is empty.

#[cfg(feature = "tracy")]
mod on {
    use std::panic::Location;
    use std::sync::OnceLock;

    use tracy_client::{Client, PlotName, Span};

    use crate::limits::GAUGES;

    /// A zone that ends when dropped.
    pub(crate) type Zone = Option<Span>;

    pub(crate) struct Tracy {
        client: Client,
        /// Tracy wants names that live for ever and end in a zero byte; each is made once, with the gauge's first reading.
        plots: Box<[OnceLock<PlotName>]>,
    }

    impl Tracy {
        pub(crate) fn start() -> Self {
            Tracy { client: Client::start(), plots: (0..GAUGES).map(|_| OnceLock::new()).collect() }
        }

        #[inline]
        pub(crate) fn zone(&self, name: &str, place: &Location<'_>) -> Zone {
            // Names come at run time, so Tracy copies them; it does so only while a profiler is connected.
            Client::is_connected().then(|| self.client.clone().span_alloc(Some(name), "", place.file(), place.line(), 0))
        }

        pub(crate) fn frame_mark(&self) {
            self.client.frame_mark();
        }

        #[inline]
        pub(crate) fn plot(&self, number: usize, name: &str, value: f64) {
            if let Some(plot) = self.plots.get(number) {
                self.client.plot(*plot.get_or_init(|| PlotName::new_leak(name.to_owned())), value);
            }
        }
    }
}

#[cfg(not(feature = "tracy"))]
mod off {
    use std::panic::Location;

    pub(crate) struct Zone;

    pub(crate) struct Tracy;

    impl Tracy {
        pub(crate) fn start() -> Self {
            Tracy
        }

        #[inline]
        pub(crate) fn zone(&self, _name: &str, _place: &Location<'_>) -> Zone {
            Zone
        }

        #[inline]
        pub(crate) fn frame_mark(&self) {}

        #[inline]
        pub(crate) fn plot(&self, _number: usize, _name: &str, _value: f64) {}
    }
}

#[cfg(not(feature = "tracy"))]
pub(crate) use off::{Tracy, Zone};
#[cfg(feature = "tracy")]
pub(crate) use on::{Tracy, Zone};
