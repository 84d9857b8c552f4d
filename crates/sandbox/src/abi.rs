//! The kernel ABI, version 1, from outside: what a module must be before it is worth compiling.
//!
//! Nothing here compiles or runs anything: the module's sections are read, function bodies are skipped. What the bodies contain is
//! validated where they are compiled.

use std::collections::HashMap;
use std::fmt;

use thiserror::Error;
use wasmparser::{CompositeInnerType, ExternalKind, FuncType, FunctionSectionReader, Import, Parser, Payload, TypeRef, ValType};

use crate::config::FEATURES;
use crate::limits::ModuleLimits;

/// The ABI's version that this engine speaks.
pub const ABI_VERSION: u32 = 1;

/// Name of the custom section that holds the version, 4 bytes little-endian.
pub const ABI_SECTION: &str = "wasm-engine.abi";

/// What every module begins with.
const MAGIC: &[u8] = b"\0asm";

/// Characters of what the parser says that a message repeats.
const MESSAGE_CHARS: usize = 200;

/// Name of the module that the host's functions are imported from.
pub(crate) const HOST_MODULE: &str = "engine";

/// A function's signature in the few types that the ABI uses.
type Signature = (&'static [ValType], &'static [ValType]);

const I32: ValType = ValType::I32;

/// What a kernel may import from [`HOST_MODULE`].
const IMPORTS: [(&str, Signature); 2] = [("log", (&[I32, I32, I32], &[])), ("emit", (&[I32, I32, I32, I32], &[I32]))];

/// What a kernel must export, besides its memory.
const EXPORTS: [(&str, Signature); 3] =
    [("kernel_init", (&[I32], &[I32])), ("kernel_tick", (&[I32], &[I32])), ("kernel_shutdown", (&[], &[]))];

/// Why a module is no kernel.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AbiError {
    /// The bytes are no WebAssembly module, or are cut off.
    #[error("not a whole WebAssembly module: {message} (at byte {offset})")]
    Malformed {
        /// What is wrong.
        message: String,
        /// Where, from the start of the module.
        offset: usize,
    },
    /// The bytes are a WebAssembly component.
    #[error("this is a component, and a kernel is a core module")]
    Component,
    /// The section that names the ABI is missing.
    #[error("the module does not say which kernel ABI it was built for: custom section `{ABI_SECTION}` is missing")]
    AbiMissing,
    /// The section that names the ABI has another content than a version.
    #[error("custom section `{ABI_SECTION}` holds {bytes} bytes in {sections} sections instead of 4 in one")]
    AbiMalformed {
        /// How many bytes it has.
        bytes: usize,
        /// How many sections of the name there are.
        sections: usize,
    },
    /// The module was built for another version of the ABI.
    #[error("the module was built for kernel ABI {found}, and this engine speaks {ABI_VERSION}")]
    AbiVersion {
        /// The version it was built for.
        found: u32,
    },
    /// The module asks for something the engine does not give.
    #[error("the module imports {kind} `{module}.{name}`, which a kernel cannot have")]
    UnknownImport {
        /// What sort of thing is asked for.
        kind: &'static str,
        /// From which module.
        module: String,
        /// Under which name.
        name: String,
    },
    /// A host function is imported with other types than it has.
    #[error("the module imports `{HOST_MODULE}.{name}` as {found}, and it is {expected}")]
    ImportType {
        /// Which function.
        name: String,
        /// The types asked for.
        found: String,
        /// The types it has.
        expected: String,
    },
    /// The module has a start function.
    #[error("the module has a start function, and a kernel begins with `kernel_init`")]
    StartFunction,
    /// An export of the ABI is missing.
    #[error("the module does not export `{name}`")]
    MissingExport {
        /// Which one.
        name: &'static str,
    },
    /// An export of the ABI has other types than the ABI says.
    #[error("the module exports `{name}` as {found}, and the ABI says {expected}")]
    ExportType {
        /// Which one.
        name: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// The module exceeds a limit.
    #[error("the module has {found} {what}, and the limit is {limit}")]
    TooLarge {
        /// Of what it has too much.
        what: &'static str,
        /// How much it has.
        found: u64,
        /// How much is allowed.
        limit: u64,
    },
}

