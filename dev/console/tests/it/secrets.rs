//! No answer contains the webhook token or the integration key.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::timeout;
use zstack_flashduty::translate::Context;

use crate::stream::Stream;
use crate::{CHANNEL_KEY, KEY, TOKEN, TestConsole, sample};

#[tokio::test]
async fn no_answer_contains_a_secret() {
    let console = TestConsole::new().await;
    let mut stream = Stream::open(&console).await;
    console.report_stack("http://127.0.0.1:9/zstack").await;
    let query = format!("token={TOKEN}&cloud=c");
    console.report_arrival(1, &query, sample("alarm").as_bytes()).await;
    let url_labels = vec![("cloud".to_owned(), "c".to_owned())];
    console.push_translated(sample("alarm").as_bytes(), &Context { url_labels, ..Context::default() }).await;
    // Pushes that are refused for every reason.
    let standin = console.server.standin();
    for url in [standin.push_url("standard", KEY), standin.push_url(KEY, KEY), standin.push_url("standard", "wrong")] {
        console.client.post(url).json(&json!({"title_rule": "t"})).send().await.unwrap();
    }
    console.set_faults(json!({"fault": "unavailable", "channel": "database"})).await;
    console.push_with(CHANNEL_KEY, json!({"title_rule": "t"}).to_string().into_bytes()).await;
    console.set_faults(json!({"channel": ""})).await;
    console.push(&json!({"title_rule": "t"})).await;

    let mut answers = Vec::new();
    let message = json!({"body": sample("alarm"), "query": query, "channel": "database"});
    for path in ["/api/preview", "/api/send"] {
        answers.push(console.send(Method::POST, path, &message).await.1.to_string());
    }
    // An error does not repeat an invalid value, because the value may be a secret.
    answers.push(console.send(Method::PUT, "/api/stack", &json!({"token": [TOKEN]})).await.1.to_string());
    answers.push(
        console.send(Method::PUT, "/api/stack", &json!({"webhook_url": format!("x?{TOKEN}")})).await.1.to_string(),
    );
    answers.push(
        console.send(Method::POST, "/api/preview", &json!({"body": "", "query": 1, "x": TOKEN})).await.1.to_string(),
    );
    for path in ["/", "/api/alerts/1", "/api/samples", "/api/templates", "/api/nothing"] {
        answers.push(console.get(path).await.text().await.unwrap());
    }
    let alert = console.alert(1).await;
    assert_eq!(alert["history"][0]["message"]["url"], "/zstack?cloud=c");
    answers.push(Stream::open(&console).await.first.to_string());
    // The last change above is the fifth refused push.
    let until_last_change = async {
        let mut refused = 0;
        while refused < 5 {
            let (name, data) = stream.event().await;
            refused += if name == "refused" { data.as_array().unwrap().len() } else { 0 };
            answers.push(data.to_string());
        }
    };
    timeout(Duration::from_secs(20), until_last_change).await.unwrap();
    for text in &answers {
        for secret in [TOKEN, KEY, CHANNEL_KEY] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    // What the page and the console's own log could show of the stack.
    let stack = format!("{:?}", console.server);
    let (_, stack) = stack.split_once("stack: ").unwrap();
    for secret in [TOKEN, CHANNEL_KEY] {
        assert!(!stack.contains(secret), "{stack}");
    }
}
