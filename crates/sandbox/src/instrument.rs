//! Makes a module interruptible without slowing it down.
//!
//! wasmtime's own deadlines (epochs) compare a counter in every round of every loop and call into the host where it has passed;
//! that rarely taken call makes the register allocator spill every vector around it, which costs a tight loop up to two thirds of
//! its speed. Here each function and each round of each loop stores one byte to a page of a second memory instead. Nothing
//! depends on the store. When a deadline passes, `ticker.rs` takes the page's access away and the next store traps.
//!
//! Only modules that were found valid, and to have one memory, come here.

use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{CodeSection, ExportKind, ExportSection, Function, Instruction, MemArg, MemorySection, MemoryType, Module};

/// Name under which the added memory is exported.
pub(crate) const WATCH_EXPORT: &str = "wasm-engine.watch";

/// Its index: the module's own is 0.
const WATCH_MEMORY: u32 = 1;

/// The module with a store in each function and loop.
pub(crate) fn interruptible(module: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Module::new();
    Watcher.parse_core_module(&mut out, wasmparser::Parser::new(0), module).map_err(|error: reencode::Error| error.to_string())?;
    Ok(out.finish())
}

struct Watcher;

impl Reencode for Watcher {
    type Error = std::convert::Infallible;

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: wasmparser::MemorySectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_memory_section(self, memories, section)?;
        memories.memory(MemoryType { minimum: 1, maximum: Some(1), memory64: false, shared: false, page_size_log2: None });
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        utils::parse_export_section(self, exports, section)?;
        exports.export(WATCH_EXPORT, ExportKind::Memory, WATCH_MEMORY);
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: wasmparser::FunctionBody<'_>) -> Result<(), reencode::Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        store(&mut function);
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let instruction = self.parse_instruction(&mut operators)?;
            function.instruction(&instruction);
            if matches!(instruction, Instruction::Loop(_)) {
                store(&mut function);
            }
        }
        code.function(&function);
        Ok(())
    }
}

fn store(function: &mut Function) {
    function.instruction(&Instruction::I32Const(0)).instruction(&Instruction::I32Const(0)).instruction(&Instruction::I32Store8(MemArg {
        offset: 0,
        align: 0,
        memory_index: WATCH_MEMORY,
    }));
}

#[cfg(test)]
mod tests {
    use wasmparser::{Operator, Payload, Validator, WasmFeatures};

    use super::interruptible;
    use crate::config::FEATURES;

    #[test]
    fn every_function_and_loop_gets_a_store_and_the_module_stays_valid() {
        let module = wat::parse_str(
            r#"(module (memory (export "memory") 1)
              (func $f (param i32) (loop $outer (loop $inner (br_if $outer (local.get 0)))))
              (func (export "g") (call $f (i32.const 1))))"#,
        );
        let module = interruptible(&module.unwrap()).unwrap();
        Validator::new_with_features(FEATURES | WasmFeatures::MULTI_MEMORY).validate_all(&module).unwrap();
        let stores = |body: wasmparser::FunctionBody<'_>| {
            let operators = body.get_operators_reader().unwrap().into_iter();
            operators.filter(|operator| matches!(operator, Ok(Operator::I32Store8 { memarg }) if memarg.memory == 1)).count()
        };
        let counts: Vec<usize> = wasmparser::Parser::new(0)
            .parse_all(&module)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CodeSectionEntry(body) => Some(stores(body)),
                _ => None,
            })
            .collect();
        assert_eq!(counts, [3, 1]);
    }
}
