//! What the server sends: answers, and how tasks are.

use serde_json::Value;

use super::{Ended, McpSession};
use crate::adapt::mcp::open_call::{OpenCall, SAME_ID};
use crate::adapt::mcp::origin::Heard;
use crate::adapt::mcp::{message, task};
use crate::adapt::meta;

impl McpSession {
    /// Looks at a line that the server sends, before the client has it.
    pub fn server_line(&mut self, line: &[u8]) -> Vec<Ended> {
        match message::parse(line) {
            Some(messages) => self.server_messages(&messages, Heard::default()),
            None => {
                self.server_unreadable();
                Vec::new()
            }
        }
    }

    /// Looks at what the server said there. Where two calls have one id, it is the exchange's own that ends.
    pub(in crate::adapt::mcp) fn server_messages(
        &mut self,
        messages: &[Value],
        heard: Heard,
    ) -> Vec<Ended> {
        let ended = messages.iter().filter_map(|message| {
            if message::method(message).is_none() {
                return self.answer(message, heard);
            }
            if let Some("notifications/tasks/status" | "notifications/tasks") =
                message::method(message)
            {
                self.task_status(message::params(message));
            }
            None
        });
        ended.collect()
    }

    pub(in crate::adapt::mcp) fn server_unreadable(&mut self) {
        self.stats.unreadable_from_server += 1;
    }

    fn answer(&mut self, answer: &Value, heard: Heard) -> Option<Ended> {
        let id = message::id(answer)?;
        let result = answer.get("result");
        if self.context.server.is_none() {
            self.context.server = result.and_then(meta::server).map(str::to_owned);
        }
        let Some(place) = self.place_of(id, heard) else {
            return self.polled(id, result?);
        };
        if let Some(task) = result.and_then(task::new_task)
            && let Some(call) = self.open.get_mut(place)
            && call.task.is_none()
        {
            call.task = Some(task.to_owned());
            call.exchange = 0;
            self.count(place);
            return None;
        }
        let call = self.open.remove(place)?;
        let commit = match (result, answer.get("error")) {
            (Some(result), _) => call.succeed(result),
            (None, Some(error)) => call.fail_with(error),
            (None, None) => call.fail("no_result", "the answer has neither result nor error"),
        };
        Some(Ended {
            id: id.clone(),
            commit,
        })
    }

    /// The open call that an answer with this id is to: one of the exchange itself, or that may be answered in any. What
    /// another exchange waits for comes there, and elsewhere only to a client that goes on with a stream it has lost.
    fn place_of(&self, id: &Value, heard: Heard) -> Option<usize> {
        let find = |may_be: &dyn Fn(&OpenCall) -> bool| {
            SAME_ID.iter().find_map(|is_same| {
                let is_meant = |call: &OpenCall| may_be(call) && call.awaits(id, *is_same);
                self.open.iter().position(is_meant)
            })
        };
        find(&|call| call.exchange == heard.exchange)
            .or_else(|| find(&|call| call.exchange == 0))
            .or_else(|| find(&|_| heard.resumes))
    }

    /// An answer that says how a task is: where the task has ended, so has its call.
    fn polled(&mut self, id: &Value, task: &Value) -> Option<Ended> {
        let end = task::end(task)?;
        let call = self.take(|call| call.polls(id) && call.waits_for(&end))?;
        Some(Ended {
            id: id.clone(),
            commit: call.end_task(&end),
        })
    }

    fn task_status(&mut self, params: &Value) {
        if let Some(end) = task::end(params)
            && let Some(call) =
                self.take(|call| call.is_task(task::id(params)) && call.waits_for(&end))
        {
            drop(call.end_task(&end));
        }
    }
}
