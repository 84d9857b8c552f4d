//! The range of a color map, looked for in the data.

use crate::buffers::Buffers;
use crate::uniform::Attribute;

/// Where values lie.
pub(crate) struct RangeSource {
    buffer: usize,
    /// First value, words between rows, values in a row, rows, words between values.
    offset: usize,
    row_stride: usize,
    columns: usize,
    /// None: as many columns as items are drawn.
    rows: Option<usize>,
    stride: usize,
}

impl RangeSource {
    /// One value per item.
    pub(crate) fn items(buffer: usize, attribute: Attribute) -> Self {
        Self { buffer, offset: attribute.offset as usize, row_stride: 0, columns: 0, rows: None, stride: attribute.stride as usize }
    }

    /// A grid, all in words.
    pub(crate) fn grid(buffer: usize, offset: u32, row_stride: u32, width: u32, height: u32) -> Self {
        let rows = Some(height as usize);
        Self { buffer, offset: offset as usize, row_stride: row_stride as usize, columns: width as usize, rows, stride: 1 }
    }

    /// Smallest and largest finite value; 0 and 0 when there is none. It reads the front where it lies.
    pub(crate) fn find(&self, buffers: &Buffers, items: u32) -> [f32; 2] {
        let bytes = buffers.bytes(self.buffer);
        let (rows, columns) = self.rows.map_or((1, items as usize), |rows| (rows, self.columns));
        let mut range = [f32::INFINITY, f32::NEG_INFINITY];
        for row in 0..rows {
            let start = 4 * (self.offset + row * self.row_stride);
            let values = bytes.get(start..).unwrap_or(&[]).chunks(4 * self.stride).take(columns);
            for value in values.filter_map(|chunk| chunk.first_chunk::<4>()).map(|word| f32::from_le_bytes(*word)) {
                if value.is_finite() {
                    range = [range[0].min(value), range[1].max(value)];
                }
            }
        }
        if range[0] <= range[1] { range } else { [0.0; 2] }
    }
}
