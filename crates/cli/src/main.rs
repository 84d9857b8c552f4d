//! The `wasm-engine` binary.
fn main() {}
