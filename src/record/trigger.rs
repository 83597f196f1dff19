//! Why a call is made: as its caller says, or as the calls before it in the conversation tell.

use super::assemble;
use super::open::Open;
use super::recorder::Inner;
use super::span::Span;
use crate::entry::{CallKey, CallTrigger, TriggerBasis};

/// Decides why the call is made. Nothing is inferred where conversation or turn are unknown.
pub(super) fn infer_trigger(open: &mut Open, inner: &Inner) -> Option<CallKey> {
    let told = open.unsanitized_arguments.clone();
    let known = |span: Span| {
        let json = span.of(&open.bytes);
        (json.len() > 2 && json != assemble::UNKNOWN_JSON).then_some(json)
    };
    let key = known(open.pieces.conversation_id)
        .filter(|_| open.turn_number > 0)
        .map(|id| {
            let conversation = (id, open.unsanitized_conversation);
            let arguments = open.pieces.arguments.of(&open.bytes);
            let told = told.map(|mut told| {
                told.add_bytes(arguments);
                told.finish()
            });
            inner.triggers.key(
                conversation,
                open.turn_number,
                known(open.pieces.tool_name),
                (arguments, told),
            )
        });
    let inferred = key.map(|key| inner.triggers.infer(key)).unwrap_or_default();
    (open.trigger, open.basis) = declared(open).unwrap_or((inferred.trigger, inferred.basis));
    open.inferred_retry_of = inferred
        .retry_of
        .filter(|_| open.trigger == CallTrigger::Retry);
    open.inferred_continues = inferred.continues;
    key
}

/// What the caller says of why the call is made. Who names the call that this one repeats has declared it a retry.
pub(super) fn declared(open: &Open) -> Option<(CallTrigger, TriggerBasis)> {
    let names_former = !open.pieces.retry_of.is_empty();
    let declared = open
        .declared
        .or(names_former.then_some(CallTrigger::Retry))?;
    Some((declared, TriggerBasis::Declared))
}
