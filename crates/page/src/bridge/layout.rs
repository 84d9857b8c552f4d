//! The surfaces' rectangles as the page reports them, checked before anybody believes them.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, SeqAccess, Visitor},
};

use super::limits::{MAX_COORDINATE, MAX_SCALE, MAX_SURFACE_NAME_BYTES, MAX_SURFACES, MAX_VIEWPORT};

/// Where a page's surfaces are, at one moment. Everything is in device pixels from the viewport's top left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct LayoutReport {
    /// Number of the report, rising by one, over all documents of this run.
    pub sequence: u64,
    /// Width and height of the viewport.
    pub viewport: [f32; 2],
    /// Device pixels per CSS pixel.
    pub scale: f32,
    /// The surfaces, in document order. Of several with the same name the first counts.
    pub surfaces: Vec<SurfaceGeometry>,
}

/// Where one surface is. Finite throughout.
#[derive(Clone, Debug, PartialEq)]
pub struct SurfaceGeometry {
    /// Value of the element's `data-surface`, 1 to 64 bytes.
    pub name: String,
    /// Left edge of the content box.
    pub x: f32,
    /// Top edge of the content box.
    pub y: f32,
    /// Width of the content box, not negative.
    pub w: f32,
    /// Height of the content box, not negative.
    pub h: f32,
    /// What the ancestors and the viewport let be seen: x, y, width, height.
    pub clip: [f32; 4],
    /// Product of the opacities of the element and its ancestors, 0 to 1.
    pub opacity: f32,
    /// Radius of its own rounded corners.
    pub radius: f32,
    /// Radii of the clip's corners: top left, top right, bottom right, bottom left.
    pub clip_radius: [f32; 4],
    /// Paint order: a surface with a larger one lies above.
    pub z: f32,
    /// Whether any of it can be seen.
    pub visible: bool,
}

/// Why a layout report was refused. The report before it stays in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LayoutError {
    /// The viewport or the scale is impossible.
    #[error("the viewport must be {MAX_VIEWPORT} device pixels or less a side, and the scale more than 0 and at most {MAX_SCALE}")]
    Viewport,
    /// A surface's name is empty, too long or has control characters.
    #[error("the name of a surface must have 1 to {MAX_SURFACE_NAME_BYTES} bytes and no control characters")]
    Name,
    /// A number of a surface is not finite, negative where it cannot be, or too large.
    #[error("a surface's numbers must be finite and within {MAX_COORDINATE} device pixels, its sizes not negative")]
    Number,
}

/// The report as it is written on the wire.
#[derive(Deserialize)]
pub(crate) struct WireSurface<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    x: f64,
    y: f64,
    w: f64,
    h: f64,
    clip: [f64; 4],
    opacity: f64,
    #[serde(default)]
    radius: f64,
    #[serde(default)]
    clip_radius: [f64; 4],
    #[serde(default)]
    z: f64,
    visible: bool,
}

/// A list of surfaces that stops being read at the limit, before memory is spent on it.
pub(crate) struct WireSurfaces<'a>(pub(crate) Vec<WireSurface<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for WireSurfaces<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Vec<WireSurface<'de>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "at most {MAX_SURFACES} surfaces")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut surfaces = Vec::new();
                while surfaces.len() < MAX_SURFACES {
                    match items.next_element()? {
                        Some(surface) => surfaces.push(surface),
                        None => return Ok(surfaces),
                    }
                }
                match items.next_element::<IgnoredAny>()? {
                    Some(_) => Err(A::Error::custom(format_args!("more than {MAX_SURFACES} surfaces"))),
                    None => Ok(surfaces),
                }
            }
        }
        deserializer.deserialize_seq(Bounded).map(Self)
    }
}

/// Checks what came and makes the report of it.
pub(crate) fn validate(viewport: [f64; 2], scale: f64, surfaces: Vec<WireSurface<'_>>) -> Result<LayoutReport, LayoutError> {
    let side = |value| ranged(value, 0.0, MAX_VIEWPORT).ok_or(LayoutError::Viewport);
    let viewport = [side(viewport[0])?, side(viewport[1])?];
    let scale = ranged(scale, 0.0, MAX_SCALE).filter(|scale| *scale > 0.0).ok_or(LayoutError::Viewport)?;
    let surfaces = surfaces.into_iter().map(surface).collect::<Result<_, _>>()?;
    Ok(LayoutReport { sequence: 0, viewport, scale, surfaces })
}

