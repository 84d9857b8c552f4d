//! The control panel of a run: what it is shown, and what it may ask for.
//!
//! The tick thread notes on a [`board`] what only it knows, the monitor thread makes the panel's state of it ([`feed`]), and the tick thread carries out
//! what is asked for ([`desk`]). A run without a panel pays for none of it.

mod board;
mod desk;
mod feed;
mod log;
mod service;

use std::sync::{Arc, Mutex, PoisonError};

use wasm_engine_serve::protocol::{AppInfo, ParamInfo};
use wasm_engine_serve::{Asks, Hub};

pub(crate) use self::board::Board;
pub(crate) use self::desk::{Desk, Reach};
pub(crate) use self::feed::{FeedParts, PanelFeed};
pub use self::log::{PanelLog, has_color, start_log};
pub use self::service::{PanelOptions, PanelService, PanelSource};
use crate::manifest::Manifest;

/// What joins a run to its panel.
pub(crate) struct PanelLink {
    pub(crate) hub: Hub,
    pub(crate) board: Arc<Board>,
    asks: Mutex<Option<Asks>>,
}

impl PanelLink {
    pub(crate) fn new(manifest: &Manifest) -> Self {
        let params = manifest.param.iter().map(|param| ParamInfo {
            name: param.name.clone(),
            label: param.label.clone(),
            unit: param.unit.clone(),
            min: decimal(param.min),
            max: decimal(param.max),
            step: param.step.map(decimal),
            default: decimal(param.default),
        });
        let app = AppInfo {
            name: manifest.app.name.clone(),
            title: manifest.title().to_owned(),
            version: manifest.app.version.clone().unwrap_or_default(),
            params: params.collect(),
        };
        let (hub, asks) = Hub::new(env!("CARGO_PKG_VERSION"), app);
        Self { hub, board: Arc::default(), asks: Mutex::new(Some(asks)) }
    }

    /// The tick thread's part. There is one: a run has one tick thread.
    pub(crate) fn desk(&self) -> Option<Desk> {
        let asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Desk::new(asks, self.board.clone()))
    }
}

/// The number that a person wrote: 0.1 and not the nearest that a kernel's 32 bits can hold.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}
