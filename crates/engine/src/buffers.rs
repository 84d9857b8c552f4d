//! The writing ends of all buffers, and what a kernel finds in the slot that it is to write.

use wasm_engine_exchange::Writer;
use wasm_engine_exchange::limits::SLOTS;
use wasm_engine_sandbox::SlotState;

use crate::manifest::Profile;

/// The buffers of a run, in manifest order.
pub(crate) struct Buffers {
    list: Vec<Buffer>,
    profile: Profile,
}

struct Buffer {
    writer: Writer,
    /// Generation at the run's beginning, or its last restart. Kernels count from there.
    origin: u64,
    /// Slots that may hold something from before the last restart. Which slot comes next is up to the reader, so each is emptied when it comes.
    stale: [bool; SLOTS],
}

impl Buffers {
    pub(crate) fn new(writers: Vec<Writer>, profile: Profile) -> Self {
        let list = writers.into_iter().map(|writer| Buffer { origin: writer.generation(), writer, stale: [false; SLOTS] }).collect();
        Self { list, profile }
    }

    /// The slot that is to be written next. Which of the older contents it holds depends on when the renderer took one; where a run is to have the same bits each time, it holds
    /// the newest instead.
    pub(crate) fn prepare(&mut self, index: usize) {
        let Buffer { writer, stale, .. } = &mut self.list[index];
        let is_stale = std::mem::take(&mut stale[writer.write_slot() % SLOTS]);
        match self.profile {
            Profile::Deterministic => writer.carry_over(),
            Profile::Interactive if is_stale => writer.bytes_mut().fill(0),
            Profile::Interactive => {}
        }
    }

    /// What a kernel is told of a buffer.
    pub(crate) fn slots(&self, index: usize) -> SlotState {
        let Buffer { writer, origin, .. } = &self.list[index];
        SlotState {
            read_slot: writer.latest_slot(),
            write_slot: writer.write_slot(),
            generation: writer.generation().wrapping_sub(*origin),
        }
    }

    /// Hands over what was written.
    pub(crate) fn publish(&mut self, index: usize) {
        self.list[index].writer.publish();
    }

    /// Empties all of them: what kernels read next is zeros, and to them nothing was published yet.
    pub(crate) fn restart(&mut self) {
        for Buffer { writer, origin, stale } in &mut self.list {
            *stale = [true; SLOTS];
            stale[writer.write_slot() % SLOTS] = false;
            writer.bytes_mut().fill(0);
            *origin = writer.publish();
        }
    }

    /// For each buffer the generation and content published last.
    pub(crate) fn contents(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.list.iter().map(|buffer| (buffer.writer.generation(), buffer.writer.latest_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use wasm_engine_exchange::{Reader, Region, RegionSpec};

    use super::*;

    fn buffer(profile: Profile) -> (Buffers, Reader) {
        let region = Region::anonymous(&RegionSpec::new().buffer("state", 8)).unwrap();
        let id = region.buffer("state").unwrap();
        (Buffers::new(vec![region.writer(id).unwrap()], profile), region.reader(id).unwrap())
    }

    /// Writes one byte, as a kernel does that changes a part of its buffer, and publishes it.
    fn write(buffers: &mut Buffers, at: usize, value: u8) {
        buffers.prepare(0);
        buffers.list[0].writer.bytes_mut()[at] = value;
        buffers.publish(0);
    }

    fn newest(buffers: &Buffers) -> Vec<u8> {
        buffers.contents().next().unwrap().1.to_vec()
    }

    #[test]
    fn where_bits_count_a_part_is_written_into_the_newest_content_whenever_the_reader_reads() {
        for reads in 0..1 << 6 {
            let (mut buffers, mut reader) = buffer(Profile::Deterministic);
            for step in 0..6 {
                write(&mut buffers, step, 1);
                if reads >> step & 1 == 1 {
                    reader.acquire();
                }
            }
            assert_eq!(newest(&buffers), [1, 1, 1, 1, 1, 1, 0, 0], "{reads:b}");
        }
    }

    #[test]
    fn nothing_is_left_after_a_restart_whenever_the_reader_reads() {
        for profile in [Profile::Deterministic, Profile::Interactive] {
            for reads in 0..1 << 8 {
                let (mut buffers, mut reader) = buffer(profile);
                for step in 0..8 {
                    if step == 4 {
                        buffers.restart();
                        assert_eq!((buffers.slots(0).generation, newest(&buffers)), (0, vec![0; 8]));
                    }
                    write(&mut buffers, step, 1);
                    if reads >> step & 1 == 1 {
                        reader.acquire();
                    }
                }
                assert_eq!(buffers.slots(0).generation, 4);
                assert_eq!(newest(&buffers)[..4], [0; 4], "{profile:?} {reads:b}");
            }
        }
    }
}
