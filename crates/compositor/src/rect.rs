//! Rectangles of whole pixels.

/// Whole pixels of the framebuffer, y down. Empty when either side is 0.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Rect {
    /// A rectangle from its left top corner and size.
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// All of a frame of this size.
    pub const fn of_size(size: (u32, u32)) -> Self {
        Self::new(0, 0, size.0, size.1)
    }

    /// The pixels that a rectangle in fractional pixels touches, within a frame of `size`. Empty for anything not finite.
    pub fn touched(x: f32, y: f32, width: f32, height: f32, size: (u32, u32)) -> Self {
        if !(x + y + width + height).is_finite() || width <= 0.0 || height <= 0.0 {
            return Self::default();
        }
        // `as` saturates, so that edges far outside end up on the frame's own edges.
        let left = (x.floor().max(0.0) as u32).min(size.0);
        let top = (y.floor().max(0.0) as u32).min(size.1);
        let right = ((x + width).ceil().max(0.0) as u32).min(size.0);
        let bottom = ((y + height).ceil().max(0.0) as u32).min(size.1);
        Self::new(left, top, right.saturating_sub(left), bottom.saturating_sub(top)).normalized()
    }

    /// True when no pixel is inside.
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// First column to the right.
    pub const fn right(&self) -> u32 {
        self.x + self.width
    }

    /// First row below.
    pub const fn bottom(&self) -> u32 {
        self.y + self.height
    }

    /// Pixels inside.
    pub const fn area(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The pixels in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = self.right().min(other.right()).saturating_sub(x);
        let height = self.bottom().min(other.bottom()).saturating_sub(y);
        Self::new(x, y, width, height).normalized()
    }

    /// True when a pixel is in both.
    pub fn intersects(&self, other: &Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// True when every pixel of `other` is inside.
    pub fn contains(&self, other: &Self) -> bool {
        other.is_empty() || self.intersection(other) == *other
    }

    /// The smallest rectangle around both; an empty one adds nothing.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Self::new(x, y, self.right().max(other.right()) - x, self.bottom().max(other.bottom()) - y)
    }

    /// One value for every empty rectangle.
    fn normalized(self) -> Self {
        if self.is_empty() { Self::default() } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touched_clamps_and_refuses_what_is_not_finite() {
        let size = (100, 50);
        assert_eq!(Rect::touched(-10.5, 3.2, 20.0, 4.0, size), Rect::new(0, 3, 10, 5));
        assert_eq!(Rect::touched(0.0, 0.0, 1e30, 1e30, size), Rect::of_size(size));
        assert_eq!(Rect::touched(-1e30, 0.0, 1e30, 10.0, size), Rect::default());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(Rect::touched(bad, 0.0, 10.0, 10.0, size).is_empty());
            assert!(Rect::touched(0.0, 0.0, 10.0, bad, size).is_empty());
        }
        assert!(Rect::touched(0.0, 0.0, 0.0, 10.0, size).is_empty());
        assert!(Rect::touched(500.0, 0.0, 10.0, 10.0, size).is_empty());
    }

    #[test]
    fn union_and_intersection() {
        let a = Rect::new(0, 0, 10, 10);
        let b = Rect::new(5, 5, 10, 10);
        assert_eq!(a.intersection(&b), Rect::new(5, 5, 5, 5));
        assert_eq!(a.union(&b), Rect::new(0, 0, 15, 15));
        assert_eq!(a.union(&Rect::default()), a);
        assert!(!a.intersects(&Rect::new(10, 0, 5, 5)));
        assert!(a.contains(&Rect::new(2, 2, 8, 8)) && !a.contains(&b));
    }
}
