//! A region: one block of memory with buffers and lanes in it, and the directory that says what is where.
//!
//! ```text
//! [ header 64 B | directory | control lines, 128 B each | slots A B C per buffer, 64 KiB aligned | groups of the rings ]
//! ```
//!
//! Every process keeps its own checked copy of the directory and never reads the shared one again.

mod error;
mod format;
mod spec;

pub use error::{AttachError, CreateError};
pub use spec::RegionSpec;

use crate::claim::{Claim, ClaimError, OwnerClaim, Side};
use crate::limits::SLOT_ALIGN;
use crate::primitives::{AtomicU32, Ordering};
use crate::protocol::{flag::Flag, ring, triple};
use crate::sys::{self, Locks, Mapping};
use format::{Header, LINE_BYTES, Record};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

#[cfg(all(target_os = "linux", not(miri)))]
use std::os::fd::{AsFd, AsRawFd as _};
#[cfg(unix)]
use std::os::fd::{BorrowedFd, OwnedFd};

/// What a process may do with a region that it attaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Look only: buffers through observers, and the state of everything.
    ReadOnly,
    /// Claim sides of buffers and lanes.
    ReadWrite,
}

/// Names a buffer of one region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferId(pub(crate) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Buffer,
    Ring,
    Layout,
}

/// One entry of the directory, checked: everything it points to lies inside the region and overlaps nothing.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) producer: u32,
    pub(crate) lines: usize,
    pub(crate) data: usize,
    pub(crate) bytes: usize,
    pub(crate) stride: usize,
    pub(crate) count: usize,
    pub(crate) capacity: usize,
    pub(crate) doorbell: usize,
}

impl Entry {
    /// Where the doorbell of this ring's own lines lies.
    pub(crate) fn own_doorbell(&self) -> usize {
        self.lines + size_of::<ring::Control>()
    }

    fn claim_line(&self, side: Side) -> usize {
        let lines = if self.kind == Kind::Ring { format::RING_LINES } else { format::BUFFER_LINES };
        // The last two lines of an entry are the claims.
        self.lines + (lines - if side == Side::Writing { 2 } else { 1 }) * LINE_BYTES
    }
}

/// A buffer as the directory describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Names it in calls.
    pub id: BufferId,
    /// Bytes asked for; what readers and writers see of a slot.
    pub bytes: usize,
    /// Bytes from one slot to the next, a multiple of [`SLOT_ALIGN`].
    pub stride: usize,
    /// Where slot 0 begins, in bytes from the start of the region, a multiple of [`SLOT_ALIGN`].
    pub offset: usize,
    /// Whether this is the layout zone.
    pub layout: bool,
}

impl BufferInfo {
    /// Where a slot begins, in bytes from the start of the region.
    pub fn slot_offset(&self, slot: usize) -> usize {
        self.offset + self.stride * slot
    }
}

/// What a buffer's control word says at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferState {
    /// Generation of the content last published; 0 when nothing was.
    pub generation: u64,
    /// Whether the reader has yet to take it.
    pub fresh: bool,
    /// Slots of the writer, between the two, and of the reader.
    pub slots: [usize; 3],
    /// Process that holds the writer's side; 0 when none does. A process that was killed may still stand here.
    pub writer: u32,
    /// Process that holds the reader's side, likewise.
    pub reader: u32,
}

/// A lane as the directory describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Bytes of an item.
    pub item_bytes: usize,
    /// Items that each producer's ring holds at least.
    pub capacity: usize,
    /// Producers that it has rings for.
    pub producers: usize,
}

/// What a lane holds at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneState {
    /// Items waiting, over all producers; exact when nobody is at work.
    pub depth: usize,
    /// Process that holds the receiver; 0 when none does. A process that was killed may still stand here.
    pub receiver: u32,
}

/// Shared memory with buffers and lanes in it. Clones are the same region.
#[derive(Clone)]
pub struct Region {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    mapping: Mapping,
    bytes: usize,
    lines: usize,
    pub(crate) entries: Vec<Entry>,
    access: Access,
    /// Claims held in this process, by number; the locks alone cannot tell clones of one region from each other.
    pub(crate) held: Box<[Flag]>,
    pub(crate) locks: Locks,
}

impl Region {
    /// Makes a region in memory that other processes can map. Where the system has no such memory it is like [`Region::anonymous`].
    ///
    /// # Errors
    /// When the specification breaks a limit or the memory is not to be had.
    pub fn create(spec: &RegionSpec) -> Result<Region, CreateError> {
        #[cfg(all(target_os = "linux", not(miri)))]
        {
            let plan = spec.plan()?;
            let fd = sys::create_memfd(c"wasm-engine-region", plan.bytes).map_err(CreateError::System)?;
            let shared = sys::Shared::map(fd.as_fd(), plan.bytes, SLOT_ALIGN, true).map_err(CreateError::System)?;
            Self::lay_out(&plan, Mapping::Shared(shared), Locks(Some(fd)))
        }
        #[cfg(not(all(target_os = "linux", not(miri))))]
        Self::anonymous(spec)
    }

