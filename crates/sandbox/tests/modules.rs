//! Modules that are no kernels, each refused with a code before anything is compiled; and the cache of those that are.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "common/rig.rs"]
mod rig;

use std::fs;
use std::path::Path;

use rig::{Wat, load, sandbox, wasm};
use wasm_engine_sandbox::{ModuleLimits, Origin, Profile, Sandbox, SandboxConfig};

const ABI: &str = r#"(@custom "wasm-engine.abi" "\01\00\00\00")"#;
const EXPORTS: &str = r#"
    (func (export "kernel_init") (param i32) (result i32) (i32.const 0))
    (func (export "kernel_tick") (param i32) (result i32) (i32.const 0))
    (func (export "kernel_shutdown"))"#;
const MEMORY: &str = r#"(memory (export "memory") 1)"#;

fn refused(bytes: &[u8]) -> &'static str {
    let error = load(&sandbox(Profile::Deterministic), bytes).unwrap_err();
    assert!(error.to_string().starts_with("kernel `test`"), "{error}");
    assert!(error.hint().is_some());
    error.code()
}

fn module(parts: &[&str]) -> Vec<u8> {
    wasm(&format!("(module {})", parts.join("\n")))
}

#[test]
fn bytes_that_are_no_module_are_refused() {
    for bytes in [b"".as_slice(), b"\0asm", b"\0asm\x02\0\0\0", b"#!/bin/sh", b"(module)", &[0xff; 1000]] {
        assert_eq!(refused(bytes), "MODULE_MALFORMED", "{bytes:?}");
    }
    assert_eq!(refused(&wasm("(component)")), "MODULE_IS_COMPONENT");
}

#[test]
fn a_module_cut_off_anywhere_is_refused() {
    let whole = Wat::tick("(drop (memory.grow (i32.const 1)))").bytes();
    let sandbox = sandbox(Profile::Deterministic);
    for len in 0..whole.len() {
        match load(&sandbox, &whole[..len]) {
            // Cut between two sections it is still a module, which then lacks something.
            Err(error) => assert!(["MODULE_MALFORMED", "ABI_MISSING", "EXPORT_MISSING"].contains(&error.code()), "{len}: {error}"),
            // Only the names of functions are missing, which come last and may.
            Ok(_) => assert!(whole[len] == 0 && whole[len..].windows(4).any(|name| name == b"name"), "{len}"),
        }
    }
    assert!(load(&sandbox, &whole).is_ok());
}

#[test]
fn a_module_without_the_abi_section_is_refused() {
    assert_eq!(refused(&module(&[MEMORY, EXPORTS])), "ABI_MISSING");
}

#[test]
fn a_module_of_another_abi_version_is_refused() {
    let other = r#"(@custom "wasm-engine.abi" "\02\00\00\00")"#;
    assert_eq!(refused(&module(&[other, MEMORY, EXPORTS])), "ABI_VERSION");
    let odd = r#"(@custom "wasm-engine.abi" "\01")"#;
    assert_eq!(refused(&module(&[odd, MEMORY, EXPORTS])), "ABI_MALFORMED");
    assert_eq!(refused(&module(&[ABI, ABI, MEMORY, EXPORTS])), "ABI_MALFORMED");
}

