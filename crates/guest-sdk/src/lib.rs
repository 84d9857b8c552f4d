//! What the author of a Rust kernel depends on.
