//! Requests from other sites are rejected.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HOST, ORIGIN};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{TestConsole, error, read};

/// Paths of every kind, each with a method that it accepts.
const PATHS: [(Method, &str); 7] = [
    (Method::GET, "/"),
    (Method::GET, "/console.js"),
    (Method::GET, "/api/stream"),
    (Method::POST, "/api/preview"),
    (Method::POST, "/api/setup"),
    (Method::PUT, "/api/stack"),
    (Method::DELETE, "/api/alerts"),
];

#[tokio::test]
async fn another_host_is_rejected() {
    let console = TestConsole::new().await;
    for (method, path) in PATHS {
        for host in ["evil.example", "127.0.0.1.evil.example:80", "169.254.169.254"] {
            let request = console.request(method.clone(), path).header(HOST, host).json(&json!({}));
            assert_eq!(error("ForeignHost", read(request.send().await.unwrap()).await), 403, "{method} {path} {host}");
        }
    }
    let port = console.server.base_url().rsplit_once(':').unwrap().1.to_owned();
    for host in [format!("localhost:{port}"), format!("[::1]:{port}"), "127.0.0.1".to_owned()] {
        let answer = console.request(Method::GET, "/").header(HOST, &host).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{host}");
    }
}

#[tokio::test]
async fn a_request_without_one_host_is_rejected() {
    let console = TestConsole::new().await;
    for head in ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"] {
        let address = console.server.base_url().replace("http://", "");
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        let status = String::from_utf8_lossy(&answer[9..]).into_owned();
        assert_eq!(status, "403", "{head}");
    }
}

#[tokio::test]
async fn another_origin_is_rejected() {
    let console = TestConsole::new().await;
    let own = console.server.base_url();
    for (method, path) in PATHS {
        for origin in ["null", "http://evil.example", &own.replace("http:", "https:"), "http://127.0.0.1:1"] {
            let request = console.request(method.clone(), path).header(ORIGIN, origin).json(&json!({}));
            let answer = read(request.send().await.unwrap()).await;
            assert_eq!(error("ForeignOrigin", answer), 403, "{method} {path} {origin}");
        }
    }
    let answer = console.request(Method::DELETE, "/api/alerts").header(ORIGIN, own).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}

#[tokio::test]
async fn content_types_of_forms_are_rejected() {
    let console = TestConsole::new().await;
    let paths =
        ["/api/preview", "/api/send", "/api/setup", "/api/faults", "/api/stack", "/api/arrivals", "/api/queues"];
    for (path, method) in paths.into_iter().flat_map(|path| [(path, Method::POST), (path, Method::PUT)]) {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            let request = console.request(method.clone(), path).header(CONTENT_TYPE, content_type).body("{}");
            let answer = read(request.send().await.unwrap()).await;
            assert_eq!(error("InvalidContentType", answer), 415, "{path} {content_type}");
        }
    }
    let request = console.request(Method::PUT, "/api/faults").body("{}");
    assert_eq!(request.send().await.unwrap().status(), 415);
    let request = console.request(Method::PUT, "/api/faults").header(CONTENT_TYPE, "Application/JSON; charset=utf-8");
    assert_eq!(request.body("{}").send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let console = TestConsole::new().await;
    let requests = [
        (console.request(Method::GET, "/"), 200),
        (console.request(Method::GET, "/api/stream"), 200),
        (console.request(Method::GET, "/api/nothing"), 404),
        (console.request(Method::PATCH, "/api/alerts"), 405),
        (console.request(Method::GET, "/").header(HOST, "evil.example"), 403),
        (console.request(Method::POST, "/api/preview").json(&json!([])), 422),
    ];
    for (request, status) in requests {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        let header = |name: &str| answer.headers()[name].to_str().unwrap();
        assert_eq!(
            header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_rejected() {
    let console = TestConsole::new().await;
    let post = |body: &'static str| {
        console.request(Method::POST, "/api/preview").header(CONTENT_TYPE, "application/json").body(body).send()
    };
    let (status, answer) = read(post("{").await.unwrap()).await;
    let message = "the request's JSON cannot be read: EOF while parsing an object at line 1 column 1; \
                   correct it and send it again";
    assert_eq!((status, answer), (400, json!({"error": {"code": "InvalidRequest", "message": message}})));
    assert_eq!(error("InvalidRequest", read(post("{}").await.unwrap()).await), 422);
    assert_eq!(error("InvalidRequest", read(post(r#"{"body": "", "quary": ""}"#).await.unwrap()).await), 422);
    assert_eq!(error("NotFound", read(console.get("/nothing").await).await), 404);
    assert_eq!(error("MethodNotAllowed", read(console.get("/api/send").await).await), 405);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_rejected() {
    let console = TestConsole::new().await;
    let request_of = |bytes: usize| json!({"body": "x".repeat(bytes)});
    let (status, answer) = console.send(Method::POST, "/api/preview", &request_of(16 << 20)).await;
    let message = "the request is larger than 16777216 bytes; send a smaller one";
    assert_eq!((status, answer), (413, json!({"error": {"code": "BodyTooLarge", "message": message}})));

    // A smaller request that the relay rejects gets the relay's own error.
    let (status, answer) = console.send(Method::POST, "/api/preview", &request_of(4 << 20)).await;
    assert_eq!((status, &answer["error"]["code"]), (200, &json!("BodyTooLarge")));
    assert_eq!(error("NotDeployed", console.send(Method::POST, "/api/send", &request_of(4 << 20)).await), 409);
}
