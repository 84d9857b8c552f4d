//! Files: opening, conditions, ranges, and the body that streams.

use std::{
    fs::{File, Metadata},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderName, Method, Response, StatusCode, header},
};
use hyper::body::{Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{
    limits::{CHUNK_BYTES, MAX_FILE_BYTES, SMALL_FILE_BYTES},
    mime::content_type,
    path::{self, Target},
    range::{self, Wanted},
    reply::{Refusal, empty, insert},
};

/// An open file and what its headers say.
struct Opened {
    file: File,
    size: u64,
    etag: String,
    modified: Option<SystemTime>,
    content_type: &'static str,
}

/// Answers a GET or HEAD for a file below the root.
pub(super) async fn serve(root: Arc<Path>, method: Method, uri_path: String, headers: HeaderMap) -> Result<Response<Body>, Refusal> {
    // Whatever touches the disk is done on the runtime's blocking threads: a slow disk must not hold up the page's messages.
    let work = spawn_blocking(move || answer(&root, &method, &uri_path, &headers));
    work.await.unwrap_or_else(|error| {
        tracing::warn!(%error, "serving a file ended early");
        Err(Refusal::Unreadable)
    })
}

fn answer(root: &Path, method: &Method, uri_path: &str, headers: &HeaderMap) -> Result<Response<Body>, Refusal> {
    let segments = path::parse(uri_path)?;
    let opened = match path::resolve(root, &segments)? {
        Target::File(path) => open(&path)?,
        Target::Redirect(location) => {
            let mut response = empty(StatusCode::PERMANENT_REDIRECT);
            insert(&mut response, header::LOCATION, &location);
            return Ok(response);
        }
    };
    if not_modified(headers, &opened) {
        let mut response = empty(StatusCode::NOT_MODIFIED);
        describe(&mut response, &opened);
        return Ok(response);
    }
    let part = match text(headers, header::RANGE) {
        Some(range) if method == Method::GET && same_file(headers, &opened) => range::parse(range, opened.size),
        _ => Wanted::All,
    };
    let (status, start, end) = match part {
        Wanted::All => (StatusCode::OK, 0, opened.size),
        Wanted::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        Wanted::Nothing => return Err(Refusal::Range(opened.size)),
    };
    let mut response = empty(status);
    describe(&mut response, &opened);
    insert(&mut response, header::CONTENT_TYPE, opened.content_type);
    insert(&mut response, header::CONTENT_LENGTH, &(end - start).to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        insert(&mut response, header::CONTENT_RANGE, &format!("bytes {start}-{}/{}", end - 1, opened.size));
    }
    if method == Method::GET {
        *response.body_mut() = body(opened.file, start, end - start).map_err(|error| path::refusal(&error))?;
    }
    Ok(response)
}

fn open(path: &Path) -> Result<Opened, Refusal> {
    let refuse = |error: io::Error| path::refusal(&error);
    let file = File::open(path).map_err(refuse)?;
    // Of the open file, not of the name: what is described is what is sent.
    let metadata = file.metadata().map_err(refuse)?;
    if !metadata.is_file() {
        return Err(Refusal::NotFound);
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(Refusal::TooLarge);
    }
    let modified = metadata.modified().ok();
    Ok(Opened { file, size: metadata.len(), etag: etag(&metadata, modified), modified, content_type: content_type(path) })
}

/// Changes whenever size or time of the last change do.
fn etag(metadata: &Metadata, modified: Option<SystemTime>) -> String {
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("\"{:x}-{:x}\"", metadata.len(), since.as_nanos())
}

fn describe(response: &mut Response<Body>, opened: &Opened) {
    insert(response, header::ETAG, &opened.etag);
    insert(response, header::ACCEPT_RANGES, "bytes");
    if let Some(modified) = opened.modified {
        insert(response, header::LAST_MODIFIED, &httpdate::fmt_http_date(modified));
    }
}

/// Whether what the browser has is still right. The tag decides where there is one.
fn not_modified(headers: &HeaderMap, opened: &Opened) -> bool {
    match (text(headers, header::IF_NONE_MATCH), text(headers, header::IF_MODIFIED_SINCE)) {
        (Some(tags), _) => tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == opened.etag),
        (None, Some(date)) => is_unchanged_since(date, opened.modified),
        (None, None) => false,
    }
}

/// Whether a range may be cut from the file as it is now: `If-Range` names the file of which the browser has the rest.
fn same_file(headers: &HeaderMap, opened: &Opened) -> bool {
    text(headers, header::IF_RANGE).is_none_or(|known| known == opened.etag || is_unchanged_since(known, opened.modified))
}

fn is_unchanged_since(date: &str, modified: Option<SystemTime>) -> bool {
    // Dates in headers have whole seconds.
    match (httpdate::parse_http_date(date), modified) {
        (Ok(date), Some(modified)) => modified < date + Duration::from_secs(1),
        _ => false,
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A small part is read at once; a large one is streamed.
fn body(mut file: File, start: u64, length: u64) -> io::Result<Body> {
    if start > 0 {
        file.seek(SeekFrom::Start(start))?;
    }
    if length > SMALL_FILE_BYTES {
        return Ok(Body::new(FileBody { file: Some(file), remaining: length, reading: None }));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact(&mut bytes)?;
    Ok(Body::from(bytes))
}

/// A file on its way out. At any time one chunk of it is in memory; the next is read when the socket has taken that one.
struct FileBody {
    file: Option<File>,
    remaining: u64,
    reading: Option<JoinHandle<io::Result<(File, Bytes)>>>,
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.remaining > 0
            && let Some(file) = self.file.take()
        {
            let length = usize::try_from(self.remaining).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            self.reading = Some(spawn_blocking(move || read_chunk(file, length)));
        }
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let result = ready!(Pin::new(reading).poll(context)).unwrap_or_else(|error| Err(io::Error::other(error)));
        self.reading = None;
        Poll::Ready(Some(result.map(|(file, bytes)| {
            self.remaining -= bytes.len() as u64;
            self.file = Some(file);
            Frame::data(bytes)
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

/// Fails when the file has become shorter: the answer then ends early, and the browser sees that it did.
fn read_chunk(mut file: File, length: usize) -> io::Result<(File, Bytes)> {
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok((file, bytes.into()))
}
