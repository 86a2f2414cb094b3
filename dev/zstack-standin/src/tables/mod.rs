//! What a ZStack stores: rows of JSON members, in tables.

mod fields;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::clock;

/// The members of a row. Some are never shown by a query: the password, and the owner.
pub(crate) type Row = Map<String, Value>;

/// A kind of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Accounts,
    AlarmRecords,
    Alarms,
    BackupStorages,
    Clusters,
    Endpoints,
    EventRecords,
    Hosts,
    ManagementNodes,
    Nics,
    PrimaryStorages,
    Quotas,
    Subscribers,
    Subscriptions,
    Templates,
    ThirdpartyAlerts,
    Topics,
    VirtualRouters,
    Vms,
}

pub(crate) const ALL: [Table; 19] = [
    Table::Accounts,
    Table::AlarmRecords,
    Table::Alarms,
    Table::BackupStorages,
    Table::Clusters,
    Table::Endpoints,
    Table::EventRecords,
    Table::Hosts,
    Table::ManagementNodes,
    Table::Nics,
    Table::PrimaryStorages,
    Table::Quotas,
    Table::Subscribers,
    Table::Subscriptions,
    Table::Templates,
    Table::ThirdpartyAlerts,
    Table::Topics,
    Table::VirtualRouters,
    Table::Vms,
];

/// The tables of things that an alarm can be about.
pub(crate) const RESOURCES: [(Table, &str); 7] = [
    (Table::Hosts, "HostVO"),
    (Table::Vms, "VmInstanceVO"),
    (Table::PrimaryStorages, "PrimaryStorageVO"),
    (Table::BackupStorages, "BackupStorageVO"),
    (Table::VirtualRouters, "ApplianceVmVO"),
    (Table::Clusters, "ClusterVO"),
    (Table::ManagementNodes, "ManagementNodeVO"),
];

impl Table {
    /// The name in the control interface.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::AlarmRecords => "alarm-records",
            Self::Alarms => "alarms",
            Self::BackupStorages => "backup-storage",
            Self::Clusters => "clusters",
            Self::Endpoints => "endpoints",
            Self::EventRecords => "event-records",
            Self::Hosts => "hosts",
            Self::ManagementNodes => "management-nodes",
            Self::Nics => "nics",
            Self::PrimaryStorages => "primary-storage",
            Self::Quotas => "quotas",
            Self::Subscribers => "subscribers",
            Self::Subscriptions => "subscriptions",
            Self::Templates => "templates",
            Self::ThirdpartyAlerts => "third-party-alerts",
            Self::Topics => "topics",
            Self::VirtualRouters => "virtual-routers",
            Self::Vms => "vm-instances",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|it| it.name() == name)
    }

    /// The members that a query knows and shows.
    pub(crate) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Accounts => fields::ACCOUNTS,
            Self::AlarmRecords => fields::ALARM_RECORDS,
            Self::Alarms => fields::ALARMS,
            Self::Endpoints => fields::ENDPOINTS,
            Self::EventRecords => fields::EVENT_RECORDS,
            Self::Topics => fields::TOPICS,
            Self::Subscribers => fields::SUBSCRIBERS,
            Self::Subscriptions => fields::SUBSCRIPTIONS,
            Self::Templates => fields::TEMPLATES,
            Self::ThirdpartyAlerts => fields::THIRDPARTY_ALERTS,
            Self::Quotas => fields::QUOTAS,
            Self::Hosts => fields::HOSTS,
            Self::Vms | Self::VirtualRouters => fields::VMS,
            Self::PrimaryStorages | Self::BackupStorages => fields::PRIMARY_STORAGES,
            Self::Clusters => fields::CLUSTERS,
            Self::Nics => fields::NICS,
            Self::ManagementNodes => fields::MANAGEMENT_NODES,
        }
    }

    /// The members that cross into another table, for conditions with a dot.
    pub(crate) fn crossing(self) -> &'static [&'static str] {
        match self {
            Self::Alarms | Self::Subscriptions => &["actions", "labels"],
            _ => &[],
        }
    }

    /// The members that are dates: text in the answers.
    pub(crate) fn is_date(field: &str) -> bool {
        matches!(field, "createDate" | "lastOpDate" | "joinDate" | "heartBeat")
    }

    /// Whether an account other than `admin` sees its own rows only.
    pub(crate) fn is_owned(self) -> bool {
        matches!(
            self,
            Self::Endpoints
                | Self::Topics
                | Self::Alarms
                | Self::Subscriptions
                | Self::AlarmRecords
                | Self::EventRecords
        )
    }
}

/// All tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables(BTreeMap<Table, Vec<Row>>);

impl Tables {
    pub(crate) fn rows(&self, table: Table) -> &[Row] {
        self.0.get(&table).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn rows_mut(&mut self, table: Table) -> &mut Vec<Row> {
        self.0.entry(table).or_default()
    }

    pub(crate) fn find(&self, table: Table, uuid: &str) -> Option<&Row> {
        self.rows(table).iter().find(|it| text(it, "uuid") == Some(uuid))
    }

    pub(crate) fn find_mut(&mut self, table: Table, uuid: &str) -> Option<&mut Row> {
        self.rows_mut(table).iter_mut().find(|it| text(it, "uuid") == Some(uuid))
    }

    /// Adds a row with its dates.
    pub(crate) fn add(&mut self, table: Table, row: Value) -> Row {
        let Value::Object(mut row) = row else { return Row::new() };
        let fields = table.fields();
        for date in ["createDate", "lastOpDate"] {
            if fields.contains(&date) {
                row.entry(date).or_insert_with(|| clock::now().into());
            }
        }
        row.retain(|_, it| !it.is_null());
        self.rows_mut(table).push(row.clone());
        row
    }

    /// Removes a row. Returns whether it was there.
    pub(crate) fn remove(&mut self, table: Table, uuid: &str) -> bool {
        let rows = self.rows_mut(table);
        let before = rows.len();
        rows.retain(|it| text(it, "uuid") != Some(uuid));
        rows.len() < before
    }
}

/// A member, or null.
pub(crate) fn member<'a>(row: &'a Row, name: &str) -> &'a Value {
    row.get(name).unwrap_or(&Value::Null)
}

/// A member that is text.
pub(crate) fn text<'a>(row: &'a Row, name: &str) -> Option<&'a str> {
    row.get(name)?.as_str()
}

/// Whether a rule or a subscription has this topic as an action.
pub(crate) fn has_action(row: &Row, topic: &str) -> bool {
    actions(row).any(|it| it == topic)
}

/// The topics of a rule or a subscription.
pub(crate) fn actions(row: &Row) -> impl Iterator<Item = &str> {
    let actions = row.get("actions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    actions.iter().filter_map(|it| it["actionUuid"].as_str())
}
