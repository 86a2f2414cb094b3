//! The webhook token and the integration key are in no answer.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::timeout;
use zstack_flashduty::translate::Context;

use crate::stream::Stream;
use crate::{KEY, TOKEN, World, sample};

#[tokio::test]
async fn no_answer_holds_a_secret() {
    let world = World::new().await;
    let mut stream = Stream::of(&world).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let stack = json!({"webhook_url": format!("http://{nobody}/zstack"), "token": TOKEN});
    world.told(Method::PUT, "/api/stack", &stack).await;
    let query = format!("token={TOKEN}&cloud=c");
    world.arrived(1, &query, sample("alarm").as_bytes()).await;
    let url_labels = vec![("cloud".to_owned(), "c".to_owned())];
    world.relay(sample("alarm").as_bytes(), &Context { url_labels, ..Context::default() }).await;
    // Refused ones, in every way.
    let standin = world.console.standin();
    for url in [standin.push_url("standard", KEY), standin.push_url(KEY, KEY), standin.push_url("standard", "wrong")] {
        world.client.post(url).json(&json!({"title_rule": "t"})).send().await.unwrap();
    }
    world.weather(json!({"fault": "away"})).await;
    world.push(&json!({"title_rule": "t"})).await;

    let mut said = Vec::new();
    let message = json!({"body": sample("alarm"), "query": query});
    for path in ["/api/preview", "/api/send"] {
        said.push(world.tell(Method::POST, path, &message).await.1.to_string());
    }
    // What is not as it must be is not repeated where it may be a secret.
    said.push(world.tell(Method::PUT, "/api/stack", &json!({"token": [TOKEN]})).await.1.to_string());
    said.push(world.tell(Method::PUT, "/api/stack", &json!({"webhook_url": format!("x?{TOKEN}")})).await.1.to_string());
    said.push(
        world.tell(Method::POST, "/api/preview", &json!({"body": "", "query": 1, "x": TOKEN})).await.1.to_string(),
    );
    for path in ["/", "/api/alerts/1", "/api/samples", "/api/templates", "/api/nothing"] {
        said.push(world.get(path).await.text().await.unwrap());
    }
    let alert = world.alert(1).await;
    assert_eq!(alert["history"][0]["original"]["url"], "/zstack?cloud=c");
    said.push(Stream::of(&world).await.first.to_string());
    // The last of what changed above is the fourth refusal.
    let told = async {
        let mut refused = 0;
        while refused < 4 {
            let (name, data) = stream.event().await;
            refused += if name == "refused" { data.as_array().unwrap().len() } else { 0 };
            said.push(data.to_string());
        }
    };
    timeout(Duration::from_secs(20), told).await.unwrap();
    for text in &said {
        assert!(!text.contains(TOKEN) && !text.contains(KEY), "{text}");
    }
    assert!(!format!("{:?}", world.console).contains(TOKEN));
}
