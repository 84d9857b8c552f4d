//! What of an image is different from the one before, by tiles.

/// Side of a tile, pixels. A row of it is four cache lines; smaller ones cost more uploads, larger ones more bytes.
pub const TILE: u32 = 64;

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// Distance from the left edge.
    pub x: u32,
    /// Distance from the top edge.
    pub y: u32,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Area {
    /// Bytes of its pixels.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * 4
    }
}

/// The newest image, four bytes a pixel, rows without padding.
#[derive(Default)]
pub struct Tiles {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Tiles {
    /// Width and height of the image, pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The image.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels of a row, as far as they lie in `area`; none where the image has no such row.
    #[must_use]
    pub fn row(&self, area: Area, row: u32) -> &[u8] {
        let start = (row as usize * self.width as usize + area.x as usize) * 4;
        self.pixels.get(start..start + area.width as usize * 4).unwrap_or_default()
    }

    /// Changes the size. The image is transparent then. Returns whether it did.
    pub fn resize(&mut self, width: u32, height: u32) -> bool {
        if self.size() == (width, height) {
            return false;
        }
        (self.width, self.height) = (width, height);
        self.pixels.clear();
        self.pixels.resize(width as usize * height as usize * 4, 0);
        true
    }

    /// Takes over what of `image`, whose rows begin `stride` bytes apart, is different within `damage`. Returns the tiles that are, as far as they lie in the
    /// damage; those beside each other as one.
    ///
    /// Rows that `image` does not have are left as they are.
    pub fn take(&mut self, image: &[u8], stride: usize, damage: Area) -> Vec<Area> {
        let right = damage.x.saturating_add(damage.width).min(self.width);
        let bottom = damage.y.saturating_add(damage.height).min(self.height);
        let mut changed: Vec<Area> = Vec::new();
        let mut top = damage.y;
        while top < bottom {
            let end = (top / TILE + 1).saturating_mul(TILE).min(bottom);
            let mut left = damage.x;
            while left < right {
                let side = (left / TILE + 1).saturating_mul(TILE).min(right);
                let tile = Area { x: left, y: top, width: side - left, height: end - top };
                if self.take_tile(image, stride, tile) {
                    match changed.last_mut() {
                        Some(last) if last.y == tile.y && last.x + last.width == tile.x => last.width += tile.width,
                        _ => changed.push(tile),
                    }
                }
                left = side;
            }
            top = end;
        }
        changed
    }

    /// Takes over one tile; whether it was different.
    fn take_tile(&mut self, image: &[u8], stride: usize, tile: Area) -> bool {
        let length = tile.width as usize * 4;
        let mut is_different = false;
        for row in tile.y..tile.y + tile.height {
            let from = row as usize * stride + tile.x as usize * 4;
            let to = (row as usize * self.width as usize + tile.x as usize) * 4;
            let (Some(new), Some(old)) = (image.get(from..from + length), self.pixels.get_mut(to..to + length)) else { continue };
            if new != old {
                old.copy_from_slice(new);
                is_different = true;
            }
        }
        is_different
    }

    /// How many pixels within another image show something here, and how many of these show nothing there.
    #[must_use]
    pub fn compare_cover(&self, (width, height): (u32, u32), image: &[u8], stride: usize) -> (usize, usize) {
        let both = Area { x: 0, y: 0, width: width.min(self.width), height: height.min(self.height) };
        let is_shown = |pixel: &[u8]| pixel.get(3).is_some_and(|alpha| *alpha != 0);
        let (mut shown, mut lost) = (0, 0);
        for row in 0..both.height {
            let there = image.get(row as usize * stride..).unwrap_or_default();
            for (here, there) in self.row(both, row).chunks_exact(4).zip(there.chunks_exact(4)) {
                shown += usize::from(is_shown(here));
                lost += usize::from(is_shown(here) && !is_shown(there));
            }
        }
        (shown, lost)
    }

