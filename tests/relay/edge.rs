//! The webhook answers every event of API Gateway, whatever the event contains, and does not panic.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_standin::ssm::Ssm;
use flashduty_standin::{Options, Standin};
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use zstack_flashduty::config::{Config, Function};
use zstack_flashduty::delivery::Delivery;
use zstack_flashduty::flashduty::Client;
use zstack_flashduty::language::Language;
use zstack_flashduty::platform::http::Http;
use zstack_flashduty::platform::metrics::Metrics;
use zstack_flashduty::relay::Relay;
use zstack_flashduty::secrets::SecretStore;
use zstack_flashduty::sources::AllowedSources;
use zstack_flashduty::webhook::Webhook;

use crate::support::{KEY, KEY_IN_URL, PUSH_URL_PARAMETER, TOKEN, TOKEN_PARAMETER, base64};

/// Limit of path and query together, in bytes.
const MAX_URL: usize = 64 * 1024;

/// The webhook in this process, without `lambda_runtime`.
static EDGE: LazyLock<Edge> = LazyLock::new(Edge::new);

struct Edge {
    runtime: Runtime,
    webhook: Webhook,
    _flashduty: Standin,
}

impl Edge {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let (flashduty, ssm_url) = runtime.block_on(async {
            let flashduty = Standin::start(Options { keys: vec![KEY.to_owned()], ..Options::default() }).await.unwrap();
            let (ssm, ssm_url) = Ssm::start().await;
            ssm.put(PUSH_URL_PARAMETER, &flashduty.push_url("standard", KEY_IN_URL));
            ssm.put(TOKEN_PARAMETER, TOKEN);
            (flashduty, ssm_url)
        });
        let names =
            [("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER), ("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER)];
        let get = |name: &str| names.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let config = Config::read(Function::Relay, get).unwrap();
        let http = Http::new().unwrap();
        let credentials = Credentials::new("test", "test", None, None, "test");
        let aws = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .sleep_impl(TokioSleep::new())
            .http_client(http.clone())
            .endpoint_url(ssm_url)
            .build();
        let secrets = Arc::new(SecretStore::connect(&aws, &config));
        let delivery = Delivery::new(secrets.clone(), Client::new(http), None, &config);
        let webhook = Webhook::new(
            secrets,
            Relay::new(delivery),
            Metrics::new(None),
            AllowedSources::default(),
            Language::English,
        );
        Self { runtime, webhook, _flashduty: flashduty }
    }

    /// The answer to an event. `None` if `lambda_http` cannot read the event; `lambda_runtime` reports that to Lambda.
    fn answer(&self, event: Value) -> Option<Value> {
        let payload = serde_json::from_value::<LambdaRequest>(event).ok()?;
        let event = LambdaEvent { payload, context: Context::default() };
        let answer = self.runtime.block_on(self.webhook.invoke(event));
        Some(serde_json::to_value(&answer).unwrap())
    }
}

/// Any text; sometimes it is longer than a URL may be.
fn text() -> impl Strategy<Value = String> {
    let longer =
        (prop_oneof![Just("a"), Just("%"), Just("名"), Just("/"), Just("+&="), Just(" ")], 1_000_usize..70_000);
    prop_oneof![
        6 => "[ -~]{0,30}",
        4 => any::<String>(),
        2 => "(/|//|:|@|\\[|%[0-9a-f]{0,2}|\\.\\.|#|\\?|\\\\|zstack|health){0,6}",
        1 => longer.prop_map(|(unit, bytes)| unit.repeat(bytes / unit.len())),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let channel = prop_oneof!["[a-z]{1,3}", text()].prop_map(|name| format!("/zstack/{name}"));
    prop_oneof![Just("/zstack".to_owned()), Just("/health".to_owned()), channel, text()]
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("POST".to_owned()), 2 => "GET|HEAD|PUT|OPTIONS|CONNECT|TRACE|get", 1 => text()]
}

fn query() -> impl Strategy<Value = String> {
    prop_oneof![Just(format!("token={TOKEN}")), "(token|cloud|Token)=[ -~]{0,10}(&[ -~]{0,10}){0,3}", text()]
}

