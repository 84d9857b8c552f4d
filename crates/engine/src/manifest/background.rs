//! What lies behind everything: `[window] background`.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use wasm_engine_compositor::spec::Color;

/// What lies behind everything: `"#0b0e14"`, or `{ from = "#0b0e14", to = "#1b2433", angle = 90 }`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Background {
    /// One color.
    Color(Color),
    /// From one color to another along a line.
    Gradient {
        /// Color where the line begins.
        from: Color,
        /// Color where it ends.
        to: Color,
        /// Direction of the line in degrees: 0 to the right, 90 down.
        #[schemars(default = "down")]
        angle: f32,
    },
}

impl Default for Background {
    fn default() -> Self {
        Self::Color(Color::from_hex(0x0b0e_14ff))
    }
}

impl<'de> Deserialize<'de> for Background {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Told apart by shape, so that a mistake inside a gradient is shown where it stands.
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Gradient {
            from: Color,
            to: Color,
            #[serde(default = "down")]
            angle: f32,
        }

        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Background;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a color such as \"#0b0e14\", or a gradient { from = \"#0b0e14\", to = \"#1b2433\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Background, E> {
                text.parse().map(Background::Color).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Background, A::Error> {
                let Gradient { from, to, angle } = Gradient::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Background::Gradient { from, to, angle })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

fn down() -> f32 {
    90.0
}
