use std::collections::VecDeque;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::StatusCode;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::super::admit::{Answered, Refused, recorded};
use super::super::origin::Room;
use super::super::{MAX_MESSAGE, message};
use super::events::{Events, Part};
use super::exchange::Running;
use super::request_body::BodyCopy;

type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;
type Decision = Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>>;

/// An answer's body on its way to the client.
pub(super) enum AnswerBody {
    /// The proxy's own answer.
    Own(Bytes),
    /// The server's, which the session is shown.
    Watched(Box<Watched>),
}

/// The server's answer as it passes.
pub(super) struct Watched {
    from: Incoming,
    running: Running,
    status: StatusCode,
    look: Look,
    /// What waits to pass, in order.
    out: VecDeque<Out>,
    /// Whether what is next in `out` may pass.
    decision: Option<Decision>,
    /// Answers pass only once their records are durable.
    holds: bool,
    /// Ready when the proxy is to stop; none once it is.
    stop: Option<Stop>,
    /// The server's body is at its end.
    has_ended: bool,
    is_unread: bool,
    /// How the server's body broke off.
    failure: Option<BoxError>,
}

/// How the body is looked at.
pub(super) enum Look {
    /// It is one message, or a list of several.
    Whole(BodyCopy),
    Events(Box<Events>, Room),
    /// Not at all: it is something else, or there is no memory for it.
    Not,
}

enum Out {
    Frame(Frame<Bytes>),
    /// Messages that end calls, with the bytes that they came in.
    Held(Answered, Bytes, Form),
}

#[derive(Clone, Copy)]
enum Form {
    Json,
    Event,
}

impl AnswerBody {
    /// The server's answer, whose calls end as it says.
    pub(super) fn watched(
        from: Incoming,
        running: Running,
        status: StatusCode,
        look: Look,
        holds: bool,
        stop: Stop,
    ) -> Self {
        let mut watched = Watched {
            from,
            running,
            status,
            look,
            out: VecDeque::new(),
            decision: None,
            holds,
            stop: Some(stop),
            has_ended: false,
            is_unread: false,
            failure: None,
        };
        // A body without bytes is not asked for.
        if watched.from.is_end_stream() {
            watched.end(None);
        }
        Self::Watched(Box::new(watched))
    }
}

