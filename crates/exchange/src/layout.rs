//! The layout zone: where the page has put its surfaces, as plain records in a triple buffer.
//!
//! The page side writes with [`write`], the compositor reads with [`Layout::read`]. Both check: a rectangle with a number that is not finite, or too large to be a
//! place on a screen, is left out and counted, and the rest of the layout stands.

use bytemuck::{Pod, Zeroable, bytes_of, pod_read_unaligned};
use thiserror::Error;

/// Most surfaces of a layout.
pub const MAX_SURFACES: usize = 256;
/// Largest coordinate, in device pixels, to either side of the origin.
pub const COORDINATE_MAX: f32 = 1_048_576.0;
/// Name of the buffer that holds the layout.
pub const ZONE_NAME: &str = "layout";
/// Bytes of the zone.
pub const ZONE_BYTES: usize = size_of::<LayoutHeader>() + MAX_SURFACES * size_of::<SurfaceRect>();

const VERSION: u32 = 2;
/// [`SurfaceRect::flags`]: the surface is on the page and not hidden.
pub const VISIBLE: u32 = 1;

/// What all surfaces of a layout share.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct LayoutHeader {
    /// Set by [`write`].
    version: u32,
    /// Rectangles that follow. Set by [`write`].
    count: u32,
    /// Number of the layout in its zone, rising by one. It says nothing of the page's frames.
    pub generation: u64,
    /// Size of the page, in device pixels.
    pub page_width: f32,
    /// Size of the page, in device pixels.
    pub page_height: f32,
    /// Device pixels per CSS pixel.
    pub scale: f32,
    /// Zero.
    reserved: [u32; 9],
}

impl LayoutHeader {
    /// A header for a page of this size, in device pixels.
    pub fn new(generation: u64, page_width: f32, page_height: f32, scale: f32) -> Self {
        LayoutHeader { generation, page_width, page_height, scale, ..Self::zeroed() }
    }
}

/// Where one surface is. Lengths are device pixels, the origin is the top left corner of the page.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct SurfaceRect {
    /// Its place in the manifest's list of surfaces.
    pub surface: u32,
    /// [`VISIBLE`] or 0.
    pub flags: u32,
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width, not negative.
    pub w: f32,
    /// Height, not negative.
    pub h: f32,
    /// Left edge of what is visible of it.
    pub clip_x: f32,
    /// Top edge of what is visible of it.
    pub clip_y: f32,
    /// Width of what is visible of it, not negative.
    pub clip_w: f32,
    /// Height of what is visible of it, not negative.
    pub clip_h: f32,
    /// 0 transparent to 1 opaque.
    pub opacity: f32,
    /// Order among surfaces, higher is in front.
    pub z: f32,
    /// Radius of its own corners.
    pub radius: f32,
    /// Radii of the corners of what is visible of it: top left, top right, bottom right, bottom left.
    pub clip_radius: [f32; 4],
    /// Zero.
    pub reserved: [u32; 3],
}

const _: () = assert!(size_of::<LayoutHeader>() == 64 && size_of::<SurfaceRect>() == 80);

impl SurfaceRect {
    /// A visible, opaque rectangle, clipped to itself.
    pub fn new(surface: u32, [x, y, w, h]: [f32; 4]) -> Self {
        SurfaceRect { surface, flags: VISIBLE, x, y, w, h, clip_x: x, clip_y: y, clip_w: w, clip_h: h, opacity: 1.0, ..Self::zeroed() }
    }

    /// The same with everything in its range; none when a number is not finite or no place on a screen, or the surface cannot exist.
    pub fn checked(mut self) -> Option<Self> {
        let places = [self.x, self.y, self.clip_x, self.clip_y, self.z];
        let lengths = [self.w, self.h, self.clip_w, self.clip_h, self.radius];
        let sound = self.surface < MAX_SURFACES as u32
            && places.iter().all(|place| place.abs() <= COORDINATE_MAX)
            && lengths.iter().chain(&self.clip_radius).all(|length| (0.0..=COORDINATE_MAX).contains(length))
            && !self.opacity.is_nan();
        self.opacity = self.opacity.clamp(0.0, 1.0);
        self.flags &= VISIBLE;
        self.reserved = [0; 3];
        sound.then_some(self)
    }
}