    /// Makes a region on the heap of this process.
    ///
    /// # Errors
    /// When the specification breaks a limit or the memory is not to be had.
    pub fn anonymous(spec: &RegionSpec) -> Result<Region, CreateError> {
        let plan = spec.plan()?;
        let heap = sys::Heap::new(plan.bytes, SLOT_ALIGN).ok_or(CreateError::NoMemory { bytes: plan.bytes })?;
        Self::lay_out(&plan, Mapping::Heap(heap), Locks::none())
    }

    fn lay_out(plan: &spec::Plan, mapping: Mapping, locks: Locks) -> Result<Region, CreateError> {
        let base = mapping.base();
        // The plan goes through the check that attaching makes, so the two cannot disagree.
        let entries = format::validate(&plan.header, plan.bytes, |index| plan.records[index]).map_err(CreateError::Plan)?;
        // SAFETY: the mapping is new, zeroed, ours alone, `plan.bytes` long and aligned to 64 KiB; the header comes first and the check above
        // placed the directory inside it, aligned to 8.
        unsafe {
            base.cast::<Header>().write(plan.header);
            let directory = base.add(plan.header.directory as usize).cast::<Record>();
            directory.copy_from_nonoverlapping(plan.records.as_ptr(), plan.records.len());
        }
        let region = Self::assemble(mapping, plan.bytes, plan.header.lines as usize, entries, Access::ReadWrite, locks);
        for entry in region.inner.entries.iter().filter(|entry| entry.kind != Kind::Ring) {
            region.inner.triple(entry).reset();
        }
        Ok(region)
    }

    fn assemble(mapping: Mapping, bytes: usize, lines: usize, entries: Vec<Entry>, access: Access, locks: Locks) -> Region {
        let held = (0..=2 * entries.len()).map(|_| Flag::new()).collect();
        let region = Region { inner: Arc::new(Inner { mapping, bytes, lines, entries, access, held, locks }) };
        if access == Access::ReadWrite && !sys::register_barrier() {
            region.inner.unsure().store(1, Ordering::SeqCst);
        }
        region
    }

    /// Maps a region that another process made, and checks all of it.
    ///
    /// # Errors
    /// When `fd` is no sealed region of this version, or anything in its directory is impossible.
    #[cfg(all(target_os = "linux", not(miri)))]
    pub fn attach(fd: OwnedFd, access: Access) -> Result<Region, AttachError> {
        let bytes = sys::file_bytes(fd.as_fd()).map_err(AttachError::System)?;
        if bytes < format::HEADER_BYTES as u64 || bytes > crate::limits::REGION_BYTES_MAX as u64 {
            return Err(AttachError::NotARegion);
        }
        if !sys::is_sealed(fd.as_fd()) {
            return Err(AttachError::NotSealed);
        }
        let fd = match access {
            Access::ReadOnly => fd,
            Access::ReadWrite if !sys::is_writable(fd.as_fd()).map_err(AttachError::System)? => return Err(AttachError::NotWritable),
            Access::ReadWrite => sys::reopen(fd.as_fd()).map_err(AttachError::Reopen)?,
        };
        let bytes = bytes as usize;
        let shared = sys::Shared::map(fd.as_fd(), bytes, SLOT_ALIGN, access == Access::ReadWrite).map_err(AttachError::System)?;
        Self::check(Mapping::Shared(shared), bytes, access, Locks(Some(fd)))
    }

    /// Maps a region that another process made. This system has no such memory.
    ///
    /// # Errors
    /// Always.
    #[cfg(all(unix, not(all(target_os = "linux", not(miri)))))]
    pub fn attach(_fd: OwnedFd, _access: Access) -> Result<Region, AttachError> {
        Err(AttachError::Unsupported)
    }

    /// Maps a region that another process made, found at its [`Region::path`].
    ///
    /// # Errors
    /// As [`Region::attach`].
    #[cfg(unix)]
    pub fn attach_file(file: File, access: Access) -> Result<Region, AttachError> {
        Self::attach(OwnedFd::from(file), access)
    }

    /// Maps a region that another process made. This system has no such memory.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(unix))]
    pub fn attach_file(_file: File, _access: Access) -> Result<Region, AttachError> {
        Err(AttachError::Unsupported)
    }

