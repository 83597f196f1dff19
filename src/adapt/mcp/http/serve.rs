use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, VIA};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};
use serde_json::Value;

use super::super::admit::{self, Refused, error};
use super::super::origin::Origin;
use super::super::{MAX_MESSAGE, OnUnrecordable, message};
use super::answer_body::{AnswerBody, Look};
use super::events::Events;
use super::exchange::{BodyFault, End, Exchange, Running, refusal};
use super::headers::{
    is_encoded, is_form, is_type, is_utf_8, join_cookies, remove_hop_by_hop, text,
};
use super::proxy::Shared;
use super::request_body::{BodyCopy, RequestBody, whole};
use super::sessions::SessionKey;
use crate::adapt::trace_context;
use crate::call::{CallContext, Outcome};

const SESSION_ID: &str = "mcp-session-id";
const LAST_EVENT_ID: &str = "last-event-id";
const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The version of the protocol from which on there are no sessions.
const WITHOUT_SESSIONS: &str = "2026-07-28";

/// Serves one request.
pub(super) async fn serve(
    shared: Arc<Shared>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<AnswerBody> {
    let (mut parts, body) = request.into_parts();
    if let Some(objection) = shared.friends.objection(&parts) {
        shared.turned_away.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(target: "tool_audit", %peer, objection, "a request was turned away");
        return own(StatusCode::FORBIDDEN, &without_id(objection));
    }
    if matches!(parts.method, Method::CONNECT | Method::TRACE) {
        return own(
            StatusCode::METHOD_NOT_ALLOWED,
            &without_id("no such method"),
        );
    }
    // What the server is not sent says nothing of what it does.
    remove_hop_by_hop(&mut parts.headers);
    for name in [SESSION_ID, PROTOCOL_VERSION] {
        if parts.headers.get_all(name).iter().nth(1).is_some() {
            let why = "a header that says the session or the version stands twice";
            return own(StatusCode::BAD_REQUEST, &without_id(why));
        }
    }
    let exchange = Arc::new(exchange(&shared, peer, &parts));
    let running = Running(Arc::clone(&exchange));
    let declared = text(&parts.headers, CONTENT_LENGTH.as_str());
    let length = declared.and_then(|length| length.parse::<u64>().ok());
    if let Some(length) = length.filter(|length| *length > shared.settings.max_body as u64) {
        exchange.request_unreadable(length);
        return faulty(&exchange, BodyFault::TooLong);
    }
    let body = match shared.settings.on_unrecordable {
        OnUnrecordable::PassOn => RequestBody::passing(body, Arc::clone(&exchange)),
        OnUnrecordable::Refuse => match admitted(body, &exchange).await {
            Ok(body) => RequestBody::Whole(body),
            Err(response) => return *response,
        },
    };
    pass(parts, body, running).await
}

/// The exchange that a request begins.
fn exchange(shared: &Arc<Shared>, peer: SocketAddr, parts: &Parts) -> Exchange {
    let headers = &parts.headers;
    let version = text(headers, PROTOCOL_VERSION);
    let may_have_session = version.is_none_or(|version| version < WITHOUT_SESSIONS);
    let session_id = text(headers, SESSION_ID).filter(|_| may_have_session);
    let session = match session_id {
        Some(id) => shared.sessions.of(id),
        None => shared.sessions.alone(),
    };
    let mut context = CallContext::default()
        .server(shared.upstream.authority())
        .metadata("client_ip", peer.ip().to_canonical().to_string());
    for (name, header) in [
        ("user_agent", "user-agent"),
        ("protocol_version", PROTOCOL_VERSION),
    ] {
        if let Some(value) = text(headers, header) {
            context = context.metadata(name, value);
        }
    }
    if let Some(trace) = text(headers, "traceparent").and_then(trace_context::parse) {
        context = trace.given_to(context);
    }
    let origin = Origin {
        exchange: shared.next_exchange(),
        context,
        memory: None,
    };
    // Servers know more than one spelling of a path and a type: only a form elsewhere is surely no message.
    let is_for_messages = shared.upstream.is_endpoint(parts.uri.path()) || !is_form(headers);
    let can_be_read = !is_encoded(headers) && is_utf_8(headers);
    let resumes = parts.method == Method::GET && headers.contains_key(LAST_EVENT_ID);
    Exchange::new(
        Arc::clone(shared),
        session,
        session_id.map(SessionKey::of),
        origin,
        [may_have_session, can_be_read, is_for_messages, resumes],
    )
}

/// The whole of a body whose calls can be recorded; else what the client is told.
async fn admitted(
    body: Incoming,
    exchange: &Arc<Exchange>,
) -> Result<Bytes, Box<Response<AnswerBody>>> {
    let body = match whole(body, exchange).await {
        Ok(body) => body,
        Err(fault) => return Err(Box::new(faulty(exchange, fault))),
    };
    let says_nothing = body.trim_ascii().is_empty();
    if says_nothing
        || (exchange.can_be_read
            && !exchange.may_be_message(&body)
            && message::parse(&body).is_none())
    {
        return Ok(body);
    }
    if !exchange.can_be_read {
        exchange.request_unreadable(body.len() as u64);
        let why = "the message is compressed or not in UTF-8, so it cannot be audited";
        let body = error(&Value::Null, why);
        return Err(Box::new(own(StatusCode::UNSUPPORTED_MEDIA_TYPE, &body)));
    }
    let shared = &exchange.shared;
    if let Some(messages) = message::parse(&body) {
        exchange.give_tasks(&messages);
    }
    let origin = exchange.origin_of(body.len(), 1);
    match admit::admit(
        &shared.recorder,
        exchange.session.messages(),
        &body,
        &origin,
    )
    .await
    {
        Ok(()) => Ok(body),
        Err(refused) => Err(Box::new(refuse(&refused))),
    }
}

/// Passes a request to the server, and its answer to the client.
async fn pass(mut parts: Parts, body: RequestBody, running: Running) -> Response<AnswerBody> {
    let exchange = Arc::clone(&running.0);
    let shared = &exchange.shared;
    let method = parts.method.clone();
    join_cookies(&mut parts.headers);
    parts.headers.append(VIA, via(parts.version));
    // What is encoded nobody can look into.
    if parts.headers.contains_key(ACCEPT_ENCODING) {
        let identity = HeaderValue::from_static("identity");
        parts.headers.insert(ACCEPT_ENCODING, identity);
    }
    parts.version = Version::HTTP_11;
    let mut request = Request::from_parts(parts, body);
    shared.upstream.direct(&mut request);
    let sent = shared.upstream.send(request);
    let answered = match shared.settings.answer_wait {
        Some(wait) => tokio::time::timeout(wait, sent).await,
        None => Ok(sent.await),
    };
    let answer = match answered {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => {
            if let Some(fault) = exchange.fault() {
                return faulty(&exchange, fault);
            }
            let why = format!("the server cannot be asked: {}", causes(&failure));
            let error_type = if failure.is_connect() {
                "unreachable"
            } else {
                "server_ended"
            };
            exchange.end(End::So(Outcome::ServiceError, error_type, &why));
            return own(StatusCode::BAD_GATEWAY, &without_id(&why));
        }
        Err(_) => {
            let why = "the server did not answer in time";
            exchange.end(End::So(Outcome::TimedOut, "no_answer", why));
            return own(StatusCode::GATEWAY_TIMEOUT, &without_id(why));
        }
    };
    let (mut parts, from) = answer.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    follow_session(&exchange, &method, parts.status, &parts.headers);
    if let Some(how) = refusal(parts.status) {
        let status = parts.status.as_u16();
        let (error_type, why) = (format!("http_{status}"), format!("HTTP status {status}"));
        exchange.end(End::So(how, &error_type, &why));
    }
    shared.upstream.keep_redirection(&mut parts.headers);
    let look = look(&exchange, &parts.headers);
    let holds =
        shared.settings.on_unrecordable == OnUnrecordable::Refuse && !matches!(look, Look::Not);
    if holds {
        // Another answer may have to take its place.
        parts.headers.remove(CONTENT_LENGTH);
    }
    let stop = shared.stopped();
    let body = AnswerBody::watched(from, running, parts.status, look, holds, stop);
    parts.version = Version::HTTP_11;
    Response::from_parts(parts, body)
}

/// Takes note of a session's beginning and end.
fn follow_session(exchange: &Exchange, method: &Method, status: StatusCode, headers: &HeaderMap) {
    let sessions = &exchange.shared.sessions;
    let Some(key) = exchange.session_key else {
        if let Some(id) = text(headers, SESSION_ID).filter(|_| exchange.may_have_session) {
            exchange.opened_session(id);
        }
        return;
    };
    if method == Method::DELETE && status.is_success() {
        sessions.ended(key, Outcome::Cancelled, "the client ended the session");
    } else if status == StatusCode::NOT_FOUND {
        sessions.ended(key, Outcome::ServiceError, "the server has no such session");
    } else {
        sessions.answered(key, &exchange.session, status.is_success());
    }
}

/// How an answer is looked at.
fn look(exchange: &Exchange, headers: &HeaderMap) -> Look {
    let holds = exchange.shared.settings.on_unrecordable == OnUnrecordable::Refuse;
    if is_encoded(headers) {
        Look::Not
    } else if is_type(headers, "text/event-stream") {
        Look::Events(Box::new(Events::new(MAX_MESSAGE, holds)), exchange.room())
    } else if is_type(headers, "application/json") {
        Look::Whole(BodyCopy::new(exchange.room()))
    } else {
        Look::Not
    }
}

fn faulty(exchange: &Exchange, fault: BodyFault) -> Response<AnswerBody> {
    let (status, why) = match fault {
        BodyFault::TooLong => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "the message has more than {} bytes",
                exchange.shared.settings.max_body
            ),
        ),
        BodyFault::TooSlow => (
            StatusCode::REQUEST_TIMEOUT,
            "the message did not come in time".to_owned(),
        ),
        BodyFault::Broken => (StatusCode::BAD_REQUEST, "the message broke off".to_owned()),
    };
    own(status, &error(&Value::Null, &why))
}

/// What a client is told whose call is not made.
fn refuse(refused: &Refused) -> Response<AnswerBody> {
    let mut errors: Vec<Value> = refused.errors().collect();
    match errors.len() {
        // Nobody waits for an answer to what has no id.
        0 => own(StatusCode::SERVICE_UNAVAILABLE, &without_id(&refused.why)),
        1 if refused.ids[0].is_null() => own(StatusCode::BAD_REQUEST, &errors.remove(0)),
        1 => own(StatusCode::OK, &errors.remove(0)),
        _ => own(StatusCode::OK, &errors.into()),
    }
}

/// A JSON-RPC error that is no request's answer.
fn without_id(why: &str) -> Value {
    let mut error = error(&Value::Null, why);
    if let Some(members) = error.as_object_mut() {
        members.remove("id");
    }
    error
}

fn own(status: StatusCode, body: &Value) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::Own(body.to_string().into()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// Who passed the request on (RFC 9110 section 7.6.3).
fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(if version == Version::HTTP_2 {
        "2.0 tool-audit"
    } else if version == Version::HTTP_10 {
        "1.0 tool-audit"
    } else {
        "1.1 tool-audit"
    })
}

/// An error with what it comes from: the outermost of hyper's says little.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