/// A layout cannot be written or read.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutError {
    /// The slot is too short.
    #[error("a layout needs {needed} bytes, the slot has {found}")]
    TooShort {
        /// Bytes needed.
        needed: usize,
        /// Bytes there are.
        found: usize,
    },
    /// More rectangles than a layout may have.
    #[error("{count} surfaces are more than {MAX_SURFACES}")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// The bytes are no layout of this version.
    #[error("this is no layout of version {VERSION}")]
    Version,
    /// The size or scale of the page is impossible.
    #[error("the size or scale of the page is impossible")]
    Page,
}

impl LayoutError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            LayoutError::TooShort { .. } => "LAYOUT_TOO_SHORT",
            LayoutError::TooMany { .. } => "LAYOUT_TOO_MANY",
            LayoutError::Version => "LAYOUT_VERSION",
            LayoutError::Page => "LAYOUT_PAGE",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            LayoutError::TooMany { .. } => Some(format!("reserve at most {MAX_SURFACES} surfaces on a page")),
            LayoutError::TooShort { .. } => Some(format!("the layout zone has {ZONE_BYTES} bytes")),
            _ => None,
        }
    }
}

/// Writes a layout into a slot of the zone. Returns how many rectangles were left out because they make no sense.
///
/// # Errors
/// When it does not fit or the header makes no sense; the slot must not be published then.
pub fn write(slot: &mut [u8], header: LayoutHeader, rects: &[SurfaceRect]) -> Result<usize, LayoutError> {
    if rects.len() > MAX_SURFACES {
        return Err(LayoutError::TooMany { count: rects.len() });
    }
    let needed = size_of::<LayoutHeader>() + size_of_val(rects);
    if slot.len() < needed {
        return Err(LayoutError::TooShort { needed, found: slot.len() });
    }
    check_page(&header)?;
    let (head, body) = slot.split_at_mut(size_of::<LayoutHeader>());
    let sound = rects.iter().filter_map(|rect| rect.checked());
    let mut count = 0;
    for (place, rect) in body.chunks_exact_mut(size_of::<SurfaceRect>()).zip(sound) {
        place.copy_from_slice(bytes_of(&rect));
        count += 1;
    }
    let header = LayoutHeader { version: VERSION, count: count as u32, reserved: [0; 9], ..header };
    head.copy_from_slice(bytes_of(&header));
    Ok(rects.len() - count)
}

/// A layout as read, checked. Keep one and read into it again: it allocates only once.
#[derive(Clone, Debug)]
pub struct Layout {
    /// What all surfaces share.
    pub header: LayoutHeader,
    /// The rectangles that make sense.
    pub rects: Vec<SurfaceRect>,
    /// How many did not.
    pub dropped: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Layout { header: LayoutHeader::zeroed(), rects: Vec::with_capacity(MAX_SURFACES), dropped: 0 }
    }
}

impl Layout {
    /// Reads a slot of the zone.
    ///
    /// # Errors
    /// When the bytes are no layout; what was there before stays.
    pub fn read(&mut self, slot: &[u8]) -> Result<(), LayoutError> {
        let too_short = |needed| LayoutError::TooShort { needed, found: slot.len() };
        let (head, body) = slot.split_at_checked(size_of::<LayoutHeader>()).ok_or(too_short(size_of::<LayoutHeader>()))?;
        let header: LayoutHeader = pod_read_unaligned(head);
        if header.version != VERSION {
            return Err(LayoutError::Version);
        }
        let count = header.count as usize;
        if count > MAX_SURFACES {
            return Err(LayoutError::TooMany { count });
        }
        check_page(&header)?;
        let body =
            body.get(..count * size_of::<SurfaceRect>()).ok_or(too_short(size_of::<LayoutHeader>() + count * size_of::<SurfaceRect>()))?;
        self.header = header;
        self.rects.clear();
        self.rects
            .extend(body.chunks_exact(size_of::<SurfaceRect>()).filter_map(|bytes| pod_read_unaligned::<SurfaceRect>(bytes).checked()));
        self.dropped = count - self.rects.len();
        Ok(())
    }
}

