//! The few 4×4 matrices that cameras need. Columns first, as WGSL has them; depth 0 to 1.

/// A 4×4 matrix, column by column.
#[derive(Copy, Clone, PartialEq, Debug)]
pub(crate) struct Matrix(pub(crate) [[f32; 4]; 4]);

fn sub(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// The unit vector along `v`; none when it has no usable length.
pub(crate) fn unit(v: [f32; 3]) -> Option<[f32; 3]> {
    let length = dot(v, v).sqrt();
    (length.is_finite() && length > 1e-12).then(|| v.map(|part| part / length))
}

impl Matrix {
    pub(crate) const IDENTITY: Self = Self([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]);

    /// The box to NDC; z `front` → 0, `back` → 1.
    pub(crate) fn orthographic(left: f32, right: f32, bottom: f32, top: f32, front: f32, back: f32) -> Self {
        let (w, h, d) = (right - left, top - bottom, back - front);
        Self([
            [2.0 / w, 0.0, 0.0, 0.0],
            [0.0, 2.0 / h, 0.0, 0.0],
            [0.0, 0.0, 1.0 / d, 0.0],
            [-(right + left) / w, -(top + bottom) / h, -front / d, 1.0],
        ])
    }

    /// View space, looking along −z, to clip space.
    pub(crate) fn perspective(fov_y_radians: f32, aspect: f32, near: f32, far: f32) -> Self {
        let f = 1.0 / (0.5 * fov_y_radians).tan();
        let depth = far / (near - far);
        Self([[f / aspect, 0.0, 0.0, 0.0], [0.0, f, 0.0, 0.0], [0.0, 0.0, depth, -1.0], [0.0, 0.0, near * depth, 0.0]])
    }

    /// World to view space. None when the directions leave the view undefined.
    pub(crate) fn look_at(eye: [f32; 3], target: [f32; 3], up: [f32; 3]) -> Option<Self> {
        let back = unit(sub(eye, target))?;
        let right = unit(cross(up, back))?;
        let above = cross(back, right);
        Some(Self([
            [right[0], above[0], back[0], 0.0],
            [right[1], above[1], back[1], 0.0],
            [right[2], above[2], back[2], 0.0],
            [-dot(right, eye), -dot(above, eye), -dot(back, eye), 1.0],
        ]))
    }

    /// NDC of a rectangle (left, top, width, height in pixels, y down) to homogeneous pixels.
    pub(crate) fn pixels_from_ndc([x, y, width, height]: [f32; 4]) -> Self {
        let (w, h) = (0.5 * width, 0.5 * height);
        Self([[w, 0.0, 0.0, 0.0], [0.0, -h, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [x + w, y + h, 0.0, 1.0]])
    }

    /// First `other`, then this.
    pub(crate) fn times(&self, other: &Self) -> Self {
        Self(other.0.map(|column| self.apply(column)))
    }

    pub(crate) fn apply(&self, v: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|row| (0..4).map(|i| self.0[i][row] * v[i]).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn box_corners_reach_ndc_corners() {
        let m = Matrix::orthographic(0.0, 200.0, 100.0, 0.0, 1.0, -1.0);
        assert_eq!(m.apply([0.0, 0.0, 1.0, 1.0]), [-1.0, 1.0, 0.0, 1.0]);
        assert_eq!(m.apply([200.0, 100.0, -1.0, 1.0]), [1.0, -1.0, 1.0, 1.0]);
    }

    #[test]
    fn ndc_corners_reach_the_rectangles() {
        let m = Matrix::pixels_from_ndc([10.0, 20.0, 200.0, 100.0]);
        assert_eq!(m.apply([-1.0, 1.0, 0.5, 1.0]), [10.0, 20.0, 0.5, 1.0]);
        assert_eq!(m.apply([2.0, -2.0, 0.5, 2.0]), [420.0, 240.0, 0.5, 2.0], "homogeneous");
    }

    #[test]
    fn perspective_centers_the_target() {
        let view = Matrix::look_at([3.0, 4.0, 5.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]).expect("defined");
        let clip = Matrix::perspective(1.0, 1.5, 0.1, 100.0).times(&view).apply([1.0, 1.0, 1.0, 1.0]);
        assert!(clip[0].abs() < 1e-5 && clip[1].abs() < 1e-5 && clip[3] > 0.0);
        assert!((0.0..clip[3]).contains(&clip[2]));
        assert!(Matrix::look_at([0.0; 3], [0.0; 3], [0.0, 1.0, 0.0]).is_none());
    }
}
