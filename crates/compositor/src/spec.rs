//! What a surface draws, as plain data: a manifest embeds it, a program builds it.
//!
//! Byte offsets and strides count from the start of a buffer's slot and are multiples of 4.

mod camera;
mod color;

pub use camera::Camera;
pub use color::{Color, ColorError, ColorMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A surface: a name that the page refers to, a buffer, and how to draw it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurfaceSpec {
    /// The name in the page's `data-surface` attribute.
    pub name: String,
    /// The exchange buffer that holds the data, unless an attribute names its own.
    pub buffer: String,
    /// Draws over the page instead of below it. Below, the page's element lets the surface shine through.
    #[serde(default)]
    pub above: bool,
    /// How positions reach the surface's rectangle.
    #[serde(default)]
    pub camera: Camera,
    /// What is drawn.
    pub draw: Draw,
}

/// The kinds of surface.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Draw {
    /// Particles.
    Points(Points),
    /// Segments or one strip.
    Lines(Lines),
    /// Triangles.
    Mesh(Mesh),
    /// A grid of numbers as colors.
    HeatMap(HeatMap),
    /// A picture.
    Image(Image),
}

impl Draw {
    /// The word a manifest uses for the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Points(_) => "points",
            Self::Lines(_) => "lines",
            Self::Mesh(_) => "mesh",
            Self::HeatMap(_) => "heat_map",
            Self::Image(_) => "image",
        }
    }
}

/// Where a per-item vector lies.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Vector {
    /// The buffer, when it is not the surface's own.
    pub buffer: Option<String>,
    /// Two or three components.
    pub format: VectorFormat,
    /// Byte of the first item's first component.
    pub offset: u32,
    /// Bytes from item to item; the components' own size when absent.
    pub stride: Option<u32>,
    /// Bytes from one component to the next: 4 when they are interleaved (the default), a plane's size when each has its own plane.
    pub step: Option<u32>,
}

/// Components of a [`Vector`].
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VectorFormat {
    /// x, y.
    #[default]
    F32x2,
    /// x, y, z.
    F32x3,
}

impl VectorFormat {
    /// How many components.
    pub const fn components(self) -> u32 {
        match self {
            Self::F32x2 => 2,
            Self::F32x3 => 3,
        }
    }
}

/// What colors an item. Colors in data are sRGB-encoded with straight alpha, as in CSS.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum ItemColor {
    /// The surface's color.
    #[default]
    Constant,
    /// A color per item.
    Items {
        /// How a color is written.
        #[serde(default)]
        format: ColorFormat,
        /// The buffer, when it is not the surface's own.
        #[serde(default)]
        buffer: Option<String>,
        /// Byte of the first color.
        #[serde(default)]
        offset: u32,
        /// Bytes from item to item; the color's own size when absent.
        #[serde(default)]
        stride: Option<u32>,
    },
    /// An f32 per item through a color map.
    Value {
        /// The buffer, when it is not the surface's own.
        #[serde(default)]
        buffer: Option<String>,
        /// Byte of the first value.
        #[serde(default)]
        offset: u32,
        /// Bytes from item to item; 4 when absent.
        #[serde(default)]
        stride: Option<u32>,
        /// The color map.
        #[serde(default)]
        map: ColorMap,
        /// Values at the map's two ends; those of the data, anew each time they change, when absent.
        #[serde(default)]
        range: Option<[f32; 2]>,
    },
    /// The length of the item's velocity through a color map.
    Speed {
        /// The color map.
        #[serde(default)]
        map: ColorMap,
        /// Speeds at the map's two ends.
        range: [f32; 2],
    },
}

/// How a per-item color is written.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColorFormat {
    /// Four bytes, 0 to 255.
    #[default]
    Rgba8,
    /// Three f32, 0 to 1.
    F32x3,
    /// Four f32, 0 to 1.
    F32x4,
}

/// How many items to draw.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Count {
    /// Always as many.
    Fixed(u32),
    /// The u32 at byte `at` of the surface's buffer says so; more than fit are cut off.
    At {
        /// Byte of the count.
        at: u32,
    },
}

