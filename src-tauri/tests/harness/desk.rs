//! The fixture `desk` in the shell's window: where its lights are, and what the panel has where.

use std::path::{Path, PathBuf};

use image::RgbImage;

use super::{Shell, fixture};

/// Where the fixture's lights are.
pub(crate) const CLICK: u32 = 520;
pub(crate) const TYPED: u32 = 580;
pub(crate) const DRAG: u32 = 640;
pub(crate) const WHEEL: u32 = 700;
pub(crate) const PAUSED: u32 = 760;

/// A point of the page's button.
pub(crate) const BUTTON: (u32, u32) = (560, 120);

/// A point of the panel's Pause button, and one of its app bar where there is nothing to press.
pub(crate) const PAUSE: (u32, u32) = (52, 70);
pub(crate) const BAR: (u32, u32) = (100, 24);

/// A point of the panel's field for the seed.
pub(crate) const SEED: (u32, u32) = (235, 69);

pub(crate) fn is_on(picture: &RgbImage, light: u32) -> bool {
    picture.get_pixel_checked(light, 40).is_some_and(|pixel| pixel.0 == [0, 200, 0])
}

pub(crate) fn is_off(picture: &RgbImage, light: u32) -> bool {
    picture.get_pixel_checked(light, 40).is_some_and(|pixel| pixel.0 == [80, 0, 0])
}

/// How often the page's button was pressed; `None` before the page counts.
pub(crate) fn clicks(picture: &RgbImage) -> Option<u8> {
    let light = picture.get_pixel_checked(820, 40)?.0;
    (light[1..] == [0, 80]).then_some(light[0])
}

/// Whether the panel lies over the page at its place: it is opaque there, and the page has no such light color.
pub(crate) fn shows_panel(picture: &RgbImage) -> bool {
    let bar = picture.get_pixel(BAR.0, BAR.1).0;
    bar != [0, 0, 0] && picture.get_pixel(PAUSE.0, PAUSE.1).0 != [0, 0, 0]
}

/// Waits until page and panel are there.
pub(crate) fn ready(shell: &Shell<'_>) -> RgbImage {
    shell.shows("page and panel", |picture| is_off(picture, CLICK) && is_off(picture, PAUSED) && shows_panel(picture))
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// An app that is the fixture `desk` in all but its name.
pub(crate) fn other_app(home: &Path) -> PathBuf {
    let app = home.join("other");
    copy(fixture("desk").as_ref(), &app);
    let manifest = std::fs::read_to_string(app.join("app.toml")).unwrap();
    std::fs::write(app.join("app.toml"), manifest.replace("\"Desk\"", "\"Other\"")).unwrap();
    app
}
