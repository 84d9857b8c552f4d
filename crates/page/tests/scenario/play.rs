//! The script `window.engine` put to the test, whatever browser runs it: the engine asks the page for steps, and checks what
//! comes back through the bridge.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{runtime::Handle, sync::oneshot};
use wasm_engine_page::{
    bridge::{Bridge, LayoutReport, PageMessage, ParamValue, Payload, SurfaceGeometry},
    server::{AppServer, ServerOptions},
};

/// How long a page may take for a step; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with the test's page, and the engine's end of the bridge.
pub(crate) struct Scenario {
    pub(crate) server: AppServer,
    bridge: Bridge,
    woken: mpsc::Receiver<()>,
    layout: Option<LayoutReport>,
    _io: oneshot::Sender<()>,
}

fn io_thread() -> (Handle, oneshot::Sender<()>) {
    let (end, ended) = oneshot::channel();
    let (give, take) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let _ = give.send(runtime.handle().clone());
        let _ = runtime.block_on(ended);
    });
    (take.recv().expect("the runtime's handle"), end)
}

impl Scenario {
    /// Serves the page. Nothing has opened it yet.
    pub(crate) fn start() -> Self {
        let (runtime, io) = io_thread();
        let (bridge, port) = Bridge::pair();
        let (wake, woken) = mpsc::channel();
        bridge.on_message(Arc::new(move || {
            let _ = wake.send(());
        }));
        bridge.set_param("speed", 3.0).expect("a parameter");
        bridge.set_param("start", 1.0).expect("a parameter");
        bridge.publish("early", json!("kept")).expect("a topic");
        bridge.set_param("force", 250.0).expect("a parameter");
        let app = json!({ "params": [{ "name": "force", "min": -500, "max": 500.5, "step": null }] });
        bridge.publish("engine:app", app).expect("a topic");
        let root = PathBuf::from("tests/pages/script");
        let server = AppServer::start(&runtime, ServerOptions { root, bridge: port }).expect("the server starts");
        Self { server, bridge, woken, layout: None, _io: io }
    }

    fn next(&mut self) -> PageMessage {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(message) = self.bridge.recv() {
                return message;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.woken.recv_timeout(left).expect("the page answers");
        }
    }

    fn step(&self, name: &str) {
        self.bridge.send("step", json!(name)).expect("the step is sent");
    }

    /// The answer under a topic; layouts that come before it are noted.
    fn answer(&mut self, topic: &str) -> Payload {
        loop {
            match self.next() {
                PageMessage::Event { topic: its, payload } if its == topic => return payload,
                PageMessage::Layout(report) => self.layout = Some(report),
                PageMessage::Event { .. } | PageMessage::Connected { .. } => {}
                other => panic!("waiting for `{topic}`, there came {other:?}"),
            }
        }
    }

    /// The answer under a topic, which is JSON.
    pub(crate) fn json(&mut self, topic: &str) -> Value {
        match self.answer(topic) {
            Payload::Json(value) => value,
            Payload::Bytes(_) => panic!("`{topic}` came as bytes"),
        }
    }

    fn ask(&mut self, name: &str) -> Value {
        self.step(name);
        self.json(name)
    }

    fn param(&mut self) -> (String, ParamValue) {
        loop {
            match self.next() {
                PageMessage::Param { name, value } => return (name, value),
                PageMessage::Layout(report) => self.layout = Some(report),
                other => panic!("waiting for a parameter, there came {other:?}"),
            }
        }
    }

