//! `serve` as a panel uses it: the printed address, the state, asks, and the end.

#[path = "harness/harness.rs"]
mod harness;

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use harness::{engine, fixture, scratch, until};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, stream::MaybeTlsStream};

/// How long a run may take to come into a state.
const PATIENCE: Duration = Duration::from_secs(60);

/// A panel: its socket, and the state as the changes have made it.
struct Panel {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    state: Value,
    asked: u64,
}

impl Panel {
    fn connect(address: &str) -> Self {
        let (mut socket, _) = tungstenite::connect(address).unwrap();
        if let MaybeTlsStream::Plain(stream) = socket.get_mut() {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        let mut panel = Self { socket, state: Value::Null, asked: 0 };
        panel.say(&json!({ "type": "hello", "version": 2 }));
        assert_eq!(panel.hear()["type"], "hello");
        panel.state = panel.hear()["state"].take();
        panel
    }

    fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).unwrap();
    }

    /// The next message; a change is taken into the state.
    fn hear(&mut self) -> Value {
        let text = loop {
            if let Message::Text(text) = self.socket.read().unwrap() {
                break text;
            }
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        for (name, section) in message["change"].as_object().into_iter().flatten() {
            match section {
                Value::Null | Value::Number(_) => {}
                Value::Array(more) if name == "frames" || name == "log" => {
                    self.state[name].as_array_mut().unwrap().extend(more.iter().cloned());
                }
                section => self.state[name] = section.clone(),
            }
        }
        message
    }

    /// Asks, and gives the problem's code; null when there is none.
    fn ask(&mut self, ask: Value) -> Value {
        self.asked += 1;
        self.say(&json!({ "type": "ask", "id": self.asked, "ask": ask }));
        loop {
            let mut message = self.hear();
            if message["type"] == "answer" {
                assert_eq!(message["id"], self.asked);
                return message["problem"]["code"].take();
            }
        }
    }

    /// Listens until the state is as it should be.
    fn wait_for(&mut self, right: impl Fn(&Value) -> bool) {
        let start = Instant::now();
        while !right(&self.state) {
            assert!(start.elapsed() < PATIENCE, "{}\n{}", self.state["run"], self.state["guests"]);
            let message = self.hear();
            assert_ne!(message["type"], "bye", "{message}: {}", self.state["run"]);
        }
    }
}

fn serve(name: &str, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, Value) {
    serve_app(&fixture(name), arguments)
}

fn serve_app(app: &Path, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, Value) {
    let mut child = engine()
        .arg("serve")
        .arg(app)
        .arg("--json")
        .env("WASM_ENGINE_CONFIG", scratch(app.file_name().and_then(OsStr::to_str).unwrap()))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let served = serde_json::from_str(&line).unwrap();
    (child, stdout, served)
}

fn report(child: &mut Child, mut stdout: BufReader<std::process::ChildStdout>) -> (Option<i32>, Value) {
    let mut text = String::new();
    stdout.read_to_string(&mut text).unwrap();
    let status = until(|| child.try_wait().unwrap());
    (status.code(), serde_json::from_str(&text).unwrap())
}

