//! `--record`: every composed frame as a picture, every input, and a hash of every buffer after every tick.
//!
//! A run is its app, what it began with and its inputs; the hashes are what another run of the same can be compared with.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use serde::Serialize;
use wasm_engine_compositor::Picture;

use crate::buffers::Buffers;
use crate::error::Diagnostic;
use crate::kept;
use crate::limits;
use crate::manifest::Profile;
use crate::outputs::unwritable;

/// One line of `inputs.jsonl`.
#[derive(Debug, Serialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub(crate) enum Input<'a> {
    /// What the run began with: the first line.
    Begin {
        app: &'a str,
        engine: &'a str,
        seed: u64,
        rate: f64,
        profile: Profile,
        /// Names in manifest order, which is that of [`TickLine::buffers`].
        buffers: Vec<&'a str>,
        guests: Vec<GuestLine<'a>>,
    },
    Param {
        tick: u64,
        name: &'a str,
        value: f32,
    },
    Emit {
        tick: u64,
        topic: &'a str,
    },
    /// The pointer as a guest sees it from this tick on: in its surface's own coordinates, 0 to 1; none outside.
    Pointer {
        tick: u64,
        guest: &'a str,
        at: Option<[f32; 2]>,
        buttons: u32,
    },
    RestartGuest {
        tick: u64,
        guest: &'a str,
    },
}

/// A guest of [`Input::Begin`]. Each of its instances knows how many there are.
#[derive(Debug, Serialize)]
pub(crate) struct GuestLine<'a> {
    pub(crate) name: &'a str,
    pub(crate) instances: usize,
}

/// One line of `ticks.jsonl`.
#[derive(Debug, Serialize)]
struct TickLine {
    tick: u64,
    /// Per buffer, in manifest order: generation, and the hash of its content.
    buffers: Vec<(u64, String)>,
}

/// Where the frames of a recording lie.
fn frames_in(folder: &Path) -> PathBuf {
    folder.join("frames")
}

/// Whether a recording can be written into this folder: two in one could not be told apart.
///
/// # Errors
/// `RECORDING_EXISTS`, or `OUTPUT` where the folder cannot be made.
pub(crate) fn check(folder: &Path) -> Result<(), Diagnostic> {
    let frames = frames_in(folder);
    std::fs::create_dir_all(&frames).map_err(|error| unwritable(folder, error))?;
    let mut there = std::fs::read_dir(&frames).map_err(|error| unwritable(folder, error))?;
    match there.next() {
        None => Ok(()),
        Some(_) => Err(Diagnostic::new("RECORDING_EXISTS", format!("{} has a recording", folder.display()))
            .with_hint(Some("choose another folder, or delete this one".to_owned()))),
    }
}

/// The inputs and hashes of a run; owned by the tick thread.
pub(crate) struct InputLog {
    inputs: BufWriter<File>,
    ticks: BufWriter<File>,
    failed: bool,
}

impl InputLog {
    pub(crate) fn create(folder: &Path) -> std::io::Result<Self> {
        Ok(Self {
            inputs: BufWriter::new(File::create(folder.join("inputs.jsonl"))?),
            ticks: BufWriter::new(File::create(folder.join("ticks.jsonl"))?),
            failed: false,
        })
    }

    pub(crate) fn input(&mut self, input: &Input<'_>) {
        // Inputs are rare, and whoever watches a run wants to see them at once.
        let written = write_line(&mut self.inputs, input).and_then(|()| self.inputs.flush());
        self.note(written);
    }

    pub(crate) fn tick(&mut self, tick: u64, buffers: &Buffers) {
        let line = TickLine {
            tick,
            buffers: buffers.contents().map(|(generation, bytes)| (generation, format!("{:016x}", fnv1a(bytes)))).collect(),
        };
        let written = write_line(&mut self.ticks, &line);
        self.note(written);
    }

    /// A full disk must not end the run; it is said once.
    fn note(&mut self, written: std::io::Result<()>) {
        if let (Err(error), false) = (written, self.failed) {
            self.failed = true;
            tracing::error!("recording: {error}; inputs and hashes are no longer written");
        }
    }

    pub(crate) fn finish(mut self) {
        let flushed = self.inputs.flush().and_then(|()| self.ticks.flush());
        self.note(flushed);
    }
}

fn write_line(file: &mut BufWriter<File>, line: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

/// FNV-1a over 8-byte words (Fowler, Noll, Vo): not secret, only quick and the same everywhere, in every release.
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(8);
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for word in &mut words {
        hash = step(hash, u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]));
    }
    words.remainder().iter().fold(hash, |hash, &byte| step(hash, u64::from(byte)))
}

/// Encodes frames on a thread of its own. Its queue is bounded: a recording slows a headless run down rather than lose a frame.
pub(crate) struct FrameRecorder {
    sender: Option<SyncSender<(u64, Picture)>>,
    thread: Option<JoinHandle<u64>>,
}

impl FrameRecorder {
    /// `folder` is the recording's.
    pub(crate) fn start(folder: &Path) -> std::io::Result<Self> {
        let folder = frames_in(folder);
        let (sender, receiver) = sync_channel::<(u64, Picture)>(limits::RECORD_QUEUE);
        let thread = std::thread::Builder::new().name("record".to_owned()).spawn(move || {
            let mut written = 0;
            for (frame, image) in receiver {
                match save_png(&image, &folder.join(format!("{frame:06}.png"))) {
                    Ok(()) => written += 1,
                    Err(error) => tracing::error!("recording: {error}"),
                }
            }
            written
        })?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    pub(crate) fn frame(&self, number: u64, image: Picture) {
        if let Some(sender) = &self.sender {
            // The thread only ends when the sender is dropped, so this cannot fail while it matters.
            let _ = sender.send((number, image));
        }
    }

    /// Waits for the last picture and gives the number that was written.
    pub(crate) fn finish(mut self) -> u64 {
        drop(self.sender.take());
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or(0)
    }
}

/// Writes a picture beside its goal and renames it, so that there is never half a file.
///
/// # Errors
/// `OUTPUT` when it cannot be written.
pub(crate) fn save_png(image: &Picture, path: &Path) -> Result<(), Diagnostic> {
    let partial = kept::partial(path);
    kept::make_folder_of(path).map_err(|error| unwritable(path, error))?;
    let (kind, format) = (image::ExtendedColorType::Rgba8, image::ImageFormat::Png);
    image::save_buffer_with_format(&partial, &image.rgba, image.width, image.height, kind, format)
        .map_err(|error| error.to_string())
        .and_then(|()| std::fs::rename(&partial, path).map_err(|error| error.to_string()))
        .map_err(|error| {
            let _ = std::fs::remove_file(&partial);
            unwritable(path, error)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_begins_anew_is_an_input() {
        let line = serde_json::to_string(&Input::RestartGuest { tick: 7, guest: "flock" }).unwrap();
        assert_eq!(line, r#"{"input":"restart_guest","tick":7,"guest":"flock"}"#);
    }

    #[test]
    fn hash_tells_contents_apart() {
        assert_ne!(fnv1a(&[0; 16]), fnv1a(&[0; 17]));
        assert_ne!(fnv1a(b"boids at rest!!!"), fnv1a(b"boids at rest!!?"));
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
    }
}
