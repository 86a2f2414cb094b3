//! Which tokens open the relay, and how a request shows one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::{TOKEN, TOKEN_PARAMETER, World, base64, sample, with_credential};

const NEW_TOKEN: &str = "new-sample-token";

fn basic(credentials: &str) -> String {
    format!("Basic {}", base64(credentials))
}

fn with_token(token: &str) -> Value {
    with_credential(sample("alarm"), Some(&basic(&format!("zstack:{token}"))), "")
}

#[tokio::test]
async fn the_token_is_the_password_of_basic_or_in_the_url() {
    let mut world = World::new().await;
    for (authorization, query) in [
        (Some(basic(&format!("zstack:{TOKEN}"))), String::new()),
        (Some(basic(&format!("anybody:{TOKEN}")).replace("Basic", "basic")), String::new()),
        (Some(basic(&format!(":{TOKEN}"))), String::new()),
        (None, format!("token={TOKEN}")),
        (None, format!("cloud=beijing&token={TOKEN}&token=other")),
        (Some(basic("zstack:wrong")), format!("token={TOKEN}")),
    ] {
        let event = with_credential(sample("alarm"), authorization.as_deref(), &query);
        assert_eq!(world.send(&event).await.0, 200, "{authorization:?} {query}");
    }
    assert_eq!(world.pushed()[4]["labels"]["cloud"], "beijing");
    assert!(world.pushed().iter().all(|event| event["labels"].get("token").is_none()));
    world.end();
}

/// In a form, `+` means a space. In a token that somebody appends to the URL, it means itself.
#[tokio::test]
async fn a_plus_sign_in_the_urls_token_is_a_plus_sign() {
    let mut world = World::new().await;
    for (token, query, status) in [
        ("a+b/c==", "token=a+b/c==", 200),
        ("a+b/c==", "token=a%2Bb%2Fc%3D%3D", 200),
        ("a+b/c==", "token=a%20b/c==", 401),
        ("a+b/c==", "cloud=x+y&token=a+b/c==", 200),
        ("a+b/c==", "token=a-b/c==", 401),
    ] {
        world.ssm.put(TOKEN_PARAMETER, token);
        world.restart().await;
        let event = with_credential(sample("alarm"), None, query);
        assert_eq!(world.send(&event).await.0, status, "{token} {query}");
    }
    assert_eq!(world.pushed()[2]["labels"]["cloud"], "x y");

    // A REST API decodes `+` to a space before the function gets it.
    let mut rest = sample("alarm-rest-api");
    rest["headers"].as_object_mut().unwrap().remove("Authorization");
    rest["multiValueHeaders"].as_object_mut().unwrap().remove("Authorization");
    rest["queryStringParameters"] = json!({"token": "a b/c=="});
    rest["multiValueQueryStringParameters"] = json!({"token": ["a b/c=="]});
    assert_eq!(world.send(&rest).await.0, 200);
    world.end();
}

/// `用户` in GBK, bytes that are no text in any encoding, and `用户` in UTF-8.
#[tokio::test]
async fn the_user_name_may_be_in_any_encoding() {
    let mut world = World::new().await;
    for name in [b"\xd3\xc3\xbb\xa7".as_slice(), b"\xff\x00", "用户".as_bytes()] {
        for (password, status) in [(TOKEN.as_bytes(), 200), (b"wrong", 401), (b"\xff", 401)] {
            let credentials = BASE64_STANDARD.encode([name, b":", password].concat());
            let event = with_credential(sample("alarm"), Some(&format!("Basic {credentials}")), "");
            let (answered, body) = world.send(&event).await;
            assert_eq!(answered, status, "{name:?} {password:?}");
            let message = body["error"]["message"].as_str().unwrap_or_default();
            assert!(status == 200 || message.contains("token is wrong"), "{message}");
        }
    }
    world.end();
}

#[tokio::test]
async fn a_passphrase_with_spaces_is_accepted_only_as_a_whole() {
    let mut world = World::new().await;
    world.ssm.put(TOKEN_PARAMETER, "correct horse battery staple\nnew-sample-token");
    world.restart().await;
    assert_eq!(world.send(&with_token("correct horse battery staple")).await.0, 200);
    let in_url = |query| with_credential(sample("alarm"), None, query);
    assert_eq!(world.send(&in_url("token=correct%20horse%20battery%20staple")).await.0, 200);
    assert_eq!(world.send(&with_token(NEW_TOKEN)).await.0, 200);
    for shown in ["staple", "correct", "correct horse", "correct horse battery staple new-sample-token"] {
        assert_eq!(world.send(&with_token(shown)).await.0, 401, "{shown}");
    }
    assert!(!world.function.log().contains("horse"));
    world.end();
}

/// Two tokens in one line, as README once showed them, and a token that is too short.
#[tokio::test]
async fn tokens_in_one_line_and_short_tokens_work_with_a_warning_at_every_read() {
    for (value, expected) in [
        ("new-sample-token a-token-of-sixteen", 1),
        ("new-sample-token a-token-of-sixteen\ntiny-one", 2),
        ("new-sample-token\ntiny-one", 1),
        ("new-sample-token", 0),
    ] {
        let mut world = World::with(&[("SETTINGS_TTL_SECONDS", "0")]).await;
        world.ssm.put(TOKEN_PARAMETER, value);
        world.restart().await;
        for shown in value.split_whitespace() {
            assert_eq!(world.send(&with_token(shown)).await.0, 200, "{value:?} {shown}");
        }
        assert_eq!(world.send(&sample("health")).await.0, 200, "{value:?}");
        let reads = value.split_whitespace().count() + 2;
        world.function.request_lines().await;
        let log = world.function.log();
        let warnings: Vec<_> = log.lines().filter(|line| line.contains(r#""level":"WARN""#)).collect();
        assert_eq!(warnings.len(), expected * reads, "{value:?} {warnings:#?}");
        assert!(warnings.iter().all(|line| line.contains(TOKEN_PARAMETER)), "{warnings:#?}");
        assert!(value.split_whitespace().all(|token| !log.contains(token)), "{log}");
        world.end();
    }
}