#[test]
fn a_panel_watches_and_controls_a_run() {
    let (mut child, stdout, served) = serve("slider", &["--allow-control", "--seed", "5"]);
    assert!(served["panel"].as_str().unwrap().contains("/#token="));
    let mut panel = Panel::connect(served["socket"].as_str().unwrap());
    panel.wait_for(|state| state["run"]["tick"].as_u64() > Some(5) && state["frames"].as_array().is_some_and(|frames| !frames.is_empty()));
    let state = &panel.state;
    assert_eq!(
        (&state["run"]["seed"], &state["run"]["phase"], &state["run"]["size"]),
        (&json!("5"), &json!("running"), &json!([160, 120]))
    );
    assert_eq!((&state["guests"][0]["name"], &state["guests"][0]["state"]), (&json!("level"), &json!("running")));
    assert_eq!((&state["buffers"][0]["name"], &state["buffers"][0]["writer"]), (&json!("level"), &json!("level")));
    assert_eq!((&state["permissions"][0]["right"], &state["permissions"][0]["decision"]), (&json!("write"), &json!("allow")));
    // The page moves its slider by itself, a while after it was loaded.
    panel.wait_for(|state| state["params"][0] == json!({ "name": "level", "value": 0.75 }));

    assert_eq!(panel.ask(json!({ "what": "param", "name": "level", "value": 7.0 })), Value::Null);
    panel.wait_for(|state| state["params"][0]["value"] == 1.0);
    assert_eq!(panel.ask(json!({ "what": "param", "name": "volume", "value": 1.0 })), "UNKNOWN_PARAM");

    assert_eq!(panel.ask(json!({ "what": "pause" })), Value::Null);
    panel.wait_for(|state| state["run"]["phase"] == "paused");
    let frames = panel.state["run"]["frames"].as_u64();
    assert_eq!(panel.ask(json!({ "what": "restart", "seed": "9" })), Value::Null);
    panel.wait_for(|state| state["run"]["tick"] == 0 && state["run"]["seed"] == "9");
    let run = &panel.state["run"];
    assert!(run["seconds"] == 0.0 && run["frames"].as_u64() < frames, "time and frames begin anew with the tick: {run}");
    for tick in 1..=3 {
        assert_eq!(panel.ask(json!({ "what": "step" })), Value::Null);
        panel.wait_for(|state| state["run"]["tick"] == tick && state["run"]["phase"] == "paused");
    }
    assert_eq!(panel.ask(json!({ "what": "hud", "shown": true })), Value::Null);
    panel.wait_for(|state| state["run"]["hud"] == true);
    assert_eq!(panel.ask(json!({ "what": "resume" })), Value::Null);
    panel.wait_for(|state| state["run"]["phase"] == "running" && state["run"]["tick"].as_u64() > Some(5));
    let log = panel.state["log"].as_array().unwrap();
    assert!(log.iter().any(|entry| entry["part"] == "engine" && entry["text"].as_str().unwrap().contains("page connected")), "{log:?}");
    assert!(!log.iter().any(|entry| entry["text"].as_str().unwrap().contains("panel asks")), "asks push out what matters: {log:?}");

    assert_eq!(panel.ask(json!({ "what": "stop" })), Value::Null);
    let goodbye = loop {
        let message = panel.hear();
        if message["type"] == "bye" {
            break message;
        }
    };
    assert_eq!(goodbye["problem"]["code"], "ENGINE_ENDED");
    assert_eq!(panel.state["run"]["phase"], "ended");
    let (code, report) = report(&mut child, stdout);
    assert_eq!((code, &report["ending"], &report["seed"]), (Some(0), &json!("completed"), &json!(9)));
}

#[test]
fn a_pause_is_no_time_from_frame_to_frame() {
    // An app of which each tick draws.
    let (mut child, stdout, served) = serve_app(&harness::app("triangle"), &["--allow-control"]);
    let mut panel = Panel::connect(served["socket"].as_str().unwrap());
    panel.wait_for(|state| state["run"]["tick"].as_u64() > Some(5));
    assert_eq!(panel.ask(json!({ "what": "pause" })), Value::Null);
    panel.wait_for(|state| state["run"]["phase"] == "paused");
    let tick = panel.state["run"]["tick"].as_u64().unwrap();
    // Steps are drawn while the run is paused, and so is the HUD. Frames from before the pause may still be on their way, but not as many as there are steps.
    for step in 1..=5 {
        let frames = panel.state["frames"].as_array().unwrap().len();
        assert_eq!(panel.ask(json!({ "what": "step" })), Value::Null);
        panel.wait_for(|state| state["run"]["tick"] == tick + step && state["frames"].as_array().unwrap().len() > frames);
    }
    assert_eq!(panel.ask(json!({ "what": "hud", "shown": true })), Value::Null);
    assert_eq!(panel.ask(json!({ "what": "resume" })), Value::Null);
    panel.wait_for(|state| state["run"]["tick"].as_u64() > Some(tick + 10));
    assert_eq!(panel.ask(json!({ "what": "stop" })), Value::Null);
    let (_, report) = report(&mut child, stdout);
    let telemetry = &report["telemetry"];
    let (frames, intervals) = (telemetry["frames"]["on_glass"].as_u64().unwrap(), telemetry["frame_interval"]["count"].as_u64().unwrap());
    // Of all frames but the first, none that came while the run was paused has one.
    assert!(intervals > 0 && intervals + 3 <= frames, "{intervals} {}", telemetry["frames"]);
}

#[test]
fn a_panel_may_only_look_unless_told_otherwise() {
    let (mut child, stdout, served) = serve("slider", &["--ticks", "100000"]);
    let mut panel = Panel::connect(served["socket"].as_str().unwrap());
    assert_eq!(panel.ask(json!({ "what": "stop" })), "NOT_ALLOWED");
    harness::interrupt(&child);
    let (code, report) = report(&mut child, stdout);
    assert_eq!((code, &report["ending"]), (Some(130), &json!("interrupted")));
}

