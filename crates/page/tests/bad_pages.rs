//! Pages that throw, ask for what they may not have, or loop for ever: each is told, and the engine goes on.

#[path = "support/harness.rs"]
mod harness;

use std::time::{Duration, Instant};

use harness::{App, at};
use wasm_engine_page::{ConsoleLevel, PageEvent, PageInput, PointerButton, Wish};

const BAD: &str = r#"<!doctype html><title>bad</title><body style="margin:0;background:#0a0"><script>
  console.log('hello'); setTimeout(() => { throw new Error('on purpose') });
</script>"#;

#[test]
fn bad_pages_harm_nobody() {
    let app = harness::open(BAD, |_| ());
    app.wait_event("the console", |event| {
        (event == PageEvent::Console { level: ConsoleLevel::Info, text: "hello".to_owned() }).then_some(())
    });
    app.wait_event("the error", |event| match event {
        PageEvent::Console { level: ConsoleLevel::Error, text } => text.contains("on purpose").then_some(()),
        _ => None,
    });
    app.wait_frame("the page", |_, pixels| at(pixels, 5, 5) == [0, 170, 0, 255]);
    app.until("document.readyState === 'complete'");

    let home = app.run("location.href");
    for place in ["https://example.org/", "file:///etc/passwd", "data:text/html,x", "http://127.0.0.1:1/"] {
        app.run(&format!("location.href = '{place}'; 0"));
        let url = app.wait_event("the refusal", |event| match event {
            PageEvent::NavigationDenied { url } => Some(url),
            _ => None,
        });
        assert_eq!(url, place);
    }
    assert_eq!(app.run("location.href"), home, "the page has stayed");

    app.run("var blocked = []; addEventListener('securitypolicyviolation', event => blocked.push(event.effectiveDirective)); 0");
    let outside = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = outside.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let script = file("outside.js", "window.leaked = true");
    let frame = file("outside.html", "<body style='background: #00f'>secret");
    app.run(&format!("{{ const x = document.createElement('script'); x.src = 'file://{script}'; document.body.append(x) }} 0"));
    app.until("blocked.includes('script-src-elem')");
    app.run(&format!(
        "{{ const x = document.createElement('iframe'); x.onload = () => window.done = true; x.src = 'file://{frame}'; document.body.append(x) }} 0"
    ));
    app.until("window.done === true");
    assert_eq!(app.run("window.leaked === undefined && document.querySelector('iframe').contentDocument === null"), true);
    assert!(!app.painted().rgba.chunks_exact(4).any(|pixel| pixel == [0, 0, 255, 255]), "a file outside is not shown");
    app.run("document.querySelector('iframe').remove(); 0");

    app.run("var outcome = ''; fetch('file:///etc/passwd').then(() => outcome = 'read', () => outcome = 'refused'); 0");
    app.until("outcome === 'refused'");
    app.run("var outside = 0; fetch('/../../etc/passwd').then(answer => outside = answer.status); 0");
    app.until("outside === 404 || outside === 400");
    app.run("open('/'); 0");
    app.wait_event("the refusal", |event| (event == PageEvent::WindowDenied).then_some(()));
    assert_eq!(app.run("confirm('sure?')"), serde_json::json!(false));
    app.wait_event("the question", |event| (event == PageEvent::Dialog("sure?".to_owned())).then_some(()));

    let error = {
        let (sender, receiver) = std::sync::mpsc::channel();
        app.page.evaluate("throw new Error('here')", move |result| drop(sender.send(result))).expect("the page takes scripts");
        receiver.recv_timeout(Duration::from_secs(60)).expect("an answer").expect_err("it throws")
    };
    assert_eq!(error.code(), "SCRIPT_THREW");

    let before = app.page.latest_frame().expect("a frame").generation;
    app.page.evaluate("for (;;) {}", |_| ()).expect("the page takes scripts");
    app.wait_event("the silence", |event| (event == PageEvent::Unresponsive).then_some(()));
    let frame = app.page.latest_frame().expect("the last frame stays");
    assert!(frame.generation >= before);
    assert_eq!(at(&harness::texture_pixels(&app.gpu, &frame.texture), 5, 5), [0, 170, 0, 255]);
    app.page.resize(100, 100, 1.0).expect("commands are still taken");
    a_silent_page_is_begun_anew(&app);
    let start = Instant::now();
    app.close();
    assert!(start.elapsed() < Duration::from_secs(60), "an endless loop does not keep Servo from ending");
}

/// The script loops for ever, and goes on with that; what is loaded again has another one, and is a page like the first.
fn a_silent_page_is_begun_anew(app: &App) {
    app.page.reload().expect("the page takes commands");
    app.wait_event("an answer", |event| matches!(event, PageEvent::Loaded | PageEvent::Responsive).then_some(()));
    app.until("document.readyState === 'complete' && innerWidth === 100");
    assert_eq!(app.run("typeof engine"), "object", "the engine's script is in it");
    app.run("onfocus = onblur = event => window.focus = event.type; document.body.style.background = '#00a'; document.documentElement.style.cursor = 'help'; 0");
    app.wait_frame("the new page", |_, pixels| pixels.size == (100, 100) && at(pixels, 5, 5) == [0, 0, 170, 255]);
    app.page.input(PageInput::MouseMove { x: 50.0, y: 50.0 }).expect("the page takes input");
    app.wait_wish("the pointer", |wish| (wish == Wish::Cursor("help")).then_some(()));
    app.run("addEventListener('click', () => window.clicked = true); 0");
    for pressed in [true, false] {
        app.page.input(PageInput::MouseButton { x: 50.0, y: 50.0, button: PointerButton::Primary, pressed }).expect("the page takes input");
    }
    app.until("window.clicked === true");
    for (focused, event) in [(false, "blur"), (true, "focus")] {
        app.page.input(PageInput::Focus(focused)).expect("the page takes input");
        app.until(&format!("window.focus === '{event}'"));
    }

    // This one writes to the console for as long as it loops, and all the same is known to be silent.
    app.page.evaluate("for (;;) console.log('again')", |_| ()).expect("the page takes scripts");
    let mut left_out = 0;
    app.wait_event("the silence", |event| match event {
        PageEvent::LeftOut(count) => {
            left_out += count;
            None
        }
        event => (event == PageEvent::Unresponsive).then_some(()),
    });
    assert!(left_out > 0, "nobody can read all of it");
}
