//! What a ZStack is at a moment.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{Access, Who};
use crate::answer::Answer;
use crate::fault::Faults;
use crate::log::Log;
use crate::messages::Told;
use crate::options::Options;
use crate::query::shown;
use crate::refusal::Refusal;
use crate::tables::{RESOURCES, Row, Table, Tables, text};
use crate::world;

/// What a version lacks.
///
/// In JSON: `{"without_calls": {"SNSHttpTestConnection": 404}, "without_fields": ["enableRecovery"]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lacks {
    /// These calls are answered with this status, in plain text.
    pub without_calls: HashMap<String, u16>,
    /// No query shows these members, and a condition on them is refused. A change of them is ignored, as Gson does.
    pub without_fields: Vec<String>,
    /// A change of them is refused (`SYS.1007`) and not ignored.
    pub refuse_fields: bool,
    /// Messages carry thresholds and values as numbers, as older versions do.
    pub numbers: bool,
}

/// A job.
#[derive(Clone, Debug)]
pub(crate) enum Job {
    Working,
    Done(Answer),
    Expired,
}

/// A resource that is in problem, for a rule. The last part is the context, such as which disk.
pub(crate) type Problem = (String, String, String);

/// The whole state.
#[derive(Debug)]
pub(crate) struct ZStack {
    pub(crate) options: Options,
    pub(crate) tables: Tables,
    pub(crate) access: Access,
    pub(crate) jobs: HashMap<String, Job>,
    pub(crate) faults: Faults,
    pub(crate) lacks: Lacks,
    pub(crate) calls: Log,
    pub(crate) problems: HashSet<Problem>,
    /// The problems that ZStack remembers: the event's name and the resource.
    pub(crate) remembered: HashSet<(String, String)>,
    pub(crate) records: i64,
    /// What a call has told, until it is delivered.
    pub(crate) told: Vec<Told>,
}

/// Something that an alarm can be about.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) uuid: String,
    pub(crate) name: String,
    /// `HostVO`, …
    pub(crate) kind: &'static str,
    pub(crate) ip: Option<String>,
    pub(crate) cluster: Option<String>,
}

impl ZStack {
    pub(crate) fn new(options: Options) -> Self {
        let mut zstack = Self {
            tables: Tables::default(),
            access: Access::default(),
            jobs: HashMap::new(),
            faults: Faults::default(),
            lacks: Lacks::default(),
            calls: Log::default(),
            problems: HashSet::new(),
            remembered: HashSet::new(),
            records: 0,
            told: Vec::new(),
            options,
        };
        world::create(&mut zstack);
        zstack
    }

    /// The rows that an account sees: `admin` all, others their own.
    pub(crate) fn seen<'a>(&'a self, table: Table, who: &'a Who) -> impl Iterator<Item = &'a Row> {
        let all = who.is_admin() || !table.is_owned();
        self.tables.rows(table).iter().filter(move |it| all || text(it, "accountUuid") == Some(who.0.as_str()))
    }

    /// A row that the account may change.
    pub(crate) fn own(&mut self, table: Table, uuid: &str, who: &Who) -> Result<&mut Row, Refusal> {
        let row = self.tables.find_mut(table, uuid).ok_or_else(|| Refusal::missing(table.name(), uuid))?;
        if who.is_admin() || text(row, "accountUuid") == Some(who.0.as_str()) {
            Ok(row)
        } else {
            Err(Refusal::new("ID.1002", format!("{uuid} belongs to another account")))
        }
    }

    /// `{"inventory": …}`: a row with its visible members and `more`.
    pub(crate) fn inventory(&self, table: Table, uuid: &str, more: &[&str]) -> Result<Value, Refusal> {
        let row = self.tables.find(table, uuid).ok_or_else(|| Refusal::missing(table.name(), uuid))?;
        let unknown = &self.lacks.without_fields;
        let wanted = |it: &str| {
            more.contains(&it) || (table.fields().contains(&it) && !unknown.iter().any(|unknown| unknown == it))
        };
        Ok(serde_json::json!({"inventory": shown(row, wanted, self.options.zone)}))
    }

    /// A resource by its UUID.
    pub(crate) fn resource(&self, uuid: &str) -> Option<Resource> {
        self.resources().find(|it| it.uuid == uuid)
    }

    /// Every resource.
    pub(crate) fn resources(&self) -> impl Iterator<Item = Resource> {
        RESOURCES.into_iter().flat_map(|(table, kind)| {
            self.tables.rows(table).iter().map(move |row| {
                let own = |name| text(row, name).map(str::to_owned);
                Resource {
                    uuid: own("uuid").unwrap_or_default(),
                    name: own("name").or_else(|| own("hostName")).unwrap_or_default(),
                    kind,
                    // `ip` is the stand-in's own, and no query shows it.
                    ip: own("managementIp").or_else(|| own("ip")),
                    cluster: own("clusterUuid"),
                }
            })
        })
    }
}
