//! One run, from its first thread to its last: what is started in which order, and taken down in the reverse one.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use wasm_engine_exchange::Region;
use wasm_engine_gpu::{Coming, Gpu};
use wasm_engine_page::bridge::Bridge;
use wasm_engine_page::server::{AppServer, ServerOptions};
use wasm_engine_page::{FramePath, Page, PageOptions, Starting};
use wasm_engine_telemetry::Telemetry;
use wasm_engine_topology::{Plan, Topology, pools};

use crate::buffers::Buffers;
use crate::clock::Clock;
use crate::control::{Control, StopHandle};
use crate::engine::{Engine, EngineError, fixed_scale};
use crate::groups::Groups;
use crate::inbox::{Inbox, tell_params};
use crate::inspect::{self, Announcement};
use crate::io::IoThread;
use crate::limits;
use crate::manifest::{Manifest, PageFiles};
use crate::monitor::{Monitor, Watched};
use crate::options::Display;
use crate::outputs;
use crate::panel::{FeedParts, PanelFeed, PanelLink};
use crate::params::Params;
use crate::places::Places;
use crate::recording::{FrameRecorder, GuestLine, Input, InputLog};
use crate::renderer::{Rendered, Renderer, RendererParts};
use crate::run_report::{Ending, Fault, PagePath, RunReport};
use crate::ticker::{Ticked, Ticker};
use crate::wiring::{self, KernelChoice, KernelFactory};

/// The page, and what serves it. Dropped in this order: the page first, while its server still answers.
struct PageParts {
    page: Arc<Page>,
    bridge: Bridge,
    places: Places,
    _server: AppServer,
    _io: IoThread,
}

/// As [`PageParts`], while the page is being started.
struct StartingPage {
    page: Starting,
    bridge: Bridge,
    places: Places,
    server: AppServer,
    io: IoThread,
}

impl StartingPage {
    fn wait(self) -> Result<PageParts, EngineError> {
        let Self { page, bridge, places, server, io } = self;
        Ok(PageParts { page: Arc::new(page.wait()?), bridge, places, _server: server, _io: io })
    }
}

/// A run under way.
pub(crate) struct Session {
    pub(crate) control: Arc<Control>,
    engine: Engine,
    gpu: Arc<Gpu>,
    telemetry: Telemetry,
    page: Option<PageParts>,
    ticker: Option<JoinHandle<Ticked>>,
    renderer: Option<JoinHandle<Rendered>>,
    monitor: Monitor,
    workers: usize,
    began: Instant,
    _announcement: Option<Announcement>,
}

/// A run whose page has begun, and that waits for a device and for what it is to draw into.
pub(crate) struct Prepared {
    pub(crate) engine: Engine,
    control: Arc<Control>,
    page: Option<StartingPage>,
}

impl Prepared {
    /// Begins with the page, which takes longest of all parts to show something. `size` and `scale` are what the window is expected to have; a scale that the app or the
    /// command line asks for goes before the display's.
    pub(crate) fn new(engine: Engine, gpu: Coming, size: (u32, u32), scale: f32, stop: &StopHandle) -> Result<Self, EngineError> {
        let manifest = &engine.app.manifest;
        let scale = fixed_scale(manifest, &engine.options).unwrap_or(scale);
        let control = Control::new(stop.clone(), size, scale, engine.options.hud.unwrap_or(manifest.hud.shown));
        let page = start_page(&engine, gpu, &control, size, scale)?;
        Ok(Self { engine, control, page })
    }

