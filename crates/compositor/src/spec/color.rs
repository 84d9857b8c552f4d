//! Colors and color maps as a manifest writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An sRGB color with straight alpha, each 0 to 1; written `#rgb`, `#rrggbb`, `#rrggbbaa` or as three or four numbers.
#[derive(Copy, Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "[f32; 4]")]
#[schemars(with = "Written")]
pub struct Color(pub [f32; 4]);

impl Color {
    /// Opaque white.
    pub const WHITE: Self = Self([1.0; 4]);
    /// Opaque black.
    pub const BLACK: Self = Self([0.0, 0.0, 0.0, 1.0]);
    /// Nothing.
    pub const TRANSPARENT: Self = Self([0.0; 4]);

    /// A color from `0xrrggbbaa`.
    pub const fn from_hex(rgba: u32) -> Self {
        let [r, g, b, a] = rgba.to_be_bytes();
        Self([r as f32 / 255.0, g as f32 / 255.0, b as f32 / 255.0, a as f32 / 255.0])
    }

    /// The same color with another alpha.
    pub const fn with_alpha(self, alpha: f32) -> Self {
        Self([self.0[0], self.0[1], self.0[2], alpha])
    }

    /// Bytes red, green, blue, alpha from the lowest up.
    pub fn packed(self) -> u32 {
        u32::from_le_bytes(self.0.map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8))
    }
}

impl Default for Color {
    fn default() -> Self {
        Self::WHITE
    }
}

impl From<Color> for [f32; 4] {
    fn from(color: Color) -> Self {
        color.0
    }
}

/// Why a written color is none.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum ColorError {
    /// Not of one of the three lengths, or no `#`, or not hexadecimal.
    #[error("{0:?} is no color: write #rgb, #rrggbb or #rrggbbaa")]
    Text(String),
    /// Not three or four numbers from 0 to 1.
    #[error("{0:?} is no color: write three or four numbers from 0 to 1")]
    Numbers(Vec<f32>),
}

/// The two ways to write a color.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    /// `#rgb`, `#rrggbb` or `#rrggbbaa`.
    Text(String),
    /// Three or four numbers from 0 to 1.
    Numbers(Vec<f32>),
}

impl TryFrom<Written> for Color {
    type Error = ColorError;

    fn try_from(written: Written) -> Result<Self, ColorError> {
        match written {
            Written::Text(text) => text.parse(),
            Written::Numbers(parts) if parts.iter().all(|part| (0.0..=1.0).contains(part)) => match parts[..] {
                [r, g, b] => Ok(Self([r, g, b, 1.0])),
                [r, g, b, a] => Ok(Self([r, g, b, a])),
                _ => Err(ColorError::Numbers(parts)),
            },
            Written::Numbers(parts) => Err(ColorError::Numbers(parts)),
        }
    }
}

impl std::str::FromStr for Color {
    type Err = ColorError;

    fn from_str(text: &str) -> Result<Self, ColorError> {
        let refused = || ColorError::Text(text.to_owned());
        let digits = text.strip_prefix('#').filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit())).ok_or_else(refused)?;
        let value = u32::from_str_radix(digits, 16).map_err(|_| refused())?;
        match digits.len() {
            // Each digit twice: 0xf → 0xff.
            3 => {
                let digit = |shift: u32| (value >> shift) & 15;
                Ok(Self::from_hex(digit(8) * 0x1100_0000 + digit(4) * 0x11_0000 + digit(0) * 0x1100 + 255))
            }
            6 => Ok(Self::from_hex(value << 8 | 255)),
            8 => Ok(Self::from_hex(value)),
            _ => Err(refused()),
        }
    }
}

/// A map from numbers to colors.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColorMap {
    /// Blue over green to yellow; even steps look even.
    #[default]
    Viridis,
    /// Black over purple to cream; for light on black.
    Magma,
    /// A rainbow without false edges.
    Turbo,
    /// Black to white.
    Gray,
}

