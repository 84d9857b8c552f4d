//! WebKit on a machine without a GPU. By itself it paints with OpenGL there too, which Mesa then computes on the processor: the panel with its live charts took four
//! times the processor time of WebKit's own painter (docs/performance.md).

use gtk::glib;
use gtk::prelude::*;
use webkit2gtk::WebViewExt;

/// What GPU drivers put there for programs; under WSL it is one for all.
const DEVICES: [&str; 3] = ["/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0"];

/// WebKit's processes read it when they start.
const PAINT_ON_PROCESSOR: &str = "WEBKIT_SKIA_ENABLE_CPU_RENDERING";

/// Lets webviews paint without OpenGL where there is no GPU, unless the environment says otherwise.
///
/// Call it before the first webview, while the process has no other thread that reads the environment.
pub fn paint_where_it_is_cheap() {
    if !has_gpu()
        && let Err(error) = glib::setenv(PAINT_ON_PROCESSOR, "1", false)
    {
        tracing::warn!(target: "panel", "the panel is painted with OpenGL in software: {error}");
    }
}

/// Keeps canvases out of the GPU's memory: charts of thin bars are drawn faster on the processor, and without a GPU much faster.
///
/// Call it on GTK's thread.
pub fn keep_canvases_on_the_processor(webview: &webkit2gtk::WebView) {
    const ACCELERATED: &str = "enable-2d-canvas-acceleration";
    // WebKit has it since 2.46.
    if let Some(settings) = WebViewExt::settings(webview)
        && settings.find_property(ACCELERATED).is_some()
    {
        settings.set_property(ACCELERATED, false);
    }
}

fn has_gpu() -> bool {
    let render_nodes = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    render_nodes.into_iter().any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"renderD"))
        || DEVICES.iter().any(|device| std::path::Path::new(device).exists())
}
