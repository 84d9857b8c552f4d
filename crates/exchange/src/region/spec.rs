//! What a region shall hold, and the plan of where it goes.

use super::CreateError;
use super::format::{BUFFER_LINES, HEADER_BYTES, Header, LINE_BYTES, MAGIC, RECORD_BYTES, REGION_LINES, RING_LINES, Record, VERSION};
use crate::lane::Shape;
use crate::limits::{
    BUFFER_BYTES_MAX, ENTRIES_MAX, ITEM_BYTES_MAX, LANE_CAPACITY_MAX, NAME_BYTES_MAX, PRODUCERS_MAX, REGION_BYTES_MAX, SLOT_ALIGN,
};
use crate::protocol::{ring, triple::SLOTS};
use bytemuck::Zeroable;
use std::collections::HashSet;

/// Says what a region shall hold. Limits are checked when the region is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionSpec {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Buffer { name: String, bytes: usize, layout: bool },
    Lane { name: String, item_bytes: usize, capacity: usize, producers: usize },
}

/// A region before there is memory for it.
pub(super) struct Plan {
    pub(super) bytes: usize,
    pub(super) header: Header,
    pub(super) records: Vec<Record>,
}

impl RegionSpec {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a triple buffer whose slots have `bytes` bytes.
    #[must_use]
    pub fn buffer(mut self, name: &str, bytes: usize) -> Self {
        self.parts.push(Part::Buffer { name: name.to_owned(), bytes, layout: false });
        self
    }

    /// Adds the layout zone: a triple buffer named [`crate::layout::ZONE_NAME`] for the rectangles of the page's surfaces.
    #[must_use]
    pub fn layout_zone(mut self) -> Self {
        let (name, bytes) = (crate::layout::ZONE_NAME.to_owned(), crate::layout::ZONE_BYTES);
        self.parts.push(Part::Buffer { name, bytes, layout: true });
        self
    }

    /// Adds a lane with one producer that holds at least `capacity` items of `item_bytes` bytes.
    #[must_use]
    pub fn lane(self, name: &str, item_bytes: usize, capacity: usize) -> Self {
        self.merged_lane(name, item_bytes, capacity, 1)
    }

    /// Adds a lane with several producers, each with a ring of at least `capacity` items.
    #[must_use]
    pub fn merged_lane(mut self, name: &str, item_bytes: usize, capacity: usize, producers: usize) -> Self {
        self.parts.push(Part::Lane { name: name.to_owned(), item_bytes, capacity, producers });
        self
    }

    pub(super) fn plan(&self) -> Result<Plan, CreateError> {
        let mut records = Vec::new();
        let mut names = HashSet::new();
        for part in &self.parts {
            let (name, is_lane) = match part {
                Part::Buffer { name, bytes, .. } => {
                    within(name, "size in bytes", *bytes, BUFFER_BYTES_MAX)?;
                    (name, false)
                }
                Part::Lane { name, item_bytes, capacity, producers } => {
                    within(name, "item size in bytes", *item_bytes, ITEM_BYTES_MAX)?;
                    within(name, "capacity", *capacity, LANE_CAPACITY_MAX)?;
                    within(name, "number of producers", *producers, PRODUCERS_MAX)?;
                    (name, true)
                }
            };
            if name.is_empty() || name.len() > NAME_BYTES_MAX || name.bytes().any(|byte| byte == 0) {
                return Err(CreateError::Name { name: name.clone() });
            }
            if !names.insert((name, is_lane)) {
                return Err(CreateError::Duplicate { name: name.clone() });
            }
            part.records(&mut records);
        }
        if records.len() > ENTRIES_MAX {
            return Err(CreateError::TooLarge { what: "buffers and rings", value: records.len(), max: ENTRIES_MAX });
        }
        place(records)
    }
}

impl Part {
    /// The entries of the directory, with no place yet.
    fn records(&self, records: &mut Vec<Record>) {
        let named = |name: &str| {
            let mut record = Record::zeroed();
            record.name[..name.len()].copy_from_slice(name.as_bytes());
            record
        };
        match self {
            Part::Buffer { name, bytes, layout } => records.push(Record {
                kind: if *layout { 3 } else { 1 },
                bytes: *bytes as u64,
                stride: bytes.next_multiple_of(SLOT_ALIGN) as u64,
                count: SLOTS as u64,
                ..named(name)
            }),
            Part::Lane { name, item_bytes, capacity, producers } => {
                let stride = Shape::of(*item_bytes).stride as u64;
                records.extend((0..*producers).map(|producer| Record {
                    kind: 2,
                    producer: producer as u32,
                    bytes: *item_bytes as u64,
                    stride,
                    count: ring::len_for(*capacity as u64),
                    capacity: *capacity as u64,
                    ..named(name)
                }));
            }
        }
    }
}

/// Gives every entry its lines and its data. No sum here can overflow: counts and sizes have been held to their limits.
fn place(mut records: Vec<Record>) -> Result<Plan, CreateError> {
    let lines = (HEADER_BYTES + records.len() * RECORD_BYTES).next_multiple_of(LINE_BYTES) as u64;
    let mut end = lines + (REGION_LINES * LINE_BYTES) as u64;
    let mut doorbell = 0;
    for record in &mut records {
        record.lines = end;
        end += (LINE_BYTES * if record.kind == 2 { RING_LINES } else { BUFFER_LINES }) as u64;
        if record.kind == 2 {
            if record.producer == 0 {
                doorbell = record.lines + size_of::<ring::Control>() as u64;
            }
            record.doorbell = doorbell;
        }
    }
    end = end.next_multiple_of(SLOT_ALIGN as u64);
    // Slots first: they are multiples of the alignment, so no gaps arise.
    for wanted in [[1, 3], [2, 2]] {
        for record in records.iter_mut().filter(|record| wanted.contains(&record.kind)) {
            record.data = end;
            end += (record.stride * record.count).next_multiple_of(LINE_BYTES as u64);
        }
    }
    let bytes = end.next_multiple_of(SLOT_ALIGN as u64) as usize;
    if bytes > REGION_BYTES_MAX {
        return Err(CreateError::TooLarge { what: "bytes", value: bytes, max: REGION_BYTES_MAX });
    }
    let header = Header {
        magic: MAGIC,
        version: VERSION,
        records: records.len() as u32,
        bytes: bytes as u64,
        directory: HEADER_BYTES as u64,
        lines,
        reserved: [0; 3],
    };
    Ok(Plan { bytes, header, records })
}

fn within(name: &str, what: &'static str, value: usize, max: usize) -> Result<(), CreateError> {
    if value == 0 || value > max {
        return Err(CreateError::Size { name: name.to_owned(), what, value, max });
    }
    Ok(())
}
