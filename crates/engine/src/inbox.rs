//! What the page has said since the last tick, taken over at the start of the next one.

use std::collections::HashSet;

use serde_json::json;
use wasm_engine_exchange::Writer;
use wasm_engine_exchange::layout::{self, LayoutHeader, SurfaceRect};
use wasm_engine_page::bridge::{Bridge, LayoutReport, PageMessage};
use wasm_engine_telemetry::{Counter, Telemetry};

use crate::control::Control;
use crate::limits;
use crate::params::{ParamChange, Params};
use crate::recording::{Input, InputLog};

/// Topics with which a page steers the engine itself. Nobody listens to any other.
mod topic {
    /// Every kernel begins anew.
    pub(super) const RESET: &str = "engine:reset";
    /// Shows or hides the HUD.
    pub(super) const HUD: &str = "engine:hud";
    /// Stops or continues the ticks.
    pub(super) const PAUSE: &str = "engine:pause";
}

/// The page's side of a tick's inputs.
pub(crate) struct Inbox {
    pub(crate) params: Params,
    surfaces: Vec<String>,
    layout: Writer,
    rects: Vec<SurfaceRect>,
    reset: bool,
    /// Whether a layout was published that nobody was woken for.
    moved: bool,
    /// Size that the surfaces were last laid over, in an app without a page.
    filled: Option<(u32, u32)>,
    unknown: Unknown,
    telemetry: Telemetry,
}

/// Names of the page that mean nothing here and that it was told of. It may repeat them in every frame.
#[derive(Default)]
struct Unknown {
    surfaces: Told,
    params: Told,
    topics: Told,
}

/// Names that were told, up to a bound.
#[derive(Default)]
struct Told(HashSet<String>);

impl Told {
    /// Whether this name is to be told now.
    fn is_due(&mut self, name: &str) -> bool {
        self.0.len() < limits::UNKNOWN_NAMES && !self.0.contains(name) && self.0.insert(name.to_owned())
    }
}

impl Inbox {
    pub(crate) fn new(params: Params, surfaces: Vec<String>, layout: Writer, telemetry: Telemetry) -> Self {
        Self {
            params,
            surfaces,
            layout,
            rects: Vec::new(),
            reset: false,
            moved: false,
            filled: None,
            unknown: Unknown::default(),
            telemetry,
        }
    }

    /// Places every surface over the whole framebuffer, as an app without a page wants it.
    pub(crate) fn fill(&mut self, size: (u32, u32)) {
        if self.filled != Some(size) {
            self.filled = Some(size);
            let (width, height) = (size.0 as f32, size.1 as f32);
            self.rects = (0..self.surfaces.len()).map(|index| SurfaceRect::new(index as u32, [0.0, 0.0, width, height])).collect();
            self.publish_layout(width, height, 1.0);
        }
    }

    /// Takes over what waits, up to a bound, so that a page that talks without end cannot hold up a tick.
    pub(crate) fn take_over(&mut self, bridge: &Bridge, control: &Control, mut log: Option<&mut InputLog>, tick: u64) {
        for _ in 0..limits::MESSAGES_PER_TICK {
            let Some(message) = bridge.recv() else { break };
            match message {
                PageMessage::Connected { url } => {
                    tracing::info!(url, "page connected");
                    self.unknown = Unknown::default();
                    self.greet(bridge);
                }
                PageMessage::Param { name, value } => self.take_param(bridge, &name, value.as_f32(), log.as_deref_mut(), tick),
                PageMessage::Layout(report) => self.take_layout(&report),
                PageMessage::Event { topic, payload } => {
                    self.telemetry.add(Counter::EventsEmitted, 1);
                    if let Some(log) = log.as_deref_mut() {
                        log.input(&Input::Emit { tick, topic: &topic });
                    }
                    self.steer(&topic, &payload, control);
                }
                PageMessage::Pong { .. } | PageMessage::Disconnected => {}
            }
        }
    }

