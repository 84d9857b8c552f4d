//! The bytes at the start of a region, and the check that everything in them makes sense.

use crate::limits::{BUFFER_BYTES_MAX, ENTRIES_MAX, ITEM_BYTES_MAX, LANE_CAPACITY_MAX, NAME_BYTES_MAX, REGION_BYTES_MAX, SLOT_ALIGN};
use crate::protocol::triple::SLOTS;
use crate::region::{AttachError, Entry, Kind};
use crate::{lane::Shape, protocol::ring};
use bytemuck::{Pod, Zeroable};

pub(crate) const MAGIC: [u8; 8] = *b"wasmxchg";
/// Changes whenever the meaning of any byte in a region does.
pub(crate) const VERSION: u32 = 2;
pub(crate) const HEADER_BYTES: usize = size_of::<Header>();
pub(crate) const RECORD_BYTES: usize = size_of::<Record>();
/// Control words of one kind lie this far from those of another.
pub(crate) const LINE_BYTES: usize = 128;
/// Lines of a buffer: the control word and its event, the writer's claim, the reader's claim.
pub(crate) const BUFFER_LINES: usize = 3;
/// Lines of a ring: `ring::Control` (4), the doorbell, the sender's claim, the receiver's claim.
pub(crate) const RING_LINES: usize = 7;
/// Lines of the region itself: the owner's claim.
pub(crate) const REGION_LINES: usize = 1;

const _: () = assert!(size_of::<ring::Control>() == 4 * LINE_BYTES && HEADER_BYTES == 64 && RECORD_BYTES == 128);

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) magic: [u8; 8],
    pub(crate) version: u32,
    pub(crate) records: u32,
    /// Of the whole region, in bytes.
    pub(crate) bytes: u64,
    pub(crate) directory: u64,
    /// Where the lines of the region itself begin.
    pub(crate) lines: u64,
    pub(crate) reserved: [u64; 3],
}

/// One entry of the directory.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Record {
    /// UTF-8, zeros after it, at least one.
    pub(crate) name: [u8; NAME_BYTES_MAX + 1],
    pub(crate) kind: u32,
    /// Of a ring: which of the lane's producers it is for.
    pub(crate) producer: u32,
    /// Where its lines begin.
    pub(crate) lines: u64,
    /// Where its slots or items begin.
    pub(crate) data: u64,
    /// Bytes asked for a slot, or bytes of an item.
    pub(crate) bytes: u64,
    /// From one slot or item to the next.
    pub(crate) stride: u64,
    /// Slots or items.
    pub(crate) count: u64,
    /// Of a ring: items that it holds at least.
    pub(crate) capacity: u64,
    /// Of a ring: where its doorbell lies, which the rings of one lane share.
    pub(crate) doorbell: u64,
    pub(crate) reserved: u64,
}

/// Directory of a region whose first bytes are `header` and whose length is `bytes`. `record` reads one entry.
pub(crate) fn validate(header: &Header, bytes: usize, record: impl Fn(usize) -> Record) -> Result<Vec<Entry>, AttachError> {
    let mut spans = Spans { taken: Vec::new(), bytes: bytes as u64 };
    spans.take(0, HEADER_BYTES as u64, 1, "header")?;
    let records = header.records as usize;
    spans.take(header.directory, (records * RECORD_BYTES) as u64, 8, "directory")?;
    spans.take(header.lines, (REGION_LINES * LINE_BYTES) as u64, LINE_BYTES as u64, "region lines")?;
    let mut entries: Vec<Entry> = Vec::with_capacity(records);
    for index in 0..records {
        let entry = entry(&record(index), &mut spans).map_err(|reason| AttachError::Directory { index, reason })?;
        let twin = entries.iter().find(|other| other.name == entry.name && other.kind == entry.kind && other.producer == entry.producer);
        if twin.is_some() {
            return Err(AttachError::Directory { index, reason: "its name is taken" });
        }
        entries.push(entry);
    }
    // A doorbell is the fifth line of some ring; anything else would let two protocols share a word.
    let bells: Vec<usize> = entries.iter().filter(|entry| entry.kind == Kind::Ring).map(Entry::own_doorbell).collect();
    if let Some(index) = entries.iter().position(|entry| entry.kind == Kind::Ring && !bells.contains(&entry.doorbell)) {
        return Err(AttachError::Directory { index, reason: "its doorbell is no doorbell" });
    }
    spans.check_disjoint()?;
    Ok(entries)
}

