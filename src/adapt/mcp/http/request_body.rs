use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::super::origin::Room;
use super::exchange::{BodyFault, Exchange};

/// A request's body on its way to the server.
pub(super) enum RequestBody {
    /// It has come, and may pass.
    Whole(Bytes),
    /// It passes as it comes, and the session is shown a copy; none once it is dropped.
    Passing(Option<Box<Passing>>),
}

/// A body that is copied as it passes.
pub(super) struct Passing {
    from: Incoming,
    exchange: Arc<Exchange>,
    copy: BodyCopy,
    idle: Pin<Box<Sleep>>,
    is_over: bool,
}

/// A copy of a body, within bounds.
pub(super) struct BodyCopy {
    bytes: Vec<u8>,
    length: u64,
    /// None where there is no more room for it.
    room: Option<Room>,
}

/// Bytes with the room that they take.
struct Kept {
    bytes: Vec<u8>,
    _room: Room,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl BodyCopy {
    pub(super) fn new(room: Room) -> Self {
        Self {
            bytes: Vec::new(),
            length: 0,
            room: Some(room),
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Keeps these bytes too. Where there is no room for all, nothing is kept, and what was comes back.
    pub(super) fn add(&mut self, bytes: &[u8], most: usize) -> Vec<u8> {
        self.length += bytes.len() as u64;
        let fits = |room: &mut Room| self.length <= most as u64 && room.grow(bytes.len());
        if self.room.as_mut().is_some_and(fits) {
            self.bytes.extend_from_slice(bytes);
            return Vec::new();
        }
        self.room = None;
        std::mem::take(&mut self.bytes)
    }

    /// What came; none where not all of it was kept. It takes its room for as long as there is anything of it.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        let room = self.room.take()?;
        let bytes = std::mem::take(&mut self.bytes);
        Some(Bytes::from_owner(Kept { bytes, _room: room }))
    }

    pub(super) fn is_kept(&self) -> bool {
        self.room.is_some()
    }
}

/// Why a body of a client's did not pass.
#[derive(Debug)]
pub(super) struct RequestFault(BodyFault);

impl fmt::Display for RequestFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            BodyFault::TooLong => "the request's body is longer than is let through",
            BodyFault::TooSlow => "the request's body did not come in time",
            BodyFault::Broken => "the request's body broke off",
        })
    }
}

impl Error for RequestFault {}

impl RequestBody {
    /// Passes `from` on as it comes, and shows it when all of it is there.
    pub(super) fn passing(from: Incoming, exchange: Arc<Exchange>) -> Self {
        if from.is_end_stream() {
            return Self::Whole(Bytes::new());
        }
        let idle = Box::pin(tokio::time::sleep(exchange.shared.settings.body_idle));
        Self::Passing(Some(Box::new(Passing {
            from,
            copy: BodyCopy::new(exchange.room()),
            exchange,
            idle,
            is_over: false,
        })))
    }
}

/// The whole of a body, of at most so many bytes.
pub(super) async fn whole(mut from: Incoming, exchange: &Exchange) -> Result<Bytes, BodyFault> {
    let mut copy = BodyCopy::new(exchange.room());
    let most = exchange.shared.settings.max_body;
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut from).poll_frame(cx));
        let came = tokio::time::timeout(exchange.shared.settings.body_idle, frame).await;
        let fault = match came {
            Ok(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref() {
                    drop(copy.add(bytes, most));
                }
                if copy.is_kept() {
                    continue;
                }
                BodyFault::TooLong
            }
            Ok(None) => return Ok(copy.take().unwrap_or_default()),
            Ok(Some(Err(_))) => BodyFault::Broken,
            Err(_) => BodyFault::TooSlow,
        };
        exchange.request_unreadable(copy.length());
        return Err(fault);
    }
}

impl Passing {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, RequestFault>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let came = match Pin::new(&mut self.from).poll_frame(cx) {
            Poll::Ready(came) => came,
            Poll::Pending => {
                ready!(self.idle.as_mut().poll(cx));
                return Poll::Ready(Some(Err(self.fail(BodyFault::TooSlow))));
            }
        };
        let settings = &self.exchange.shared.settings;
        let idle = settings.body_idle;
        self.idle.as_mut().reset(Instant::now() + idle);
        match came {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    let most = settings.max_body;
                    drop(self.copy.add(bytes, most));
                    if self.copy.length() > most as u64 {
                        return Poll::Ready(Some(Err(self.fail(BodyFault::TooLong))));
                    }
                }
                if self.from.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(_)) => Poll::Ready(Some(Err(self.fail(BodyFault::Broken)))),
            None => {
                self.finish();
                Poll::Ready(None)
            }
        }
    }

    async fn next(&mut self) -> Option<Frame<Bytes>> {
        poll_fn(|cx| self.poll(cx)).await?.ok()
    }

    /// The server has not got the last of the body yet.
    fn finish(&mut self) {
        self.is_over = true;
        let length = self.copy.length();
        match self.copy.take() {
            Some(body) if self.exchange.can_be_read => self.exchange.show_request(&body),
            _ => self.exchange.request_unreadable(length),
        }
    }

    fn fail(&mut self, fault: BodyFault) -> RequestFault {
        self.is_over = true;
        self.exchange.request_unreadable(self.copy.length());
        self.exchange.set_fault(fault);
        RequestFault(fault)
    }
}

impl Drop for RequestBody {
    /// The server takes no more of it, or cannot be reached: what the client asked for is looked at all the same.
    fn drop(&mut self) {
        if let Self::Passing(passing) = self
            && let Some(mut passing) = passing.take().filter(|passing| !passing.is_over)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { while passing.next().await.is_some() {} });
        }
    }
}

impl Drop for Passing {
    /// Of a body that breaks off, the server may have what came.
    fn drop(&mut self) {
        if !self.is_over {
            self.exchange.request_unreadable(self.copy.length());
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestFault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestFault>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Passing(Some(passing)) => passing.poll(cx),
            Self::Passing(None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Passing(passing) => passing.as_ref().is_none_or(|passing| passing.is_over),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Passing(Some(passing)) => passing.from.size_hint(),
            Self::Passing(None) => SizeHint::with_exact(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::origin::Memory;
    use super::BodyCopy;

    #[test]
    fn a_body_takes_its_room_for_as_long_as_there_is_anything_of_it() {
        let memory = Memory::new(10);
        let mut copy = BodyCopy::new(memory.take(0).0);
        assert!(copy.add(b"12345678", 100).is_empty());
        let body = copy.take().unwrap();
        let rest = body.slice(4..);
        drop(body);
        assert_eq!(&rest[..], b"5678");
        assert!(!memory.take(8).1);
        drop(rest);
        assert!(memory.take(8).1);
    }
}