    /// Attaches bytes as they are, copied to the heap: what [`Region::attach`] checks, without a file. For tests and fuzzing.
    ///
    /// # Errors
    /// As [`Region::attach`].
    pub fn attach_bytes(bytes: &[u8]) -> Result<Region, AttachError> {
        if bytes.len() < format::HEADER_BYTES {
            return Err(AttachError::NotARegion);
        }
        let heap = sys::Heap::new(bytes.len(), SLOT_ALIGN).ok_or(AttachError::NotARegion)?;
        // SAFETY: the heap block is at least as long as `bytes` and new, so the two do not overlap.
        unsafe { heap.base().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Self::check(Mapping::Heap(heap), bytes.len(), Access::ReadWrite, Locks::none())
    }

    /// A copy of all its bytes, as they are while others may be writing: for a look at a region from outside, and for tests.
    pub fn to_bytes(&self) -> Vec<u8> {
        let words = (0..self.inner.bytes / 8).map(|index| {
            // SAFETY: the word lies in the mapping, whose length is a multiple of eight, aligned. Others may write it: the read is volatile, and any bytes are a
            // valid word.
            unsafe { self.inner.mapping.base().add(index * 8).cast::<u64>().read_volatile() }
        });
        words.flat_map(u64::to_ne_bytes).collect()
    }

    fn check(mapping: Mapping, bytes: usize, access: Access, locks: Locks) -> Result<Region, AttachError> {
        let base = mapping.base();
        // SAFETY: the mapping is at least one header long and aligned. The read is volatile because a peer may write meanwhile; any bytes are a valid
        // header, and only this copy is used from here on.
        let header = unsafe { base.cast::<Header>().read_volatile() };
        format::validate_header(&header, bytes)?;
        let entries = format::validate(&header, bytes, |index| {
            // SAFETY: `validate_header` placed the directory with all its records inside the mapping, aligned to 8; volatile as above.
            unsafe { base.add(header.directory as usize).cast::<Record>().add(index).read_volatile() }
        })?;
        Ok(Self::assemble(mapping, bytes, header.lines as usize, entries, access, locks))
    }

    /// The file that the region lies in, to be handed to another process; none on the heap.
    #[cfg(all(target_os = "linux", not(miri)))]
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.inner.locks.0.as_ref().map(AsFd::as_fd)
    }

    /// The file that the region lies in, to be handed to another process; none on the heap.
    #[cfg(all(unix, not(all(target_os = "linux", not(miri)))))]
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Where other processes of the same user can open the file that the region lies in, for as long as this process has it; none on the heap.
    #[cfg(all(target_os = "linux", not(miri)))]
    pub fn path(&self) -> Option<PathBuf> {
        let fd = self.as_fd()?.as_raw_fd();
        Some(format!("/proc/{}/fd/{fd}", std::process::id()).into())
    }

    /// Where other processes of the same user can open the file that the region lies in. This system has no such memory.
    #[cfg(not(all(target_os = "linux", not(miri))))]
    pub fn path(&self) -> Option<PathBuf> {
        None
    }

    /// Length in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a region has a header, so it is never empty")]
    pub fn len(&self) -> usize {
        self.inner.bytes
    }

    /// Where the region begins in this process, a multiple of [`SLOT_ALIGN`]. Valid while any clone of the region, or anything claimed from it, lives.
    pub fn base_ptr(&self) -> *const u8 {
        self.inner.mapping.base()
    }

    /// What this process may do with it.
    pub fn access(&self) -> Access {
        self.inner.access
    }

    /// Claims the region as a whole, as an engine does that runs an app in it.
    ///
    /// # Errors
    /// [`ClaimError::RegionInUse`] when another engine has it.
    pub fn own(&self) -> Result<OwnerClaim, ClaimError> {
        self.inner.claim_number(0, self.inner.lines).map(OwnerClaim).map_err(|error| match error {
            ClaimError::Taken { holder, .. } => ClaimError::RegionInUse { holder },
            other => other,
        })
    }

    /// All buffers, the layout zone included, in the order of the specification.
    pub fn buffers(&self) -> impl Iterator<Item = BufferInfo> {
        let entries = self.inner.entries.iter().enumerate();
        entries.filter(|(_, entry)| entry.kind != Kind::Ring).map(|(index, entry)| info(index, entry))
    }

    /// The buffer of a name.
    pub fn buffer(&self, name: &str) -> Option<BufferId> {
        self.buffers().find(|buffer| &*buffer.name == name).map(|buffer| buffer.id)
    }

    /// The layout zone, if the region has one.
    pub fn layout_zone(&self) -> Option<BufferId> {
        self.buffers().find(|buffer| buffer.layout).map(|buffer| buffer.id)
    }

    /// What the directory says about a buffer; none when the id is of another region.
    pub fn buffer_info(&self, id: BufferId) -> Option<BufferInfo> {
        self.inner.buffer_entry(id).ok().map(|entry| info(id.0 as usize, entry))
    }

