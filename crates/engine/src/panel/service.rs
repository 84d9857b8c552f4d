//! A panel served to browsers: the server on a thread of its own, so that many clients cost the page nothing.

use std::path::PathBuf;

use wasm_engine_serve::protocol::Rights;
use wasm_engine_serve::{PanelFiles, Server, ServerOptions};

use super::{PanelLink, PanelLog};
use crate::engine::{Engine, EngineError};
use crate::io::IoThread;
use crate::limits;

/// How a panel is to be served.
#[derive(Debug, Clone, Default)]
pub struct PanelOptions {
    /// Port on 127.0.0.1; 0 is any that is free.
    pub port: u16,
    /// Whether clients may control the run, and not only look.
    pub control: bool,
    /// Where the panel's files come from.
    pub files: PanelSource,
    /// The log that clients see; a layer of the program's subscriber.
    pub log: PanelLog,
}

/// Where a panel's files come from.
#[derive(Debug, Clone, Default)]
pub enum PanelSource {
    /// There are none: only the WebSocket is served.
    #[default]
    None,
    /// They are a part of the program: paths and contents.
    BuiltIn(&'static [(&'static str, &'static [u8])]),
    /// They lie in a folder, and are read once.
    Folder(PathBuf),
}

/// A panel that is being served. Dropped in this order: the server first, while its thread still runs.
pub struct PanelService {
    server: Server,
    _io: IoThread,
}

impl PanelService {
    /// The panel's address for a browser, with the token. Whoever has it may connect.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The WebSocket's address for a program, with the token. Whoever has it may connect.
    #[must_use]
    pub fn socket_url(&self) -> String {
        self.server.socket_url()
    }

    /// Tells every client the last state, and that the engine ends.
    pub fn finish(self) {
        self.server.shutdown(limits::SHUTDOWN_TIMEOUT);
    }
}

impl Engine {
    /// Serves a panel for the run of this engine, from now until the service is dropped. To be called before [`Engine::run`].
    ///
    /// # Errors
    /// [`EngineError::Serve`] when the port cannot be had or the panel's files cannot be read.
    pub fn serve_panel(&mut self, options: PanelOptions) -> Result<PanelService, EngineError> {
        let files = match options.files {
            PanelSource::None => PanelFiles::default(),
            PanelSource::BuiltIn(files) => PanelFiles::built_in(files),
            PanelSource::Folder(folder) => PanelFiles::from_folder(&folder)?,
        };
        let link = PanelLink::new(&self.app.manifest);
        let io = IoThread::start("panel")?;
        let rights = Rights { ask: options.control };
        let server = Server::start(io.handle(), link.hub.clone(), ServerOptions { port: options.port, rights, files })?;
        options.log.connect(link.hub.clone());
        self.panel = Some(link);
        Ok(PanelService { server, _io: io })
    }
}