/// Checks what can be checked before the directory is read.
pub(crate) fn validate_header(header: &Header, bytes: usize) -> Result<(), AttachError> {
    if header.magic != MAGIC {
        return Err(AttachError::NotARegion);
    }
    if header.version != VERSION {
        return Err(AttachError::Version { found: header.version });
    }
    if header.bytes != bytes as u64 || bytes > REGION_BYTES_MAX {
        return Err(AttachError::Length { stated: header.bytes, real: bytes as u64 });
    }
    if header.records as usize > ENTRIES_MAX {
        return Err(AttachError::TooMany { found: header.records });
    }
    let end = header.directory.checked_add(u64::from(header.records) * RECORD_BYTES as u64);
    if !header.directory.is_multiple_of(8) || end.is_none_or(|end| end > bytes as u64) {
        return Err(AttachError::Span { what: "directory" });
    }
    Ok(())
}

fn entry(record: &Record, spans: &mut Spans) -> Result<Entry, &'static str> {
    let end = record.name.iter().position(|byte| *byte == 0).ok_or("its name does not end")?;
    let name = str::from_utf8(&record.name[..end]).map_err(|_| "its name is not UTF-8")?;
    if name.is_empty() || record.name[end..].iter().any(|byte| *byte != 0) {
        return Err("its name is malformed");
    }
    let (kind, lines, align) = match record.kind {
        1 => (Kind::Buffer, BUFFER_LINES, SLOT_ALIGN as u64),
        2 => (Kind::Ring, RING_LINES, 64),
        3 => (Kind::Layout, BUFFER_LINES, SLOT_ALIGN as u64),
        _ => return Err("its kind is unknown"),
    };
    match kind {
        Kind::Buffer | Kind::Layout => {
            let sound = record.count == SLOTS as u64
                && record.bytes > 0
                && record.bytes <= BUFFER_BYTES_MAX as u64
                && record.stride == record.bytes.next_multiple_of(SLOT_ALIGN as u64);
            if !sound {
                return Err("its size, stride or number of slots is impossible");
            }
        }
        Kind::Ring => {
            if record.bytes == 0
                || record.bytes > ITEM_BYTES_MAX as u64
                || record.capacity == 0
                || record.capacity > LANE_CAPACITY_MAX as u64
            {
                return Err("its item size or capacity is impossible");
            }
            if record.stride != Shape::of(record.bytes as usize).stride as u64
                || record.count != ring::len_for(record.capacity)
                || record.producer as usize >= crate::limits::PRODUCERS_MAX
            {
                return Err("its stride or length is impossible");
            }
        }
    }
    spans.take(record.lines, (lines * LINE_BYTES) as u64, LINE_BYTES as u64, "its lines").map_err(|_| "its lines are misplaced")?;
    let data = record.stride.checked_mul(record.count).ok_or("its data overflows")?;
    spans.take(record.data, data, align, "its data").map_err(|_| "its data is misplaced")?;
    if record.doorbell > spans.bytes {
        return Err("its doorbell is misplaced");
    }
    // All of these are below the length of the region by now, which is a usize.
    Ok(Entry {
        name: name.to_owned(),
        kind,
        producer: record.producer,
        lines: record.lines as usize,
        data: record.data as usize,
        bytes: record.bytes as usize,
        stride: record.stride as usize,
        count: record.count as usize,
        capacity: record.capacity as usize,
        doorbell: record.doorbell as usize,
    })
}

/// What of the region is spoken for.
struct Spans {
    taken: Vec<(u64, u64)>,
    bytes: u64,
}

impl Spans {
    fn take(&mut self, offset: u64, bytes: u64, align: u64, what: &'static str) -> Result<(), AttachError> {
        let end = offset.checked_add(bytes).filter(|end| *end <= self.bytes && offset.is_multiple_of(align));
        let Some(end) = end else { return Err(AttachError::Span { what }) };
        self.taken.push((offset, end));
        Ok(())
    }

    fn check_disjoint(mut self) -> Result<(), AttachError> {
        self.taken.sort_unstable();
        if self.taken.windows(2).any(|pair| pair[0].1 > pair[1].0) { Err(AttachError::Overlap) } else { Ok(()) }
    }
}