fn surface(wire: WireSurface<'_>) -> Result<SurfaceGeometry, LayoutError> {
    let name = wire.name;
    if name.is_empty() || name.len() > MAX_SURFACE_NAME_BYTES || name.chars().any(char::is_control) {
        return Err(LayoutError::Name);
    }
    let position = |value| ranged(value, -MAX_COORDINATE, MAX_COORDINATE).ok_or(LayoutError::Number);
    let size = |value| ranged(value, 0.0, MAX_COORDINATE).ok_or(LayoutError::Number);
    let [clip_x, clip_y, clip_w, clip_h] = wire.clip;
    let [top_left, top_right, bottom_right, bottom_left] = wire.clip_radius;
    Ok(SurfaceGeometry {
        name: name.into_owned(),
        x: position(wire.x)?,
        y: position(wire.y)?,
        w: size(wire.w)?,
        h: size(wire.h)?,
        clip: [position(clip_x)?, position(clip_y)?, size(clip_w)?, size(clip_h)?],
        opacity: ranged(wire.opacity, 0.0, 1.0).ok_or(LayoutError::Number)?,
        radius: size(wire.radius)?,
        clip_radius: [size(top_left)?, size(top_right)?, size(bottom_right)?, size(bottom_left)?],
        z: position(wire.z)?,
        visible: wire.visible,
    })
}

/// The value, if it is finite and lies in the range. The comparison is false for NaN.
fn ranged(value: f64, low: f32, high: f32) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "device pixels are f32 everywhere; the range is checked first")]
    (value >= f64::from(low) && value <= f64::from(high)).then_some(value as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(name: &str) -> WireSurface<'_> {
        WireSurface {
            name: name.into(),
            x: 1.0,
            y: 2.0,
            w: 3.0,
            h: 4.0,
            clip: [0.0, 0.0, 100.0, 100.0],
            opacity: 0.5,
            radius: 0.0,
            clip_radius: [0.0; 4],
            z: 0.0,
            visible: true,
        }
    }

    #[test]
    fn a_good_report_passes() {
        let report = validate([800.0, 600.0], 2.0, vec![wire("view")]).unwrap();
        assert_eq!(report.surfaces[0].name, "view");
        assert_eq!(report.surfaces[0].clip, [0.0, 0.0, 100.0, 100.0]);
    }

    #[test]
    fn impossible_numbers_are_refused() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
            for field in 0..15 {
                let mut surface = wire("view");
                *match field {
                    0 => &mut surface.x,
                    1 => &mut surface.y,
                    2 => &mut surface.w,
                    3 => &mut surface.h,
                    4 => &mut surface.opacity,
                    5 => &mut surface.radius,
                    6 => &mut surface.z,
                    index @ 7..=10 => &mut surface.clip[index - 7],
                    index => &mut surface.clip_radius[index - 11],
                } = bad;
                assert_eq!(validate([1.0, 1.0], 1.0, vec![surface]), Err(LayoutError::Number), "field {field} = {bad}");
            }
            assert_eq!(validate([bad, 1.0], 1.0, vec![]), Err(LayoutError::Viewport));
            assert_eq!(validate([1.0, 1.0], bad, vec![]), Err(LayoutError::Viewport));
        }
        let mut surface = wire("view");
        surface.w = -0.5;
        assert_eq!(validate([1.0, 1.0], 1.0, vec![surface]), Err(LayoutError::Number));
        assert_eq!(validate([1.0, 1.0], 0.0, vec![]), Err(LayoutError::Viewport));
    }

    #[test]
    fn impossible_names_are_refused() {
        for bad in ["", "a\nb", "\0", &"x".repeat(65)] {
            assert_eq!(validate([1.0, 1.0], 1.0, vec![wire(bad)]), Err(LayoutError::Name), "{bad:?}");
        }
    }

    #[test]
    fn the_list_is_not_read_beyond_the_limit() {
        let one = r#"{"name":"a","x":0,"y":0,"w":1,"h":1,"clip":[0,0,1,1],"opacity":1,"visible":true}"#;
        let list = |count| format!("[{}]", vec![one; count].join(","));
        assert_eq!(serde_json::from_str::<WireSurfaces<'_>>(&list(MAX_SURFACES)).unwrap().0.len(), MAX_SURFACES);
        assert!(serde_json::from_str::<WireSurfaces<'_>>(&list(MAX_SURFACES + 1)).is_err());
    }
}
