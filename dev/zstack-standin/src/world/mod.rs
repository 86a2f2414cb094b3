//! What is there at the start.

mod presets;
mod small;

use serde_json::json;

use crate::access::ADMIN;
use crate::calls::PLATFORM;
use crate::options::World;
use crate::tables::Table;
use crate::zstack::ZStack;

/// The fixed topic that all presets have as an action.
pub(crate) const SYSTEM_TOPIC: &str = "e7d6f5e23bb74e99a2777126078b551c";
/// The fixed topic of every API call.
pub(crate) const API_TOPIC: &str = "7bfa0eb8555b3528ace936edfd1d74f1";
/// The preset whose system topic cannot be removed.
pub(crate) const DATA_FOLDER_ALARM: &str = "b632652cc16044cdb6b4f516ed93a118";

/// The account that is not `admin`, with the password of `admin`.
pub(crate) const OTHER_ACCOUNT: &str = "project";
/// The access keys: enabled, and disabled. The secret is the id backwards.
pub(crate) const KEYS: [(&str, bool); 2] = [("standinKeyEnabled", true), ("standinKeyDisabled", false)];

pub(crate) fn create(zstack: &mut ZStack) {
    let password = zstack.options.password.clone();
    let other = crate::ids::of("account project");
    for (name, uuid, kind) in [("admin", ADMIN, "SystemAdmin"), (OTHER_ACCOUNT, &other, "Normal")] {
        zstack.access.add_account(name, uuid, &password);
        zstack.tables.add(Table::Accounts, json!({"uuid": uuid, "name": name, "type": kind}));
    }
    for (id, enabled) in KEYS {
        zstack.access.add_key(id, &id.chars().rev().collect::<String>(), ADMIN, enabled);
    }
    topics(zstack);
    presets::create(zstack);
    if zstack.options.world == World::Small {
        small::create(zstack);
    }
    small::more_alarms(zstack);
}

fn topics(zstack: &mut ZStack) {
    let console = crate::ids::of("endpoint console");
    for (uuid, name) in [(SYSTEM_TOPIC, "system-alarm"), (API_TOPIC, "api")] {
        let row = json!({"uuid": uuid, "name": name, "state": "Enabled", "accountUuid": ADMIN});
        zstack.tables.add(Table::Topics, row);
    }
    let row = json!({
        "uuid": console,
        "name": "system-alarm-endpoint",
        "type": "SYSTEM_HTTP",
        "state": "Enabled",
        "platformUuid": PLATFORM,
        "url": "http://localhost:5000/webhook/zwatch",
        "connectionStatus": "UP",
        "accountUuid": ADMIN,
    });
    zstack.tables.add(Table::Endpoints, row);
    zstack.tables.add(Table::Subscribers, json!({"topicUuid": SYSTEM_TOPIC, "endpointUuid": console}));
}
