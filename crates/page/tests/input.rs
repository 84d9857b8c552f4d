//! What a person does reaches the page, at the right place, at every scale.

#[path = "support/harness.rs"]
mod harness;

use harness::App;
use wasm_engine_page::keyboard_types::{Code, Key, Modifiers, NamedKey};
use wasm_engine_page::{KeyInput, PageInput, PointerButton, TouchPhase, WheelUnit, Wish};

const FORM: &str = r#"<!doctype html><style>
  body { margin: 0; height: 3000px } button, input { position: absolute; left: 10px; width: 200px; height: 40px }
  button { top: 10px; cursor: pointer } input { top: 60px }
</style><button id=button>press</button><input id=field><script>
  var seen = { clicks: 0, keys: [], wheel: 0, touches: [], focus: [] };
  button.onclick = event => {
    seen.clicks++; seen.at = [event.clientX, event.clientY]; seen.held = [event.shiftKey, event.ctrlKey, event.altKey, event.metaKey];
  };
  addEventListener('keydown', event => seen.keys.push(event.key + '/' + event.code));
  addEventListener('keyup', event => seen.ups = (seen.ups ?? '') + event.code);
  addEventListener('wheel', event => seen.wheel += event.deltaY);
  addEventListener('touchstart', event => seen.touches.push(event.touches.length));
  addEventListener('focus', () => seen.focus.push(true)); addEventListener('blur', () => seen.focus.push(false));
</script>"#;

fn send(app: &App, input: PageInput) {
    app.page.input(input).expect("the page takes input");
}

fn click(app: &App, x: f32, y: f32) {
    send(app, PageInput::MouseMove { x, y });
    for pressed in [true, false] {
        send(app, PageInput::MouseButton { x, y, button: PointerButton::Primary, pressed });
    }
}

#[test]
fn input_reaches_the_page() {
    let app = harness::open(FORM, |_| ());
    app.loaded();
    app.wait_frame("the first frame", |_, _| true);
    let send = |input| send(&app, input);
    let click = |x, y| click(&app, x, y);

    click(100.0, 30.0);
    app.until("seen.clicks === 1");
    assert_eq!(app.run("seen.at"), serde_json::json!([100.0, 30.0]));
    app.wait_wish("the hand", |wish| (wish == Wish::Cursor("pointer")).then_some(()));

    click(100.0, 80.0);
    app.until("document.activeElement === field");
    let area = app.wait_wish("the field's place", |wish| match wish {
        Wish::Caret(area) => area,
        Wish::Cursor(_) => None,
    });
    assert!(area[2] > 0 && area[3] > 0, "{area:?}");
    for pressed in [true, false] {
        send(PageInput::Key(KeyInput::new(pressed, Key::Character("a".to_owned()), Code::KeyA)));
    }
    send(PageInput::Text("ßé漢".to_owned()));
    app.until("field.value === 'aßé漢'");
    for pressed in [true, false] {
        send(PageInput::Key(KeyInput::new(pressed, Key::Named(NamedKey::Backspace), Code::Backspace)));
    }
    app.until("field.value === 'aßé'");
    assert_eq!(app.run("seen.keys"), serde_json::json!(["a/KeyA", "Backspace/Backspace"]));

    app.run("field.blur(); 0");
    app.wait_wish("the field is left", |wish| (wish == Wish::Caret(None)).then_some(()));

    the_wheel_scrolls(&app);
    the_pointer_has_the_modifiers_that_are_held(&app);

    for phase in [TouchPhase::Start, TouchPhase::End] {
        send(PageInput::Touch { id: 1, phase, x: 100.0, y: 150.0 });
    }
    app.until("seen.touches.length === 1");

    app.page.resize(640, 400, 2.0).expect("a legal size");
    app.until("devicePixelRatio === 2 && innerWidth === 320");
    app.wait_frame("the larger page", |frame, _| frame.size == (640, 400));
    click(200.0, 60.0);
    app.until("seen.clicks === 2 && seen.at[0] === 100 && seen.at[1] === 30");

    let nan = PageInput::MouseMove { x: f32::NAN, y: 0.0 };
    assert_eq!(app.page.input(nan).expect_err("no number").code(), "PAGE_LIMIT");
    let long = PageInput::Text("x".repeat(1 << 20));
    assert_eq!(app.page.input(long).expect_err("too long").code(), "PAGE_LIMIT");
    app.close();
}

fn the_wheel_scrolls(app: &App) {
    send(app, PageInput::Wheel { x: 100.0, y: 150.0, dx: 0.0, dy: -120.0, unit: WheelUnit::Pixels });
    app.until("seen.wheel > 0 && scrollY > 0");
    send(app, PageInput::Wheel { x: 100.0, y: 150.0, dx: 0.0, dy: 1e6, unit: WheelUnit::Pixels });
    app.until("scrollY === 0");

    app.run("seen.wheel = 0");
    for part in [0.25, 0.75] {
        send(app, PageInput::Wheel { x: 100.0, y: 150.0, dx: 0.0, dy: -part, unit: WheelUnit::Notches });
    }
    app.until("seen.wheel === 53 && scrollY === 53");
    send(app, PageInput::Wheel { x: 100.0, y: 150.0, dx: 0.0, dy: 1.0, unit: WheelUnit::Notches });
    app.until("scrollY === 0");
}

fn the_pointer_has_the_modifiers_that_are_held(app: &App) {
    // Shift went down while the page did not have the keyboard.
    send(app, PageInput::Modifiers(Modifiers::SHIFT));
    click(app, 100.0, 30.0);
    app.until("seen.clicks === 2 && String(seen.held) === 'true,false,false,false'");
    send(app, PageInput::Modifiers(Modifiers::empty()));
    click(app, 100.0, 30.0);
    app.until("seen.clicks === 3 && !seen.held.includes(true)");
    // Alt and W are down as the page loses the keyboard.
    app.run("seen.ups = ''");
    send(app, PageInput::Key(KeyInput::new(true, Key::Character("w".to_owned()), Code::KeyW)));
    send(app, PageInput::Key(KeyInput::new(true, Key::Named(NamedKey::Alt), Code::AltLeft)));
    click(app, 100.0, 30.0);
    app.until("seen.clicks === 4 && String(seen.held) === 'false,false,true,false'");
    send(app, PageInput::Focus(false));
    click(app, 100.0, 30.0);
    app.until("seen.clicks === 5 && !seen.held.includes(true) && seen.ups === 'AltLeftKeyW'");
    app.run("seen.clicks = 1");
}
