//! What is shown: apps of the benchmark's own, and the sample app that turns a triangle.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Size of the window of all of them, in pixels, without its frame.
pub(super) const SIZE: (i16, i16) = (960, 640);

/// A point of the page where [`triangle_page`] has its mark.
pub(super) const TRIANGLE_MARK: (i16, i16) = (SIZE.0 - 4, SIZE.1 - 4);

/// A page of one color, with a heading.
pub(super) const PLAIN: &str = "<!doctype html><meta charset=\"utf-8\"><title>plain</title>
<style>html { background: rgb(0, 200, 0) } h1 { margin: 40px 0 0 480px; font: 40px sans-serif }</style><h1>A page</h1>";

/// An app that is a page alone.
pub(super) fn page(scratch: &Path, name: &str, html: &str) -> Result<PathBuf> {
    let app = scratch.join(name);
    std::fs::create_dir_all(app.join("page"))?;
    let (width, height) = SIZE;
    let manifest = format!(
        "[app]\nname = \"{name}\"\nengine = \"1\"\ntitle = \"Bench\"\n\n[page]\n\n[window]\nsize = [{width}, {height}]\nbackground = \"#000000\"\n"
    );
    std::fs::write(app.join("app.toml"), manifest)?;
    std::fs::write(app.join("page/index.html"), html)?;
    Ok(app)
}

/// apps/triangle, the page of which has a mark.
pub(super) fn triangle(scratch: &Path) -> Result<PathBuf> {
    let app = scratch.join("triangle");
    let from = root().join("apps/triangle");
    if !from.join("kernels/spin.wasm").is_file() {
        anyhow::bail!("apps/triangle has no kernel: `cargo xtask build` builds it");
    }
    crate::frames::copy(&from, &app)?;
    std::fs::write(app.join("page/index.html"), triangle_page()?)?;
    Ok(app)
}

/// The page of apps/triangle, with a green mark of 8 by 8 pixels in its last corner.
pub(super) fn triangle_page() -> Result<String> {
    const END: &str = "</body>";
    const MARK: &str = "<i style=\"position:fixed;right:0;bottom:0;width:8px;height:8px;background:rgb(0,200,0)\"></i>";
    let path = root().join("apps/triangle/page/index.html");
    let page = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    page.contains(END).then(|| page.replacen(END, &format!("{MARK}{END}"), 1)).context("the page of apps/triangle has a body")
}

fn root() -> PathBuf {
    crate::folder().join("../..")
}
