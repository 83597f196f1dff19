//! A server with all that the MCP conformance suite asks a server for.
#![allow(
    unreachable_pub,
    deprecated,
    reason = "the suite asks for what the protocol gives up, too"
)]

use std::sync::{Arc, Mutex};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult,
    CreateMessageRequest, ElicitRequest, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, LoggingLevel, LoggingMessageNotificationParam, PaginatedRequestParams,
    ProgressNotificationParam, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    ServerCapabilities, ServerConfig, ServerRequest, SetLevelRequestParams, SubscribeRequestParams,
    UnsubscribeRequestParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

const TOOLS: [&str; 12] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_tool_with_logging",
    "test_error_handling",
    "test_tool_with_progress",
    "test_sampling",
    "test_elicitation",
    "test_elicitation_sep1034_defaults",
    "test_elicitation_sep1330_enums",
];

/// A protocol type as it looks on the wire.
fn of<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("as the protocol has it")
}

fn text(text: impl Into<String>) -> Value {
    json!({"content": [{"type": "text", "text": text.into()}]})
}

#[derive(Clone, Default)]
pub struct Everything {
    /// The tools that were called, in the order in which they were.
    pub calls: Arc<Mutex<Vec<String>>>,
}

impl Everything {
    fn note(&self, tool: &str) {
        let mut calls = self.calls.lock().expect("no call panics with it");
        calls.push(tool.to_owned());
    }
}

impl ServerHandler for Everything {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_logging()
            .enable_prompts()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_tools();
        ServerConfig::new(capabilities.build())
    }

    async fn set_level(
        &self,
        _request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn complete(
        &self,
        _request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Ok(of(
            json!({"completion": {"values": ["paris", "park"], "total": 2, "hasMore": false}}),
        ))
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tool = |name: &str| json!({"name": name, "description": name, "inputSchema": {"type": "object"}});
        let mut tools: Vec<Value> = TOOLS.into_iter().map(tool).collect();
        tools.push(json!({
            "name": "json_schema_2020_12_tool",
            "description": "Tool with JSON Schema 2020-12 features",
            "inputSchema": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "$defs": {"address": {"type": "object", "properties": {
                    "street": {"type": "string"}, "city": {"type": "string"},
                }}},
                "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
                "additionalProperties": false,
            },
        }));
        Ok(of(json!({"tools": tools})))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.note(&request.name);
        let resource = json!({"type": "resource", "resource": {
            "uri": "test://embedded-resource", "mimeType": "text/plain",
            "text": "This is an embedded resource content.",
        }});
        let image = json!({"type": "image", "data": PIXEL, "mimeType": "image/png"});
        let argument = |name: &str| {
            let arguments = request.arguments.as_ref();
            arguments.and_then(|arguments| arguments.get(name)).cloned()
        };
        let result = match &*request.name {
            "test_simple_text" => text("This is a simple text response for testing."),
            "test_image_content" => json!({"content": [image]}),
            "test_audio_content" => {
                json!({"content": [{"type": "audio", "data": SILENCE, "mimeType": "audio/wav"}]})
            }
            "test_embedded_resource" => json!({"content": [resource]}),
            "test_multiple_content_types" => json!({"content": [
                {"type": "text", "text": "Multiple content types test:"}, image,
                {"type": "resource", "resource": {
                    "uri": "test://mixed-content-resource", "mimeType": "application/json",
                    "text": r#"{"test":"data","value":123}"#,
                }},
            ]}),
            "test_error_handling" => {
                let mut failed = text("This tool intentionally returns an error for testing");
                failed["isError"] = true.into();
                failed
            }
            "test_tool_with_logging" => log(&context).await,
            "test_tool_with_progress" => report_progress(&context).await,
            "test_sampling" => {
                let content = json!({"type": "text", "text": argument("prompt")});
                let params =
                    json!({"messages": [{"role": "user", "content": content}], "maxTokens": 100});
                let request = CreateMessageRequest::new(of(params));
                ask(
                    &context,
                    ServerRequest::CreateMessageRequest(request),
                    "LLM response",
                )
                .await
            }
            "test_elicitation" => {
                let members = json!({
                    "username": {"type": "string", "description": "User's response"},
                    "email": {"type": "string", "description": "User's email address"},
                });
                let schema = json!({"type": "object", "properties": members, "required": ["username", "email"]});
                elicit(
                    &context,
                    &argument("message").unwrap_or_default(),
                    &schema,
                    "User response",
                )
                .await
            }
            "test_elicitation_sep1034_defaults" => {
                let schema = json!({"type": "object", "properties": {
                    "name": {"type": "string", "default": "John Doe"},
                    "age": {"type": "integer", "default": 30},
                    "score": {"type": "number", "default": 95.5},
                    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
                    "verified": {"type": "boolean", "default": true},
                }});
                elicit(
                    &context,
                    &json!("all have defaults"),
                    &schema,
                    "Elicitation completed",
                )
                .await
            }
            "test_elicitation_sep1330_enums" => {
                elicit(
                    &context,
                    &json!("choose"),
                    &enums(),
                    "Elicitation completed",
                )
                .await
            }
            _ => return Err(ErrorData::invalid_params("unknown tool", None)),
        };
        Ok(of::<CallToolResult>(result).into())
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resource = |name: &str, kind: &str| json!({"uri": format!("test://{name}"), "name": name, "description": name, "mimeType": kind});
        Ok(of(json!({"resources": [
            resource("static-text", "text/plain"), resource("static-binary", "image/png"),
            resource("watched-resource", "text/plain"),
        ]})))
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(of(json!({"resourceTemplates": [
            {"uriTemplate": "test://template/{id}/data", "name": "template", "mimeType": "application/json"},
        ]})))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let id = uri
            .strip_prefix("test://template/")
            .and_then(|rest| rest.strip_suffix("/data"));
        let contents = match (uri, id) {
            ("test://static-text", _) => json!({
                "uri": uri, "mimeType": "text/plain",
                "text": "This is the content of the static text resource.",
            }),
            ("test://static-binary", _) => {
                json!({"uri": uri, "mimeType": "image/png", "blob": PIXEL})
            }
            (_, Some(id)) => {
                let data =
                    json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
                json!({"uri": uri, "mimeType": "application/json", "text": data.to_string()})
            }
            _ => return Err(ErrorData::resource_not_found("no such resource", None)),
        };
        Ok(of::<ReadResourceResult>(json!({"contents": [contents]})).into())
    }

    async fn subscribe(
        &self,
        _request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompt = |name: &str, arguments: Value| json!({"name": name, "description": name, "arguments": arguments});
        let argument = |name: &str| json!({"name": name, "description": name, "required": true});
        Ok(of(json!({"prompts": [
            prompt("test_simple_prompt", json!([])),
            prompt("test_prompt_with_arguments", json!([argument("arg1"), argument("arg2")])),
            prompt("test_prompt_with_embedded_resource", json!([argument("resourceUri")])),
            prompt("test_prompt_with_image", json!([])),
        ]})))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = Value::Object(
            request
                .arguments
                .clone()
                .unwrap_or_default()
                .into_iter()
                .collect(),
        );
        let says = |text: &str| json!({"role": "user", "content": {"type": "text", "text": text}});
        let messages = match request.name.as_str() {
            "test_simple_prompt" => json!([says("This is a simple prompt for testing.")]),
            "test_prompt_with_arguments" => {
                let (one, other) = (&arguments["arg1"], &arguments["arg2"]);
                let (one, other) = (one.as_str().unwrap_or(""), other.as_str().unwrap_or(""));
                json!([says(&format!(
                    "Prompt with arguments: arg1='{one}', arg2='{other}'"
                ))])
            }
            "test_prompt_with_embedded_resource" => json!([
                {"role": "user", "content": {"type": "resource", "resource": {
                    "uri": arguments["resourceUri"], "mimeType": "text/plain",
                    "text": "Embedded resource content for testing.",
                }}},
                says("Please process the embedded resource above."),
            ]),
            "test_prompt_with_image" => json!([
                {"role": "user", "content": {"type": "image", "data": PIXEL, "mimeType": "image/png"}},
                says("Please analyze the image above."),
            ]),
            _ => return Err(ErrorData::invalid_params("no such prompt", None)),
        };
        Ok(of::<GetPromptResult>(json!({"messages": messages})).into())
    }
}

