//! The WebSocket between `window.engine` and the bridge: one task reads, one writes, and neither waits for the other.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, watch},
    time::timeout,
};

use wasm_engine_loopback::Pace;

use super::limits::CLOSE_TIMEOUT;
use crate::bridge::{
    BridgePort, Next, Outgoing,
    limits::{HELLO_TIMEOUT, MESSAGES_PER_SECOND},
    wire::{self, Incoming},
};

/// Close codes of the protocol, from the range that is free for applications.
pub(super) mod close {
    /// The engine ends.
    pub(crate) const GOING_AWAY: u16 = 1001;
    /// The first message was no `hello`, or came too late.
    pub(crate) const HELLO_EXPECTED: u16 = 4000;
    /// Another document has taken the place. The script must not connect again by itself.
    pub(crate) const REPLACED: u16 = 4001;
    /// The script speaks another version of the protocol. The script must not connect again.
    pub(crate) const VERSION: u16 = 4002;
}

type Writer = SplitSink<WebSocket, Message>;
type Reader = SplitStream<WebSocket>;

/// Talks until either side ends.
///
/// Reading and writing must be two tasks: if both sides wrote before they read, two full sockets would wait for each other.
pub(super) async fn run(socket: WebSocket, port: Arc<BridgePort>, mut stop: watch::Receiver<bool>, permit: OwnedSemaphorePermit) {
    let (mut writer, mut reader) = socket.split();
    let url = match hello(&mut reader).await {
        Ok(url) => url,
        Err((code, reason)) => return shut(&mut writer, code, reason).await,
    };
    let (id, notify) = port.connect(url);
    let farewell = tokio::select! {
        () = read(&mut reader, &port, id) => None,
        farewell = write(&mut writer, &port, id, &notify) => Some(farewell),
        () = stopped(&mut stop) => Some((close::GOING_AWAY, "the engine ends")),
    };
    port.disconnect(id);
    match farewell {
        Some((code, reason)) => shut(&mut writer, code, reason).await,
        // Whoever closes waits for an answer to that; a socket that is gone takes none.
        None => drop(timeout(CLOSE_TIMEOUT, writer.close()).await),
    }
    drop(permit);
}

/// Waits until the server is dropped.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error says that nobody is left who could say it otherwise.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Waits for the first message, which says who is there.
async fn hello(reader: &mut Reader) -> Result<String, (u16, &'static str)> {
    let expected = (close::HELLO_EXPECTED, "the first message must be hello");
    match timeout(HELLO_TIMEOUT, reader.next()).await {
        Ok(Some(Ok(Message::Text(text)))) => match wire::decode_text(&text) {
            Ok(Incoming::Hello { url }) => Ok(url),
            Err(wire::WireError::Version(_)) => Err((close::VERSION, "this engine speaks another version of the protocol")),
            _ => Err(expected),
        },
        _ => Err(expected),
    }
}

/// Reads until the socket ends or breaks a limit. What comes is checked and queued by the bridge, which never waits.
async fn read(reader: &mut Reader, port: &BridgePort, id: u64) {
    let mut pace = Pace::new(MESSAGES_PER_SECOND);
    while let Some(frame) = reader.next().await {
        match frame {
            Ok(Message::Text(text)) => port.receive_text(id, &text),
            Ok(Message::Binary(bytes)) => port.receive_binary(id, &bytes),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Close(_)) => return,
            Err(error) => {
                tracing::debug!(%error, "the page's socket ended");
                return;
            }
        }
        pace.step().await;
    }
}

/// Writes whatever the bridge has, and waits for more. Returns why the socket is to be closed.
async fn write(writer: &mut Writer, port: &BridgePort, id: u64, notify: &Notify) -> (u16, &'static str) {
    loop {
        let written = match port.next(id) {
            Next::Send(Outgoing::Text(text)) => writer.feed(Message::Text(text.into())).await,
            Next::Send(Outgoing::Binary(bytes)) => writer.feed(Message::Binary(bytes.into())).await,
            Next::Replaced => return (close::REPLACED, "another document has taken the place"),
            Next::Wait => match writer.flush().await {
                Ok(()) => {
                    notify.notified().await;
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        if let Err(error) = written {
            tracing::debug!(%error, "the page's socket takes no more");
            return (close::GOING_AWAY, "the socket takes no more");
        }
    }
}

/// Closes in good order, if the other side lets it.
async fn shut(writer: &mut Writer, code: u16, reason: &'static str) {
    let frame = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    // A socket that is gone already cannot be told so.
    let _ = timeout(CLOSE_TIMEOUT, writer.send(frame)).await;
}
