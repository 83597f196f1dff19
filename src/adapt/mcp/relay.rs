use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::admit::{self, Answered, Refused};
use super::lines::{Lines, Part};
use super::origin::{Heard, Origin};
use super::{MAX_MESSAGE, McpSession, message};
use crate::record::{Admission, Recorder};

/// What becomes of a call that the log cannot take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnUnrecordable {
    /// It is made all the same, and counted as lost (`entries_lost`). Bytes pass as they come, and nothing waits.
    #[default]
    PassOn,
    /// The client gets a JSON-RPC error, code -32000, and the server does not get the call. So does a client whose call
    /// was made but whose record is not as durable as the policy asks, with whatever else one message answers. Lines pass as wholes; one that is longer than
    /// [`MAX_MESSAGE`](super::MAX_MESSAGE) is not passed to the server.
    Refuse,
}

/// Stands between a client and a server that talk in lines, passes on what they say, and shows it to an [`McpSession`].
///
/// Bytes are not changed in either direction, also where they are no messages.
pub struct Relay {
    recorder: Recorder,
    session: Mutex<McpSession>,
    on_unrecordable: OnUnrecordable,
}

/// How a relay came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The client's stream ended, and then the server's.
    ClientLeft,
    /// The server's stream ended, and the client's had not, as far as it was read: where the server takes no more, that of
    /// the client is not read any further.
    ServerEnded,
}

/// How much is read at once.
const PIECE: usize = 64 * 1024;

impl Relay {
    /// A relay that shows `session` what passes; `recorder` is the session's.
    #[must_use]
    pub fn new(recorder: Recorder, session: McpSession, on_unrecordable: OnUnrecordable) -> Self {
        Self {
            recorder,
            session: Mutex::new(session),
            on_unrecordable,
        }
    }

