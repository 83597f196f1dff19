//! A look at an answer's body together with its head.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::answer_body::Item;

/// What came of the look.
#[derive(Debug)]
pub(super) enum Peeked {
    /// The body is long, or of unknown length, or not there yet.
    Nothing,
    /// It is empty.
    End,
    /// This is all of it.
    Whole(Bytes),
    /// These are all of its data, behind which only trailers may come; or trailers without any data.
    Last(Frame<Bytes>),
    /// It begins with this.
    Part(Frame<Bytes>),
    Failed(axum::Error),
}

/// Reads one frame of a body that is known to have no more than `limit` bytes.
///
/// # Errors
///
/// The payload of the body's panic.
pub(super) fn peek(
    body: &mut Body,
    limit: usize,
    cx: &mut Context<'_>,
) -> Result<Peeked, Box<dyn Any + Send>> {
    if body.is_end_stream() {
        return Ok(Peeked::End);
    }
    let exact = body.size_hint().exact();
    let Some(exact) = exact.filter(|size| *size <= limit as u64) else {
        return Ok(Peeked::Nothing);
    };
    let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *body).poll_frame(cx)))?;
    Ok(match polled {
        Poll::Pending => Peeked::Nothing,
        Poll::Ready(None) => Peeked::End,
        Poll::Ready(Some(Err(error))) => Peeked::Failed(error),
        Poll::Ready(Some(Ok(frame))) => {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            match frame.into_data() {
                Ok(data) if body.is_end_stream() => Peeked::Whole(data),
                Ok(data) if length == exact => Peeked::Last(Frame::data(data)),
                Ok(data) => Peeked::Part(Frame::data(data)),
                Err(trailers) if body.is_end_stream() => Peeked::Last(trailers),
                Err(trailers) => Peeked::Part(trailers),
            }
        }
    })
}

/// A body of which something was read, put together again; `hint` is what it said of its size before that.
pub(super) fn with_front(front: Item, hint: SizeHint, body: Body) -> Body {
    if front.is_none() {
        return body;
    }
    Body::new(Fronted { front, hint, body })
}

/// The rest of a body behind what was read of it.
struct Fronted {
    front: Item,
    /// What the body said of its size before: some say the same behind it.
    hint: SizeHint,
    body: Body,
}

impl HttpBody for Fronted {
    type Data = Bytes;
    /// Without axum's wrapping: it wraps it again, and looks for what is in it only so deep.
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = match self.front.take() {
            Some(front) => Poll::Ready(Some(front)),
            None => Pin::new(&mut self.body).poll_frame(cx),
        };
        polled.map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.front.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.front {
            Some(_) => self.hint,
            None => self.body.size_hint(),
        }
    }
}
