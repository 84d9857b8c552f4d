//! Paired comparisons against peers.

#![forbid(unsafe_code)]

mod desktop;
mod exchange;
mod frames;
mod kernels;

/// The folder of this package, which cargo tells a program that it runs. What is compiled in may be the folder of another clone that builds to the same place.
fn folder() -> std::path::PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default().into()
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["exchange", ..] => exchange::run(&args[1..]),
        ["kernels"] => kernels::run(),
        ["frames"] => frames::run(),
        ["desktop", ..] => desktop::run(&args[1..]),
        ["kernels" | "frames", more, ..] => anyhow::bail!("`{more}` is not known: `{}` takes no arguments", words[0]),
        _ => anyhow::bail!("which benchmark? exchange, frames, kernels, desktop"),
    }
}