    /// Starts all other parts. The renderer draws into `target`.
    pub(crate) fn start(self, gpu: Arc<Gpu>, target: wiring::Target) -> Result<Session, EngineError> {
        let Self { mut engine, control, page } = self;
        let policy = std::mem::take(&mut engine.policy);
        let manifest = &engine.app.manifest;
        let telemetry = engine.telemetry.clone();
        let region = Region::create(&wiring::region_spec(manifest))?;
        let pool = start_pool()?;
        let workers = pool.current_num_threads();
        let seed = seed_of(&engine);
        let page = page.map(StartingPage::wait).transpose()?;
        let renderer = make_renderer(&engine, &gpu, &region, &control, target, page.as_ref())?;
        let ticker = make_ticker(&engine, &region, &control, pool, KernelChoice { seed, policy }, page.as_ref())?;
        let announcement = inspect::announce(&manifest.app.name, &region);
        let feed = engine.panel.as_ref().map(|link| {
            let woken = control.clone();
            link.hub.on_ask(move || woken.tick.notify());
            let page = page.as_ref().map(|parts| parts.page.clone());
            let (control, telemetry, region, manifest, gpu) =
                (control.clone(), telemetry.clone(), region.clone(), manifest.clone(), gpu.clone());
            PanelFeed::new(link, FeedParts { control, telemetry, region, manifest, page, gpu, workers, seed })
        });
        let watched =
            page.as_ref().map(|parts| Watched { page: parts.page.clone(), bridge: parts.bridge.clone(), places: parts.places.clone() });
        let monitor = Monitor::start(telemetry.clone(), control.clone(), watched, feed)?;
        let renderer = spawn_part(RENDER, &control, move || renderer.run())?;
        if engine.options.display == Display::Headless && page.is_some() {
            wait_for_page(&control, &gpu);
        }
        telemetry.reset();
        let ticker = spawn_part(TICK, &control, move || ticker.run()).inspect_err(|_| control.end_render())?;
        Ok(Session {
            control,
            gpu,
            telemetry,
            page,
            ticker: Some(ticker),
            renderer: Some(renderer),
            monitor,
            workers,
            began: Instant::now(),
            _announcement: announcement,
            engine,
        })
    }
}

impl Session {
    /// Starts every part.
    pub(crate) fn start(
        engine: Engine,
        gpu: Arc<Gpu>,
        target: wiring::Target,
        size: (u32, u32),
        scale: f32,
        stop: &StopHandle,
    ) -> Result<Self, EngineError> {
        Prepared::new(engine, gpu.clone().into(), size, scale, stop)?.start(gpu, target)
    }

    /// The page, for input.
    pub(crate) fn page(&self) -> Option<&Page> {
        self.page.as_ref().map(|parts| &*parts.page)
    }

    /// Takes over the window's size. A window that is minimized has none, and keeps its framebuffer.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let (width, height) = (width.clamp(1, limits::SIDE_MAX), height.clamp(1, limits::SIDE_MAX));
        self.control.set_size(width, height);
        self.resize_page();
    }

    /// Takes over the scale of the window's display, if nobody has asked for one.
    pub(crate) fn rescale(&self, scale: f32) {
        if fixed_scale(&self.engine.app.manifest, &self.engine.options).is_some() {
            return;
        }
        self.control.set_scale(scale.clamp(*limits::SCALE_RANGE.start(), *limits::SCALE_RANGE.end()));
        self.resize_page();
    }

    fn resize_page(&self) {
        let Some(page) = self.page() else { return };
        let (width, height) = self.control.size();
        if let Err(error) = page.resize(width, height, self.control.scale()) {
            tracing::warn!(code = error.code(), "{error}");
        }
    }

    /// Waits until the last tick is done, or the run is stopped.
    pub(crate) fn wait(&self) {
        while !self.control.ticks_over() {
            self.control.main.wait_timeout(Duration::from_millis(200));
        }
    }

    /// Takes everything down and says what happened.
    pub(crate) fn finish(mut self, ending: Ending) -> Result<RunReport, EngineError> {
        self.control.stop.stop();
        let mut died = None;
        let ticked = joined(TICK, self.ticker.take(), &mut died);
        let seconds = self.began.elapsed().as_secs_f64();
        self.control.end_render();
        let rendered = joined(RENDER, self.renderer.take(), &mut died);
        let mut faults: Vec<Fault> = self.monitor.finish();
        let path = self.page.as_ref().map_or(PagePath { path: "none".to_owned(), reason: None }, |parts| page_path(&parts.page));
        if let Some(parts) = self.page.take() {
            parts.page.shutdown(limits::SHUTDOWN_TIMEOUT);
        }
        // What is left of a run whose thread has died is told all the same.
        let begun_with = || Ticked { seed: seed_of(&self.engine), ..Ticked::default() };
        let Ticked { ticks, seed, faults: kernel_faults, kernels } = ticked.unwrap_or_else(begun_with);
        let rendered = rendered.unwrap_or_default();
        faults.splice(0..0, kernel_faults);
        faults.extend(rendered.faults);
        faults.extend(self.gpu.health.faults().into_iter().map(|fault| Fault::of_gpu(&fault)));
        faults.extend(died.as_ref().map(|error| Fault::of_engine(&error.into())));
        let ending = match died {
            Some(_) => Ending::Failed,
            None if self.control.stop.is_interrupted() => Ending::Interrupted,
            None => ending,
        };
        let size = self.control.size();
        let mut report = RunReport {
            app: self.engine.app.manifest.app.name.clone(),
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            ending,
            seed,
            ticks,
            seconds,
            size: [size.0, size.1],
            scale: self.control.scale(),
            gpu: self.gpu.info.name.clone(),
            page: path,
            kernels,
            surfaces: self.engine.app.manifest.surface.len(),
            zero_copy: rendered.zero_copy,
            workers: self.workers,
            faults,
            telemetry: self.telemetry.report(),
            files: Vec::new(),
        };
        outputs::write(&self.engine.options, &self.telemetry, rendered.last.as_ref(), rendered.recorded, &mut report);
        died.map_or(Ok(report), Err)
    }
}

