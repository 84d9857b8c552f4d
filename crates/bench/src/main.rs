//! Paired comparisons against peers.
fn main() {}
