//! The manifest's JSON Schema, from the types and their comments: `docs/app.schema.json`.

use schemars::Schema;
use schemars::generate::SchemaSettings;

use super::Manifest;

/// The schema by which editors complete and check `app.toml`.
#[must_use]
pub fn schema() -> Schema {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<Manifest>()
}

/// The schema as `docs/app.schema.json` holds it.
#[must_use]
pub fn schema_json() -> String {
    // A schema is made of strings, numbers, lists and maps with text keys: it always has a JSON form.
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_matches_the_types() {
        let path = "../../docs/app.schema.json";
        if std::env::var_os("WASM_ENGINE_BLESS").is_some() {
            std::fs::write(path, schema_json()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == schema_json(), "docs/app.schema.json is out of date: run the test with WASM_ENGINE_BLESS=1 to write it anew");
    }
}
