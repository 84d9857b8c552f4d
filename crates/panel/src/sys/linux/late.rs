//! Libraries that are loaded with the first call of one of their functions, not with the program. GTK and what it needs are 60 libraries and WebKit 100, whose linking takes 10 and
//! 35 ms at each start, and everything that is loaded after them, such as the drivers' LLVM, takes longer too, since each of its symbols is looked for in all of them. So the
//! app's page, which needs none of it, begins without.
//!
//! Each function that the program calls is defined here, as a jump to the one of the library. A function that is missing from the lists still links, with the library itself, which
//! is then loaded at the start; `src-tauri/tests/window.rs` sees to it that none is.

#![expect(unsafe_code, reason = "libraries are loaded, and their functions are jumped to")]

mod gtk;
mod webkit;

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};
use thiserror::Error;

/// Why a library of the system's cannot be used: it is not there, does not fit or finds no display.
#[derive(Clone, Debug, Error)]
pub enum LibraryError {
    /// No window.
    #[error("GTK cannot be loaded ({0}); on Debian and Ubuntu `apt install libgtk-3-0` brings it, on Fedora `dnf install gtk3`")]
    Gtk(String),
    /// Nowhere to show a window.
    #[error("no display server answers; DISPLAY or WAYLAND_DISPLAY has to name one. `wasm-engine run` needs none")]
    NoDisplay,
    /// No webview.
    #[error(
        "WebKitGTK cannot be loaded ({0}); on Debian and Ubuntu `apt install libwebkit2gtk-4.1-0` brings it, on Fedora `dnf install webkit2gtk4.1`"
    )]
    WebKit(String),
}

impl LibraryError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gtk(_) => "NO_GTK",
            Self::NoDisplay => "NO_DISPLAY",
            Self::WebKit(_) => "NO_WEBKIT",
        }
    }
}

/// Loads GTK, if that was not done yet.
///
/// # Errors
/// When it is not installed, or lacks a function.
pub fn load_gtk() -> Result<(), LibraryError> {
    gtk::LATE.load()
}

/// Begins with GTK, which Tauri panics about where it cannot.
///
/// # Errors
/// When no display server answers.
pub fn begin_gtk() -> Result<(), LibraryError> {
    ::gtk::init().map_err(|_| LibraryError::NoDisplay)
}

/// Loads WebKit, if that was not done yet.
///
/// # Errors
/// When it is not installed, or lacks a function.
pub fn load_webkit() -> Result<(), LibraryError> {
    webkit::LATE.load()
}

/// Where a function of a library lies; null until that is loaded.
type Slot = AtomicPtr<c_void>;

/// A library, and what the program calls of it and of those that come with it.
struct Late {
    /// With the version of its interface that the sys crates are written for.
    file: &'static str,
    slots: &'static [(&'static CStr, &'static Slot)],
    error: fn(String) -> LibraryError,
    /// Opens it before we do.
    before: fn(&str),
    loaded: OnceLock<Result<(), LibraryError>>,
}

impl Late {
    const fn new(
        file: &'static str,
        slots: &'static [(&'static CStr, &'static Slot)],
        error: fn(String) -> LibraryError,
        before: fn(&str),
    ) -> Self {
        Self { file, slots, error, before, loaded: OnceLock::new() }
    }

    fn load(&self) -> Result<(), LibraryError> {
        self.loaded.get_or_init(|| self.fill().map_err(|error| (self.error)(error.to_string()))).clone()
    }

    fn fill(&self) -> Result<(), libloading::Error> {
        (self.before)(self.file);
        // SAFETY: what the library does when it is loaded is what it would have done at the program's start.
        let library = unsafe { Library::open(Some(self.file), RTLD_LAZY | RTLD_LOCAL)? };
        for (name, slot) in self.slots {
            // SAFETY: a function of this name has the interface that the sys crates declare, since the library's name has the version of it.
            let function = unsafe { library.get::<*mut c_void>(name.to_bytes_with_nul())? };
            slot.store(function.into_raw(), Ordering::Release);
        }
        // GObject keeps types of it to the process' end.
        std::mem::forget(library);
        Ok(())
    }

    /// For a call that comes before anybody has loaded the library, and has no way to say that it cannot be.
    fn load_or_end(&self) {
        if let Err(error) = self.load() {
            eprintln!("error[{}]: {error}", error.code());
            std::process::abort();
        }
    }
}

/// Has GLib open a library; whether it can is seen when we open it. GLib has a lock around that, and around GTK's looking for a function in libraries, which takes the loader's lock. In
/// libsoup's way of being loaded GLib opens another library. Whoever loads it without GLib's lock waits for that with the loader's, and GTK's thread the other way round, for ever.
fn open_by_glib(file: &str) {
    /// Functions are looked for when they are called.
    const LAZY: c_int = 1;
    /// No other library gets them.
    const LOCAL: c_int = 2;
    unsafe extern "C" {
        fn g_module_open(file: *const c_char, flags: c_int) -> *mut c_void;
    }
    if let Ok(file) = CString::new(file) {
        // SAFETY: GLib's function, with a text that outlives the call. What the library does when it is loaded is what it would have done at the program's start.
        unsafe { g_module_open(file.as_ptr(), LAZY | LOCAL) };
    }
}

