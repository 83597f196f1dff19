//! What the client sends: calls, and what it says of those that are open.

use serde_json::Value;

use super::{McpSession, Started};
use crate::adapt::mcp::open_call::{OpenCall, SAME_ID};
use crate::adapt::mcp::origin::Origin;
use crate::adapt::mcp::{message, task};
use crate::adapt::meta;
use crate::call::{Outcome, UNKNOWN};
use crate::record::{Admission, CallBuilder};

impl McpSession {
    /// Looks at a line that the client sends, before the server has it.
    ///
    /// `admission` says whether the log can take a call: [`Recorder::admit_or_go_on`](crate::record::Recorder::admit_or_go_on) tells.
    pub fn client_line(&mut self, line: &[u8], admission: &Admission) -> Vec<Started> {
        match message::parse(line) {
            Some(messages) => self.client_messages(&messages, admission, &Origin::default()),
            None => {
                self.client_unreadable(line.len() as u64, admission, &Origin::default());
                Vec::new()
            }
        }
    }

    pub(in crate::adapt::mcp) fn client_messages(
        &mut self,
        messages: &[Value],
        admission: &Admission,
        origin: &Origin,
    ) -> Vec<Started> {
        let mut started = Vec::new();
        for message in messages {
            let params = message::params(message);
            match message::method(message) {
                Some("tools/call") => started.push(self.begin(message, admission, origin)),
                Some("notifications/cancelled") => {
                    let reason = params.get("reason").and_then(Value::as_str);
                    if let Some(id) = params.get("requestId") {
                        SAME_ID
                            .iter()
                            .any(|is_same| self.cancel(|call| call.is_of(id, *is_same), reason));
                    }
                }
                Some("tasks/cancel") => {
                    self.cancel(|call| call.is_task(task::id(params)), None);
                }
                Some("tasks/result") => self.change(
                    |call| call.is_task(task::id(params)),
                    |call| {
                        call.fetch = message::id(message).cloned();
                        call.exchange = origin.exchange;
                    },
                ),
                Some("tasks/get") => self.change(
                    |call| call.is_task(task::id(params)),
                    |call| call.poll = message::id(message).cloned(),
                ),
                Some("initialize") => {
                    if let Some(client) = params.get("clientInfo") {
                        self.client = ["name", "version"]
                            .map(|member| meta::short(client, member).map(Value::from));
                    }
                }
                _ => {}
            }
        }
        started
    }

    /// Records that the client sent so many bytes that nobody can read.
    pub(in crate::adapt::mcp) fn client_unreadable(
        &mut self,
        bytes: u64,
        admission: &Admission,
        origin: &Origin,
    ) {
        self.stats.unreadable_from_client += 1;
        let context = origin.added_to(self.context.clone());
        let recording = self.recorder.start_admitted(admission, |call| {
            call.tool_name(UNKNOWN).context(&context);
            self.claim_client(call);
        });
        let committed = recording.finish(|outcome| {
            outcome
                .outcome(Outcome::ServiceError)
                .error_type("unreadable_message")
                .error(&format_args!(
                    "a message of {bytes} bytes from the client is no JSON-RPC that can be read"
                ));
        });
        drop(committed);
    }

    fn claim_client(&self, call: &mut CallBuilder<'_>) {
        let [name, version] = &self.client;
        meta::claim_client(call, name.as_ref(), version.as_ref());
    }

    fn begin(&mut self, request: &Value, admission: &Admission, origin: &Origin) -> Started {
        let params = message::params(request);
        let id = message::id(request);
        let context = origin.added_to(self.context.clone());
        let meta = params.get("_meta").and_then(Value::as_object);
        let mut recording = self.recorder.start_admitted(admission, |call| {
            call.tool_name(
                params
                    .get("name")
                    .and_then(Value::as_str)
                    .unwrap_or(UNKNOWN),
            );
            if let Some(arguments) = params.get("arguments") {
                call.arguments(arguments);
            }
            match id {
                Some(Value::String(id)) => {
                    call.tool_call_id(id);
                }
                Some(id) => {
                    call.tool_call_id(&id.to_string());
                }
                None => {}
            }
            if let Some(session) = &self.session {
                call.session_called(session);
            }
            meta::describe(call.over_mcp(), &context, meta);
            self.claim_client(call);
        });
        recording.begin();
        self.stats.calls += 1;
        let intent = recording.intent();
        let (room, has_room) = origin.take_room();
        self.open.push_back(OpenCall {
            request: id.cloned(),
            task: None,
            fetch: None,
            poll: None,
            exchange: origin.exchange,
            recording,
            memory: self.memory.take(0).0,
            room,
        });
        if !has_room {
            self.end_oldest();
        }
        self.count(self.open.len().saturating_sub(1));
        Started {
            id: id.cloned(),
            intent,
        }
    }
}
