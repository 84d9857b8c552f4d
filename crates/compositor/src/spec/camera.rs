//! How positions in a buffer reach a surface's rectangle.

use crate::matrix::Matrix;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How positions reach the surface's rectangle.
#[derive(Copy, Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Camera {
    /// −1 to 1 over the rectangle in x and y, y up.
    #[default]
    Normalized,
    /// Pixels of the page from the rectangle's left top corner, y down.
    Pixels,
    /// A box of the positions' own space fills the rectangle. Put `bottom` above `top` to have y down.
    Orthographic {
        /// x at the left edge.
        left: f32,
        /// x at the right edge.
        right: f32,
        /// y at the bottom edge.
        bottom: f32,
        /// y at the top edge.
        top: f32,
        /// Nearest z that is seen; the viewer is at larger z.
        #[serde(default = "far_front")]
        front: f32,
        /// Farthest z that is seen.
        #[serde(default = "far_back")]
        back: f32,
    },
    /// A point in space looks at another. Right-handed.
    Perspective {
        /// Where the viewer is.
        eye: [f32; 3],
        /// What is in the middle.
        #[serde(default)]
        target: [f32; 3],
        /// What is up.
        #[serde(default = "y_up")]
        up: [f32; 3],
        /// Vertical field of view, degrees.
        #[serde(default = "usual_fov")]
        fov: f32,
        /// Distance of the nearest seen plane.
        #[serde(default = "usual_near")]
        near: f32,
        /// Distance of the farthest seen plane.
        #[serde(default = "usual_far")]
        far: f32,
    },
}

fn far_front() -> f32 {
    1.0e4
}
fn far_back() -> f32 {
    -1.0e4
}
fn y_up() -> [f32; 3] {
    [0.0, 1.0, 0.0]
}
fn usual_fov() -> f32 {
    45.0
}
fn usual_near() -> f32 {
    0.1
}
fn usual_far() -> f32 {
    1000.0
}

impl Camera {
    /// Says what is wrong with the numbers, if something is.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        match *self {
            Self::Normalized | Self::Pixels => None,
            Self::Orthographic { left, right, bottom, top, front, back } => {
                let spans = [right - left, top - bottom, front - back];
                let usable = spans.iter().all(|span| span.is_finite() && span.abs() > f32::MIN_POSITIVE);
                (!usable).then_some("camera: each side of the box needs two different finite ends")
            }
            Self::Perspective { eye, target, up, fov, near, far } => {
                let finite = [eye, target, up].iter().flatten().all(|v| v.is_finite());
                if !finite || Matrix::look_at(eye, target, up).is_none() {
                    return Some("camera: eye and target must differ, and up must not point along the view");
                }
                if !(fov > 0.0 && fov < 180.0) {
                    return Some("camera: fov must lie between 0 and 180 degrees");
                }
                (!(near > 0.0 && far > near && far.is_finite())).then_some("camera: 0 < near < far")
            }
        }
    }

    /// True when z decides what hides what.
    pub(crate) fn has_depth(&self) -> bool {
        matches!(self, Self::Orthographic { .. } | Self::Perspective { .. })
    }

    /// Data space to NDC (y up, depth 0 to 1) of a rectangle of this size in pixels, `scale` of them per pixel of the page.
    pub(crate) fn matrix(&self, width: f32, height: f32, scale: f32) -> Matrix {
        match *self {
            Self::Normalized => Matrix::orthographic(-1.0, 1.0, -1.0, 1.0, far_front(), far_back()),
            Self::Pixels => Matrix::orthographic(0.0, (width / scale).max(1e-6), (height / scale).max(1e-6), 0.0, far_front(), far_back()),
            Self::Orthographic { left, right, bottom, top, front, back } => Matrix::orthographic(left, right, bottom, top, front, back),
            Self::Perspective { eye, target, up, fov, near, far } => {
                let aspect = (width / height.max(1e-6)).clamp(1e-3, 1e3);
                let view = Matrix::look_at(eye, target, up).unwrap_or(Matrix::IDENTITY);
                Matrix::perspective(fov.to_radians(), aspect, near, far).times(&view)
            }
        }
    }
}
