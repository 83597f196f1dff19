use std::any::Any;
use std::error::Error;

use super::{ToolFailure, ToolReply};
use crate::call::{Classify, ClassifyResponses, ToolResponse};
use crate::record::OutcomeBuilder;
use rmcp::ErrorData;

/// Judges what tools answered, and what the layers between them and the audit made of it.
///
/// The module's table says how each end is recorded.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClassifyTools;

impl<E: std::fmt::Display + 'static> Classify<ToolReply, E> for ClassifyTools {
    fn classify(&self, result: Result<&ToolReply, &E>, outcome: &mut OutcomeBuilder<'_>) {
        match result {
            Ok(reply) => reply.describe_outcome(outcome),
            Err(error) => match failure(error) {
                Some(failure) => failure.describe(outcome),
                None => ClassifyResponses.classify(result, outcome),
            },
        }
    }
}

/// The JSON-RPC error that an error is, by itself or in a box.
fn failure<E: 'static>(error: &E) -> Option<ToolFailure> {
    let error: &dyn Any = error;
    if let Some(failure) = error.downcast_ref::<ToolFailure>() {
        return Some(failure.clone());
    }
    if let Some(error) = error.downcast_ref::<ErrorData>() {
        return Some(error.clone().into());
    }
    let boxed = error.downcast_ref::<Box<dyn Error + Send + Sync>>()?;
    match boxed.downcast_ref::<ToolFailure>() {
        Some(failure) => Some(failure.clone()),
        None => Some(boxed.downcast_ref::<ErrorData>()?.clone().into()),
    }
}
