//! What [`kernel!`](crate::kernel) expands to. Not for direct use.
#![expect(unsafe_code, reason = "the kernel's state lies in a static, as a module has no other place for it")]

use core::cell::UnsafeCell;

use crate::Kernel;
#[cfg(target_arch = "wasm32")]
use crate::{Context, Error, Level, log};

/// Where the kernel's value lives between calls.
pub struct Slot<K>(UnsafeCell<Option<K>>);

// SAFETY: a kernel module has no threads: its memory is not shared, and the host makes one call at a time. Only the exports that
// `kernel!` emits touch the slot, and they exist on wasm32 alone.
unsafe impl<K> Sync for Slot<K> {}

impl<K> Slot<K> {
    /// An empty slot.
    #[expect(clippy::new_without_default, reason = "must be const")]
    pub const fn new() -> Self {
        Slot(UnsafeCell::new(None))
    }
}

/// Fails to compile where `K` is not a kernel.
pub fn assert_kernel<K: Kernel>() {}

/// The body of `kernel_init`.
#[cfg(target_arch = "wasm32")]
pub fn init<K: Kernel>(slot: &'static Slot<K>, ctx: u32) -> i32 {
    install_panic_hook();
    // SAFETY: `ctx` is the address of the context page that the host has just filled.
    let made = unsafe { Context::from_page(ctx) }.and_then(|ctx| K::init(&ctx));
    match made {
        Ok(kernel) => {
            // SAFETY: see `Sync` above: nobody else holds a reference into the slot during this call.
            unsafe { *slot.0.get() = Some(kernel) };
            0
        }
        Err(error) => report(error),
    }
}

/// The body of `kernel_tick`.
#[cfg(target_arch = "wasm32")]
pub fn tick<K: Kernel>(slot: &'static Slot<K>, ctx: u32) -> i32 {
    // SAFETY: see `Sync` above: this is the only reference into the slot while the call lasts.
    let Some(kernel) = (unsafe { (*slot.0.get()).as_mut() }) else {
        return report(Error::NotStarted);
    };
    // SAFETY: `ctx` is the address of the context page that the host has just filled.
    match unsafe { Context::from_page(ctx) }.and_then(|mut ctx| kernel.tick(&mut ctx)) {
        Ok(()) => 0,
        Err(error) => report(error),
    }
}

/// The body of `kernel_shutdown`.
#[cfg(target_arch = "wasm32")]
pub fn shutdown<K: Kernel>(slot: &'static Slot<K>) {
    // SAFETY: see `Sync` above.
    if let Some(kernel) = unsafe { (*slot.0.get()).take() } {
        kernel.shutdown();
    }
}

/// The message to the log, the code to the host.
#[cfg(target_arch = "wasm32")]
fn report(error: Error) -> i32 {
    log!(Level::Error, "{error}");
    error.code()
}

#[cfg(all(target_arch = "wasm32", feature = "std"))]
fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| log!(Level::Error, "{info}")));
}

#[cfg(all(target_arch = "wasm32", not(feature = "std")))]
fn install_panic_hook() {}

/// The body of `panic_handler!`.
#[cfg(target_arch = "wasm32")]
pub fn panicked(info: &core::panic::PanicInfo<'_>) -> ! {
    log!(Level::Error, "{info}");
    core::arch::wasm32::unreachable()
}