impl AbiError {
    /// The error's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            AbiError::Malformed { .. } => "MODULE_MALFORMED",
            AbiError::Component => "MODULE_IS_COMPONENT",
            AbiError::AbiMissing => "ABI_MISSING",
            AbiError::AbiMalformed { .. } => "ABI_MALFORMED",
            AbiError::AbiVersion { .. } => "ABI_VERSION",
            AbiError::UnknownImport { .. } => "UNKNOWN_IMPORT",
            AbiError::ImportType { .. } => "IMPORT_TYPE",
            AbiError::StartFunction => "START_FUNCTION",
            AbiError::MissingExport { .. } => "EXPORT_MISSING",
            AbiError::ExportType { .. } => "EXPORT_TYPE",
            AbiError::TooLarge { .. } => "MODULE_TOO_LARGE",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            AbiError::Malformed { .. } => "build the kernel again; the file may have been cut off on the way here",
            AbiError::Component => "build a kernel for the target wasm32-unknown-unknown; agents are components",
            AbiError::AbiMissing | AbiError::MissingExport { .. } => {
                "name the kernel with `wasm_engine_guest::kernel!(Type)` in a crate of type `cdylib`"
            }
            AbiError::AbiMalformed { .. } => "use `kernel!` once per module",
            AbiError::AbiVersion { found } if *found > ABI_VERSION => "this kernel needs a newer engine",
            AbiError::AbiVersion { .. } => "build the kernel again with the guest SDK of this engine",
            AbiError::UnknownImport { module, .. } if module.starts_with("wasi") => {
                "kernels have no WASI: build for wasm32-unknown-unknown, not for a wasi target"
            }
            AbiError::UnknownImport { module, .. } if module.contains("bindgen") => {
                "a dependency expects a browser; turn its `js` or `wasm-bindgen` feature off"
            }
            AbiError::UnknownImport { .. } => "a kernel can import `engine.log` and `engine.emit`, and has its own memory",
            AbiError::StartFunction => "turn off what adds one, for example wasm-bindgen's `start`",
            AbiError::ImportType { .. } | AbiError::ExportType { .. } => "use the guest SDK, whose types are those of the ABI",
            AbiError::TooLarge { .. } => "build in release mode and strip debug information",
        };
        Some(hint.to_owned())
    }

    fn malformed(error: &wasmparser::BinaryReaderError) -> Self {
        // What the parser says may go over several lines.
        let message: String = error.message().split_whitespace().flat_map(|word| [" ", word]).skip(1).collect();
        AbiError::Malformed { message: message.chars().take(MESSAGE_CHARS).collect(), offset: error.offset() }
    }
}

/// What a kernel's module consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleInfo {
    /// Bytes of the module.
    pub bytes: usize,
    /// The host functions it may call.
    pub imports: Vec<String>,
    /// Functions defined.
    pub functions: u32,
    /// Pages of memory it starts with.
    pub memory_pages: u64,
    /// Pages of memory that it says it can use at most.
    pub memory_max_pages: Option<u64>,
}

/// Checks everything about a module that can be known without looking into its functions.
pub fn inspect(bytes: &[u8], limits: &ModuleLimits) -> Result<ModuleInfo, AbiError> {
    at_most("bytes", bytes.len() as u64, limits.module_bytes as u64)?;
    if !bytes.starts_with(MAGIC) {
        let message = if bytes.is_empty() { "the file is empty" } else { "it does not begin with `\\0asm`" };
        return Err(AbiError::Malformed { message: message.to_owned(), offset: 0 });
    }
    let mut survey = Survey::new(limits);
    let mut parser = Parser::new(0);
    parser.set_features(FEATURES);
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(|error| AbiError::malformed(&error))?;
        survey.section(payload)?;
    }
    survey.conclude(bytes.len())
}

/// Which types the ABI's functions must have, and what else the sections told.
struct Survey<'a> {
    limits: &'a ModuleLimits,
    types: Vec<Option<FuncType>>,
    /// Type of each function, imported ones first.
    functions: Vec<u32>,
    defined: u32,
    imports: Vec<(String, String, TypeRef)>,
    exports: HashMap<String, (ExternalKind, u32)>,
    memories: Vec<wasmparser::MemoryType>,
    abi: Vec<Vec<u8>>,
    starts: bool,
    ended: bool,
}

impl<'a> Survey<'a> {
    fn new(limits: &'a ModuleLimits) -> Self {
        Survey {
            limits,
            types: Vec::new(),
            functions: Vec::new(),
            defined: 0,
            imports: Vec::new(),
            exports: HashMap::new(),
            memories: Vec::new(),
            abi: Vec::new(),
            starts: false,
            ended: false,
        }
    }

