//! TLS for what a page fetches from elsewhere.

use rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom, aws_lc_rs};

/// Gives the process a provider of cryptography, which Servo's network code asks for and does not bring. If the process has one already, that one serves.
pub(super) fn provide() {
    let _ = CryptoProvider { secure_random: &System, ..aws_lc_rs::default_provider() }.install_default();
}

/// The system's random numbers. Servo draws some as soon as it starts, and aws-lc's own generator gathers entropy from the processor's jitter before it gives its first:
/// 27 ms of a core (`tree_jitter_initialize_once`), which the page's start is short of.
#[derive(Debug)]
struct System;

impl SecureRandom for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        getrandom::fill(bytes).map_err(|_| GetRandomFailed)
    }
}
