//! The frame goes before the panel: where both want a processor, WebKit's processes wait.

use std::path::Path;

use rustix::process::{Pid, setpriority_process};
use webkit2gtk::WebViewExt as _;

/// What WebKit calls the process that lays out and paints, as far as the kernel keeps a name.
const NAME: &str = "WebKitWebProces";

/// A tenth of the processor time of a thread of the engine that wants the same processor.
const NICENESS: i32 = 10;

/// Lowers the priority of the webview's process, also of one that takes the place of one that has died.
///
/// Call it on GTK's thread.
pub fn let_frames_go_first(webview: &webkit2gtk::WebView) {
    webview.connect_load_changed(|_, _| {
        for process in children() {
            for thread in numbers(format!("/proc/{process}/task")) {
                // It may have ended since, and nothing is lost where the system does not let us.
                let _ = setpriority_process(Pid::from_raw(thread), NICENESS);
            }
        }
    });
}

/// The processes that WebKit has started for us and that paint. There is no call of WebKit's that tells.
fn children() -> Vec<i32> {
    let of_thread = |thread: i32| std::fs::read_to_string(format!("/proc/self/task/{thread}/children")).unwrap_or_default();
    let all: String = numbers("/proc/self/task").into_iter().map(of_thread).collect();
    all.split_whitespace()
        .filter_map(|child| child.parse().ok())
        .filter(|child| name(*child).is_some_and(|name| name.trim() == NAME))
        .collect()
}

fn name(process: i32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{process}/comm")).ok()
}

fn numbers(folder: impl AsRef<Path>) -> Vec<i32> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
