use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::call::CallContext;

/// Whence a message comes, where a session's messages come in many requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The number of the exchange, of all that there are; 0 where the session is one connection.
    pub(super) exchange: u64,
    /// What is known of the exchange: metadata, trace, and the server where nobody names it.
    pub(super) context: CallContext,
    /// The memory that open calls share, and how much each of the message takes.
    pub(super) memory: Option<(Memory, usize)>,
}

impl Origin {
    /// What is known of all calls, and what of the exchange; what is said of all calls stands before what a client says,
    /// but the exchange's own trace before any other.
    pub(super) fn added_to(&self, mut context: CallContext) -> CallContext {
        let exchange = &self.context;
        for (name, value) in &exchange.session_metadata {
            let member = context.session_metadata.entry(name.clone());
            member.or_insert_with(|| value.clone());
        }
        if context.server.is_none() {
            context.server.clone_from(&exchange.server);
        }
        if let (Some(trace_id), Some(span_id)) = (&exchange.trace_id, &exchange.span_id) {
            context = context.trace(trace_id, span_id);
            context.sampled = exchange.sampled;
        }
        context
    }

    /// Room for one call, and whether there was any left.
    pub(super) fn take_room(&self) -> (Option<Room>, bool) {
        match &self.memory {
            Some((memory, bytes)) => {
                let (room, fits) = memory.take(*bytes);
                (Some(room), fits)
            }
            None => (None, true),
        }
    }
}

/// Where the server said something: nowhere in particular where the session is one connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    /// The number of the exchange, or 0.
    pub(super) exchange: u64,
    /// The client asked to go on with a stream that it has lost.
    pub(super) resumes: bool,
}

/// How much of the memory for a purpose is taken.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    taken: Arc<AtomicUsize>,
    most: usize,
}

impl Memory {
    #[cfg_attr(not(feature = "mcp-http"), allow(dead_code))]
    pub(super) fn new(most: usize) -> Self {
        Self {
            taken: Arc::default(),
            most,
        }
    }

    /// Whether more is taken than there is.
    pub(super) fn is_over(&self) -> bool {
        self.taken.load(Ordering::Relaxed) > self.most
    }

    /// Takes so many bytes, also where there is no room for them: then it is for the caller to give back.
    pub(super) fn take(&self, bytes: usize) -> (Room, bool) {
        let mut room = Room {
            memory: self.clone(),
            bytes: 0,
        };
        let fits = room.grow(bytes);
        (room, fits)
    }
}

/// A part of the memory, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    memory: Memory,
    bytes: usize,
}

impl Room {
    /// Takes so many bytes more; false where there was no room for them.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        let before = self.memory.taken.fetch_add(bytes, Ordering::Relaxed);
        before + bytes <= self.memory.most
    }

    /// Gives all back.
    pub(super) fn clear(&mut self) {
        self.memory.taken.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = 0;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Memory, Origin};
    use crate::call::CallContext;

    #[test]
    fn what_is_said_of_all_calls_stands_before_what_an_exchange_says() {
        let origin = Origin {
            context: CallContext::default()
                .metadata("user_agent", "anything/1")
                .metadata("client_ip", "10.0.1.5"),
            ..Origin::default()
        };
        let of_all = CallContext::default().metadata("user_agent", "desk/7");
        let added = origin.added_to(of_all).session_metadata;
        assert_eq!(added["user_agent"], json!("desk/7"));
        assert_eq!(added["client_ip"], json!("10.0.1.5"));
    }

    #[test]
    fn what_is_taken_is_given_back_also_where_there_was_no_room_for_it() {
        let memory = Memory::new(100);
        let (first, fits) = memory.take(60);
        assert!(fits);
        let (second, fits) = memory.take(60);
        assert!(!fits);
        drop(second);
        let (mut third, fits) = memory.take(40);
        assert!(fits && !third.grow(1));
        third.clear();
        assert!(third.grow(40));
        drop((first, third));
        assert!(memory.take(100).1);
    }
}
