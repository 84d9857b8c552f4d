//! The end of a process whose threads are at work.

#![expect(unsafe_code, reason = "a function of the C library is replaced")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};

static AT_ONCE: AtomicBool = AtomicBool::new(false);

/// Whoever ends the process from now on with `std::process::exit`, as Tauri's plugins do, ends it at once: the C library would clear up behind threads that still work, Servo's and
/// the drivers' among them, which then read what is gone.
pub fn exit_at_once() {
    AT_ONCE.store(true, Ordering::Relaxed);
}

/// Stands for the C library's function of this name. A handler that ends the process (`atexit`) would not do: those of libraries that are loaded after it is set run before it.
#[unsafe(no_mangle)]
extern "C" fn exit(code: c_int) -> ! {
    if !AT_ONCE.load(Ordering::Relaxed) {
        // SAFETY: the name is a C string; the program itself comes before the C library, so that the next one of that name is the library's.
        let next = unsafe { libc::dlsym(libc::RTLD_NEXT, c"exit".as_ptr()) };
        if !next.is_null() {
            // SAFETY: the C standard's signature of `exit`.
            let next = unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn(c_int) -> !>(next) };
            next(code);
        }
    }
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    /// Given to this test's program when it is to end.
    const END: &str = "WASM_ENGINE_TEST_END";

    extern "C" fn abort() {
        std::process::abort();
    }

    #[test]
    fn handlers_run_until_it_is_to_end_at_once() {
        if let Ok(how) = std::env::var(END) {
            if how == "at once" {
                super::exit_at_once();
            }
            // SAFETY: the handler lives as long as the program.
            assert_eq!(unsafe { libc::atexit(abort) }, 0);
            std::process::exit(7);
        }
        let name = "sys::linux::exit::tests::handlers_run_until_it_is_to_end_at_once";
        let program = || Command::new(std::env::current_exe().unwrap());
        let status = |how| program().args(["--exact", name]).env(END, how).output().unwrap().status;
        assert_eq!(status("at once").code(), Some(7));
        assert_eq!(status("as ever").signal(), Some(libc::SIGABRT));
    }
}
