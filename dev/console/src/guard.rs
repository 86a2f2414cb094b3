//! Who may talk to the console: a browser that shows its page, and programs of this machine.
//!
//! A page of another site can have a browser send requests here, and a name server can make such a page
//! look like this one (DNS rebinding). The header `Host` gives the second away, `Origin` the first.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::refusal::Refusal;

/// What every answer has.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    // The page of another version, or the alerts of another run, would only confuse.
    (CACHE_CONTROL, "no-store"),
];

pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match admit(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn admit(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let host = only(headers, &HOST).filter(|host| is_this_machine(host)).ok_or_else(|| {
        let message = "the console is only there for this machine: open it as http://127.0.0.1 with its port";
        Refusal::new(StatusCode::FORBIDDEN, "ForeignHost", message)
    })?;
    let own = format!("http://{host}");
    if headers.get_all(ORIGIN).iter().any(|origin| origin.as_bytes() != own.as_bytes()) {
        let message = "the console takes requests from its own page only, not from another site's";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "ForeignOrigin", message));
    }
    // What a form of another site can send is never JSON.
    if [Method::POST, Method::PUT].contains(method) && !only(headers, &CONTENT_TYPE).is_some_and(is_json) {
        let message = "send JSON, with Content-Type: application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "InvalidContentType", message));
    }
    Ok(())
}

/// The value of a header that must not come twice.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_this_machine_or_it_is_not() {
        for own in ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]", "[::1]:8080"] {
            assert!(is_this_machine(own), "{own}");
        }
        for foreign in [
            "",
            ":80",
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
            "evil@localhost",
            "127.0.0.1:8080:80x",
            "127.0.0.2",
            "::1",
            "[::2]:80",
        ] {
            assert!(!is_this_machine(foreign), "{foreign}");
        }
    }
}
