//! Golden files: how a picture must look, and how far it may be from that.
//!
//! The metric is ꟻLIP, which approximates what a person sees when flipping between two pictures: 0 is no difference, 1 is black
//! against white. It forgives what rasterizers do differently at edges, and does not forgive a wrong color.

use std::fs;
use std::path::{Path, PathBuf};

use image::{RgbImage, RgbaImage};
use thiserror::Error;

/// The environment variable that writes golden files anew.
pub const BLESS: &str = "WASM_ENGINE_BLESS";

/// How far a picture may be from its golden one.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Tolerance {
    /// Of the mean difference over all pixels.
    pub mean: f32,
    /// Of the difference that 99.9 % of the pixels stay below.
    pub worst: f32,
}

impl Default for Tolerance {
    /// Wide enough for another rasterizer's edges, too narrow for a wrong color or a missing item.
    fn default() -> Self {
        Self { mean: 0.004, worst: 0.35 }
    }
}

/// How far two pictures are apart.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Difference {
    /// Mean over all pixels.
    pub mean: f32,
    /// 99.9 % of the pixels stay below.
    pub worst: f32,
}

/// A picture is not as it must be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// There is no golden file.
    #[error("there is no {golden}; look at {actual} and, if it is right, run again with {BLESS}=1")]
    Missing {
        /// The file that is not there.
        golden: PathBuf,
        /// The picture, written for a person to look at.
        actual: PathBuf,
    },
    /// The sizes differ.
    #[error("{actual} is {actual_size:?} pixels, the golden file is {golden_size:?}")]
    Size {
        /// The picture, written for a person to look at.
        actual: PathBuf,
        /// Its size.
        actual_size: (u32, u32),
        /// The golden file's size.
        golden_size: (u32, u32),
    },
    /// The pictures differ.
    #[error(
        "{actual} differs from {golden}: {difference:?} exceeds {tolerance:?}; {map} shows where. If it is right, run again with {BLESS}=1"
    )]
    Differs {
        /// The golden file.
        golden: PathBuf,
        /// The picture, written for a person to look at.
        actual: PathBuf,
        /// A map of the differences, brighter is worse.
        map: PathBuf,
        /// How far they are apart.
        difference: Difference,
        /// How far they may be.
        tolerance: Tolerance,
    },
    /// A file cannot be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl GoldenError {
    /// A stable name for this kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "GOLDEN_MISSING",
            Self::Size { .. } => "GOLDEN_SIZE",
            Self::Differs { .. } => "GOLDEN_DIFFERS",
            Self::File { .. } => "GOLDEN_FILE",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(format!("look at the written picture; {BLESS}=1 takes it as the golden one"))
    }
}

/// A folder of golden files.
#[derive(Clone, Debug)]
pub struct Golden {
    folder: PathBuf,
    out: PathBuf,
    bless: bool,
}

impl Golden {
    /// Golden files in `folder`; what a failing comparison writes goes to `out`.
    pub fn new(folder: impl Into<PathBuf>, out: impl Into<PathBuf>) -> Self {
        let bless = std::env::var_os(BLESS).is_some_and(|value| !value.is_empty() && value != "0");
        Self { folder: folder.into(), out: out.into(), bless }
    }

    /// Compares a picture (RGBA8, straight alpha) with `<name>.png`.
    ///
    /// # Errors
    /// When it differs by more than `tolerance`, or a file is missing or broken.
    pub fn check(&self, name: &str, picture: &RgbaImage, tolerance: Tolerance) -> Result<(), GoldenError> {
        let golden_path = self.folder.join(format!("{name}.png"));
        if self.bless {
            return write(&golden_path, |path| picture.save(path));
        }
        let actual = self.out.join(format!("{name}.actual.png"));
        if !golden_path.exists() {
            write(&actual, |path| picture.save(path))?;
            return Err(GoldenError::Missing { golden: golden_path, actual });
        }
        let file = |error: image::ImageError| GoldenError::File { path: golden_path.clone(), reason: error.to_string() };
        let golden = image::open(&golden_path).map_err(file)?.into_rgba8();
        if golden.dimensions() != picture.dimensions() {
            write(&actual, |path| picture.save(path))?;
            let (actual_size, golden_size) = (picture.dimensions(), golden.dimensions());
            return Err(GoldenError::Size { actual, actual_size, golden_size });
        }
        let (found, map_picture) = compare(&golden, picture);
        if found.mean <= tolerance.mean && found.worst <= tolerance.worst {
            return Ok(());
        }
        let map = self.out.join(format!("{name}.difference.png"));
        write(&actual, |path| picture.save(path))?;
        write(&map, |path| map_picture.save(path))?;
        Err(GoldenError::Differs { golden: golden_path, actual, map, difference: found, tolerance })
    }
}