    /// Tells a page that has just come what there is. The parameters' values it has from its welcome.
    fn greet(&self, bridge: &Bridge) {
        let declared: Vec<_> = self.params.declared().iter().map(|param| json!({ "name": param.name, "min": param.min, "max": param.max, "default": param.default, "step": param.step, "label": param.label, "unit": param.unit })).collect();
        let hello = json!({ "version": env!("CARGO_PKG_VERSION"), "params": declared, "surfaces": self.surfaces });
        if let Err(error) = bridge.publish("engine:app", hello) {
            tracing::warn!("{error}");
        }
    }

    fn take_param(&mut self, bridge: &Bridge, name: &str, value: Option<f32>, log: Option<&mut InputLog>, tick: u64) {
        let Some(change) = value.and_then(|value| self.params.set(name, f64::from(value))) else {
            if self.unknown.params.is_due(name) {
                self.complain_of_param(name);
            }
            // What was not taken is what it was, on the page too.
            if let Some(change) = self.params.changes().find(|change| change.name == name) {
                tell_param(bridge, &change);
            }
            return;
        };
        // The page may have asked for more than the range allows; it is told what became of it.
        tell_param(bridge, &change);
        if let Some(log) = log {
            log.input(&Input::Param { tick, name: &change.name, value: change.value });
        }
    }

    fn complain_of_param(&self, name: &str) {
        let known = self.params.names();
        if known.iter().any(|one| one == name) {
            tracing::warn!(code = "PARAM_NOT_A_NUMBER", param = name, "the page set a parameter to a text; kernels read numbers");
        } else {
            let known = known.join(", ");
            tracing::warn!(code = "PARAM_UNKNOWN", param = name, known, "the page set a parameter that the manifest does not have");
        }
    }

    fn take_layout(&mut self, report: &LayoutReport) {
        self.rects.clear();
        let mut placed = vec![false; self.surfaces.len()];
        for surface in &report.surfaces {
            let Some(index) = self.surfaces.iter().position(|name| *name == surface.name) else {
                if self.unknown.surfaces.is_due(&surface.name) {
                    let (surface, known) = (&surface.name, self.surfaces.join(", "));
                    tracing::warn!(code = "SURFACE_UNKNOWN", surface, known, "the page reserves a surface that the manifest does not have");
                }
                continue;
            };
            // A surface has one place: the first, also when nothing of it can be seen.
            if std::mem::replace(&mut placed[index], true) || !surface.visible {
                continue;
            }
            let [clip_x, clip_y, clip_w, clip_h] = surface.clip;
            self.rects.push(SurfaceRect {
                clip_x,
                clip_y,
                clip_w,
                clip_h,
                opacity: surface.opacity,
                radius: surface.radius,
                clip_radius: surface.clip_radius,
                z: surface.z,
                ..SurfaceRect::new(index as u32, [surface.x, surface.y, surface.w, surface.h])
            });
        }
        let [width, height] = report.viewport;
        self.publish_layout(width, height, report.scale);
    }

    fn publish_layout(&mut self, width: f32, height: f32, scale: f32) {
        let header = LayoutHeader::new(self.layout.generation() + 1, width, height, scale);
        match layout::write(self.layout.bytes_mut(), header, &self.rects) {
            Ok(_) => {
                self.layout.publish();
                self.moved = true;
            }
            Err(error) => tracing::warn!(code = error.code(), "layout: {error}"),
        }
    }

    fn steer(&mut self, topic: &str, payload: &wasm_engine_page::bridge::Payload, control: &Control) {
        let flag = match payload {
            wasm_engine_page::bridge::Payload::Json(value) => value.as_bool(),
            wasm_engine_page::bridge::Payload::Bytes(_) => None,
        };
        match topic {
            topic::RESET => self.reset = true,
            topic::HUD => control.set_hud(flag.unwrap_or(!control.hud())),
            topic::PAUSE => control.set_paused(flag.unwrap_or(!control.paused())),
            _ if self.unknown.topics.is_due(topic) => tracing::warn!(
                code = "TOPIC_UNHEARD",
                topic,
                known = [topic::RESET, topic::HUD, topic::PAUSE].join(", "),
                "the page emitted an event that nobody listens to; kernels read parameters",
            ),
            _ => {}
        }
    }

