//! What is different on each system.

#[cfg(target_os = "linux")]
pub mod linux;