/// The seed that a run begins with.
fn seed_of(engine: &Engine) -> u64 {
    engine.options.seed.unwrap_or(engine.app.manifest.clock.seed)
}

/// The worker threads. One that cannot be pinned works all the same.
fn start_pool() -> Result<ThreadPool, EngineError> {
    let plan = Plan::of(&Topology::detect()?);
    let pools::WorkerPool { pool, unpinned } = pools::worker_pool(&plan, usize::MAX)?;
    for (worker, error) in unpinned {
        tracing::warn!(worker, "not pinned: {error}");
    }
    Ok(pool)
}

fn make_renderer(
    engine: &Engine,
    gpu: &Arc<Gpu>,
    region: &Region,
    control: &Arc<Control>,
    target: wiring::Target,
    page: Option<&PageParts>,
) -> Result<Renderer, EngineError> {
    let options = &engine.options;
    let recorder = options.record.as_ref().map(|folder| FrameRecorder::start(folder));
    Renderer::new(RendererParts {
        gpu: gpu.clone(),
        region: region.clone(),
        manifest: &engine.app.manifest,
        target,
        page: page.map(|parts| parts.page.clone()),
        control: control.clone(),
        telemetry: engine.telemetry.clone(),
        recorder: recorder.transpose().map_err(EngineError::io("recording"))?,
        keep_last: options.out.is_some(),
        panel: engine.pixels.clone(),
    })
}

fn make_ticker(
    engine: &Engine,
    region: &Region,
    control: &Arc<Control>,
    pool: ThreadPool,
    choice: KernelChoice,
    page: Option<&PageParts>,
) -> Result<Ticker, EngineError> {
    let manifest = &engine.app.manifest;
    let params = Params::new(&manifest.param);
    let factory = KernelFactory::new(&engine.app, &engine.sandbox, &engine.modules, region, pool.current_num_threads(), choice);
    let seed = factory.seed();
    let groups = Groups::start(factory, pool, &params).map_err(|error| EngineError::from(error).in_manifest(&engine.app))?;
    let log = engine.options.record.as_ref().map(|folder| InputLog::create(folder));
    let mut log = log.transpose().map_err(EngineError::io("recording"))?;
    if let Some(log) = &mut log {
        log.input(&begin(manifest, seed, &groups));
    }
    let surfaces = manifest.surface.iter().map(|surface| surface.name.clone()).collect();
    let layout = region.writer(wiring::layout_zone(region)?)?;
    Ok(Ticker {
        control: control.clone(),
        telemetry: engine.telemetry.clone(),
        clock: Clock::new(f64::from(manifest.clock.rate)),
        buffers: Buffers::new(wiring::writers(region, manifest)?, manifest.clock.profile),
        groups,
        inbox: Inbox::new(params, surfaces, layout, engine.telemetry.clone()),
        bridge: page.map(|parts| parts.bridge.clone()),
        page: page.map(|parts| parts.page.clone()),
        document: engine.app.page.as_ref().map(|files| files.index.clone()),
        panel: engine.panel.as_ref().and_then(PanelLink::desk),
        done: region.lane_sender(wiring::TICKS_LANE)?,
        log,
        ticks: engine.options.ticks,
        outcomes: Vec::new(),
    })
}

/// The first line of a recording.
fn begin<'a>(manifest: &'a Manifest, seed: u64, groups: &'a Groups) -> Input<'a> {
    Input::Begin {
        app: &manifest.app.name,
        engine: env!("CARGO_PKG_VERSION"),
        seed,
        rate: manifest.clock.rate.into(),
        profile: manifest.clock.profile,
        buffers: manifest.buffer.iter().map(|buffer| buffer.name.as_str()).collect(),
        guests: groups.list.iter().map(|group| GuestLine { name: &group.name, instances: group.started.shards }).collect(),
    }
}

