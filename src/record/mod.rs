//! Records calls: sanitizer, summary, policies and sink in one, usable without tower.

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;

use crate::call::{CallContext, IdentitySlot, Outcome, ToolCall};
use crate::entry::CallTrigger;

/// Takes what a request says; everything is sanitized as it is handed over.
#[derive(Debug)]
pub struct CallBuilder<'a>(PhantomData<&'a mut ()>);

impl CallBuilder<'_> {
    /// All of a [`ToolCall`].
    pub fn tool_call(&mut self, call: &ToolCall) -> &mut Self {
        let _ = call;
        self
    }
    /// tool
    pub fn tool_name(&mut self, name: &str) -> &mut Self {
        let _ = name;
        self
    }
    /// arguments
    pub fn arguments(&mut self, arguments: &Value) -> &mut Self {
        let _ = arguments;
        self
    }
    /// context
    pub fn context(&mut self, context: &CallContext) -> &mut Self {
        let _ = context;
        self
    }
    /// trigger
    pub fn trigger(&mut self, trigger: CallTrigger) -> &mut Self {
        let _ = trigger;
        self
    }
    /// identity
    pub fn identity(&mut self, slot: &IdentitySlot) -> &mut Self {
        let _ = slot;
        self
    }
}

/// Takes what a result says; everything is sanitized as it is handed over.
#[derive(Debug)]
pub struct OutcomeBuilder<'a>(PhantomData<&'a mut ()>);

impl OutcomeBuilder<'_> {
    /// How the call ended.
    pub fn outcome(&mut self, outcome: Outcome) -> &mut Self {
        let _ = outcome;
        self
    }
    /// What went wrong.
    pub fn error<E: fmt::Display + ?Sized>(&mut self, error: &E) -> &mut Self {
        let _ = error;
        self
    }
    /// What went wrong, as the value.
    pub fn error_value(&mut self, error: &Value) -> &mut Self {
        let _ = error;
        self
    }
    /// kind
    pub fn error_type(&mut self, error_type: &str) -> &mut Self {
        let _ = error_type;
        self
    }
    /// the answer
    pub fn result(&mut self, result: &Value) -> &mut Self {
        let _ = result;
        self
    }
    /// the answer
    pub fn result_text(&mut self, text: &str) -> &mut Self {
        let _ = text;
        self
    }
}