    /// The session that is shown what passes.
    pub fn session(&self) -> MutexGuard<'_, McpSession> {
        admit::lock(&self.session)
    }

    /// Passes on what `client` and `server` say, each a stream to read and one to write, until the server's ends.
    ///
    /// When the client's stream ends, the server's input is closed. The session is not told of the end: the caller knows
    /// best how it came.
    ///
    /// # Errors
    ///
    /// What comes out of the server cannot be read, or not be written to the client. That the server takes no more input
    /// is none: it may still answer.
    pub async fn run<CR, CW, SR, SW>(&self, client: (CR, CW), server: (SR, SW)) -> io::Result<End>
    where
        CR: AsyncRead + Unpin,
        CW: AsyncWrite + Unpin,
        SR: AsyncRead + Unpin,
        SW: AsyncWrite + Unpin,
    {
        let answers = tokio::sync::Mutex::new(Answers::new(client.1));
        let mut client_left = None;
        let mut requests = pin!(self.pass_requests(client.0, server.1, &answers));
        let mut replies = pin!(self.pass_replies(server.0, &answers));
        poll_fn(|cx| {
            // Requests first: an answer must not be looked at before its request.
            if client_left.is_none()
                && let Poll::Ready(left) = requests.as_mut().poll(cx)
            {
                client_left = Some(left);
            }
            match replies.as_mut().poll(cx) {
                Poll::Ready(Ok(())) => Poll::Ready(Ok(if client_left == Some(true) {
                    End::ClientLeft
                } else {
                    End::ServerEnded
                })),
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Whether the client's stream was read to its end; else the server takes no more.
    async fn pass_requests<CW: AsyncWrite + Unpin>(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        answers: &tokio::sync::Mutex<Answers<CW>>,
    ) -> bool {
        let mut client_left = true;
        let mut lines = Lines::new(MAX_MESSAGE);
        let mut piece = vec![0; PIECE];
        // Where the server reads no more, what the client says goes nowhere, with us as without.
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let bytes = &piece[..length];
            let passed = match self.on_unrecordable {
                OnUnrecordable::PassOn => {
                    self.show_request(&mut lines, bytes);
                    pass(&mut to, bytes).await
                }
                OnUnrecordable::Refuse => {
                    let mut whole = Vec::new();
                    lines.feed(bytes, |part| whole.push(Request::of(&part)));
                    self.pass_admitted(whole, &mut to, answers).await
                }
            };
            if passed.is_err() {
                client_left = false;
                break;
            }
        }
        let mut rest = Vec::new();
        lines.end(|part| rest.push(Request::of(&part)));
        for request in rest {
            match (self.on_unrecordable, request) {
                (OnUnrecordable::PassOn, request) => {
                    let admission = self.recorder.admission();
                    request.show(&mut self.session(), &admission);
                }
                (OnUnrecordable::Refuse, Request::Line(mut line)) => {
                    // It had no line feed, and gets none.
                    line.pop();
                    if self.admits(&line, answers).await {
                        let _ = pass(&mut to, &line).await;
                    }
                }
                (OnUnrecordable::Refuse, Request::Piece | Request::TooLong(_)) => {}
            }
        }
        let _ = to.shutdown().await;
        client_left
    }

    fn show_request(&self, lines: &mut Lines, bytes: &[u8]) {
        let admission = self.recorder.admission();
        let mut session = self.session();
        lines.feed(bytes, |part| session.client_part(&part, &admission));
    }

    fn show_reply(&self, lines: &mut Lines, bytes: &[u8]) {
        let mut session = self.session();
        lines.feed(bytes, |part| session.server_part(&part));
    }

    /// Passes whole lines on, of those that are calls the ones that are recorded.
    async fn pass_admitted<CW: AsyncWrite + Unpin>(
        &self,
        requests: Vec<Request>,
        to: &mut (impl AsyncWrite + Unpin),
        answers: &tokio::sync::Mutex<Answers<CW>>,
    ) -> io::Result<()> {
        for request in requests {
            match request {
                Request::Line(line) => {
                    if self.admits(&line[..line.len() - 1], answers).await {
                        pass(to, &line).await?;
                    }
                }
                Request::Piece => {}
                Request::TooLong(bytes) => {
                    let admission = self.recorder.admission();
                    self.session()
                        .client_unreadable(bytes, &admission, &Origin::default());
                    let why = format!(
                        "the message has {bytes} bytes, and at most {MAX_MESSAGE} can be audited"
                    );
                    let refused = Refused::unreadable(why);
                    // A client that hears nothing any more is seen where the server's answers pass.
                    let _ = answers.lock().await.refuse(&refused).await;
                }
            }
        }
        Ok(())
    }

    /// Whether the server may have this line; where not, the client has been told.
    async fn admits<CW: AsyncWrite + Unpin>(
        &self,
        line: &[u8],
        answers: &tokio::sync::Mutex<Answers<CW>>,
    ) -> bool {
        let admitted = admit::admit(&self.recorder, &self.session, line, &Origin::default()).await;
        if let Err(refused) = &admitted {
            let _ = answers.lock().await.refuse(refused).await;
        }
        admitted.is_ok()
    }

    async fn pass_replies<CW: AsyncWrite + Unpin>(
        &self,
        mut from: impl AsyncRead + Unpin,
        answers: &tokio::sync::Mutex<Answers<CW>>,
    ) -> io::Result<()> {
        let mut lines = Lines::new(MAX_MESSAGE);
        let mut piece = vec![0; PIECE];
        loop {
            let length = from.read(&mut piece).await?;
            if length == 0 {
                break;
            }
            let bytes = &piece[..length];
            match self.on_unrecordable {
                OnUnrecordable::PassOn => {
                    self.show_reply(&mut lines, bytes);
                    answers.lock().await.pass(bytes).await?;
                }
                OnUnrecordable::Refuse => {
                    let mut parts = Vec::new();
                    lines.feed(bytes, |part| parts.push(Reply::of(&part)));
                    for reply in parts {
                        self.pass_recorded(reply, answers).await?;
                    }
                }
            }
        }
        let mut rest = Vec::new();
        lines.end(|part| rest.push(Reply::of(&part)));
        for reply in rest {
            match self.on_unrecordable {
                OnUnrecordable::PassOn => reply.show(&mut self.session()),
                OnUnrecordable::Refuse => self.pass_recorded(reply.without_feed(), answers).await?,
            }
        }
        Ok(())
    }

    /// What a line of the server's ends.
    fn answered(&self, line: &[u8]) -> Answered {
        let mut session = self.session();
        let Some(messages) = message::parse(line) else {
            session.server_unreadable();
            return Answered::default();
        };
        let calls = session.server_messages(&messages, Heard::default());
        Answered::by(&messages, calls)
    }

    /// Passes a line on once the records of the calls that it ends are durable, or says that they are not.
    async fn pass_recorded<CW: AsyncWrite + Unpin>(
        &self,
        reply: Reply,
        answers: &tokio::sync::Mutex<Answers<CW>>,
    ) -> io::Result<()> {
        let bytes = match reply {
            Reply::Line(line) => {
                let answered = self.answered(line.trim_ascii_end());
                if let Err(refused) = admit::recorded(self.recorder.clone(), answered).await {
                    return answers.lock().await.refuse(&refused).await;
                }
                line
            }
            Reply::Piece(piece) => piece,
            Reply::TooLong(feed) => {
                self.session().server_unreadable();
                feed
            }
        };
        answers.lock().await.pass(&bytes).await
    }
}

impl McpSession {
    fn client_part(&mut self, part: &Part<'_>, admission: &Admission) {
        match part {
            Part::Line(line) => drop(self.client_line(line, admission)),
            Part::Piece(_) => {}
            Part::PiecesEnd(bytes) => self.client_unreadable(*bytes, admission, &Origin::default()),
        }
    }

    fn server_part(&mut self, part: &Part<'_>) {
        match part {
            Part::Line(line) => drop(self.server_line(line)),
            Part::Piece(_) => {}
            Part::PiecesEnd(_) => self.server_unreadable(),
        }
    }
}

/// What of the client's stream is kept until it may pass.
enum Request {
    /// A line with its line feed.
    Line(Vec<u8>),
    /// Of a line that is too long nothing is kept.
    Piece,
    TooLong(u64),
}

impl Request {
    fn of(part: &Part<'_>) -> Self {
        match part {
            Part::Line(line) => Self::Line(with_feed(line)),
            Part::Piece(_) => Self::Piece,
            Part::PiecesEnd(bytes) => Self::TooLong(*bytes),
        }
    }

    fn show(&self, session: &mut McpSession, admission: &Admission) {
        match self {
            Self::Line(line) => drop(session.client_line(&line[..line.len() - 1], admission)),
            Self::Piece => {}
            Self::TooLong(bytes) => {
                session.client_unreadable(*bytes, admission, &Origin::default());
            }
        }
    }
}

/// What of the server's stream is kept until it may pass.
enum Reply {
    Line(Vec<u8>),
    Piece(Vec<u8>),
    /// The line feed of a line that passed in pieces.
    TooLong(Vec<u8>),
}

impl Reply {
    fn of(part: &Part<'_>) -> Self {
        match part {
            Part::Line(line) => Self::Line(with_feed(line)),
            Part::Piece(piece) => Self::Piece(piece.to_vec()),
            Part::PiecesEnd(_) => Self::TooLong(b"\n".to_vec()),
        }
    }

    /// The stream's last line had no line feed, and gets none.
    fn without_feed(mut self) -> Self {
        if let Self::Line(bytes) | Self::TooLong(bytes) = &mut self {
            bytes.pop();
        }
        self
    }

    fn show(&self, session: &mut McpSession) {
        match self {
            Self::Line(line) => drop(session.server_line(&line[..line.len() - 1])),
            Self::Piece(_) => {}
            Self::TooLong(_) => session.server_unreadable(),
        }
    }
}

fn with_feed(line: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(line.len() + 1);
    whole.extend_from_slice(line);
    whole.push(b'\n');
    whole
}

async fn pass(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}

/// The stream to the client, into which errors of our own are put between two lines.
struct Answers<W> {
    to: W,
    /// A line has begun and not ended.
    is_inside: bool,
    waiting: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> Answers<W> {
    fn new(to: W) -> Self {
        Self {
            to,
            is_inside: false,
            waiting: Vec::new(),
        }
    }

    async fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.to.write_all(bytes).await?;
        self.is_inside = bytes.last() != Some(&b'\n');
        self.put_waiting().await
    }

    async fn refuse(&mut self, refused: &Refused) -> io::Result<()> {
        for error in refused.errors() {
            // Where the server stays in the middle of a line, nobody is told without bound.
            if self.waiting.len() > MAX_MESSAGE {
                break;
            }
            self.waiting.extend_from_slice(error.to_string().as_bytes());
            self.waiting.push(b'\n');
        }
        self.put_waiting().await
    }

    async fn put_waiting(&mut self) -> io::Result<()> {
        if !self.is_inside && !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            self.to.write_all(&waiting).await?;
        }
        self.to.flush().await
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Relay")
            .field("session", &*self.session())
            .field("on_unrecordable", &self.on_unrecordable)
            .finish_non_exhaustive()
    }
}