#[test]
fn an_unknown_import_is_refused_by_name() {
    for import in [
        r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
        r#"(import "engine" "exec" (func (param i32)))"#,
        r#"(import "env" "log" (func (param i32 i32 i32)))"#,
        r#"(import "engine" "log" (global i32))"#,
        r#"(import "engine" "table" (table 1 funcref))"#,
        r#"(import "engine" "memory" (memory 1))"#,
        r#"(import "__wbindgen_placeholder__" "__wbindgen_throw" (func (param i32 i32)))"#,
    ] {
        let memory = if import.contains("(memory 1)") { "" } else { MEMORY };
        assert_eq!(refused(&module(&[ABI, import, memory, EXPORTS])), "UNKNOWN_IMPORT", "{import}");
    }
    let error = load(&sandbox(Profile::Deterministic), &module(&[ABI, r#"(import "env" "abort" (func))"#, MEMORY, EXPORTS]));
    assert!(error.unwrap_err().to_string().contains("`env.abort`"));
}

#[test]
fn a_host_function_imported_with_other_types_is_refused() {
    let import = r#"(import "engine" "log" (func (param i64)))"#;
    assert_eq!(refused(&module(&[ABI, import, MEMORY, EXPORTS])), "IMPORT_TYPE");
}

#[test]
fn a_missing_or_different_export_is_refused() {
    assert_eq!(refused(&module(&[ABI, EXPORTS])), "EXPORT_MISSING");
    assert_eq!(refused(&module(&[ABI, MEMORY])), "EXPORT_MISSING");
    assert_eq!(refused(&module(&[ABI, "(memory 1)", EXPORTS])), "EXPORT_MISSING");
    let tick = |new: &str| EXPORTS.replace(r#"(func (export "kernel_tick") (param i32) (result i32) (i32.const 0))"#, new);
    assert_eq!(refused(&module(&[ABI, MEMORY, &tick("")])), "EXPORT_MISSING");
    let other = tick(r#"(func (export "kernel_tick") (param i32))"#);
    assert_eq!(refused(&module(&[ABI, MEMORY, &other])), "EXPORT_TYPE");
    let global = tick(r#"(global (export "kernel_tick") i32 (i32.const 0))"#);
    assert_eq!(refused(&module(&[ABI, MEMORY, &global])), "EXPORT_TYPE");
    assert_eq!(refused(&module(&[ABI, r#"(memory (export "memory") i64 1)"#, EXPORTS])), "EXPORT_TYPE");
}

#[test]
fn a_start_function_is_refused_whatever_it_would_do() {
    let bomb = "(func $begin (drop (memory.grow (i32.const 65000))) (loop $on (br $on))) (start $begin)";
    assert_eq!(refused(&module(&[ABI, MEMORY, EXPORTS, bomb])), "START_FUNCTION");
}

#[test]
fn an_export_under_the_engine_s_own_name_is_refused() {
    let bytes = module(&[ABI, MEMORY, EXPORTS, r#"(export "wasm-engine.watch" (memory 0))"#]);
    assert_eq!(load(&sandbox(Profile::Interactive), &bytes).unwrap_err().code(), "MODULE_COMPILE");
}

#[test]
fn what_the_profile_forbids_is_refused() {
    for forbidden in [
        r#"(func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i64x2 0 0))))"#,
        r#"(func (drop (i32.atomic.load (i32.const 0))))"#,
        r#"(func (param externref))"#,
        r#"(memory 1)"#,
    ] {
        let code = refused(&module(&[ABI, MEMORY, EXPORTS, forbidden]));
        assert!(["MODULE_MALFORMED", "MODULE_TOO_LARGE"].contains(&code), "{forbidden}: {code}");
    }
    assert_eq!(refused(&module(&[ABI, "(func (result i32) (i64.const 0))", MEMORY, EXPORTS])), "MODULE_MALFORMED");
}

#[test]
fn what_exceeds_a_limit_is_refused() {
    let limits = ModuleLimits { module_bytes: 2000, functions: 10, function_bytes: 500, items: 50 };
    let small = Sandbox::new(SandboxConfig { limits, ..SandboxConfig::default() }).unwrap();
    let refused = |more: &str| load(&small, &module(&[ABI, MEMORY, EXPORTS, more])).map_err(|error| error.code()).err();
    assert_eq!(refused(""), None);
    for more in [
        format!(r#"(data "{}")"#, "x".repeat(2000)),
        "(func)".repeat(10),
        format!("(func {})", "(drop (i32.const 1000000))".repeat(120)),
        "(global i32 (i32.const 0))".repeat(51),
        r#"(data "")"#.repeat(51),
        (0..51).map(|n| format!("(type (func (param{})))", " i32".repeat(n))).collect::<String>(),
    ] {
        assert_eq!(refused(&more), Some("MODULE_TOO_LARGE"), "{more}");
    }
}

#[test]
fn good_and_bad_modules_are_told_apart_in_one_go() {
    let good = Wat::default().bytes();
    let results = sandbox(Profile::Interactive).compile(&[("a", &good), ("b", b"bad"), ("c", &good)]);
    let codes: Vec<_> = results.iter().map(|result| result.as_ref().map(|module| module.name()).map_err(|error| error.code())).collect();
    assert_eq!(codes, [Ok("a"), Err("MODULE_MALFORMED"), Ok("c")]);
}

fn cached(folder: &Path, profile: Profile) -> Sandbox {
    Sandbox::new(SandboxConfig { profile, cache_dir: Some(folder.to_owned()), ..SandboxConfig::default() }).unwrap()
}

fn compiled_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "cwasm")).collect()
}

#[test]
fn a_module_is_compiled_once_per_content_and_profile() {
    let folder = tempfile::tempdir().unwrap();
    let origin = |profile, bytes: &[u8]| load(&cached(folder.path(), profile), bytes).unwrap().origin();
    let (one, other) = (Wat::default().bytes(), Wat::tick("(drop (i32.const 1))").bytes());
    assert_eq!(origin(Profile::Deterministic, &one), Origin::Compiled);
    assert_eq!(origin(Profile::Deterministic, &one), Origin::Cached);
    assert_eq!(origin(Profile::Interactive, &one), Origin::Compiled);
    assert_eq!(origin(Profile::Deterministic, &other), Origin::Compiled);
    assert_eq!(origin(Profile::Interactive, &one), Origin::Cached);
    assert_eq!(compiled_files(folder.path()).len(), 3);
}

#[test]
fn a_tampered_file_is_refused_and_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = Wat::default().bytes();
    let load = || load(&cached(folder.path(), Profile::Deterministic), &bytes).unwrap().origin();
    assert_eq!(load(), Origin::Compiled);
    let path = compiled_files(folder.path()).pop().unwrap();
    let good = fs::read(&path).unwrap();
    let mut patched = good.clone();
    let middle = patched.len() / 2;
    patched[middle] ^= 0x80;
    for bad in [patched.as_slice(), &good[..good.len() - 1], &good[..10], b""] {
        fs::write(&path, bad).unwrap();
        assert_eq!(load(), Origin::Compiled);
        assert_eq!(fs::read(&path).unwrap().len(), good.len());
        assert_eq!(load(), Origin::Cached);
    }
}

#[test]
fn a_cache_that_cannot_be_used_is_done_without() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let module = load(&cached(&file, Profile::Deterministic), &Wat::default().bytes()).unwrap();
    assert_eq!(module.origin(), Origin::Compiled);
}