fn write(path: &Path, save: impl Fn(&Path) -> Result<(), image::ImageError>) -> Result<(), GoldenError> {
    let file = |reason: String| GoldenError::File { path: path.to_owned(), reason };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| file(error.to_string()))?;
    }
    save(path).map_err(|error| file(error.to_string()))
}

/// How far two pictures of the same size are apart. None if the sizes differ.
pub fn difference(golden: &RgbaImage, picture: &RgbaImage) -> Option<Difference> {
    (golden.dimensions() == picture.dimensions()).then(|| compare(golden, picture).0)
}

fn compare(golden: &RgbaImage, picture: &RgbaImage) -> (Difference, RgbImage) {
    let (width, height) = golden.dimensions();
    let flip = |picture: &RgbaImage| nv_flip::FlipImageRgb8::with_data(width, height, &on_checkers(picture));
    let map = nv_flip::flip(flip(golden), flip(picture), nv_flip::DEFAULT_PIXELS_PER_DEGREE);
    let mut pool = nv_flip::FlipPool::from_image(&map);
    let found = Difference { mean: pool.mean(), worst: pool.get_percentile(0.999, false) };
    let colored = map.apply_color_lut(&nv_flip::magma_lut()).to_vec();
    let picture = RgbImage::from_raw(width, height, colored).unwrap_or_else(|| RgbImage::new(width, height));
    (found, picture)
}

/// The metric knows no alpha: on checkers, a wrong alpha is a wrong color somewhere.
fn on_checkers(picture: &RgbaImage) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(picture.width() as usize * picture.height() as usize * 3);
    for (x, y, pixel) in picture.enumerate_pixels() {
        let ground = if (x / 8 + y / 8) % 2 == 0 { 200 } else { 60 };
        let alpha = u32::from(pixel[3]);
        let over = |part: u8| ((u32::from(part) * alpha + ground * (255 - alpha) + 127) / 255) as u8;
        rgb.extend([over(pixel[0]), over(pixel[1]), over(pixel[2])]);
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    fn plain(color: [u8; 4]) -> RgbaImage {
        RgbaImage::from_pixel(40, 30, Rgba(color))
    }

    #[test]
    fn a_picture_equals_itself_and_a_wrong_color_or_alpha_is_seen() {
        let red = plain([200, 30, 30, 255]);
        let tolerance = Tolerance::default();
        let same = difference(&red, &red).expect("same size");
        assert!(same.mean < 1e-4 && same.worst < 1e-3, "{same:?}");
        for other in [[30, 30, 200, 255], [200, 30, 30, 128], [215, 45, 45, 255]] {
            let found = difference(&red, &plain(other)).expect("same size");
            assert!(found.mean > tolerance.mean, "{other:?}: {found:?}");
        }
        assert_eq!(difference(&red, &RgbaImage::new(1, 1)), None);
    }

    #[test]
    fn a_missing_item_is_seen() {
        let mut dots = plain([10, 10, 20, 255]);
        let without = dots.clone();
        for (x, y) in [(10, 10), (10, 11), (11, 10), (11, 11)] {
            dots.put_pixel(x, y, Rgba([255, 255, 255, 255]));
        }
        let found = difference(&dots, &without).expect("same size");
        assert!(found.worst > Tolerance::default().worst || found.mean > Tolerance::default().mean, "{found:?}");
    }

    #[test]
    fn missing_and_differing_files_say_what_to_do() {
        let folder = std::env::temp_dir().join(format!("wasm-engine-golden-{}", std::process::id()));
        let golden = Golden { folder: folder.join("golden"), out: folder.join("out"), bless: false };
        let picture = plain([1, 2, 3, 255]);
        let missing = golden.check("a", &picture, Tolerance::default()).expect_err("no file");
        assert_eq!(missing.code(), "GOLDEN_MISSING");
        Golden { bless: true, ..golden.clone() }.check("a", &picture, Tolerance::default()).expect("written");
        golden.check("a", &picture, Tolerance::default()).expect("equal");
        let differs = golden.check("a", &plain([90, 2, 3, 255]), Tolerance::default()).expect_err("another color");
        assert_eq!(differs.code(), "GOLDEN_DIFFERS");
        assert!(folder.join("out/a.difference.png").exists());
        let size = golden.check("a", &RgbaImage::new(2, 2), Tolerance::default()).expect_err("another size");
        assert_eq!(size.code(), "GOLDEN_SIZE");
        fs::remove_dir_all(&folder).expect("removed");
    }
}