/// Particles.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Points {
    /// Where they are.
    pub position: Vector,
    /// How fast they move; needed by darts and by color by speed.
    pub velocity: Option<Vector>,
    /// How many; as many as fit into the buffer when absent.
    pub count: Option<Count>,
    /// Diameter, or a dart's length, in pixels of the page.
    #[schemars(range(min = 0.0))]
    pub size: Option<f32>,
    /// Their form.
    pub shape: Shape,
    /// The color, or what per-item colors are multiplied by.
    pub tint: Color,
    /// What colors each.
    pub color: ItemColor,
    /// How they meet what is below.
    pub blend: Blend,
}

/// The form of a point.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A disc.
    #[default]
    Round,
    /// A square.
    Square,
    /// A dart along the velocity.
    Boid,
}

/// How a surface's items meet what is below.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blend {
    /// They cover it, by their alpha.
    #[default]
    Alpha,
    /// They add to it. Encoded values are added, as by `plus-lighter` in CSS.
    Additive,
}

/// Segments or one strip.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lines {
    /// Where the ends are.
    pub position: Vector,
    /// How many ends; as many as fit into the buffer when absent.
    pub count: Option<Count>,
    /// One line through all ends; otherwise each two ends are a segment.
    pub strip: bool,
    /// Width in pixels of the page; 1 when absent.
    #[schemars(range(min = 0.0))]
    pub width: Option<f32>,
    /// The color, or what per-end colors are multiplied by.
    pub tint: Color,
    /// What colors each end.
    pub color: ItemColor,
    /// How they meet what is below.
    pub blend: Blend,
}

/// Triangles.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mesh {
    /// Where the vertices are.
    pub position: Vector,
    /// How many vertices; as many as fit into the buffer when absent.
    pub count: Option<Count>,
    /// Which vertices make a triangle; each three in order when absent.
    pub indices: Option<Indices>,
    /// The color, or what per-vertex colors are multiplied by.
    pub tint: Color,
    /// What colors each vertex.
    pub color: ItemColor,
    /// Normals for the light; those of the triangles when absent.
    pub normal: Option<Vector>,
    /// Shades by a light from this direction, in the space of the positions.
    pub light: Option<[f32; 3]>,
}

/// The corners of triangles, three by three.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Indices {
    /// The buffer, when it is not the surface's own.
    #[serde(default)]
    pub buffer: Option<String>,
    /// How an index is written.
    #[serde(default)]
    pub format: IndexFormat,
    /// Byte of the first index.
    #[serde(default)]
    pub offset: u32,
    /// How many indices.
    pub count: u32,
}

/// How an index is written.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IndexFormat {
    /// Two bytes.
    U16,
    /// Four bytes.
    #[default]
    U32,
}

/// A grid of f32 as colors. A cell that is not finite is missing data, and transparent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeatMap {
    /// Cells in a row.
    pub width: u32,
    /// Rows, the first at the top.
    pub height: u32,
    /// Byte of the first cell.
    #[serde(default)]
    pub offset: u32,
    /// Bytes from row to row; `4 * width` when absent.
    #[serde(default)]
    pub stride: Option<u32>,
    /// The color map.
    #[serde(default)]
    pub map: ColorMap,
    /// Values at the map's two ends; those of the data, anew each time they change, when absent.
    #[serde(default)]
    pub range: Option<[f32; 2]>,
    /// Cells as squares, or smooth between their middles.
    #[serde(default)]
    pub filter: Filter,
}

/// An RGBA8 picture, sRGB-encoded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Pixels in a row.
    pub width: u32,
    /// Rows, the first at the top.
    pub height: u32,
    /// Byte of the first pixel.
    #[serde(default)]
    pub offset: u32,
    /// Bytes from row to row; `4 * width` when absent.
    #[serde(default)]
    pub stride: Option<u32>,
    /// True when colors are multiplied by alpha already.
    #[serde(default)]
    pub premultiplied: bool,
    /// Takes every alpha for 255: what lies below need not be drawn.
    #[serde(default)]
    pub opaque: bool,
    /// Pixels as squares, or smooth between their middles.
    #[serde(default)]
    pub filter: Filter,
}

/// How a grid is enlarged.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Squares.
    #[default]
    Nearest,
    /// Smooth.
    Linear,
}
