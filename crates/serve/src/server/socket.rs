//! One client's WebSocket: its hello, its asks, and what it is sent.
//!
//! Reading and writing go on side by side, and neither waits for the other: a client that reads slowly is sent fewer and larger changes, one that does not
//! read at all is cut off. Nobody else notices.

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use wasm_engine_loopback::Pace;

use super::{Place, stopped};
use crate::{
    error::{AskError, ClientError},
    hub::{Follower, Hub, shorten},
    limits,
    protocol::{FromEngine, FromPanel, Problem, Rights},
};

/// Close codes, from the range that is free for applications where the standard has none.
mod close {
    /// The engine ends.
    pub(super) const GOING_AWAY: u16 = 1001;
    /// The client is sent away; the reason is the problem's code.
    pub(super) const REFUSED: u16 = 4000;
}

type Writer = SplitSink<WebSocket, Message>;
type Reader = SplitStream<WebSocket>;

/// What a client's task needs.
pub(super) struct Client {
    pub(super) hub: Hub,
    pub(super) rights: Rights,
    pub(super) stop: watch::Receiver<bool>,
    /// The client's seat; none when all are taken.
    pub(super) seat: Option<OwnedSemaphorePermit>,
    pub(super) _place: Place,
}

/// Talks until either side ends.
pub(super) async fn run(socket: WebSocket, client: Client) {
    let (mut writer, mut reader) = socket.split();
    match talk(&mut writer, &mut reader, &client).await {
        Some(error) => {
            tracing::debug!(code = error.code(), "a panel was sent away");
            part(&mut writer, &mut reader, &error).await;
        }
        None => {
            tracing::debug!("a panel has left");
            // Whoever closes waits for an answer to that; a socket that is gone takes none.
            let _ = timeout(limits::CLOSE_TIMEOUT, writer.close()).await;
        }
    }
}

/// The whole conversation. Gives why the client is sent away; `None` when it has left by itself.
async fn talk(writer: &mut Writer, reader: &mut Reader, client: &Client) -> Option<ClientError> {
    if client.seat.is_none() {
        return Some(ClientError::TooMany);
    }
    let mut stop = client.stop.clone();
    let greeting = async {
        match timeout(limits::HELLO_TIMEOUT, hello(reader)).await {
            Ok(Ok(())) => {}
            Ok(Err(leaving)) => return Err(leaving),
            Err(_) => return Err(Some(ClientError::HelloLate)),
        }
        let mut follower = client.hub.follow();
        send(writer, &client.hub.hello(client.rights)).await?;
        send(writer, &FromEngine::Snapshot { state: follower.snapshot() }).await?;
        Ok(follower)
    };
    let greeted = tokio::select! {
        greeted = greeting => greeted,
        () = stopped(&mut stop) => Err(Some(ClientError::Ended)),
    };
    let mut follower = match greeted {
        Ok(follower) => follower,
        Err(leaving) => return leaving,
    };
    let (answers, answered) = mpsc::channel(limits::ANSWERS_WAITING);
    tokio::select! {
        leaving = listen(reader, client, answers) => leaving,
        leaving = feed(writer, &mut follower, answered, stop) => leaving,
    }
}

/// Waits for the first message.
async fn hello(reader: &mut Reader) -> Result<(), Option<ClientError>> {
    loop {
        return match reader.next().await {
            Some(Ok(Message::Text(text))) => parse(&text).and_then(FromPanel::into_hello).map_err(Some),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Binary(_))) => Err(Some(ClientError::HelloExpected)),
            Some(Ok(Message::Close(_))) | None => Err(None),
            Some(Err(_)) => Err(Some(ClientError::Unreadable)),
        };
    }
}

