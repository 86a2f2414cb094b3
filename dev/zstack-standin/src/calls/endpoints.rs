//! HTTP endpoints.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use url::{Host, Url};

use crate::access::Who;
use crate::args::{Args, Kind, Param};
use crate::calls::accounts::check_quota;
use crate::messages::Target;
use crate::refusal::Refusal;
use crate::tables::{Table, text};
use crate::zstack::ZStack;
use crate::{clock, ids};

/// All HTTP endpoints are of this platform, whatever the caller says.
pub(crate) const PLATFORM: &str = "02d24b9b0a7f4ee1846f15cda248ceb7";

pub(super) const CREATE: &[Param] = &[
    Param::required("name", Kind::Text(255)),
    Param::required("url", Kind::Text(2048)),
    Param::optional("username", Kind::Text(128)),
    Param::optional("password", Kind::Text(512)),
    Param::optional("description", Kind::Text(2048)),
    Param::optional("platformUuid", Kind::Text(32)),
    Param::optional("resourceUuid", Kind::Uuid),
];

pub(super) fn create(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    check_quota(zstack, who, Table::Endpoints)?;
    let (username, password) = (args.text("username"), args.text("password"));
    check_target(args.text("url").unwrap_or_default(), username, password)?;
    let uuid = zstack.new_uuid(args)?;
    let row = json!({
        "uuid": uuid,
        "name": args.text("name"),
        "description": args.text("description"),
        "type": "HTTP",
        "state": "Enabled",
        "platformUuid": PLATFORM,
        "url": args.text("url"),
        "username": username,
        "password": password,
        "connectionStatus": "UP",
        "accountUuid": who.0,
    });
    zstack.tables.add(Table::Endpoints, row);
    with_password(zstack, &uuid)
}

pub(super) const UPDATE: &[Param] = &[
    Param::optional("name", Kind::Text(255)),
    Param::optional("description", Kind::Text(2048)),
    Param::optional("url", Kind::Text(256)),
    Param::optional("username", Kind::Text(256)),
    Param::optional("password", Kind::Text(256)),
];

/// Blank values are ignored, and the URL is not checked.
pub(super) fn update(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    let row = zstack.own(Table::Endpoints, uuid, who)?;
    if text(row, "type") != Some("HTTP") {
        return Err(Refusal::missing("HTTP endpoint", uuid));
    }
    for param in UPDATE {
        if let Some(value) = args.filled(param.name) {
            row.insert(param.name.to_owned(), value.into());
        }
    }
    row.insert("lastOpDate".to_owned(), clock::now().into());
    with_password(zstack, uuid)
}

/// The answers to create and update carry the password in clear.
fn with_password(zstack: &ZStack, uuid: &str) -> Result<Value, Refusal> {
    zstack.inventory(Table::Endpoints, uuid, &["password"])
}

pub(super) fn change_state(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    zstack.switch(Table::Endpoints, args, who)
}

pub(super) fn delete(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    zstack.own(Table::Endpoints, uuid, who)?;
    zstack.tables.remove(Table::Endpoints, uuid);
    zstack.tables.rows_mut(Table::Subscribers).retain(|it| text(it, "endpointUuid") != Some(uuid));
    Ok(json!({}))
}

pub(super) const TEST: &[Param] = &[
    Param::optional("url", Kind::Text(2048)),
    Param::optional("username", Kind::Text(128)),
    Param::optional("password", Kind::Text(512)),
    Param::optional("endpointUuid", Kind::Text(32)),
];

/// Where a test message goes.
#[derive(Debug)]
pub(crate) struct Tested;

impl Tested {
    /// The stored values of an endpoint, or the given ones. With an empty user name there is no `Authorization`.
    pub(crate) fn target(zstack: &ZStack, who: &Who, args: &Args) -> Result<Target, Refusal> {
        let mut target = if let Some(uuid) = args.filled("endpointUuid") {
            let row = zstack.seen(Table::Endpoints, who).find(|it| text(it, "uuid") == Some(uuid));
            Target::of(row.ok_or_else(|| Refusal::missing("HTTP endpoint", uuid))?)
        } else {
            let (username, password) = (args.text("username"), args.text("password"));
            let url = args.filled("url").ok_or_else(|| Refusal::argument("url or endpointUuid is mandatory"))?;
            check_target(url, username, password)?;
            Target {
                endpoint: String::new(),
                url: url.to_owned(),
                username: username.map(str::to_owned),
                password: password.map(str::to_owned),
            }
        };
        if target.username.as_deref() == Some("") {
            target.username = None;
        }
        Ok(target)
    }
}

fn check_target(url: &str, username: Option<&str>, password: Option<&str>) -> Result<(), Refusal> {
    if username.is_some() != password.is_some() {
        return Err(Refusal::argument("username and password must both be given or both be missing"));
    }
    let parsed = Url::parse(url).map_err(|error| Refusal::argument(format!("url is invalid: {error}")))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(Refusal::argument("url must begin with http:// or https://"));
    }
    // The parser also takes forms such as 1.2.3, which look like an address.
    let written =
        url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', ':', '#']).next().unwrap_or_default());
    let looks_like_ip = !written.is_empty() && written.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    match parsed.host() {
        Some(Host::Ipv4(_)) if looks_like_ip && written.parse::<Ipv4Addr>().is_err() => {
            Err(Refusal::argument("url has an invalid IP address"))
        }
        Some(_) => Ok(()),
        None => Err(Refusal::argument("url has no host")),
    }
}

impl ZStack {
    /// The UUID of a new row: the caller's or a random one. A second row with one UUID fails on a database key.
    pub(super) fn new_uuid(&self, args: &Args) -> Result<String, Refusal> {
        let Some(uuid) = args.text("resourceUuid") else { return Ok(ids::random()) };
        let used = crate::tables::ALL.iter().any(|table| self.tables.find(*table, uuid).is_some());
        if used { Err(Refusal::double_key(format!("the uuid {uuid} is used"))) } else { Ok(uuid.to_owned()) }
    }

    /// Enables or disables a row, by `stateEvent`.
    pub(super) fn switch(&mut self, table: Table, args: &Args, who: &Who) -> Result<Value, Refusal> {
        let uuid = args.path("uuid");
        let state = if args.text("stateEvent") == Some("enable") { "Enabled" } else { "Disabled" };
        let row = self.own(table, uuid, who)?;
        row.insert("state".to_owned(), state.into());
        row.insert("lastOpDate".to_owned(), clock::now().into());
        self.inventory(table, uuid, &[])
    }
}
