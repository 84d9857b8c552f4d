//! A display that nobody looks at, and what is on it.

use super::clean_root::Held;
use crate::failure::{Failure, Result};
use crate::process;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// An X server without a screen. It keeps its picture in a file.
pub(super) struct Screen {
    pub(super) display: String,
    file: PathBuf,
    _server: Held,
}

impl Screen {
    /// Starts one that keeps its picture in `folder`.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let mut xvfb = process::command("Xvfb");
        xvfb.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset", "-fbdir"]).arg(folder);
        let mut server = Held::start(xvfb.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let mut number = String::new();
        let told = server.0.stdout.take().and_then(|told| BufReader::new(told).read_line(&mut number).ok());
        if told.is_none_or(|bytes| bytes == 0) {
            return Err(Failure::new("Xvfb does not start"));
        }
        Ok(Self { display: format!(":{}", number.trim()), file: folder.join("Xvfb_screen0"), _server: server })
    }

    pub(super) fn picture(&self) -> Option<Picture> {
        Picture::read(&std::fs::read(&self.file).ok()?)
    }
}

/// What is seen, as RGB.
#[derive(PartialEq, Eq)]
pub(super) struct Picture {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// Reads an XWD file as Xvfb writes it: a header of big-endian numbers, a color table, then four bytes for each pixel, blue first.
    fn read(file: &[u8]) -> Option<Self> {
        const WIDTH: usize = 4;
        const HEIGHT: usize = 5;
        const LINE_BYTES: usize = 12;
        const COLORS: usize = 19;
        const COLOR_BYTES: usize = 12;
        let number = |at: usize| Some(u32::from_be_bytes(file.get(at * 4..at * 4 + 4)?.try_into().ok()?) as usize);
        let (width, height) = (number(WIDTH)?, number(HEIGHT)?);
        let data = file.get(number(0)? + number(COLORS)? * COLOR_BYTES..)?;
        let lines = data.chunks(number(LINE_BYTES)?).take(height);
        let pixels: Vec<[u8; 3]> =
            lines.flat_map(|line| line.chunks_exact(4).take(width).map(|pixel| [pixel[2], pixel[1], pixel[0]])).collect();
        (width > 0 && pixels.len() == width * height).then_some(Self { width, pixels })
    }

    /// How many pixels of a third of the width (0 is left) look like this, which sees the least and the greatest of red, green and blue.
    pub(super) fn count(&self, third: usize, looks: impl Fn(u8, u8) -> bool) -> usize {
        let of_third = self.pixels.iter().enumerate().filter(|(at, _)| at % self.width * 3 / self.width == third);
        of_third.filter(|(_, [red, green, blue])| looks(*red.min(green).min(blue), *red.max(green).max(blue))).count()
    }

    pub(super) fn save(&self, path: &Path) -> Result<()> {
        let mut file = format!("P6\n{} {}\n255\n", self.width, self.pixels.len() / self.width).into_bytes();
        file.extend(self.pixels.iter().flatten());
        std::fs::write(path, file).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_read() {
        let mut header = [0_u32; 25];
        (header[0], header[4], header[5], header[12], header[19]) = (100, 1, 2, 8, 1);
        let mut file: Vec<u8> = header.iter().flat_map(|number| number.to_be_bytes()).collect();
        file.extend([0; 12]);
        file.extend([3, 2, 1, 0, 9, 9, 9, 9, 6, 5, 4, 0, 9, 9, 9, 9]);
        let picture = Picture::read(&file).expect("it is whole");
        assert_eq!(picture.count(0, |least, most| (least, most) == (4, 6)), 1);
        assert_eq!((picture.width, picture.pixels), (1, vec![[1, 2, 3], [4, 5, 6]]));
        assert!(Picture::read(&file[..110]).is_none() && Picture::read(&[]).is_none());
    }
}