/// Gives the page time for its first frame, so that a short headless run shows it. A page that never paints costs this time and nothing else.
fn wait_for_page(control: &Control, gpu: &Gpu) {
    if !control.wait_until(limits::PAGE_FIRST_FRAME, |control| control.page_shown() || gpu.health.is_lost()) {
        tracing::warn!("the page has painted nothing in {:?}; the run begins without it", limits::PAGE_FIRST_FRAME);
    }
}

fn start_page(
    engine: &Engine,
    gpu: Coming,
    control: &Arc<Control>,
    size: (u32, u32),
    scale: f32,
) -> Result<Option<StartingPage>, EngineError> {
    let (Some(files), Some(spec)) = (&engine.app.page, &engine.app.manifest.page) else { return Ok(None) };
    let io = IoThread::start("io")?;
    let (bridge, port) = Bridge::pair();
    tell_params(&bridge, &Params::new(&engine.app.manifest.param));
    let server = AppServer::start(io.handle(), ServerOptions { root: files.root.clone(), bridge: port })?;
    let (wake, heard, wished) = (control.clone(), control.clone(), control.clone());
    bridge.on_message(Arc::new(move || heard.tick.notify()));
    let page = Page::begin(PageOptions {
        gpu,
        url: document_url(&server, files),
        size,
        scale,
        transparent: spec.transparent,
        user_script: server.user_script(),
        frame_path: if engine.options.page_cpu { FramePath::Cpu } else { FramePath::Auto },
        telemetry: engine.telemetry.clone(),
        on_frame: Some(Arc::new(move || wake.render.notify())),
        on_wish: Some(Arc::new(move |wish| wished.wishes.put(wish))),
    })?;
    let places = Places::new(server.url(), &engine.app.root, files);
    Ok(Some(StartingPage { page, bridge, places, server, io }))
}

/// Address of the app's document. The manifest's check has seen to it that it lies in the page's folder.
fn document_url(server: &AppServer, files: &PageFiles) -> String {
    let index = files.index.strip_prefix(&files.root).unwrap_or(&files.index);
    let path: Vec<_> = index.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    format!("{}{}", server.url(), path.join("/"))
}

/// How the page's frames come.
pub(crate) fn page_path(page: &Page) -> PagePath {
    match page.frame_path() {
        (FramePath::Shared, _) => PagePath { path: "shared".to_owned(), reason: None },
        (_, reason) => PagePath { path: "cpu".to_owned(), reason },
    }
}

/// The threads of a run that end with it.
const TICK: &str = "tick";
const RENDER: &str = "render";

/// A thread without which a run cannot go on: where it panics, the run ends.
fn spawn_part<T: Send + 'static>(
    name: &'static str,
    control: &Arc<Control>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, EngineError> {
    struct EndIfPanicking(Arc<Control>);

    impl Drop for EndIfPanicking {
        fn drop(&mut self) {
            if std::thread::panicking() {
                self.0.stop.stop();
                self.0.end_ticks();
                self.0.end_render();
            }
        }
    }

    let guard = EndIfPanicking(control.clone());
    spawn(name, move || {
        let _guard = guard;
        work()
    })
}

/// What a thread has come to; `died` says so if it panicked.
fn joined<T>(name: &'static str, thread: Option<JoinHandle<T>>, died: &mut Option<EngineError>) -> Option<T> {
    thread?.join().map_err(|_| *died = Some(EngineError::thread_died(name))).ok()
}

/// A named thread: names are what a profiler and `top -H` show.
pub(crate) fn spawn<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, EngineError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(EngineError::io("thread"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Diagnostic;

    #[test]
    fn a_thread_that_dies_ends_the_run_and_is_told() {
        let control = Control::new(StopHandle::new(), (1, 1), 1.0, false);
        let thread = spawn_part(TICK, &control, || panic!("to see what happens")).unwrap();
        let mut died = None;
        let ticked: Option<Ticked> = joined(TICK, Some(thread), &mut died);
        assert!(ticked.is_none());
        assert!(control.stop.is_stopped() && control.ticks_over() && control.render_over());
        assert_eq!(Fault::of_engine(&Diagnostic::from(&died.unwrap())).code, "RUN_FAILED");
    }
}
