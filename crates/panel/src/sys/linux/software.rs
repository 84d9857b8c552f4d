//! WebKit on a machine without a GPU. By itself it paints with OpenGL there too, which Mesa then computes on the processor: the panel with its live charts took four
//! times the processor time of WebKit's own painter (docs/performance.md).

use gtk::prelude::*;
use webkit2gtk::WebViewExt;

use super::environment::propose;

/// WebKit's processes read it when they start.
const PAINT_ON_PROCESSOR: &str = "WEBKIT_SKIA_ENABLE_CPU_RENDERING";

/// Lets webviews paint without OpenGL where there is no GPU, unless the environment says otherwise.
///
/// Call it before the first webview, while the process has no other thread.
pub fn paint_where_it_is_cheap() {
    if !wasm_engine_gpu::may_have_gpu() && !propose(PAINT_ON_PROCESSOR, "1") {
        tracing::warn!(target: "panel", "the panel is painted with OpenGL in software: the process has other threads already");
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

/// Makers of GPUs as PCI numbers them, and what the files are called of Mesa's Vulkan drivers that need one of theirs.
const MAKERS: [(&str, &str); 3] = [("0x8086", "*intel*"), ("0x1002", "*radeon*"), ("0x10de", "*nouveau*")];

/// A GPU of the host's, whoever made that.
const VIRTUAL: &str = "0x1af4";

/// Read by Vulkan's loader since 1.3.234.
const SKIP: &str = "VK_LOADER_DRIVERS_DISABLE";

/// Lets Vulkan's loader leave out Mesa's drivers for GPUs that are not there, unless the environment says something about drivers. It would load and ask them all, with an
/// LLVM each, while the page waits: 10 to 20 ms.
///
/// Call it before Vulkan begins, while the process has no other thread.
pub fn skip_absent_drivers() {
    if [SKIP, "VK_LOADER_DRIVERS_SELECT", "VK_DRIVER_FILES", "VK_ADD_DRIVER_FILES", "VK_ICD_FILENAMES"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        return;
    }
    let entries = std::fs::read_dir("/sys/class/drm").into_iter().flatten().flatten();
    let devices = entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"renderD"));
    let makers: Vec<_> = devices.map(|device| std::fs::read_to_string(device.path().join("device/vendor")).unwrap_or_default()).collect();
    let absent = absent(&makers);
    if !absent.is_empty() && !propose(SKIP, &absent.join(",")) {
        tracing::warn!("all of Vulkan's drivers are loaded: the process has other threads already");
    }
}

/// The drivers that none of the GPUs of these makers needs; none where a GPU's maker is not known.
fn absent(makers: &[String]) -> Vec<&'static str> {
    let known = |maker: &String| !maker.trim().is_empty() && maker.trim() != VIRTUAL;
    if !makers.iter().all(known) {
        return Vec::new();
    }
    MAKERS.iter().filter(|(maker, _)| !makers.iter().any(|there| there.trim() == *maker)).map(|(_, driver)| *driver).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absent_with(makers: &[&str]) -> Vec<&'static str> {
        absent(&makers.iter().map(|maker| format!("{maker}\n")).collect::<Vec<_>>())
    }

    #[test]
    fn drivers_of_the_gpus_that_are_there_are_kept() {
        assert_eq!(absent_with(&[]), ["*intel*", "*radeon*", "*nouveau*"]);
        assert_eq!(absent_with(&["0x8086"]), ["*radeon*", "*nouveau*"]);
        assert_eq!(absent_with(&["0x8086", "0x10de"]), ["*radeon*"]);
    }

    #[test]
    fn nothing_is_left_out_where_a_gpu_is_not_known() {
        assert!(absent_with(&["0x1af4"]).is_empty());
        assert!(absent_with(&["0x8086", ""]).is_empty());
    }
}
