//! Memory of the drivers that compute on the processor. They fill each texture with zeros, in pages of 4 KiB with a fault for each, and a page's first painting has 34 MB of textures.
//! 16 MiB of them take 6.3 ms in pages of 4 KiB, and 1.2 ms in pages of 2 MiB.

#![expect(unsafe_code, reason = "a function of the C library is replaced")]

use std::ffi::{c_int, c_void};

/// Of x86-64, and of AArch64 where pages have 4 KiB.
const HUGE_PAGE: usize = 2 << 20;

/// Stands for the C library's function, also for drivers (`build.rs` of the programs shows it to them): what is as large as a huge page begins with one, and the kernel may use such for it.
#[unsafe(no_mangle)]
extern "C" fn posix_memalign(place: *mut *mut c_void, align: usize, bytes: usize) -> c_int {
    if !align.is_power_of_two() || !align.is_multiple_of(size_of::<*mut c_void>()) {
        return libc::EINVAL;
    }
    let is_large = bytes >= HUGE_PAGE;
    // SAFETY: takes any power of two.
    let memory = unsafe { libc::memalign(if is_large { align.max(HUGE_PAGE) } else { align }, bytes) };
    if memory.is_null() {
        return libc::ENOMEM;
    }
    if is_large {
        // SAFETY: the memory is ours, begins with a page and stays what it is. A kernel that has no huge pages refuses, and nothing is lost.
        unsafe { libc::madvise(memory, bytes, libc::MADV_HUGEPAGE) };
    }
    // SAFETY: POSIX asks for a place to write to.
    unsafe { place.write(memory) };
    0
}