/// The code of a function that calls `$load` in the middle of a call of another function, whose arguments stay where they are.
#[cfg(target_arch = "x86_64")]
macro_rules! entry {
    ($load:path) => {
        // The registers that arguments come in: six of numbers, the count of vectors, eight vectors. `call` needs the stack at a multiple of 16.
        std::arch::naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "and rsp, -16",
            "sub rsp, 192",
            "mov [rsp], rdi",
            "mov [rsp + 8], rsi",
            "mov [rsp + 16], rdx",
            "mov [rsp + 24], rcx",
            "mov [rsp + 32], r8",
            "mov [rsp + 40], r9",
            "mov [rsp + 48], rax",
            "movups [rsp + 64], xmm0",
            "movups [rsp + 80], xmm1",
            "movups [rsp + 96], xmm2",
            "movups [rsp + 112], xmm3",
            "movups [rsp + 128], xmm4",
            "movups [rsp + 144], xmm5",
            "movups [rsp + 160], xmm6",
            "movups [rsp + 176], xmm7",
            "call {load}",
            "movups xmm7, [rsp + 176]",
            "movups xmm6, [rsp + 160]",
            "movups xmm5, [rsp + 144]",
            "movups xmm4, [rsp + 128]",
            "movups xmm3, [rsp + 112]",
            "movups xmm2, [rsp + 96]",
            "movups xmm1, [rsp + 80]",
            "movups xmm0, [rsp + 64]",
            "mov rax, [rsp + 48]",
            "mov r9, [rsp + 40]",
            "mov r8, [rsp + 32]",
            "mov rcx, [rsp + 24]",
            "mov rdx, [rsp + 16]",
            "mov rsi, [rsp + 8]",
            "mov rdi, [rsp]",
            "mov rsp, rbp",
            "pop rbp",
            "ret",
            load = sym $load,
        )
    };
}

/// As above.
#[cfg(target_arch = "aarch64")]
macro_rules! entry {
    ($load:path) => {
        // The registers that arguments come in: eight of numbers, where a result goes, eight vectors; and where the jump came from, which the caller left in x17.
        std::arch::naked_asm!(
            "stp x29, x30, [sp, #-240]!",
            "mov x29, sp",
            "stp x0, x1, [sp, #16]",
            "stp x2, x3, [sp, #32]",
            "stp x4, x5, [sp, #48]",
            "stp x6, x7, [sp, #64]",
            "stp x8, x17, [sp, #80]",
            "stp q0, q1, [sp, #96]",
            "stp q2, q3, [sp, #128]",
            "stp q4, q5, [sp, #160]",
            "stp q6, q7, [sp, #192]",
            "bl {load}",
            "ldp q6, q7, [sp, #192]",
            "ldp q4, q5, [sp, #160]",
            "ldp q2, q3, [sp, #128]",
            "ldp q0, q1, [sp, #96]",
            "ldp x8, x17, [sp, #80]",
            "ldp x6, x7, [sp, #64]",
            "ldp x4, x5, [sp, #48]",
            "ldp x2, x3, [sp, #32]",
            "ldp x0, x1, [sp, #16]",
            "ldp x29, x30, [sp], #240",
            "br x17",
            load = sym $load,
        )
    };
}
use entry;

/// The code of a function that jumps to the one of the library, and loads that first if need be. The linker shows it to no library.
#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    ($name:ident, $enter:path) => {
        std::arch::naked_asm!(
            concat!(".hidden ", stringify!($name)),
            "2:",
            "mov r11, [rip + {slot}]",
            "test r11, r11",
            "jz 3f",
            "jmp r11",
            "3:",
            "call {enter}",
            "jmp 2b",
            slot = sym super::slots::$name,
            enter = sym $enter,
        )
    };
}

/// As above.
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    ($name:ident, $enter:path) => {
        std::arch::naked_asm!(
            concat!(".hidden ", stringify!($name)),
            "2:",
            "adrp x16, {slot}",
            "ldr x16, [x16, :lo12:{slot}]",
            "cbz x16, 3f",
            "br x16",
            "3:",
            "adr x17, 2b",
            "b {enter}",
            slot = sym super::slots::$name,
            enter = sym $enter,
        )
    };
}
use jump;

/// Makes `LATE` for a library: first the functions that are written by hand, then those that are jumps.
macro_rules! late {
    ($file:literal, $error:path, $before:expr; $($by_hand:ident)*; $($name:ident)*) => {
        pub(super) static LATE: Late = Late::new($file, SLOTS, $error, $before);

        const SLOTS: &[(&CStr, &Slot)] = &[
            $((name(concat!(stringify!($by_hand), "\0")), &slots::$by_hand),)*
            $((name(concat!(stringify!($name), "\0")), &slots::$name),)*
        ];

        mod slots {
            #![expect(non_upper_case_globals, reason = "each has the name of its function")]

            use super::Slot;

            $(pub(super) static $by_hand: Slot = Slot::new(std::ptr::null_mut());)*
            $(pub(super) static $name: Slot = Slot::new(std::ptr::null_mut());)*
        }

        extern "C" fn load_or_end() {
            LATE.load_or_end();
        }

        #[unsafe(naked)]
        unsafe extern "C" fn enter() {
            entry!(load_or_end)
        }

        mod jumps {
            use super::{enter, jump};

            $(
                /// Jumps to the library's.
                #[unsafe(no_mangle)]
                #[unsafe(naked)]
                unsafe extern "C" fn $name() {
                    jump!($name, enter)
                }
            )*
        }
    };
}
use late;

const fn name(text: &str) -> &CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("a name without zeros"),
    }
}