    /// Waits until a layout is as wanted. What comes before is a moment of a change.
    fn layout_when(&mut self, what: &str, good: impl Fn(&LayoutReport) -> bool) -> LayoutReport {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(report) = self.layout.take_if(|report| good(report)) {
                self.layout = Some(report.clone());
                return report;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{what}: the last layout was {:#?}", self.layout);
            match self.bridge.recv() {
                Some(PageMessage::Layout(report)) => self.layout = Some(report),
                Some(_) => {}
                None => drop(self.woken.recv_timeout(left)),
            }
        }
    }

    /// Everything the script promises. The page is being opened by the caller.
    pub(crate) fn play(&mut self, scale: f32) {
        let PageMessage::Connected { url } = self.next() else { panic!("the page connects first") };
        assert!(url.starts_with(&self.server.origin()) && !url.contains('#'), "{url}");
        assert_eq!(self.param(), ("start".into(), ParamValue::Number(5.5)), "what the page set early has waited");
        assert_eq!(self.json("before"), "the engine is there", "what was emitted early has waited");
        assert_eq!(self.json("ready"), true);
        self.first_layout(scale);
        self.changes(scale);
        self.parameters();
        self.messages();
        assert_eq!(self.ask("full"), 5.25, "a value that was not sent is not the parameter's");
        self.layout_when("a place that was not sent is sent later", |report| near(find(report, "plain").x, 80.0 * scale));
        assert_eq!(self.ask("rest"), 0, "a page at rest asks for no animation frames");
        self.drop_socket();
        self.step("leave");
        assert_eq!(self.comings_and_goings(), ["gone", "there"]);
        self.layout = None;
        self.layout_when("a page without surfaces says so", |report| report.surfaces.is_empty());
        self.step("back");
        assert_eq!(self.comings_and_goings(), ["gone", "there"]);
        self.layout = None;
        assert_eq!(self.param().0, "start");
        assert_eq!(self.json("ready"), true);
        let state = self.ask("state");
        assert_eq!((&state["early"], &state["speed"]), (&json!("kept"), &json!(5.25)), "a new document gets the latest of everything");
        self.layout_when("and reports its surfaces", |report| report.surfaces.len() == 8);
    }

    /// The window has another size.
    #[allow(dead_code, reason = "a browser is not resized")]
    pub(crate) fn resized(&mut self, viewport: [f32; 2], scale: f32) {
        self.layout_when("the new size", |report| report.viewport == viewport && near(report.scale, scale));
    }

    /// Where an element is, in device pixels: x, y, width, height. By its id, or by its text when there is no such id yet.
    #[allow(dead_code, reason = "a browser is not clicked on")]
    pub(crate) fn place(&mut self, id: &str) -> [f32; 4] {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.bridge.send("place", json!(id)).expect("sent");
            let place: Option<[f32; 4]> = serde_json::from_value(self.json("place")).expect("a rectangle");
            if let Some(place) = place {
                return place;
            }
            assert!(Instant::now() < deadline, "`{id}` is on the page");
        }
    }

