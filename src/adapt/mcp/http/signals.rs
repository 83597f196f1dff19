use std::future::{Future, poll_fn};
use std::io;
use std::task::Poll;

use tokio::signal::unix::{SignalKind, signal};

/// Ready when the process is told to stop: by SIGTERM, SIGINT or SIGHUP, from this call on.
///
/// # Errors
///
/// The system takes no handler.
///
/// # Panics
///
/// Outside a tokio runtime with I/O enabled.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let kinds = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ];
    let mut signals = kinds
        .into_iter()
        .map(signal)
        .collect::<io::Result<Vec<_>>>()?;
    Ok(poll_fn(move |cx| {
        let came = |signal: &mut tokio::signal::unix::Signal| signal.poll_recv(cx).is_ready();
        if signals.iter_mut().any(came) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }))
}
