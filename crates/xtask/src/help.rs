//! The help pages.

use crate::failure::{Failure, Result};
use std::io::Write;

const OVERVIEW: &str = "\
Works on the engine: sets this machine up, builds, runs, checks.

    cargo xtask run apps/swarm     set up what is missing, build, run an app
    cargo xtask test               set up what is missing, pass every check and test

Commands (`cargo xtask help COMMAND` tells more):

    setup     bring what this machine lacks: system packages, Rust targets
    build     build the wasm-engine program and the kernels of all apps
    run       build, then open an app (with no display: headless, a picture and a report)
    test      every check and every test, with a summary
    tidy      the rules of the house alone: layers, unsafe code, file shape, links
    bench     the comparisons against peers
    bundle    packages: deb and rpm, signed if you like; `bundle verify` checks them
    tauri     Tauri's command line, also as `cargo tauri`
    doctor    what this machine has and lacks, with the remedy

The first build compiles Servo and its JavaScript engine: about half an hour on two cores, once. Builds go to target/, or to
CARGO_TARGET_DIR where it is set.";

const SETUP: &str = "\
cargo xtask setup [--all]

Brings what is missing and says what it does; with nothing missing it takes well under a second. On Debian and its children it installs
packages when it runs as root or with a passwordless sudo, else it prints the one command to type. On another system it prints what is
needed. `run` and `test` do this by themselves.

    --all    also what only packages, tests and benchmarks need (minisign, rpm, Xvfb, weston, xdotool, valgrind, strace)";

const BUILD: &str = "\
cargo xtask build

Builds the wasm-engine program (dev profile, optimised where it counts) and the kernels of every app under apps/.";

const RUN: &str = "\
cargo xtask run [--desktop] [--tracy] [APP] [-- ARGUMENTS]

Sets up, builds, and opens APP (default: apps/swarm). Without a display it runs headless: it writes frame.png and prints a report.
ARGUMENTS go to `wasm-engine run`; the `--` may be left out. With --desktop the desktop shell opens it, with the control panel over its page.
With --tracy a Tracy profiler on this machine can attach to it: docs/profiling.md.

    cargo xtask run                                     the swarm
    cargo xtask run apps/triangle                       the smallest app
    cargo xtask run --desktop apps/swarm                in the desktop shell
    cargo xtask run --tracy --desktop apps/swarm        the same, for a profiler
    cargo xtask run apps/swarm --ticks 600 --size 1280x720
    cargo xtask run apps/swarm --help                   all that `wasm-engine run` can do";

const TEST: &str = "\
cargo xtask test [--quick | STEP...]

Sets up, then takes these steps, goes on after one that fails, and ends with a summary; exit code 0 when all passed.

    format    rustfmt, our crates and the apps' guests
    tidy      the rules of the house
    lint      clippy, warnings are errors
    build     the panel, the program that carries it, and the kernels of all apps
    tests     every test of every crate (the comparisons apart)
    tracy     what a Tracy profiler finds of a program that is built for it
    guests    the tests of the apps' guests
    panel     the control panel's types and tests, in a browser where there is Debian's
    bundles   packages of the programs, signed; a changed byte is refused
    loom      each lock-free protocol, every interleaving
    miri      the exchange's tests under Miri, where a nightly toolchain has it
    fuzz      the fuzz targets compile
    bench     the comparisons compile, and their own tests pass

    bundles-root   the deb in a root of its own, where the shell opens an app; only when named, as root

    --quick   only format, tidy and the tests that need no Servo: the loop for daily work
    STEP...   only these, and `quick` for the tests that need no Servo";

const TIDY: &str = "\
cargo xtask tidy

Checks the rules of docs/architecture.md and docs/style.md: which crate may use which, who may name which engine, where unsafe code may
be and that each block says why it is sound, the length of files and functions, module heads, READMEs, links, large files. Each finding
is `file:line: what (remedy)`. The same check runs as a test: `cargo test -p xtask`.";

const BENCH: &str = "\
cargo xtask bench [NAME] [ARGUMENTS]

Runs the comparisons of crates/bench (release profile, its own target folder), or the one called NAME. docs/performance.md says what
they measure. Needs valgrind and strace for the exact counts, and Xvfb, openbox, xdotool and chromium for the desktop;
`cargo xtask setup --all` brings them.

    exchange [PART...]                 queues and buffers against their peers
    kernels                            kernels against the same Rust compiled natively
    frames                             the frame's way, by stage
    desktop [--rounds N] [PART...]     the desktop shell: still, animated, start, memory, click

`frames` and `desktop` measure what `cargo xtask run` builds; with --release, what is shipped, whose first build is another half an hour.";

const DOCTOR: &str = "\
cargo xtask doctor

Says what this machine has and lacks for building and for running, with the remedy. Asks `wasm-engine doctor` too once it is built.";

const BUNDLE: &str = "\
cargo xtask bundle [--debug] [--no-build] [--sign] [--out DIR]
cargo xtask bundle verify DIR --pubkey FILE --gpg-key FILE

Builds the programs (release profile) and packs them as deb and rpm, and as AppImage where its tools are in Tauri's cache. The packages go
to target/bundles, or to DIR. docs/bundles.md tells what is in them, and about keys.

    --debug      packs what `cargo xtask run` builds
    --no-build   packs what lies there
    --sign       signs each package for the updater, the rpm for rpm, and makes a signed apt repository in DIR/apt. The keys come from
                 TAURI_SIGNING_PRIVATE_KEY (or _PATH), TAURI_SIGNING_RPM_KEY and their _PASSWORD and _PASSPHRASE

`verify` checks every signature in DIR with minisign, rpm and apt.";

const TAURI: &str = "\
cargo tauri ARGUMENTS

Tauri's own command line, brought by npm.

    cargo tauri dev                        the desktop shell, with the panel from Vite's dev server
    cargo tauri dev -- -- apps/triangle    with another app than the swarm
    cargo tauri signer generate -w KEY     a key for the updater's signatures
    cargo tauri build                      the same as `cargo xtask bundle`";

/// Prints the page of `command`, or the overview for an empty name.
pub(crate) fn print(command: &str) -> Result<()> {
    let page = match command {
        "" | "help" | "--help" | "-h" => OVERVIEW,
        "setup" => SETUP,
        "build" => BUILD,
        "run" => RUN,
        "test" => TEST,
        "tidy" => TIDY,
        "bench" => BENCH,
        "bundle" => BUNDLE,
        "tauri" => TAURI,
        "doctor" => DOCTOR,
        other => {
            return Err(Failure::usage(format!("there is no command `{other}`"), "`cargo xtask help` lists the commands"));
        }
    };
    // A reader who closes the pipe early (`| head`) has seen enough.
    let _ = writeln!(std::io::stdout(), "{page}");
    Ok(())
}
