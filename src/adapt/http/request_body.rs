use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

/// The beginning of a request's body, copied as it passes. Nothing is once it was taken.
pub(super) struct BodyCopy(Mutex<Option<Copied>>);

impl Default for BodyCopy {
    fn default() -> Self {
        Self(Mutex::new(Some(Copied::default())))
    }
}

#[derive(Default)]
pub(super) struct Copied {
    /// At most as many as the copy was limited to.
    pub(super) bytes: Vec<u8>,
    /// How many have passed.
    pub(super) passed: u64,
    pub(super) progress: Progress,
}

/// How far a body was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nobody has asked for it.
    #[default]
    Unread,
    Partly,
    Whole,
    /// It could not be read to its end.
    Failed,
}

impl BodyCopy {
    fn note(&self, note: impl FnOnce(&mut Copied)) {
        if let Some(copied) = &mut *self.lock() {
            note(copied);
        }
    }

    /// What was copied until now. Who reads on reads without a copy.
    pub(super) fn take(&self) -> Copied {
        self.lock().take().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Copied>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows nothing of the body.
impl fmt::Debug for BodyCopy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BodyCopy").finish_non_exhaustive()
    }
}

pin_project! {
    /// A body that is copied as it is read. Nothing of it is changed or read ahead.
    pub(super) struct CopiedBody {
        #[pin]
        body: Body,
        copy: Arc<BodyCopy>,
        limit: usize,
    }
}

impl CopiedBody {
    /// Copies at most `limit` bytes.
    pub(super) fn new(body: Body, copy: Arc<BodyCopy>, limit: usize) -> Self {
        Self { body, copy, limit }
    }
}

impl HttpBody for CopiedBody {
    type Data = Bytes;
    /// Without axum's wrapping: it wraps it again, and looks for what is in it only so deep.
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        let polled = this.body.as_mut().poll_frame(cx);
        let limit = *this.limit;
        this.copy.note(|copied| {
            copied.progress = match &polled {
                // Somebody waits for it.
                Poll::Pending if copied.progress == Progress::Unread => Progress::Partly,
                Poll::Pending => copied.progress,
                // There is no end behind an error, whoever asks on.
                Poll::Ready(None) if copied.progress == Progress::Failed => Progress::Failed,
                Poll::Ready(None) => Progress::Whole,
                Poll::Ready(Some(Err(_))) => Progress::Failed,
                Poll::Ready(Some(Ok(frame))) => {
                    if let Some(data) = frame.data_ref() {
                        copied.passed += data.len() as u64;
                        let room = limit.saturating_sub(copied.bytes.len());
                        copied
                            .bytes
                            .extend_from_slice(&data[..data.len().min(room)]);
                    }
                    // Who knows that it is the end does not ask again.
                    if this.body.is_end_stream() {
                        Progress::Whole
                    } else {
                        Progress::Partly
                    }
                }
            };
        });
        polled.map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
