//! Debian packages: which, what for, and how they come.

use super::Purpose;
use crate::failure::{Failure, Result};
use crate::process::{self, command, on_path};
use std::collections::HashSet;
use std::process::Command;

/// A package, the least purpose that needs it, and what it is there for.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) purpose: Purpose,
    pub(crate) why: &'static str,
    /// A program that many people have from elsewhere; with it on the PATH the package is not missed.
    program: Option<&'static str>,
}

const fn package(name: &'static str, purpose: Purpose, why: &'static str) -> Package {
    Package { name, purpose, why, program: None }
}

const fn program(name: &'static str, program: &'static str, purpose: Purpose, why: &'static str) -> Package {
    Package { name, purpose, why, program: Some(program) }
}

/// Debian alone has it as a package; its children bring browsers in other ways, and the test of the browser is left out without one.
const BROWSER: &str = "chromium";

/// All there is. A bare root with these passes `cargo xtask test`.
pub(crate) const PACKAGES: &[Package] = &[
    package("ca-certificates", Purpose::Build, "crates come over TLS"),
    package("gcc", Purpose::Build, "links"),
    package("g++", Purpose::Build, "the C++ library's headers"),
    package("libc6-dev", Purpose::Build, "the C library's headers"),
    package("make", Purpose::Build, "SpiderMonkey's build"),
    package("cmake", Purpose::Build, "TLS library's build"),
    package("pkg-config", Purpose::Build, "finds the libraries below"),
    package("python3", Purpose::Build, "SpiderMonkey's and Servo's builds"),
    package("clang-19", Purpose::Build, "compiles SpiderMonkey"),
    package("llvm-19", Purpose::Build, "SpiderMonkey's build calls llvm-objdump"),
    package("libclang-19-dev", Purpose::Build, "bindings to SpiderMonkey are made from its headers"),
    package("libfontconfig-dev", Purpose::Build, "Servo finds fonts with it"),
    package("libfreetype-dev", Purpose::Build, "Servo draws glyphs with it"),
    program("nodejs", "node", Purpose::Build, "builds the panel"),
    program("npm", "npm", Purpose::Build, "builds the panel"),
    package("libwebkit2gtk-4.1-dev", Purpose::Build, "the desktop shell's webview"),
    package("libgtk-3-dev", Purpose::Build, "the desktop shell's window"),
    package("libayatana-appindicator3-1", Purpose::Run, "the desktop shell's tray"),
    package("libvulkan1", Purpose::Run, "the Vulkan loader"),
    package("mesa-vulkan-drivers", Purpose::Run, "Vulkan without a GPU, and drivers for most"),
    package("libegl1", Purpose::Run, "Servo draws with OpenGL"),
    package("libgl1-mesa-dri", Purpose::Run, "OpenGL without a GPU, and drivers for most"),
    package("libgles2", Purpose::Run, "OpenGL ES entry points"),
    package("libx11-6", Purpose::Run, "windows under X"),
    package("libx11-xcb1", Purpose::Run, "windows under X"),
    package("libxcursor1", Purpose::Run, "windows under X"),
    package("libxi6", Purpose::Run, "windows under X"),
    package("libxrandr2", Purpose::Run, "windows under X"),
    package("libxkbcommon0", Purpose::Run, "keyboards"),
    package("libxkbcommon-x11-0", Purpose::Run, "keyboards under X"),
    package("libwayland-client0", Purpose::Run, "windows under Wayland"),
    package("fonts-dejavu-core", Purpose::Run, "a page needs a font"),
    package("dpkg-dev", Purpose::Bundle, "finds the packages that a program's libraries are in"),
    package("apt-utils", Purpose::Bundle, "writes the index of an apt repository"),
    package("gnupg", Purpose::Bundle, "signs that index, and makes the tests' keys"),
    package("minisign", Purpose::Bundle, "checks the updater's signatures"),
    package("rpm", Purpose::Bundle, "checks the rpm's signature"),
    package("xvfb", Purpose::Test, "a display for the window tests"),
    package(BROWSER, Purpose::Test, "the page's script in an ordinary browser"),
    package("xdotool", Purpose::Test, "real clicks and keys for the window tests"),
    package("weston", Purpose::Test, "a Wayland display for the panel's tests"),
    package("mutter", Purpose::Test, "a Wayland display that leaves out covered surfaces, for the panel's tests"),
    package("webkit2gtk-driver", Purpose::Test, "drives the desktop shell's panel"),
    package("openbox", Purpose::Test, "a window manager for the desktop shell's tests"),
    package("dbus-daemon", Purpose::Test, "a session bus for the desktop shell's tests"),
    package("strace", Purpose::Bench, "counts system calls"),
    package("valgrind", Purpose::Bench, "counts instructions"),
];