#[test]
fn a_denied_right_ends_its_guest_until_it_is_allowed_and_the_run_begins_anew() {
    let (mut child, stdout, served) = serve("slider", &["--allow-control"]);
    let mut panel = Panel::connect(served["socket"].as_str().unwrap());
    panel.wait_for(|state| state["run"]["tick"].as_u64() > Some(5));
    let permit = |guest: &str, decision: Value| json!({ "what": "permit", "guest": guest, "right": "write", "object": "level", "decision": decision, "scope": "run" });
    assert_eq!(panel.ask(permit("nobody", json!("allow"))), "UNKNOWN_RIGHT");
    assert_eq!(panel.ask(permit("level", json!("deny"))), Value::Null);
    panel.wait_for(|state| state["guests"][0]["state"] == "PERMISSION_DENIED" && state["permissions"][0]["decision"] == "deny");
    let generation = panel.state["buffers"][0]["generation"].clone();
    let tick = panel.state["run"]["tick"].as_u64();
    panel.wait_for(|state| state["run"]["tick"].as_u64() > tick.map(|tick| tick + 20));
    assert_eq!(panel.state["buffers"][0]["generation"], generation, "it writes no more");
    assert_eq!(panel.ask(permit("level", Value::Null)), Value::Null);
    panel.wait_for(|state| state["permissions"][0]["next"] == "allow");
    assert_eq!(panel.state["guests"][0]["state"], "PERMISSION_DENIED");
    assert_eq!(panel.ask(json!({ "what": "restart", "seed": null })), Value::Null);
    panel.wait_for(|state| state["guests"][0]["state"] == "running" && state["permissions"][0]["decision"] == "allow");
    harness::interrupt(&child);
    let (code, _) = report(&mut child, stdout);
    assert_eq!(code, Some(130));
}

#[test]
fn a_guest_that_has_trapped_begins_anew_while_the_others_go_on() {
    let (mut child, stdout, served) = serve("trap", &["--allow-control"]);
    let mut panel = Panel::connect(served["socket"].as_str().unwrap());
    panel.wait_for(|state| state["guests"][0]["state"] == "TRAP" && state["guests"][1]["ticks"].as_u64() > Some(10));
    let restart = |guest: &str| json!({ "what": "restart_guest", "guest": guest });
    assert_eq!(panel.ask(restart("nobody")), "UNKNOWN_GUEST");
    assert_eq!(panel.ask(json!({ "what": "pause" })), Value::Null);
    panel.wait_for(|state| state["run"]["phase"] == "paused");
    let ticks = |state: &Value| {
        [&state["run"]["tick"], &state["guests"][0]["ticks"], &state["guests"][1]["ticks"]].map(|ticks| ticks.as_u64().unwrap())
    };
    let [tick, _, others] = ticks(&panel.state);

    assert_eq!(panel.ask(restart("bad")), Value::Null);
    panel.wait_for(|state| state["guests"][0]["state"] == "running");
    assert_eq!(panel.state["guests"][0]["last_error"], Value::Null);
    assert_eq!(ticks(&panel.state), [tick, 0, others], "between two ticks, and nobody else");
    let published = panel.state["buffers"][0]["generation"].as_u64();
    assert_eq!(panel.ask(json!({ "what": "step" })), Value::Null);
    panel.wait_for(|state| ticks(state) == [tick + 1, 1, others + 1] && state["buffers"][0]["generation"].as_u64() > published);

    // One that runs begins anew as well.
    assert_eq!(panel.ask(restart("good")), Value::Null);
    panel.wait_for(|state| ticks(state) == [tick + 1, 1, 0]);
    let permit = |decision: Value| json!({ "what": "permit", "guest": "bad", "right": "write", "object": "bad", "decision": decision, "scope": "run" });
    assert_eq!(panel.ask(permit(json!("deny"))), Value::Null);
    assert_eq!(panel.ask(restart("bad")), "PERMISSION_DENIED");
    assert_eq!(panel.ask(permit(Value::Null)), Value::Null);
    panel.wait_for(|state| state["guests"][0]["state"] == "PERMISSION_DENIED" && state["permissions"][0]["next"] == "allow");
    assert_eq!(panel.ask(restart("bad")), Value::Null);
    panel.wait_for(|state| state["guests"][0]["state"] == "running" && state["permissions"][0]["next"].is_null());
    assert_eq!(panel.ask(json!({ "what": "resume" })), Value::Null);
    panel.wait_for(|state| ticks(state)[0] > tick + 10 && state["guests"][0]["state"] == "running");
    assert_eq!(panel.ask(json!({ "what": "stop" })), Value::Null);
    let (code, report) = report(&mut child, stdout);
    assert_eq!(code, Some(6), "a guest has failed on the way: {report}");
    let kernels = report["kernels"].as_array().unwrap().iter().map(|kernel| (&kernel["state"], &kernel["faults"])).collect::<Vec<_>>();
    assert_eq!(kernels, [(&json!("running"), &json!(2)), (&json!("running"), &json!(0))]);
    let faults = report["faults"].as_array().unwrap().iter().map(|fault| (&fault["part"], &fault["code"])).collect::<Vec<_>>();
    assert_eq!(faults, [(&json!("bad"), &json!("TRAP")), (&json!("bad"), &json!("PERMISSION_DENIED"))]);
}

