//! `window.engine` in Servo, the page's own browser: everything the script promises, and a slider moved with the mouse.

#[path = "scenario/play.rs"]
mod play;

use std::{sync::Arc, time::Duration};

use play::Scenario;
use wasm_engine_gpu::{Gpu, GpuOptions};
use wasm_engine_page::{
    FramePath, KeyInput, Page, PageInput, PageOptions, PointerButton,
    bridge::ParamValue,
    keyboard_types::{Code, Key, NamedKey},
};
use wasm_engine_telemetry::{Telemetry, TelemetryConfig};

const SCALE: f32 = 1.5;

#[test]
fn the_script_keeps_its_promises() {
    let mut scenario = Scenario::start();
    let gpu = Gpu::new(&GpuOptions::default()).expect("a Vulkan device");
    let page = Page::spawn(PageOptions {
        gpu: Arc::clone(&gpu).into(),
        url: scenario.server.url(),
        size: (1350, 1050),
        scale: SCALE,
        transparent: true,
        user_script: scenario.server.user_script(),
        frame_path: FramePath::Auto,
        telemetry: Telemetry::new(TelemetryConfig::default()),
        on_frame: None,
        on_wish: None,
    })
    .expect("a page");
    scenario.play(SCALE);

    page.resize(1200, 900, 1.0).expect("the page takes a size");
    scenario.resized([1200.0, 900.0], 1.0);
    a_slider_follows_the_mouse(&mut scenario, &page);
    a_choice_is_made(&mut scenario, &page);
    assert!(page.shutdown(Duration::from_secs(60)), "Servo ends");
}

fn send(page: &Page, input: PageInput) {
    page.input(input).expect("the page takes input");
}

fn button(page: &Page, [x, y]: [f32; 2], pressed: bool) {
    send(page, PageInput::MouseButton { x, y, button: PointerButton::Primary, pressed });
}

fn a_slider_follows_the_mouse(scenario: &mut Scenario, page: &Page) {
    let [x, y, width, height] = scenario.place("speed");
    let at = |part: f32| [x + width * part, y + height / 2.0];
    let move_to = |[x, y]: [f32; 2]| send(page, PageInput::MouseMove { x, y });
    // The pointer stands on whole pixels, and one of them is about one step.
    let near = |wanted: f64| move |value: &ParamValue| matches!(value, ParamValue::Number(number) if (number - wanted).abs() <= 1.5);
    move_to(at(0.5));
    button(page, at(0.5), true);
    scenario.param_when("speed", "about 50", near(50.0));
    move_to(at(0.75));
    scenario.param_when("speed", "about 75", near(75.0));
    move_to([x + width + 100.0, y]);
    scenario.param_when("speed", "its maximum, beyond the end", |value| *value == ParamValue::Number(100.0));
    button(page, [x + width + 100.0, y], false);
    assert_eq!(scenario.json("changed"), "100", "that it was let go is told too");
    move_to(at(0.25));
    for pressed in [true, false] {
        send(page, PageInput::Key(KeyInput::new(pressed, Key::Named(NamedKey::ArrowLeft), Code::ArrowLeft)));
    }
    scenario.param_when("speed", "a step less, and where it was let go", |value| *value == ParamValue::Number(99.5));
}

fn a_choice_is_made(scenario: &mut Scenario, page: &Page) {
    let [x, y, width, height] = scenario.place("mode");
    let middle = [x + width / 2.0, y + height / 2.0];
    let click = |at: [f32; 2]| {
        send(page, PageInput::MouseMove { x: at[0], y: at[1] });
        button(page, at, true);
        button(page, at, false);
    };
    click(middle);
    let [x, y, width, height] = scenario.place("wild");
    click([x + width / 2.0, y + height / 2.0]);
    scenario.param_when("mode", "the choice", |value| *value == ParamValue::Text("wild".into()));
}