async fn log(context: &RequestContext<RoleServer>) -> Value {
    for said in [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ] {
        let message = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(said));
        drop(context.peer.notify_logging_message(message).await);
    }
    text("logged")
}

async fn report_progress(context: &RequestContext<RoleServer>) -> Value {
    if let Some(token) = context.meta.get_progress_token() {
        for progress in [0.0, 50.0, 100.0] {
            let report = ProgressNotificationParam::new(token.clone(), progress).with_total(100.0);
            drop(context.peer.notify_progress(report).await);
        }
    }
    text("reported")
}

async fn ask(context: &RequestContext<RoleServer>, request: ServerRequest, says: &str) -> Value {
    match context.peer.send_request(request).await {
        Ok(answer) => {
            let answer = serde_json::to_string(&answer).expect("JSON");
            text(format!("{says}: {answer}"))
        }
        Err(error) => {
            let mut failed = text(error.to_string());
            failed["isError"] = true.into();
            failed
        }
    }
}

async fn elicit(
    context: &RequestContext<RoleServer>,
    message: &Value,
    schema: &Value,
    says: &str,
) -> Value {
    let params = json!({"mode": "form", "message": message, "requestedSchema": schema});
    let request = ElicitRequest::new(of(params));
    ask(context, ServerRequest::ElicitRequest(request), says).await
}

fn enums() -> Value {
    let titled = json!([
        {"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"},
        {"const": "value3", "title": "Third"},
    ]);
    let options = json!(["option1", "option2", "option3"]);
    json!({"type": "object", "properties": {
        "untitledSingle": {"type": "string", "enum": options},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {
            "type": "string", "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }})
}
