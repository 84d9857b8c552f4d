//! What chromium is shown, on this machine's own address: the page of apps/triangle with a turning triangle drawn by its own means, and the panel with recorded
//! data over it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};

use crate::desktop::content;

/// The place of a surface in the page, and what stands there for chromium.
const SURFACE: &str = "<div data-surface=\"triangle\"></div>";
const DRAWING: &str = include_str!("triangle.html");

/// The panel over the page, as wide as in the shell's window.
const PANEL: &str =
    "<iframe src=\"/panel/index.html\" style=\"position:fixed;left:0;top:0;width:400px;height:100%;border:0\"></iframe></body>";

/// The site. Its thread ends with the program.
pub(super) struct Site {
    port: u16,
    panel: Option<PathBuf>,
    drawn: Arc<Mutex<String>>,
}

impl Site {
    /// Begins to serve.
    pub(super) fn start() -> Result<Self> {
        let panel = std::env::var_os("WASM_ENGINE_PANEL_DEMO").map(PathBuf::from).filter(|folder| folder.join("recorded.json").is_file());
        let mut page = content::triangle_page()?;
        page.contains(SURFACE).then_some(()).context("the page of apps/triangle has a place for its surface")?;
        page = page.replacen(SURFACE, DRAWING, 1);
        // The window's background in the shell.
        page = page.replacen("background: transparent", "background: linear-gradient(#0b0e14, #161d2e)", 1);
        if panel.is_some() {
            page = page.replacen("</body>", PANEL, 1);
        }
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let site = Self { port: listener.local_addr()?.port(), panel, drawn: Arc::default() };
        let (panel, drawn) = (site.panel.clone(), site.drawn.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A browser that has gone needs no answer.
                let _ = answer(stream, &page, panel.as_deref(), &drawn);
            }
        });
        Ok(site)
    }

    /// Where it is.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What it has of the panel, in words.
    pub(super) fn panel(&self) -> &'static str {
        if self.panel.is_some() {
            "the same panel in a frame of the page, with recorded data"
        } else {
            "none, since it was not built (npm)"
        }
    }

    /// With what the triangle was drawn.
    pub(super) fn drawn(&self) -> String {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(mut stream: TcpStream, page: &str, panel: Option<&Path>, drawn: &Mutex<String>) -> Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().context("a request")??;
    // All of the request is read: closing before that would cut off the answer.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or("/");
    let (kind, body) = match (path, path.strip_prefix("/panel/"), path.strip_prefix("/drawn/")) {
        ("/", ..) => ("text/html", Some(page.as_bytes().to_vec())),
        // Names of files, not ways to others.
        (_, Some(name), _) if !name.contains("..") => (kind(name), panel.and_then(|folder| std::fs::read(folder.join(name)).ok())),
        (.., Some(with)) => {
            with.clone_into(&mut drawn.lock().unwrap_or_else(PoisonError::into_inner));
            ("text/plain", Some(Vec::new()))
        }
        _ => ("text/plain", None),
    };
    let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
    let body = body.unwrap_or_default();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)?;
    Ok(())
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn get(site: &Site, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", site.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn the_page_has_a_triangle_and_says_with_what() {
        let site = Site::start().unwrap();
        assert!(get(&site, "/").contains("<canvas"));
        assert!(get(&site, "/panel/../Cargo.toml").starts_with("HTTP/1.1 404"));
        get(&site, "/drawn/webgl");
        assert_eq!(site.drawn(), "webgl");
    }
}
