//! Set-up, run, test and tidy.
fn main() {}
