//! `[[buffer]]`: shared memory that kernels write and surfaces draw.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, Visitor};
use serde::{Serialize, Serializer};

use super::size::ByteSize;

/// One buffer. Its size is given as `bytes`, or as `count` items of one `item` format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Buffer {
    /// What kernels and surfaces call it.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_-]{0,54}$"))]
    pub name: String,
    /// Size in bytes. Stands instead of `item` and `count`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<ByteSize>,
    /// What one item is: a format such as `"f32x4"`, or its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Item>,
    /// How many items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
}

impl Buffer {
    /// Size of one slot in bytes, `None` when the manifest does not say it or says more than fits into 64 bits.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match (self.bytes, self.item, self.count) {
            (Some(bytes), None, None) => Some(bytes.0),
            (None, Some(item), Some(count)) => item.bytes().checked_mul(count),
            _ => None,
        }
    }
}

/// What one item of a buffer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// `lanes` numbers of one type beside each other.
    Format {
        /// Name of the number's type: `u8`, `u16`, `u32`, `i8`, `i16`, `i32` or `f32`.
        scalar: &'static str,
        /// How many, 1 to 4.
        lanes: u8,
    },
    /// A record of this many bytes, which only its kernels understand.
    Bytes(u32),
}

const SCALARS: [(&str, u64); 7] = [("u8", 1), ("i8", 1), ("u16", 2), ("i16", 2), ("u32", 4), ("i32", 4), ("f32", 4)];

impl Item {
    /// Size of one item.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::Format { scalar, lanes } => {
                SCALARS.iter().find(|(name, _)| *name == scalar).map_or(0, |(_, bytes)| *bytes) * u64::from(lanes)
            }
            Self::Bytes(bytes) => u64::from(bytes),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (scalar, lanes) = match text.split_once('x') {
            None => (text, 1),
            Some((scalar, "2")) => (scalar, 2),
            Some((scalar, "3")) => (scalar, 3),
            Some((scalar, "4")) => (scalar, 4),
            Some(_) => return None,
        };
        let (scalar, _) = SCALARS.iter().find(|(name, _)| *name == scalar)?;
        Some(Self::Format { scalar, lanes })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { scalar, lanes: 1 } => f.write_str(scalar),
            Self::Format { scalar, lanes } => write!(f, "{scalar}x{lanes}"),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
        }
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Format { .. } => serializer.collect_str(self),
            Self::Bytes(bytes) => serializer.serialize_u32(*bytes),
        }
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a format such as \"f32x4\", or a number of bytes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Item, E> {
                let text: String = text.chars().take(40).collect();
                Item::parse(&text).ok_or_else(|| {
                    E::custom(format!(
                        "`{text}` is not an item format\nwrite u8, i8, u16, i16, u32, i32 or f32, with x2, x3 or x4 behind it for several"
                    ))
                })
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Item, E> {
                Ok(Item::Bytes(u32::deserialize(bytes.into_deserializer())?))
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Item, E> {
                Ok(Item::Bytes(u32::deserialize(bytes.into_deserializer())?))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Item {
    fn schema_name() -> Cow<'static, str> {
        "Item".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What one item of a buffer is: a format such as \"f32x4\", or a size in bytes.",
            "anyOf": [
                { "type": "string", "pattern": "^(u8|i8|u16|i16|u32|i32|f32)(x[234])?$" },
                { "type": "integer", "minimum": 1 }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_formats_have_their_size() {
        for (text, bytes) in [("u8", 1), ("f32", 4), ("f32x4", 16), ("u16x3", 6), ("u8x4", 4)] {
            assert_eq!(Item::parse(text).map(Item::bytes), Some(bytes), "{text}");
        }
        for text in ["", "f64", "f32x5", "f32x", "x4", "f32x4x4"] {
            assert_eq!(Item::parse(text), None, "{text}");
        }
    }
}
