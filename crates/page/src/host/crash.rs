//! How Servo hears that one of its script threads has panicked: through the process' logger, by a message that was logged while panicking. It then puts a page of its
//! own in the place of the dead one, which can be loaded again.

use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::Once;

use log::{Level, Metadata};
use servo::Servo;

/// What Servo calls its script threads.
const SCRIPT_THREADS: &str = "Script#";

/// Makes Servo the process' logger, and has panics of its script threads logged.
///
/// A process has one logger. If a program has set another one, a page that crashes stays as it is, and nobody is told.
pub(super) fn report_to(servo: &Servo) {
    let is_taken = log::logger().enabled(&Metadata::builder().level(Level::Error).target("servo").build());
    if is_taken {
        tracing::warn!("the process' logger is taken: a page that crashes cannot be restarted");
        return;
    }
    servo.setup_logging();
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            others(panic);
            tell_servo(panic);
        }));
    });
}

fn tell_servo(panic: &PanicHookInfo<'_>) {
    if std::thread::current().name().is_some_and(|name| name.starts_with(SCRIPT_THREADS)) {
        let text = panic.payload_as_str().unwrap_or("unknown reason");
        match panic.location() {
            Some(place) => log::error!("{text} ({}:{})", place.file().rsplit('/').next().unwrap_or_default(), place.line()),
            None => log::error!("{text}"),
        }
    }
}