    /// Opacity of a pixel, 0 to 255; 0 outside.
    #[must_use]
    pub fn alpha(&self, x: u32, y: u32) -> u8 {
        if x >= self.width || y >= self.height {
            return 0;
        }
        self.pixels.get((y as usize * self.width as usize + x as usize) * 4 + 3).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Area = Area { x: 0, y: 0, width: u32::MAX, height: u32::MAX };

    fn fill(image: &mut [u8], width: u32, area: Area, value: u8) {
        for y in area.y..area.y + area.height {
            let start = ((y * width + area.x) * 4) as usize;
            image[start..start + area.width as usize * 4].fill(value);
        }
    }

    #[test]
    fn a_changed_label_is_one_to_four_tiles() {
        let mut tiles = Tiles::default();
        assert!(tiles.resize(1280, 800) && !tiles.resize(1280, 800));
        let mut image = vec![0; 1280 * 800 * 4];
        assert!(tiles.take(&image, 1280 * 4, ALL).is_empty());
        fill(&mut image, 1280, Area { x: 100, y: 100, width: 60, height: 20 }, 200);
        let changed = tiles.take(&image, 1280 * 4, ALL);
        assert_eq!(changed, [Area { x: 64, y: 64, width: 128, height: 64 }], "two tiles beside each other");
        assert!(tiles.take(&image, 1280 * 4, ALL).is_empty());
        assert_eq!(tiles.pixels(), image);
    }

    #[test]
    fn only_the_damage_is_looked_at() {
        let mut tiles = Tiles::default();
        tiles.resize(200, 200);
        let image = vec![9; 200 * 200 * 4];
        assert_eq!(tiles.take(&image, 800, Area { x: 10, y: 20, width: 5, height: 6 }), [Area { x: 10, y: 20, width: 5, height: 6 }]);
        assert_eq!((tiles.alpha(10, 20), tiles.alpha(9, 20), tiles.alpha(15, 20), tiles.alpha(200, 0)), (9, 0, 0, 0));
    }

    #[test]
    fn sizes_that_are_no_multiple_of_a_tile_and_rows_with_padding() {
        let mut tiles = Tiles::default();
        tiles.resize(65, 3);
        let stride = 65 * 4 + 12;
        let mut image = vec![0; stride * 3];
        image[2 * stride + 64 * 4 + 3] = 255;
        assert_eq!(tiles.take(&image, stride, ALL), [Area { x: 64, y: 0, width: 1, height: 3 }]);
        assert_eq!(tiles.alpha(64, 2), 255);
        // An image with fewer rows than were said.
        assert!(tiles.take(&image[..stride], stride, ALL).is_empty());
        tiles.resize(0, 0);
        assert!(tiles.take(&[], 0, ALL).is_empty());
    }

    #[test]
    fn what_another_size_would_lose_is_counted_where_both_are() {
        let mut tiles = Tiles::default();
        assert_eq!(tiles.compare_cover((10, 10), &[0; 400], 40), (0, 0));
        tiles.resize(20, 10);
        let mut image = vec![0; 20 * 10 * 4];
        fill(&mut image, 20, Area { x: 0, y: 0, width: 8, height: 5 }, 200);
        tiles.take(&image, 20 * 4, ALL);
        assert_eq!(tiles.compare_cover((20, 10), &image, 20 * 4), (40, 0));
        assert_eq!(tiles.compare_cover((20, 10), &vec![0; image.len()], 20 * 4), (40, 40));
        // Narrower and higher, with rows farther apart than they are long; the rightmost two columns lie beside it.
        let mut other = vec![0; 8 * 30 * 4];
        fill(&mut other, 8, Area { x: 0, y: 0, width: 6, height: 3 }, 200);
        assert_eq!(tiles.compare_cover((6, 30), &other, 8 * 4), (30, 12));
        assert_eq!(tiles.compare_cover((6, 30), &other[..48], 8 * 4), (6 + 4, 0), "an image that ends in its second row");
    }
}