    /// Whether the page asked for a new beginning since this was last asked.
    pub(crate) fn take_reset(&mut self) -> bool {
        std::mem::take(&mut self.reset)
    }

    /// Whether the surfaces have moved since this was last asked. A tick wakes the renderer in any case; where none follows, somebody has to.
    pub(crate) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// Rectangle of a surface in device pixels: x, y, width, height.
    pub(crate) fn surface_rect(&self, surface: usize) -> Option<(f32, f32, f32, f32)> {
        self.rects.iter().find(|rect| rect.surface as usize == surface).map(|rect| (rect.x, rect.y, rect.w, rect.h))
    }
}

/// Says what every parameter is, before any document asks: what a document sets itself is then not answered with an older value.
pub(crate) fn tell_params(bridge: &Bridge, params: &Params) {
    params.changes().for_each(|change| tell_param(bridge, &change));
}

fn tell_param(bridge: &Bridge, change: &ParamChange) {
    if let Err(error) = bridge.set_param(&change.name, change.value) {
        tracing::warn!(param = change.name, "{error}");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wasm_engine_exchange::{Region, RegionSpec};
    use wasm_engine_page::bridge::SurfaceGeometry;
    use wasm_engine_telemetry::TelemetryConfig;

    use super::*;
    use crate::control::StopHandle;

    #[test]
    fn an_unknown_name_is_told_once_and_of_many_only_some() {
        let mut told = Told::default();
        assert_eq!([told.is_due("typo"), told.is_due("typo"), told.is_due("other")], [true, false, true]);
        let due = (0..1000).filter(|name| told.is_due(&name.to_string())).count();
        assert_eq!(due, limits::UNKNOWN_NAMES - 2);
    }

    #[test]
    fn surfaces_that_move_are_told_once_and_a_resize_wakes_who_moves_them() {
        let region = Region::create(&RegionSpec::new().layout_zone()).expect("a region");
        let layout = region.writer(region.layout_zone().expect("a zone")).expect("its writer");
        let mut inbox = Inbox::new(Params::new(&[]), vec!["dots".to_owned()], layout, Telemetry::new(TelemetryConfig::default()));
        assert!(!inbox.take_moved());
        let control = Control::new(StopHandle::new(), (320, 200), 1.0, false);
        inbox.fill(control.size());
        assert_eq!((inbox.take_moved(), inbox.take_moved()), (true, false));
        inbox.fill(control.size());
        assert!(!inbox.take_moved(), "they are where they were");
        control.set_size(640, 400);
        assert!(control.tick.wait_timeout(Duration::from_millis(1)), "a paused run looks at once");
        inbox.fill(control.size());
        assert!(inbox.take_moved());
        let report = LayoutReport { sequence: 1, viewport: [640.0, 400.0], scale: 1.0, surfaces: Vec::new() };
        inbox.take_layout(&report);
        assert!(inbox.take_moved());
        let one = |x: f32, visible: bool| SurfaceGeometry {
            name: "dots".to_owned(),
            x,
            y: 0.0,
            w: 10.0,
            h: 10.0,
            clip: [0.0, 0.0, 640.0, 400.0],
            opacity: 1.0,
            radius: 0.0,
            clip_radius: [0.0; 4],
            z: 0.0,
            visible,
        };
        inbox.take_layout(&LayoutReport { surfaces: vec![one(1.0, true), one(2.0, true)], ..report.clone() });
        assert_eq!(inbox.surface_rect(0), Some((1.0, 0.0, 10.0, 10.0)), "the first of a name");
        inbox.take_layout(&LayoutReport { surfaces: vec![one(1.0, false), one(2.0, true)], ..report });
        assert_eq!(inbox.surface_rect(0), None, "also when it is scrolled away");
    }
}