#[test]
fn a_guest_that_does_not_start_again_has_ended_and_the_others_go_on() {
    let (mut child, stdout, served) = serve("trap", &["--allow-control"]);
    let mut panel = Panel::connect(served["socket"].as_str().unwrap());
    panel.wait_for(|state| state["run"]["tick"].as_u64() > Some(5));
    assert_eq!(panel.ask(json!({ "what": "restart", "seed": "13" })), Value::Null);
    panel.wait_for(|state| state["guests"][0]["state"] == "KERNEL_FAILED" && state["guests"][1]["ticks"].as_u64() > Some(10));
    let guests = &panel.state["guests"];
    assert!(guests[0]["last_error"]["message"].as_str().unwrap().contains("seed 13 is none for this kernel"), "{guests}");
    assert_eq!((&guests[0]["ticks"], &guests[1]["state"]), (&json!(0), &json!("running")), "{guests}");
    for _ in 1..70 {
        assert_eq!(panel.ask(json!({ "what": "restart_guest", "guest": "bad" })), "KERNEL_FAILED");
    }
    assert_eq!(panel.ask(json!({ "what": "restart", "seed": "1" })), Value::Null);
    panel.wait_for(|state| state["guests"][0]["state"] == "TRAP" && state["guests"][0]["ticks"] == 3);
    assert_eq!(panel.ask(json!({ "what": "stop" })), Value::Null);
    let (code, report) = report(&mut child, stdout);
    assert_eq!((code, &report["seed"], &report["kernels"][0]["faults"]), (Some(6), &json!(1), &json!(72)));
    let faults = report["faults"].as_array().unwrap();
    let codes = faults.iter().map(|fault| fault["code"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(
        (codes.len(), &codes[..2], &codes[63..]),
        (66, &["TRAP", "KERNEL_FAILED"][..], &["KERNEL_FAILED", "FAULTS_LEFT_OUT", "TRAP"][..])
    );
    assert!(faults[64]["message"].as_str().unwrap().starts_with("7 more faults of guests"), "{}", faults[64]);
    let of_starts = |line: &&Value| line["text"].as_str().is_some_and(|text| text.contains("seed 13 is none"));
    let told = panel.state["log"].as_array().unwrap().iter().filter(of_starts).count();
    assert_eq!(told, 2 * 7, "the kernel's line and the engine's, the first, second, fourth, eighth time and so on: {}", panel.state["log"]);
}

#[test]
fn a_page_that_crashes_or_hangs_leaves_the_guests_running_and_can_be_restarted() {
    let (mut child, stdout, served) = serve("crash", &["--allow-control"]);
    let mut panel = Panel::connect(served["socket"].as_str().unwrap());
    let value = |state: &Value, name: &str| {
        state["params"].as_array().into_iter().flatten().find(|param| param["name"] == name).and_then(|param| param["value"].as_f64())
    };
    panel.wait_for(|state| value(state, "loads") == Some(1.0));
    assert_eq!(panel.ask(json!({ "what": "param", "name": "crash", "value": 1.0 })), Value::Null);
    panel.wait_for(|state| state["run"]["page_problem"]["code"] == "PAGE_CRASHED");
    let tick = panel.state["run"]["tick"].as_u64();
    panel.wait_for(|state| state["run"]["tick"].as_u64() > tick.map(|tick| tick + 20));
    assert_eq!(panel.ask(json!({ "what": "param", "name": "crash", "value": 0.0 })), Value::Null);
    assert_eq!(panel.ask(json!({ "what": "restart_page" })), Value::Null);
    panel.wait_for(|state| value(state, "loads") == Some(2.0) && state["run"]["page_problem"].is_null());

    // A script that does not end keeps the page that is loaded next from nothing.
    assert_eq!(panel.ask(json!({ "what": "param", "name": "hang", "value": 1.0 })), Value::Null);
    panel.wait_for(|state| state["run"]["page_problem"]["code"] == "PAGE_UNRESPONSIVE");
    assert_eq!(panel.ask(json!({ "what": "param", "name": "hang", "value": 0.0 })), Value::Null);
    assert_eq!(panel.ask(json!({ "what": "restart_page" })), Value::Null);
    panel.wait_for(|state| value(state, "loads") == Some(3.0) && state["run"]["page_problem"].is_null());

    harness::interrupt(&child);
    let (code, report) = report(&mut child, stdout);
    assert_eq!(code, Some(130));
    for code in ["PAGE_CRASHED", "PAGE_UNRESPONSIVE"] {
        assert!(report["faults"].as_array().unwrap().iter().any(|fault| fault["code"] == code), "{}", report["faults"]);
    }
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = engine().arg("serve").arg(fixture("slider")).args(["--json", "--port", &port]).output().unwrap();
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &error["error"]["code"]), (Some(1), &json!("PANEL_BIND")));
}