/// Reads until the client leaves or breaks a rule. Each ask is answered before the next one is read, so that a client cannot pile them up.
async fn listen(reader: &mut Reader, client: &Client, answers: mpsc::Sender<FromEngine>) -> Option<ClientError> {
    let mut pace = Pace::new(limits::MESSAGES_PER_SECOND);
    loop {
        match reader.next().await {
            Some(Ok(Message::Text(text))) => {
                let (id, ask) = match parse(&text).and_then(FromPanel::into_ask) {
                    Ok(ask) => ask,
                    Err(error) => return Some(error),
                };
                let outcome = if client.rights.ask { client.hub.ask(ask).await } else { Err(AskError::NotAllowed) };
                let problem = outcome.err().map(|error| Problem::from(&error));
                // An error says that the other half has ended, and the task with it.
                answers.send(FromEngine::Answer { id, problem }).await.ok()?;
            }
            Some(Ok(Message::Binary(_))) => return Some(ClientError::Malformed { reason: "bytes instead of text".to_owned() }),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => return None,
            Some(Err(_)) => return Some(ClientError::Unreadable),
        }
        pace.step().await;
    }
}

fn parse(text: &str) -> Result<FromPanel, ClientError> {
    // The parser repeats what it does not know.
    serde_json::from_str(text).map_err(|error| ClientError::Malformed { reason: shorten(error.to_string(), limits::LOG_TEXT_BYTES) })
}

/// Sends answers at once, changes as often as they may be sent, and that the engine lives where there are none, until the engine ends or the client is too slow.
async fn feed(
    writer: &mut Writer,
    follower: &mut Follower,
    mut answers: mpsc::Receiver<FromEngine>,
    mut stop: watch::Receiver<bool>,
) -> Option<ClientError> {
    let mut due = Instant::now() + limits::CHANGE_INTERVAL;
    let mut quiet_until = Instant::now() + limits::ALIVE_INTERVAL;
    loop {
        let message = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(answer) = answers.recv() => answer,
            () = next_change(follower, due) => {
                let Some(change) = follower.change() else { continue };
                due = Instant::now() + limits::CHANGE_INTERVAL;
                FromEngine::Change { change }
            }
            () = sleep_until(quiet_until) => FromEngine::Alive,
        };
        if let Err(leaving) = send(writer, &message).await {
            return leaving;
        }
        quiet_until = Instant::now() + limits::ALIVE_INTERVAL;
    }
    // The last thing that happened is often why the run ended.
    if let Some(change) = follower.change()
        && let Err(leaving) = send(writer, &FromEngine::Change { change }).await
    {
        return leaving;
    }
    Some(ClientError::Ended)
}

/// Waits until a change may be sent and there is one. May be dropped at any time: that something has changed stays known until it was looked at.
async fn next_change(follower: &mut Follower, due: Instant) {
    sleep_until(due).await;
    follower.changed().await;
}

/// Sends a message, and waits until the socket has taken it.
async fn send(writer: &mut Writer, message: &FromEngine) -> Result<(), Option<ClientError>> {
    match timeout(limits::WRITE_TIMEOUT, writer.send(Message::Text(text(message).into()))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(None),
        Err(_) => Err(Some(ClientError::Slow)),
    }
}

fn text(message: &FromEngine) -> String {
    // Every type of the protocol can be written: names are texts, and no map has other keys.
    serde_json::to_string(message).unwrap_or_default()
}

/// Says goodbye and closes in good order, if the other side lets it.
async fn part(writer: &mut Writer, reader: &mut Reader, error: &ClientError) {
    let code = if *error == ClientError::Ended { close::GOING_AWAY } else { close::REFUSED };
    let farewell = async {
        writer.feed(Message::Text(text(&FromEngine::Bye { problem: error.into() }).into())).await?;
        writer.send(Message::Close(Some(CloseFrame { code, reason: error.code().into() }))).await?;
        // A socket that is closed with something unread in it takes back what was sent last.
        while let Some(Ok(_)) = reader.next().await {}
        Ok::<_, axum::Error>(())
    };
    // A socket that is gone or full already cannot be told so.
    let _ = timeout(limits::CLOSE_TIMEOUT, farewell).await;
}