fn headers() -> impl Strategy<Value = BTreeMap<String, String>> {
    let names =
        "host|Host|authorization|Authorization|cookie|x-forwarded-proto|x-forwarded-for|content-type|[a-z-]{1,9}";
    let credential = prop_oneof![
        Just(format!("Basic {}", base64(&format!("zstack:{TOKEN}")))),
        any::<String>().prop_map(|text| format!("Basic {}", base64(&text))),
    ];
    btree_map(names, prop_oneof![3 => text(), 1 => credential], 0..6)
}

/// An event of an HTTP API or a function URL (payload format 2.0), and the length of its URL.
fn version_2() -> impl Strategy<Value = (Value, usize)> {
    let parts = (path(), query(), headers(), method(), text(), text(), proptest::option::of(text()), any::<bool>());
    parts.prop_map(|(path, query, headers, method, stage, domain, body, is_base64)| {
        let length = path.len() + query.len();
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
            "cookies": [stage, domain],
            "requestContext": {
                "accountId": "123456789012", "apiId": "a", "domainName": domain, "stage": stage, "timeEpoch": 0,
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": domain, "userAgent": stage},
            },
            "body": body, "isBase64Encoded": is_base64,
        });
        (event, length)
    })
}

/// An event of a REST API (payload format 1.0), and the length of its URL.
fn version_1() -> impl Strategy<Value = (Value, usize)> {
    let parameters = || btree_map(prop_oneof![Just("token".to_owned()), text()], text(), 0..4);
    let parts =
        (path(), parameters(), headers(), method(), text(), text(), proptest::option::of(text()), any::<bool>());
    parts.prop_map(|(path, parameters, headers, method, stage, domain, body, is_base64)| {
        let length = path.len() + parameters.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        let many = |map: &BTreeMap<String, String>| {
            map.iter().map(|(name, value)| (name.clone(), json!([value]))).collect::<serde_json::Map<_, _>>()
        };
        let event = json!({
            "version": "1.0", "resource": "/", "path": path, "httpMethod": method, "headers": headers,
            "multiValueHeaders": many(&headers), "queryStringParameters": parameters,
            "multiValueQueryStringParameters": many(&parameters),
            "requestContext": {
                "accountId": "123456789012", "apiId": "a", "domainName": domain, "stage": stage, "httpMethod": method,
                "requestTimeEpoch": 0, "identity": {"sourceIp": domain}, "path": path, "protocol": "HTTP/1.1",
            },
            "body": body, "isBase64Encoded": is_base64,
        });
        (event, length)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_event_is_answered((event, length) in prop_oneof![version_2(), version_1()]) {
        let Some(answer) = EDGE.answer(event) else { return Ok(()) };
        let status = answer["statusCode"].as_u64().unwrap();
        prop_assert_eq!(status == 414, length > MAX_URL, "{}", &answer);
        prop_assert!([200, 400, 401, 404, 405, 413, 414].contains(&status), "{}", &answer);
        // An answer to HEAD /health has no body.
        if let Some(body) = answer["body"].as_str().filter(|body| !body.is_empty()) {
            let body: Value = serde_json::from_str(body).unwrap();
            prop_assert_eq!(status < 300, body["error"].is_null(), "{}", &body);
        }
    }
}

/// If the generated events could not be read, the test above would test nothing.
#[test]
fn most_generated_events_can_be_read() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let statuses = (0..200).filter_map(|_| {
        let (event, _) = prop_oneof![version_2(), version_1()].new_tree(&mut runner).unwrap().current();
        EDGE.answer(event)?["statusCode"].as_u64()
    });
    let mut seen = BTreeMap::<u64, usize>::new();
    statuses.for_each(|status| *seen.entry(status).or_default() += 1);
    assert!([200, 400, 401, 404, 405, 414].iter().all(|status| seen.contains_key(status)), "{seen:?}");
    assert!(seen.values().sum::<usize>() > 100, "{seen:?}");
}
