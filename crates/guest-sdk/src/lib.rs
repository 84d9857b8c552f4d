//! What the author of a Rust kernel depends on.
//!
//! A kernel is a type that implements [`Kernel`], named once in [`kernel!`]. Each tick it is handed a [`Context`]: typed views of
//! the buffers that the manifest grants it ([`Context::read`], [`Context::write`]), its parameters, its share of the work, the
//! virtual clock and seeded randomness. The views are the exchange's own memory, mapped into the kernel's: nothing is copied.
//!
//! The crate also builds for the host, so that a kernel's logic can be tested with [`testing::Rig`] and plain `cargo test`.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

pub mod abi;
mod context;
mod error;
#[doc(hidden)]
pub mod export;
mod host;
mod pod;
mod rng;
pub mod simd;
#[cfg(all(not(target_arch = "wasm32"), feature = "std"))]
pub mod testing;

pub use context::{Context, Pointer};
pub use error::Error;
pub use host::{Level, write_log};
pub use pod::{Pod, bytes_of, zeroed};
pub use rng::Rng;

/// Code that the engine runs once per tick.
///
/// One value of the type lives in each instance of the module, from `init` to `shutdown`. Where the manifest asks for several
/// shards there are several instances, each with its own value and memory; they share only the granted buffers.
pub trait Kernel: Sized {
    /// Called once, before the first tick. Parameters and buffers can already be read.
    fn init(ctx: &Context) -> Result<Self, Error>;

    /// Called once per tick. An error ends the kernel; the engine reports its code and message.
    fn tick(&mut self, ctx: &mut Context) -> Result<(), Error>;

    /// Called once at the end of a run that ended well.
    fn shutdown(self) {}
}

/// Makes a [`Kernel`] the kernel of this module: emits the exports and the ABI's custom section. Use it once per crate.
#[macro_export]
macro_rules! kernel {
    ($kernel:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "exports and a named section are what the kernel ABI consists of")]
        const _: () = {
            #[used]
            #[unsafe(link_section = "wasm-engine.abi")]
            static ABI: [u8; 4] = $crate::abi::VERSION.to_le_bytes();

            static KERNEL: $crate::export::Slot<$kernel> = $crate::export::Slot::new();

            #[unsafe(no_mangle)]
            extern "C" fn kernel_init(ctx: u32) -> i32 {
                $crate::export::init(&KERNEL, ctx)
            }

            #[unsafe(no_mangle)]
            extern "C" fn kernel_tick(ctx: u32) -> i32 {
                $crate::export::tick(&KERNEL, ctx)
            }

            #[unsafe(no_mangle)]
            extern "C" fn kernel_shutdown() {
                $crate::export::shutdown(&KERNEL)
            }
        };
        // On the host there is nobody to export to; the kernel must still be one.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = $crate::export::assert_kernel::<$kernel>;
    };
}

/// Writes a line to the engine's log: `log!("{} cells", n)`, or with a level `log!(Level::Warn, "…")`.
///
/// A line is cut at 1 KiB. The engine limits the bytes per tick and in all; what exceeds them is dropped and counted.
#[macro_export]
macro_rules! log {
    ($format:literal $($rest:tt)*) => {
        $crate::write_log($crate::Level::Info, ::core::format_args!($format $($rest)*))
    };
    ($level:expr, $format:literal $($rest:tt)*) => {
        $crate::write_log($level, ::core::format_args!($format $($rest)*))
    };
}

/// Declares a struct that may lie in a buffer: `repr(C)`, `Copy`, every field [`Pod`], and no padding (checked when compiling).
///
/// ```
/// wasm_engine_guest::pod_struct! {
///     /// One boid, as the manifest's `points` surface reads it.
///     #[derive(Debug, PartialEq)]
///     pub struct Boid { pub position: [f32; 2], pub velocity: [f32; 2] }
/// }
/// assert_eq!(core::mem::size_of::<Boid>(), 16);
/// ```
///
/// ```compile_fail
/// wasm_engine_guest::pod_struct! { struct Holey { small: u8, large: u32 } }
/// ```
#[macro_export]
macro_rules! pod_struct {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident { $($(#[$field_meta:meta])* $field_vis:vis $field:ident : $ty:ty),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        #[repr(C)]
        $vis struct $name { $($(#[$field_meta])* $field_vis $field: $ty),+ }

        const _: () = {
            const fn assert_pod<T: $crate::Pod>() {}
            $(assert_pod::<$ty>();)+
            ::core::assert!(
                ::core::mem::size_of::<$name>() == 0 $(+ ::core::mem::size_of::<$ty>())+,
                "a struct in a buffer must have no padding: reorder its fields or add explicit ones"
            );
        };

        // SAFETY: repr(C), Copy, all fields Pod and no padding, as asserted above.
        #[allow(unsafe_code, reason = "the macro has checked what Pod asks for")]
        unsafe impl $crate::Pod for $name {}
    };
}

/// Gives a `no_std` kernel its panic handler: the message goes to the engine's log, then the kernel traps.
#[macro_export]
macro_rules! panic_handler {
    () => {
        #[cfg(target_arch = "wasm32")]
        #[panic_handler]
        fn panic(info: &::core::panic::PanicInfo<'_>) -> ! {
            $crate::export::panicked(info)
        }
    };
}