impl ColorMap {
    /// All maps, in the order in which the shaders know them.
    pub const ALL: [Self; 4] = [Self::Viridis, Self::Magma, Self::Turbo, Self::Gray];

    /// Evenly spaced colors, 0xrrggbb, from the low end to the high one.
    fn stops(self) -> &'static [u32] {
        match self {
            Self::Viridis => &[0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725],
            Self::Magma => &[0x000004, 0x180f3d, 0x440f76, 0x721f81, 0x9e2f7f, 0xcd4071, 0xf1605d, 0xfd9668, 0xfeca8d, 0xfcfdbf],
            Self::Turbo => &[
                0x30123b, 0x4145ab, 0x4675ed, 0x39a2fc, 0x1bcfd4, 0x24eca6, 0x61fc6c, 0xa4fc3b, 0xd1e834, 0xf3c63a, 0xfe9b2d, 0xf36315,
                0xd93806, 0xb11901, 0x7a0402,
            ],
            Self::Gray => &[0x000000, 0xffffff],
        }
    }

    /// The color at `t`, 0 to 1: through the stops by a Catmull-Rom spline, so that no stop shows as an edge.
    pub fn at(self, t: f32) -> Color {
        let stops = self.stops();
        let x = t.clamp(0.0, 1.0) * (stops.len() - 1) as f32;
        let base = (x as usize).min(stops.len() - 2);
        let f = x - base as f32;
        let stop = |i: isize| Color::from_hex(stops[i.clamp(0, stops.len() as isize - 1) as usize] << 8 | 255).0;
        let base = base as isize;
        let (a, b, c, d) = (stop(base - 1), stop(base), stop(base + 1), stop(base + 2));
        Color(std::array::from_fn(|i| {
            let slope = (0.5 * (c[i] - a[i]), 0.5 * (d[i] - b[i]));
            let bend = 3.0 * (c[i] - b[i]) - 2.0 * slope.0 - slope.1;
            let rest = 2.0 * (b[i] - c[i]) + slope.0 + slope.1;
            (b[i] + f * (slope.0 + f * (bend + f * rest))).clamp(0.0, 1.0)
        }))
    }

    /// All maps as the shaders read them: 256 packed colors each.
    pub(crate) fn table() -> Vec<u32> {
        Self::ALL.iter().flat_map(|map| (0..256).map(|i| map.at(i as f32 / 255.0).packed())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_colors() {
        let text = |t: &str| t.parse::<Color>().map(Color::packed);
        assert_eq!(text("#f80"), Ok(0xff00_88ff));
        assert_eq!(text("#ff8800"), Ok(0xff00_88ff));
        assert_eq!(text("#ff880080"), Ok(0x8000_88ff));
        for bad in ["", "#", "#ff", "ff8800", "#gg0000", "#ff88001", "#+12", "#ffffffffff"] {
            assert!(text(bad).is_err(), "{bad}");
        }
        assert!(Color::try_from(Written::Numbers(vec![0.0, 1.5, 0.0])).is_err());
        assert!(Color::try_from(Written::Numbers(vec![f32::NAN; 3])).is_err());
        assert_eq!(Color::try_from(Written::Numbers(vec![0.0, 1.0, 0.0])), Ok(Color([0.0, 1.0, 0.0, 1.0])));
    }

    #[test]
    fn maps_pass_through_their_stops() {
        for map in ColorMap::ALL {
            let stops = map.stops();
            for (i, stop) in stops.iter().enumerate() {
                let at = map.at(i as f32 / (stops.len() - 1) as f32);
                assert_eq!(at.packed(), Color::from_hex(stop << 8 | 255).packed(), "{map:?} stop {i}");
            }
            assert_eq!(map.at(f32::NAN).0.len(), 4);
        }
        assert_eq!(ColorMap::table().len(), 4 * 256);
    }
}
