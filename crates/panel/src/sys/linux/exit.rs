//! The end of a process whose threads are at work.

#![expect(unsafe_code, reason = "a handler of the C library is set")]

use std::ffi::{c_int, c_void};

// Of glibc; as `atexit`, with what the process ends with.
unsafe extern "C" {
    fn on_exit(handler: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
}

/// Whoever ends the process with `std::process::exit`, as Tauri's plugins do, ends it at once: the C library would clear up behind threads that still work, Servo's and the
/// drivers' among them, and SpiderMonkey aborts when it is.
pub fn exit_at_once() {
    extern "C" fn end(code: c_int, _: *mut c_void) {
        // SAFETY: ends the process.
        unsafe { libc::_exit(code) }
    }
    // SAFETY: the handler lives as long as the program. Where there is no memory for it, all is as before.
    unsafe { on_exit(end, std::ptr::null_mut()) };
}