    fn section(&mut self, payload: Payload<'_>) -> Result<(), AbiError> {
        let items = u64::from(self.limits.items);
        match payload {
            Payload::Version { encoding, .. } if encoding != wasmparser::Encoding::Module => Err(AbiError::Component),
            Payload::TypeSection(types) => {
                at_most("types", types.count().into(), items)?;
                self.types(types)
            }
            Payload::ImportSection(imports) => {
                at_most("imports", imports.count().into(), items)?;
                imports.into_imports().try_for_each(|import| self.import(import))
            }
            Payload::FunctionSection(functions) => self.defined_functions(functions),
            Payload::MemorySection(memories) => {
                at_most("memories", memories.count().into(), 1)?;
                for memory in memories {
                    self.memories.push(memory.map_err(|error| AbiError::malformed(&error))?);
                }
                Ok(())
            }
            Payload::TableSection(tables) => at_most("tables", tables.count().into(), items.min(100)),
            Payload::GlobalSection(globals) => at_most("globals", globals.count().into(), items),
            Payload::ElementSection(segments) => at_most("element segments", segments.count().into(), items),
            Payload::DataSection(segments) => at_most("data segments", segments.count().into(), items),
            Payload::ExportSection(exports) => {
                at_most("exports", exports.count().into(), items)?;
                for export in exports {
                    let export = export.map_err(|error| AbiError::malformed(&error))?;
                    self.exports.insert(export.name.to_owned(), (export.kind, export.index));
                }
                Ok(())
            }
            Payload::CodeSectionEntry(body) => {
                at_most("bytes in one function", body.range().len() as u64, self.limits.function_bytes.into())
            }
            Payload::StartSection { .. } => {
                self.starts = true;
                Ok(())
            }
            Payload::CustomSection(section) if section.name() == ABI_SECTION => {
                self.abi.push(section.data().to_owned());
                Ok(())
            }
            Payload::End(_) => {
                self.ended = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn types(&mut self, types: wasmparser::TypeSectionReader<'_>) -> Result<(), AbiError> {
        for group in types {
            for ty in group.map_err(|error| AbiError::malformed(&error))?.into_types() {
                self.types.push(match ty.composite_type.inner {
                    CompositeInnerType::Func(ty) => Some(ty),
                    _ => None,
                });
                at_most("types", self.types.len() as u64, self.limits.items.into())?;
            }
        }
        Ok(())
    }

    fn import(&mut self, import: Result<Import<'_>, wasmparser::BinaryReaderError>) -> Result<(), AbiError> {
        let import = import.map_err(|error| AbiError::malformed(&error))?;
        if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import.ty {
            self.functions.push(ty);
        }
        self.imports.push((import.module.to_owned(), import.name.to_owned(), import.ty));
        at_most("imports", self.imports.len() as u64, self.limits.items.into())
    }

    fn defined_functions(&mut self, functions: FunctionSectionReader<'_>) -> Result<(), AbiError> {
        self.defined = functions.count();
        at_most("functions", self.defined.into(), self.limits.functions.into())?;
        for ty in functions {
            self.functions.push(ty.map_err(|error| AbiError::malformed(&error))?);
        }
        Ok(())
    }

    fn conclude(self, bytes: usize) -> Result<ModuleInfo, AbiError> {
        if !self.ended {
            return Err(AbiError::Malformed { message: "unexpected end".to_owned(), offset: bytes });
        }
        self.check_version()?;
        self.imports.iter().try_for_each(|import| self.check_import(import))?;
        if self.starts {
            return Err(AbiError::StartFunction);
        }
        let memory = self.check_memory()?;
        EXPORTS.iter().try_for_each(|(name, signature)| self.check_export(name, signature))?;
        Ok(ModuleInfo {
            bytes,
            imports: self.imports.into_iter().map(|(_, name, _)| name).collect(),
            functions: self.defined,
            memory_pages: memory.initial,
            memory_max_pages: memory.maximum,
        })
    }

    fn check_version(&self) -> Result<(), AbiError> {
        let version = match self.abi.as_slice() {
            [] => return Err(AbiError::AbiMissing),
            [one] => one.as_slice().try_into().ok().map(u32::from_le_bytes),
            _ => None,
        };
        match version {
            Some(ABI_VERSION) => Ok(()),
            Some(found) => Err(AbiError::AbiVersion { found }),
            None => Err(AbiError::AbiMalformed { bytes: self.abi.iter().map(Vec::len).sum(), sections: self.abi.len() }),
        }
    }

    fn check_import(&self, (module, name, ty): &(String, String, TypeRef)) -> Result<(), AbiError> {
        let (kind, index) = match ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => ("function", Some(*index)),
            TypeRef::Memory(_) => ("memory", None),
            TypeRef::Table(_) => ("table", None),
            TypeRef::Global(_) => ("global", None),
            TypeRef::Tag(_) => ("tag", None),
        };
        let known = IMPORTS.iter().find(|(known, _)| module == HOST_MODULE && name == known);
        let (Some(index), Some((_, expected))) = (index, known) else {
            return Err(AbiError::UnknownImport { kind, module: module.clone(), name: name.clone() });
        };
        let found = self.function_type(index)?;
        if !is(found, expected) {
            let (found, expected) = (Shown::of(found).to_string(), Shown::expected(expected).to_string());
            return Err(AbiError::ImportType { name: name.clone(), found, expected });
        }
        Ok(())
    }

    fn check_memory(&self) -> Result<wasmparser::MemoryType, AbiError> {
        let expected = || "a memory with 32-bit addresses, not shared".to_owned();
        let name = "memory";
        match (self.exports.get(name), self.memories.as_slice()) {
            (Some((ExternalKind::Memory, 0)), [memory]) => {
                if memory.memory64 || memory.shared || memory.page_size_log2.is_some() {
                    let found = "another kind of memory".to_owned();
                    return Err(AbiError::ExportType { name, found, expected: expected() });
                }
                Ok(*memory)
            }
            (Some((ExternalKind::Memory, index)), _) => {
                Err(AbiError::ExportType { name, found: format!("memory {index}, which does not exist"), expected: expected() })
            }
            (Some((kind, _)), _) => Err(AbiError::ExportType { name, found: kind_name(*kind).to_owned(), expected: expected() }),
            (None, _) => Err(AbiError::MissingExport { name }),
        }
    }

    fn check_export(&self, name: &'static str, expected: &Signature) -> Result<(), AbiError> {
        let wrong = |found: String| AbiError::ExportType { name, found, expected: Shown::expected(expected).to_string() };
        match self.exports.get(name) {
            None => Err(AbiError::MissingExport { name }),
            Some((ExternalKind::Func | ExternalKind::FuncExact, index)) => {
                let ty = self.functions.get(*index as usize).copied();
                let ty = ty.ok_or_else(|| wrong(format!("function {index}, which does not exist")))?;
                let found = self.function_type(ty)?;
                if is(found, expected) { Ok(()) } else { Err(wrong(Shown::of(found).to_string())) }
            }
            Some((kind, _)) => Err(wrong(kind_name(*kind).to_owned())),
        }
    }

    fn function_type(&self, index: u32) -> Result<&FuncType, AbiError> {
        self.types
            .get(index as usize)
            .and_then(Option::as_ref)
            .ok_or_else(|| AbiError::Malformed { message: format!("type {index} does not exist or is no function type"), offset: 0 })
    }
}

/// Validates the whole module, function bodies included, so that a bad one is told by place before the compiler sees it.
pub(crate) fn validate(bytes: &[u8]) -> Result<(), AbiError> {
    wasmparser::Validator::new_with_features(FEATURES).validate_all(bytes).map(drop).map_err(|error| AbiError::malformed(&error))
}

fn at_most(what: &'static str, found: u64, limit: u64) -> Result<(), AbiError> {
    if found > limit { Err(AbiError::TooLarge { what, found, limit }) } else { Ok(()) }
}

fn is(found: &FuncType, (params, results): &Signature) -> bool {
    found.params() == *params && found.results() == *results
}

fn kind_name(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "a function",
        ExternalKind::Table => "a table",
        ExternalKind::Memory => "a memory",
        ExternalKind::Global => "a global",
        ExternalKind::Tag => "a tag",
    }
}

/// A signature, for people: `(i32, i32) -> i32`.
struct Shown<'a>(&'a [ValType], &'a [ValType]);

impl<'a> Shown<'a> {
    fn of(ty: &'a FuncType) -> Self {
        Shown(ty.params(), ty.results())
    }

    fn expected((params, results): &Signature) -> Self {
        Shown(params, results)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        write!(f, "({})", list(self.0))?;
        match self.1 {
            [] => Ok(()),
            [one] => write!(f, " -> {one}"),
            several => write!(f, " -> ({})", list(several)),
        }
    }
}