    /// What a buffer is doing now.
    pub fn buffer_state(&self, id: BufferId) -> Option<BufferState> {
        let entry = self.inner.buffer_entry(id).ok()?;
        let state = self.inner.triple(entry).state();
        Some(BufferState {
            generation: state.generation(),
            fresh: state.fresh(),
            slots: [state.writer(), state.middle(), state.reader()].map(|slot| slot.saturating_sub(1)),
            writer: self.inner.word(entry.claim_line(Side::Writing)).load(Ordering::Relaxed),
            reader: self.inner.word(entry.claim_line(Side::Reading)).load(Ordering::Relaxed),
        })
    }

    /// All lanes, in the order of the specification.
    pub fn lanes(&self) -> impl Iterator<Item = LaneInfo> {
        let firsts = self.inner.entries.iter().filter(|entry| entry.kind == Kind::Ring && entry.producer == 0);
        firsts.map(|first| LaneInfo {
            name: first.name.as_str().into(),
            item_bytes: first.bytes,
            capacity: first.capacity,
            producers: self.inner.rings(&first.name).count(),
        })
    }

    /// What a lane is doing now.
    pub fn lane_state(&self, name: &str) -> Option<LaneState> {
        let (_, first) = self.inner.rings(name).next()?;
        let depth = self.inner.rings(name).map(|(_, ring)| crate::lane::depth(&self.inner, ring)).sum();
        Some(LaneState { depth, receiver: self.inner.word(first.claim_line(Side::Reading)).load(Ordering::Relaxed) })
    }
}

impl core::fmt::Debug for Region {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Region")
            .field("bytes", &self.inner.bytes)
            .field("access", &self.inner.access)
            .field("entries", &self.inner.entries)
            .finish()
    }
}

fn info(index: usize, entry: &Entry) -> BufferInfo {
    BufferInfo {
        name: entry.name.as_str().into(),
        id: BufferId(index as u32),
        bytes: entry.bytes,
        stride: entry.stride,
        offset: entry.data,
        layout: entry.kind == Kind::Layout,
    }
}

impl Inner {
    /// A place in the mapping. The offset must come from a checked entry.
    pub(crate) fn at(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset < self.bytes);
        self.mapping.base().wrapping_add(offset)
    }

    pub(crate) fn buffer_entry(&self, id: BufferId) -> Result<&Entry, ClaimError> {
        self.entries.get(id.0 as usize).filter(|entry| entry.kind != Kind::Ring).ok_or(ClaimError::UnknownBuffer)
    }

    /// The rings of a lane, with their places in the directory.
    pub(crate) fn rings(&self, name: &str) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().filter(move |(_, entry)| entry.kind == Kind::Ring && entry.name == name)
    }

    pub(crate) fn triple(&self, entry: &Entry) -> &triple::Control {
        debug_assert!(entry.kind != Kind::Ring);
        // SAFETY: the entry was checked: its first line lies in the mapping, aligned to 128, and no other entry's lines or data overlap it. The type has
        // only atomics in it, for which any bytes are valid and which peers may change; the mapping lives as long as `self`.
        unsafe { &*self.at(entry.lines).cast() }
    }

    pub(crate) fn ring(&self, entry: &Entry) -> &ring::Control {
        debug_assert!(entry.kind == Kind::Ring);
        // SAFETY: as for `triple`, with four lines.
        unsafe { &*self.at(entry.lines).cast() }
    }

    pub(crate) fn doorbell(&self, entry: &Entry) -> &crate::protocol::event::Event {
        // SAFETY: as for `triple`; the check made sure that this is the fifth line of some ring, which nothing else uses.
        unsafe { &*self.at(entry.doorbell).cast() }
    }

    /// A word of a claim's line.
    pub(crate) fn word(&self, line: usize) -> &AtomicU32 {
        // SAFETY: as for `triple`; claims have lines of their own.
        unsafe { &*self.at(line).cast() }
    }

    /// Set when some process that takes part cannot be reached by `heavy_barrier`: then nobody may sleep without a limit.
    pub(crate) fn unsure(&self) -> &AtomicU32 {
        self.word(self.lines + 64)
    }

    pub(crate) fn claim(self: &Arc<Self>, index: usize, side: Side) -> Result<Claim, ClaimError> {
        let number = 1 + 2 * index + usize::from(side == Side::Reading);
        self.claim_number(number, self.entries[index].claim_line(side))
    }

    fn claim_number(self: &Arc<Self>, number: usize, line: usize) -> Result<Claim, ClaimError> {
        if self.access == Access::ReadOnly {
            return Err(ClaimError::ReadOnly);
        }
        Claim::take(self, number, line)
    }
}