fn check_page(header: &LayoutHeader) -> Result<(), LayoutError> {
    let lengths = [header.page_width, header.page_height];
    let sound = lengths.iter().all(|length| (0.0..=COORDINATE_MAX).contains(length)) && header.scale > 0.0 && header.scale <= 64.0;
    if sound { Ok(()) } else { Err(LayoutError::Page) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> LayoutHeader {
        LayoutHeader::new(3, 800.0, 600.0, 2.0)
    }

    #[test]
    fn what_is_written_is_read() {
        let mut slot = vec![0xaa; ZONE_BYTES];
        let rects: Vec<_> = (0..MAX_SURFACES as u32).map(|surface| SurfaceRect::new(surface, [1.0, -2.0, 30.0, surface as f32])).collect();
        assert_eq!(write(&mut slot, header(), &rects), Ok(0));
        let mut layout = Layout::default();
        layout.read(&slot).expect("it was just written");
        assert_eq!((layout.rects.as_slice(), layout.dropped, layout.header.generation), (rects.as_slice(), 0, 3));
    }

    #[test]
    fn nonsense_is_left_out_and_counted() {
        let good = SurfaceRect::new(1, [0.0, 0.0, 10.0, 10.0]);
        let bad = [
            SurfaceRect { x: f32::NAN, ..good },
            SurfaceRect { w: -1.0, ..good },
            SurfaceRect { clip_h: f32::INFINITY, ..good },
            SurfaceRect { clip_radius: [0.0, 0.0, -1.0, 0.0], ..good },
            SurfaceRect { opacity: f32::NAN, ..good },
            SurfaceRect { surface: MAX_SURFACES as u32, ..good },
        ];
        let mut slot = vec![0; ZONE_BYTES];
        let rects: Vec<_> = bad.iter().copied().chain([SurfaceRect { opacity: 7.0, flags: 3, ..good }]).collect();
        assert_eq!(write(&mut slot, header(), &rects), Ok(bad.len()));
        let mut layout = Layout::default();
        layout.read(&slot).expect("the rest stands");
        assert_eq!(layout.rects, [good]);
    }

    #[test]
    fn errors_have_codes() {
        let mut slot = vec![0; 64];
        let mut layout = Layout::default();
        assert_eq!(layout.read(&slot).unwrap_err().code(), "LAYOUT_VERSION");
        assert_eq!(write(&mut slot, header(), &[SurfaceRect::new(0, [0.0; 4])]).unwrap_err().code(), "LAYOUT_TOO_SHORT");
        assert_eq!(write(&mut slot, LayoutHeader::new(0, f32::NAN, 1.0, 1.0), &[]).unwrap_err().code(), "LAYOUT_PAGE");
        let many = vec![SurfaceRect::new(0, [0.0; 4]); MAX_SURFACES + 1];
        assert_eq!(write(&mut slot, header(), &many).unwrap_err().code(), "LAYOUT_TOO_MANY");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), count in 0_u32..6) {
            let mut bytes = bytes;
            if bytes.len() >= 64 {
                bytes[..64].copy_from_slice(bytes_of(&LayoutHeader { version: VERSION, count, ..header() }));
            }
            let mut layout = Layout::default();
            if layout.read(&bytes).is_ok() {
                prop_assert!(layout.rects.iter().all(|rect| rect.checked() == Some(*rect)));
            }
        }
    }
}
