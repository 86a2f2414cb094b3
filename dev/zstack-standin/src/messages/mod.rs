//! What ZStack tells: records and messages.

mod alarm;
mod body;
mod event;
mod post;
mod template;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::tables::{Row, Table, actions, text};
use crate::zstack::ZStack;

pub(crate) use alarm::{AlarmAsked, Change, repeat_alarm, tell_alarm};
pub(crate) use event::{EventAsked, tell_event};
pub(crate) use post::Posted;

/// The content of the console's test message.
const TEST_MESSAGE: &str = "{\n    \"product\": \"zstack\",\n    \"service\": \"zstack\",\n    \"metric\": \"ZStack::CPU\",\n    \"alertLevel\": 1,\n    \"alertTime\": \"1111\",\n    \"dimensions\": \"aaa\",\n    \"message\": \"CPU >= 100\",\n    \"dataSource\": \"zstack\"\n}";

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) endpoint: String,
    pub(crate) url: String,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
}

impl Target {
    /// An endpoint's.
    pub(crate) fn of(row: &Row) -> Self {
        let own = |name| text(row, name).map(str::to_owned);
        Self {
            endpoint: own("uuid").unwrap_or_default(),
            url: own("url").unwrap_or_default(),
            username: own("username"),
            password: own("password"),
        }
    }
}

/// Something that was told, or why it was not.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Told {
    /// One for each record that was written.
    pub(crate) records: Vec<Recorded>,
    /// Why nothing was written.
    pub(crate) why_not: Option<&'static str>,
}

/// A record, and the messages that bear its `dataUuid`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recorded {
    pub(crate) data_uuid: String,
    /// The rule or the subscription.
    pub(crate) rule: String,
    pub(crate) messages: Vec<Message>,
}

/// A message on its way to one endpoint.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) endpoint: String,
    pub(crate) body: String,
    /// None until it is posted, or if it never is.
    pub(crate) posted: Option<Posted>,
    #[serde(skip)]
    target: Target,
}

/// The messages of a record: one for each topic of the rule that leads to an endpoint, so that two topics that lead to
/// one endpoint send twice.
fn messages(zstack: &ZStack, rule: &Row, plain: Map<String, Value>) -> Vec<Message> {
    let Some(body) = template::body(zstack, plain) else { return Vec::new() };
    let enabled = |table, uuid: &str| zstack.tables.find(table, uuid).filter(|it| text(it, "state") == Some("Enabled"));
    let mut found = Vec::new();
    for topic in actions(rule).filter(|it| enabled(Table::Topics, it).is_some()) {
        for subscriber in zstack.tables.rows(Table::Subscribers) {
            let endpoint = text(subscriber, "endpointUuid").unwrap_or_default();
            let Some(endpoint) = enabled(Table::Endpoints, endpoint) else { continue };
            // ZStack's own endpoint of type SYSTEM_HTTP posts to its console.
            if text(subscriber, "topicUuid") == Some(topic) && text(endpoint, "type") == Some("HTTP") {
                let target = Target::of(endpoint);
                found.push(Message {
                    topic: topic.to_owned(),
                    endpoint: target.endpoint.clone(),
                    body: body.clone(),
                    posted: None,
                    target,
                });
            }
        }
    }
    found
}

/// Posts the messages, one after the other.
pub(crate) async fn deliver(shared: &Shared, told: &mut Told) {
    let _turn = shared.sending.lock().await;
    let pause = shared.lock().options.try_pause;
    for message in told.records.iter_mut().flat_map(|it| &mut it.messages) {
        message.posted = Some(post::post(&shared.client, &message.target, &message.body, pause).await);
    }
}

/// Sends the test message. Anything but 2xx is a refusal: its code is inferred.
pub(crate) async fn test(shared: &Shared, target: &Target) -> Result<Value, Refusal> {
    let pause = shared.lock().options.try_pause;
    let body = Value::from(TEST_MESSAGE).to_string();
    let posted = post::post(&shared.client, target, &body, pause).await;
    if let Some(200..=299) = posted.status {
        return Ok(json!({"connected": true, "webhookResp": posted.answer}));
    }
    let why = posted.status.map_or(posted.answer, |status| format!("the endpoint answered {status}"));
    let cause = Some(Box::new(Refusal::new("SYS.1000", why)));
    Err(Refusal { cause, ..Refusal::new("SYS.1000", "the endpoint cannot be reached") })
}