impl Watched {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            if let Some(decision) = &mut self.decision {
                let Poll::Ready(decided) = decision.as_mut().poll(cx) else {
                    return Poll::Pending;
                };
                self.decision = None;
                if let Some(Out::Held(_, bytes, form)) = self.out.pop_front() {
                    let bytes = match decided {
                        Ok(()) => bytes,
                        Err(refused) => form.of(&refused),
                    };
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
            }
            match self.out.pop_front() {
                Some(Out::Frame(frame)) => return Poll::Ready(Some(Ok(frame))),
                Some(Out::Held(answered, bytes, form)) => {
                    let recorder = self.running.0.shared.recorder.clone();
                    self.decision = Some(Box::pin(recorded(recorder, answered)));
                    let decided = Answered::default();
                    self.out.push_front(Out::Held(decided, bytes, form));
                    continue;
                }
                None if self.has_ended => {
                    return Poll::Ready(self.failure.take().map(Err));
                }
                None => {}
            }
            match Pin::new(&mut self.from).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => self.frame(frame),
                Poll::Ready(Some(Err(error))) => {
                    self.end(Some(&error.to_string()));
                    self.failure = Some(error.into());
                }
                Poll::Ready(None) => self.end(None),
                Poll::Pending => {
                    if let Some(stop) = &mut self.stop
                        && stop.as_mut().poll(cx).is_ready()
                    {
                        self.stop = None;
                    }
                    let is_stream = matches!(self.look, Look::Events(..));
                    if self.stop.is_some() || !is_stream || self.running.0.awaits() {
                        return Poll::Pending;
                    }
                    // No call waits for anything in it, and it may never end by itself.
                    self.end(None);
                }
            }
        }
    }

    fn frame(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(bytes) => self.bytes(bytes),
            // Trailers: no data come after them.
            Err(frame) => {
                self.end(None);
                self.out.push_back(Out::Frame(frame));
            }
        }
        if self.from.is_end_stream() {
            self.end(None);
        }
    }

    fn bytes(&mut self, bytes: Bytes) {
        let exchange = &self.running.0;
        match &mut self.look {
            Look::Whole(copy) => {
                let given_up = copy.add(&bytes, MAX_MESSAGE);
                if self.holds && copy.is_kept() {
                    return;
                }
                if self.holds && !given_up.is_empty() {
                    self.out.push_back(Out::Frame(Frame::data(given_up.into())));
                }
                self.out.push_back(Out::Frame(Frame::data(bytes)));
            }
            Look::Events(events, room) => {
                let (out, is_unread) = (&mut self.out, &mut self.is_unread);
                let holds = self.holds;
                events.feed(&bytes, |part| match part {
                    Part::Pass(bytes) => out.push_back(Out::Frame(Frame::data(bytes))),
                    Part::Event(event, raw) => {
                        let answered = exchange.show_event(&event);
                        *is_unread |= answered.is_none();
                        let answered = answered.unwrap_or_default();
                        if holds {
                            out.push_back(Out::Held(answered, raw, Form::Event));
                        }
                    }
                    Part::TooLong => {
                        *is_unread |= exchange.answer_unreadable().is_none();
                    }
                });
                if !holds {
                    self.out.push_back(Out::Frame(Frame::data(bytes)));
                }
                room.clear();
                if !room.grow(events.begun()) {
                    self.stop_looking();
                }
            }
            Look::Not => self.out.push_back(Out::Frame(Frame::data(bytes))),
        }
    }

    /// There is no memory to look any further.
    fn stop_looking(&mut self) {
        if let Look::Events(mut events, _) = std::mem::replace(&mut self.look, Look::Not) {
            self.is_unread |= self.running.0.answer_unreadable().is_none();
            let out = &mut self.out;
            events.end(|part| {
                if let Part::Pass(bytes) = part {
                    out.push_back(Out::Frame(Frame::data(bytes)));
                }
            });
        }
    }

    /// The server's body is at its end, or has broken off.
    fn end(&mut self, error: Option<&str>) {
        if self.has_ended {
            return;
        }
        self.has_ended = true;
        let exchange = &self.running.0;
        let mut can_be_resumed = false;
        match &mut self.look {
            Look::Whole(copy) => {
                let body = copy.take();
                // Accepted, and nothing said; or broken off, and so no message.
                let says_nothing = |body: &[u8]| {
                    body.trim_ascii().is_empty() || (error.is_some() && !is_message(body))
                };
                let answered = match &body {
                    Some(body) if says_nothing(body) => Some(Answered::default()),
                    Some(body) => exchange.show_answer(body),
                    None => exchange.answer_unreadable(),
                };
                self.is_unread = answered.is_none();
                if self.holds
                    && let Some(body) = body.filter(|body| !body.is_empty())
                {
                    let answered = answered.unwrap_or_default();
                    self.out.push_back(Out::Held(answered, body, Form::Json));
                }
            }
            Look::Events(events, _) => {
                can_be_resumed = events.can_be_resumed();
                let out = &mut self.out;
                events.end(|part| {
                    if let Part::Pass(bytes) = part {
                        out.push_back(Out::Frame(Frame::data(bytes)));
                    }
                });
            }
            Look::Not => self.is_unread = true,
        }
        exchange.answered(self.status, can_be_resumed, self.is_unread, error);
    }
}

impl Drop for Watched {
    /// The client takes no more of it.
    fn drop(&mut self) {
        let exchange = &self.running.0;
        match &mut self.look {
            // All bytes of a message may have passed, and only its end have not.
            Look::Whole(copy) if !self.has_ended => {
                if let Some(body) = copy.take().filter(|body| is_message(body)) {
                    drop(exchange.show_answer(&body));
                }
                exchange.left(false);
            }
            Look::Events(events, _) => exchange.left(events.can_be_resumed()),
            _ => exchange.left(false),
        }
    }
}

fn is_message(body: &[u8]) -> bool {
    message::parse(body).is_some_and(|messages| !messages.is_empty())
}

impl Form {
    /// What the client is told in place of the answer.
    fn of(self, refused: &Refused) -> Bytes {
        let mut errors: Vec<_> = refused.errors().collect();
        let error = match errors.len() {
            1 => errors.remove(0),
            _ => errors.into(),
        };
        match self {
            Self::Json => error.to_string(),
            Self::Event => format!("data: {error}\n\n"),
        }
        .into()
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Own(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Own(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Watched(watched) => watched.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_empty(),
            Self::Watched(watched) => {
                watched.has_ended && watched.out.is_empty() && watched.failure.is_none()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes) => SizeHint::with_exact(bytes.len() as u64),
            // What is held may be replaced.
            Self::Watched(watched) if watched.holds => SizeHint::default(),
            Self::Watched(watched) => watched.from.size_hint(),
        }
    }
}
