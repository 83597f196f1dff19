//! Calls over HTTP, where each exchange has answers of its own and a session may be gone before its calls are.

use std::collections::VecDeque;

use super::McpSession;
use crate::adapt::mcp::open_call::OpenCall;
use crate::call::Outcome;

impl McpSession {
    /// The calls of this exchange, of which none can be answered any more, have ended so.
    pub(in crate::adapt::mcp) fn end_exchange(
        &mut self,
        exchange: u64,
        how: Outcome,
        error_type: &str,
        why: &str,
    ) {
        self.detach_tasks(exchange);
        for call in self.take_all(|call| call.exchange == exchange) {
            drop(call.end(how, error_type, why));
        }
    }

    /// The calls of this exchange may be answered in another one, but for those that have no id.
    pub(in crate::adapt::mcp) fn detach_exchange(&mut self, exchange: u64) {
        self.detach_tasks(exchange);
        for call in self.take_all(|call| call.exchange == exchange && call.request.is_none()) {
            drop(call.cancel("unanswered", None));
        }
        for call in self
            .open
            .iter_mut()
            .filter(|call| call.exchange == exchange)
        {
            call.exchange = 0;
        }
    }

    /// Who asked for a task's result may ask again.
    fn detach_tasks(&mut self, exchange: u64) {
        let of_this = |call: &&mut OpenCall| call.exchange == exchange && call.task.is_some();
        for call in self.open.iter_mut().filter(of_this) {
            call.exchange = 0;
            call.fetch = None;
        }
    }

    /// Whether calls of this exchange are open.
    pub(in crate::adapt::mcp) fn awaits(&self, exchange: u64) -> bool {
        self.open.iter().any(|call| call.exchange == exchange)
    }

    /// Whether calls are open whose answers may come in any exchange; tasks, which may take days, are asked for.
    pub(in crate::adapt::mcp) fn awaits_anywhere(&self) -> bool {
        self.open
            .iter()
            .any(|call| call.exchange == 0 && call.task.is_none())
    }

    /// All open calls have ended so.
    pub(in crate::adapt::mcp) fn end_all(&mut self, how: Outcome, error_type: &str, why: &str) {
        for call in self.open.drain(..) {
            drop(call.end(how, error_type, why));
        }
    }

    /// The calls that have become tasks, or the one that is this task.
    pub(in crate::adapt::mcp) fn take_tasks(&mut self, task: Option<&str>) -> VecDeque<OpenCall> {
        self.take_all(|call| match task {
            Some(_) => call.is_task(task),
            None => call.task.is_some(),
        })
    }

    /// Takes over calls that another session has begun.
    pub(in crate::adapt::mcp) fn adopt(&mut self, calls: VecDeque<OpenCall>) {
        for mut call in calls {
            call.memory = self.memory.take(0).0;
            call.count_memory();
            self.open.push_back(call);
        }
        self.make_room();
    }

    /// What the session is called from now on.
    pub(in crate::adapt::mcp) fn set_conversation(&mut self, id: String) {
        self.context.conversation_id = Some(id.clone());
        self.session = Some(id);
    }

    fn take_all(&mut self, is_meant: impl Fn(&OpenCall) -> bool) -> VecDeque<OpenCall> {
        let (taken, left) = self.open.drain(..).partition(is_meant);
        self.open = left;
        taken
    }
}