/// Names of the packages that `purpose` needs and the machine lacks.
///
/// `None` where there is no Debian package database.
pub(crate) fn missing(purpose: Purpose) -> Option<Vec<&'static Package>> {
    let browser = is_debian_itself();
    let wanted = PACKAGES.iter().filter(|package| package.purpose <= purpose && (browser || package.name != BROWSER));
    let wanted: Vec<&Package> = wanted.collect();
    let mut query = command("dpkg-query");
    query.args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"]).args(wanted.iter().map(|package| package.name));
    // It ends with 1 when one is unknown, and still lists the others.
    let listed = query.stderr(std::process::Stdio::null()).output().ok()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let installed: HashSet<&str> = listed.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    let is_there = |package: &Package| installed.contains(package.name) || package.program.is_some_and(on_path);
    Some(wanted.into_iter().filter(|package| !is_there(package)).collect())
}

fn is_debian_itself() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

/// Installs what `purpose` needs and the machine lacks.
pub(super) fn ensure(purpose: Purpose) -> Result<()> {
    let Some(missing) = missing(purpose).filter(|_| on_path("apt-get")) else {
        return other_system();
    };
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("xtask: missing Debian packages:");
    for package in &missing {
        eprintln!("         {:<22} {}", package.name, package.why);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let Some(as_root) = Root::find() else {
        return Err(Failure::with_hint(
            "this user cannot install them",
            format!("type: sudo apt-get update && sudo apt-get install --no-install-recommends {}", names.join(" ")),
        ));
    };
    install(&as_root, &names)
}

/// How commands run as root here.
enum Root {
    Already,
    Sudo,
}

impl Root {
    fn find() -> Option<Self> {
        let user = process::output(command("id").arg("-u"))?;
        if user.trim() == "0" {
            return Some(Self::Already);
        }
        process::succeeds(command("sudo").args(["-n", "true"])).then_some(Self::Sudo)
    }

    fn apt_get(&self, args: &[&str]) -> Command {
        let mut apt = match self {
            Self::Already => command("env"),
            Self::Sudo => {
                let mut sudo = command("sudo");
                sudo.args(["-n", "env"]);
                sudo
            }
        };
        apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=600"]).args(args);
        apt
    }
}

fn install(as_root: &Root, names: &[&str]) -> Result<()> {
    let mut args = vec!["install", "--no-install-recommends"];
    args.extend(names);
    // The lists may be old or absent, and a stale list names files that are gone; asking for them first is cheaper than failing.
    // One source of several that does not answer makes it fail; whether that matters, the installation will show.
    if let Err(failure) = process::check(&mut as_root.apt_get(&["update"])) {
        eprintln!("{failure}");
    }
    process::check(&mut as_root.apt_get(&args))
}

/// Not Debian: says what is needed unless the tools that a build starts with are all there.
fn other_system() -> Result<()> {
    const TOOLS: [&str; 7] = ["cc", "c++", "make", "cmake", "pkg-config", "python3", "clang-19"];
    let absent: Vec<&str> = TOOLS.into_iter().filter(|tool| !on_path(tool)).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = PACKAGES.iter().filter(|package| package.purpose <= Purpose::Run).map(|package| package.name).collect();
    Err(Failure::with_hint(
        format!("not on the PATH: {}; set-up by itself works on Debian and its children only", absent.join(", ")),
        format!("install what these Debian packages hold: {}", names.join(" ")),
    ))
}