    /// Waits for a value of a parameter. Those before it are on the way.
    #[allow(dead_code, reason = "a browser is not clicked on")]
    pub(crate) fn param_when(&mut self, name: &str, what: &str, wanted: impl Fn(&ParamValue) -> bool) {
        let mut seen = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.bridge.recv() {
                Some(PageMessage::Param { name: its, value }) if its == name => {
                    if wanted(&value) {
                        return;
                    }
                    seen.push(value);
                }
                Some(_) => {}
                None => drop(self.woken.recv_timeout(deadline.saturating_duration_since(Instant::now()))),
            }
        }
        panic!("`{name}` never was {what}, but {seen:?}");
    }

    fn first_layout(&mut self, scale: f32) {
        let report = self.layout_when("the surfaces are there", |report| report.surfaces.len() == 8 && find(report, "plain").w > 0.0);
        assert!((report.scale - scale).abs() < 1e-3);
        let plain = find(&report, "plain");
        assert_rect([plain.x, plain.y, plain.w, plain.h], [20.0, 30.0, 300.0, 150.0], scale, "the content box, without border and padding");
        assert!((plain.opacity - 0.5).abs() < 1e-3 && plain.visible && plain.radius == 0.0);
        assert_rect(plain.clip, [0.0, 0.0, report.viewport[0] / scale, report.viewport[1] / scale], scale, "the viewport");
        let clipped = find(&report, "clipped");
        assert_rect([clipped.x, clipped.y, clipped.w, clipped.h], [380.0, 10.0, 300.0, 300.0], scale, "the whole surface");
        assert_rect(clipped.clip, [400.0, 20.0, 200.0, 100.0], scale, "what its card shows");
        assert!((clipped.opacity - 0.5).abs() < 1e-3, "of the group around it");
        assert_eq!(clipped.radius, 0.0, "its own corners are not those of its card");
        assert_rect(clipped.clip_radius, [12.0; 4], scale, "the corners of its card");
        let cut = find(&report, "cut");
        assert_rect(cut.clip, [650.0, 40.0, 100.0, 60.0], scale, "what the scroller shows of the card");
        assert_rect(cut.clip_radius, [0.0, 0.0, 20.0, 8.0], scale, "the corners of the card that the scroller does not cut");
        assert_rect([cut.radius; 4], [30.0; 4], scale, "its own corners, however little of it is seen");
        let escaped = find(&report, "escaped");
        assert!(escaped.visible, "a box that it is not positioned in does not clip it");
        assert_rect(escaped.clip, plain.clip.map(|value| value / scale), scale, "only the viewport clips it");
        assert!(!find(&report, "hidden").visible);
        let (above, below) = (find(&report, "above"), find(&report, "below"));
        assert!(above.z > below.z && below.z > plain.z, "z-index orders");
        assert!((above.radius - 6.0 * scale).abs() < 0.1, "the smallest corner");
    }

    fn changes(&mut self, scale: f32) {
        self.step("move");
        self.layout_when("the element has moved", |report| near(find(report, "plain").x, 60.0 * scale));
        self.step("scroll");
        self.layout_when("the page has scrolled", |report| near(find(report, "plain").y, 10.0 * scale));
        self.step("unscroll");
        self.layout_when("the page is back", |report| near(find(report, "plain").y, 30.0 * scale));
        self.step("fade");
        self.layout_when("the group is gone", |report| !find(report, "clipped").visible);
        self.step("unfade");
        self.layout_when("the group is back", |report| find(report, "clipped").visible);
        self.step("slide");
        let between = self.layout_when("a transition is seen on its way", |report| find(report, "spin").x > 0.0);
        let end = self.layout_when("and at its end", |report| near(find(report, "spin").x, 100.0 * scale));
        assert!(end.sequence > between.sequence, "it was followed, frame by frame");
        self.step("add");
        let added = self.layout_when("a surface that was added is seen", |report| report.surfaces.len() == 9);
        let added = find(&added, "added");
        assert_rect([added.x, added.y, added.w, added.h], [7.0, 9.0, 30.0, 20.0], scale, "the new surface");
        self.paint_order();
        self.step("remove");
        self.layout_when("one that was removed is gone", |report| report.surfaces.iter().all(|surface| surface.name != "spin"));
    }

    /// Pairs of surfaces that overlap: the browser itself says which of the two is painted above.
    fn paint_order(&mut self) {
        let pairs = self.ask("pairs");
        let pairs = pairs.as_array().expect("a list");
        let report = self.layout_when("the pairs are there", |report| report.surfaces.len() == 9 + 2 * pairs.len());
        for (at, pair) in pairs.iter().enumerate() {
            let first_is_above = find(&report, &format!("{at} first")).z > find(&report, &format!("{at} second")).z;
            let names = [format!("{at} first"), format!("{at} second")];
            assert_eq!(pair["top"], names[usize::from(!first_is_above)], "{pair}");
        }
        self.step("unpair");
        self.layout_when("the pairs are gone", |report| report.surfaces.len() == 9);
    }

    fn parameters(&mut self) {
        let state = self.ask("state");
        assert_eq!(
            (&state["speed"], &state["slider"], &state["shown"]),
            (&json!(3), &json!("3"), &json!("3")),
            "the engine's values are shown"
        );
        assert_eq!(state["start"], json!([5.5, [5, 5.5]]), "what the page set is not taken back");
        assert_eq!(state["force"], json!(["-500", "500.5", "any", "250"]), "an input without a range has the manifest's");
        self.step("slider");
        assert_eq!(self.param(), ("speed".into(), ParamValue::Number(7.5)));
        self.step("checkbox");
        assert_eq!(self.param(), ("trails".into(), ParamValue::Flag(true)));
        self.step("choice");
        // Of two values in a row the engine may see both or only the latest.
        let mut choice = self.param();
        if choice.1 == ParamValue::Number(2.0) {
            choice = self.param();
        }
        assert_eq!(choice, ("mode".into(), ParamValue::Text("wild".into())));
        self.step("script");
        assert_eq!(self.param(), ("speed".into(), ParamValue::Number(12.0)));
        self.bridge.set_param("speed", 5.25).expect("the parameter is set");
        self.bridge.set_param("trails", false).expect("the parameter is set");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let state = self.ask("state");
            if state["speed"] == 5.25 {
                assert_eq!((&state["shown"], &state["trails"]), (&json!("5.25"), &json!(false)));
                assert_eq!((&state["element"], &state["visible"], &state["connected"]), (&json!(true), &json!(true), &json!(true)));
                assert_eq!(state["rect"], json!({ "x": 60, "y": 30, "width": 300, "height": 150 }));
                assert_eq!((&state["frozen"], &state["hash"]), (&json!(true), &json!("")));
                return;
            }
            assert!(Instant::now() < deadline, "the page follows: {state}");
        }
    }

    fn messages(&mut self) {
        let data = json!({ "list": [1, 2.5, null, true], "text": "é\u{2028}" });
        self.bridge.send("echo", data.clone()).expect("sent");
        assert_eq!(self.json("echo"), data);
        let bytes: Vec<u8> = (0..=255).cycle().take(100_001).collect();
        self.bridge.send("echo", bytes.clone()).expect("sent");
        assert_eq!(self.answer("echo"), Payload::from(bytes));
        self.step("bytes");
        let floats: Vec<u8> = [2.5_f32, -3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(self.answer("floats"), Payload::from(floats));
        self.bridge.send("count", json!(1)).expect("sent");
        self.bridge.send("count", json!(2)).expect("sent");
        assert_eq!(self.json("counted"), 101, "once is once, and a listener that was taken away is not called");
        self.bridge.send("nested", json!(1)).expect("sent");
        assert_eq!(self.json("nested"), json!(["first"]), "listeners that come or go during a message");
        let refused = self.ask("refused");
        assert_eq!(refused, json!({ "thrown": vec!["TypeError"; 6], "large": false }));
        // More than a window of messages: the page acknowledges, or it would not get the last.
        for index in 0..500 {
            self.bridge.send("flood", json!(index)).expect("sent");
        }
        assert!(self.ask("errors").to_string().contains("a listener that fails"), "and its neighbour was called all the same");
        assert!(self.bridge.ping());
        let deadline = Instant::now() + PATIENCE;
        while !matches!(self.next(), PageMessage::Pong { .. }) {
            assert!(Instant::now() < deadline, "the page answers a ping");
        }
    }

    /// The page comes back by itself, and says again where its surfaces are.
    fn drop_socket(&mut self) {
        self.step("drop");
        match self.next() {
            PageMessage::Disconnected => assert!(matches!(self.next(), PageMessage::Connected { .. })),
            PageMessage::Event { topic, .. } if topic == "drop" => return, // the page cannot lay hands on it
            other => panic!("there came {other:?}"),
        }
        self.layout = None;
        self.layout_when("the surfaces are told again", |report| report.surfaces.len() == 8);
        assert_eq!(self.ask("state")["connected"], true);
    }

    /// The next two documents that go or come.
    fn comings_and_goings(&mut self) -> [&'static str; 2] {
        let mut next = || loop {
            match self.next() {
                PageMessage::Layout(_) => {}
                PageMessage::Disconnected => return "gone",
                PageMessage::Connected { .. } => return "there",
                other => panic!("in a reload there came {other:?}"),
            }
        };
        [next(), next()]
    }
}

fn find<'a>(report: &'a LayoutReport, name: &str) -> &'a SurfaceGeometry {
    report.surfaces.iter().find(|surface| surface.name == name).unwrap_or_else(|| panic!("no surface `{name}` in {report:#?}"))
}

fn near(value: f32, wanted: f32) -> bool {
    (value - wanted).abs() < 0.02
}

fn assert_rect(rect: [f32; 4], wanted: [f32; 4], scale: f32, what: &str) {
    let wanted = wanted.map(|value| value * scale);
    assert!(rect.iter().zip(wanted).all(|(value, wanted)| near(*value, wanted)), "{what}: {rect:?}, not {wanted:?}");
}
