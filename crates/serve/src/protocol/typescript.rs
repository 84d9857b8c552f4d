//! The messages' TypeScript, and the test that keeps it equal to the types.

use std::{fmt::Write as _, fs, path::Path};

use ts_rs::TS;

use super::*;

/// Adds a type: its documentation and its declaration.
fn declare<T: TS>(out: &mut String) {
    let docs = T::docs().unwrap_or_default();
    // The messages are JSON, whose numbers JavaScript reads as `number`, however large they are.
    let declaration = T::decl().replace("bigint", "number");
    let _ = write!(out, "\n{docs}export {declaration}\n");
}

fn typescript() -> String {
    let mut out = format!(
        "// The messages between engine and panel. Written from the types in crates/serve/src/protocol.rs; a test keeps the two equal.\n\
         // To write it anew: WASM_ENGINE_BLESS=1 cargo test -p wasm-engine-serve\n\n\
         /** The version of the protocol; a client with another one is turned away. */\nexport const VERSION = {VERSION};\n"
    );
    declare::<FromPanel>(&mut out);
    declare::<FromEngine>(&mut out);
    declare::<Ask>(&mut out);
    declare::<Rights>(&mut out);
    declare::<AppInfo>(&mut out);
    declare::<ParamInfo>(&mut out);
    declare::<State>(&mut out);
    declare::<Change>(&mut out);
    declare::<RunPhase>(&mut out);
    declare::<Seed>(&mut out);
    declare::<Run>(&mut out);
    declare::<GuestKind>(&mut out);
    declare::<Guest>(&mut out);
    declare::<Frame>(&mut out);
    declare::<StageTimes>(&mut out);
    declare::<Buffer>(&mut out);
    declare::<Lane>(&mut out);
    declare::<CounterValue>(&mut out);
    declare::<Level>(&mut out);
    declare::<LogEntry>(&mut out);
    declare::<Decision>(&mut out);
    declare::<Scope>(&mut out);
    declare::<Permission>(&mut out);
    declare::<ParamValue>(&mut out);
    declare::<Problem>(&mut out);
    declare::<ShellAsk>(&mut out);
    declare::<ShellState>(&mut out);
    declare::<ShellApp>(&mut out);
    declare::<RecentApp>(&mut out);
    // Doc comments come with blanks at the ends of empty lines.
    out.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn typescript_matches_the_types() {
    let path = Path::new("../../ui/src/protocol/index.ts");
    if std::env::var_os("WASM_ENGINE_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, typescript()).unwrap();
    }
    let written = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, typescript(), "run with WASM_ENGINE_BLESS=1 to write ui/src/protocol/index.ts anew");
}

#[test]
fn typescript_knows_no_bigint() {
    assert!(!typescript().contains("bigint"));
}

#[test]
fn the_json_is_as_agreed() {
    let json = |message: &FromEngine| serde_json::to_string(message).unwrap();
    let problem = Problem { code: "NOT_ALLOWED".to_owned(), message: "no".to_owned(), hint: None };
    assert_eq!(
        json(&FromEngine::Answer { id: 7, problem: Some(problem) }),
        r#"{"type":"answer","id":7,"problem":{"code":"NOT_ALLOWED","message":"no","hint":null}}"#
    );
    assert_eq!(json(&FromEngine::Alive), r#"{"type":"alive"}"#);
    assert_eq!(serde_json::to_string(&Seed(u64::MAX)).unwrap(), r#""18446744073709551615""#);
    assert!(json(&FromEngine::Change { change: Change::default() }).starts_with(r#"{"type":"change","change":{"run":null,"guests":null,"#));
    for (text, expected) in [
        (r#"{"type":"hello","version":2}"#, FromPanel::Hello { version: 2 }),
        (r#"{"type":"ask","id":1,"ask":{"what":"pause"}}"#, FromPanel::Ask { id: 1, ask: Ask::Pause }),
        (r#"{"type":"ask","id":2,"ask":{"what":"restart","seed":null}}"#, FromPanel::Ask { id: 2, ask: Ask::Restart { seed: None } }),
        (
            r#"{"type":"ask","id":2,"ask":{"what":"restart","seed":"18446744073709551615"}}"#,
            FromPanel::Ask { id: 2, ask: Ask::Restart { seed: Some(Seed(u64::MAX)) } },
        ),
        (
            r#"{"type":"ask","id":2,"ask":{"what":"restart_guest","guest":"grid"}}"#,
            FromPanel::Ask { id: 2, ask: Ask::RestartGuest { guest: "grid".to_owned() } },
        ),
        (r#"{"type":"ask","id":3,"ask":{"what":"hud","shown":true}}"#, FromPanel::Ask { id: 3, ask: Ask::Hud { shown: true } }),
    ] {
        assert_eq!(serde_json::from_str::<FromPanel>(text).unwrap(), expected);
    }
    for bad in [
        r#"{"type":"ask","id":-1,"ask":{"what":"pause"}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"param","name":"x","value":1e999}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"restart","seed":7}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"restart","seed":""}}"#,
        r#"{"type":"ask","id":1,"ask":{"what":"restart","seed":"18446744073709551616"}}"#,
        "[]",
    ] {
        assert!(serde_json::from_str::<FromPanel>(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_ask_has_the_name_of_its_message() {
    let permit = Ask::Permit { guest: String::new(), right: String::new(), object: String::new(), decision: None, scope: Scope::Run };
    let asks = [
        Ask::Pause,
        Ask::Resume,
        Ask::Step,
        Ask::Restart { seed: None },
        Ask::RestartGuest { guest: String::new() },
        Ask::Hud { shown: true },
        Ask::Param { name: String::new(), value: 0.0 },
        permit,
        Ask::RestartPage,
        Ask::Stop,
    ];
    for ask in asks {
        assert_eq!(serde_json::to_value(&ask).unwrap()["what"], ask.name());
    }
}
