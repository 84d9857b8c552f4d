//! Variables for what the process loads and starts.

#![expect(unsafe_code, reason = "the environment is changed")]

/// Sets a variable that has no value yet. False where that has come too late: the process has other threads, which may read the environment.
///
/// Not with GLib, which would be loaded for it, before all else.
pub(super) fn propose(name: &str, value: &str) -> bool {
    if std::env::var_os(name).is_some() {
        return true;
    }
    let is_alone = std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1);
    if is_alone {
        // SAFETY: nobody else is there who could read or change it.
        unsafe { std::env::set_var(name, value) }
    }
    is_alone
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::{paint_where_it_is_cheap, skip_absent_drivers};
    use super::*;

    /// Given to this test's program when it is to propose variables.
    const SET: &str = "WASM_ENGINE_TEST_SET";

    /// That they are set in time is seen in what WebKit's process gets, by `src-tauri/tests/window.rs`.
    #[test]
    fn variables_are_proposed_without_gtk_and_not_beside_other_threads() {
        if std::env::var_os(SET).is_none() {
            let mut program = Command::new(std::env::current_exe().unwrap());
            let name = "sys::linux::environment::tests::variables_are_proposed_without_gtk_and_not_beside_other_threads";
            let output = program.args(["--exact", name]).env(SET, "ours").output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            return;
        }
        // Tests run on a thread of their own.
        assert!(!propose("WASM_ENGINE_TEST_LATE", "1"));
        assert!(std::env::var_os("WASM_ENGINE_TEST_LATE").is_none());
        assert!(propose(SET, "another"));
        assert_eq!(std::env::var(SET).unwrap(), "ours", "what has a value keeps it");
        paint_where_it_is_cheap();
        skip_absent_drivers();
        let libraries = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!libraries.contains("libgtk-3") && !libraries.contains("libglib-2"), "{libraries}");
    }
}
