//! Some resources, and rules of people.

use serde_json::{Value, json};

use crate::access::ADMIN;
use crate::ids;
use crate::tables::Table;
use crate::world::presets::action;
use crate::world::{OTHER_ACCOUNT, SYSTEM_TOPIC};
use crate::zstack::ZStack;

const CLUSTERS: [&str; 2] = ["集群-甲", "cluster-b"];
/// Name, address, cluster.
const HOSTS: [(&str, &str, usize); 3] =
    [("计算节点-01", "192.0.2.11", 0), ("node-07", "192.0.2.17", 1), ("node-08", "192.0.2.18", 1)];
const VMS: [(&str, &str, usize); 3] =
    [("订单库-01", "192.0.2.31", 0), ("web-01", "192.0.2.32", 1), ("O'Neil & \"co\"", "192.0.2.33", 1)];

pub(super) fn create(zstack: &mut ZStack) {
    resources(zstack);
    alarms(zstack);
    subscriptions(zstack);
}

fn resources(zstack: &mut ZStack) {
    let cluster = |place: usize| ids::of(CLUSTERS[place]);
    for name in CLUSTERS {
        zstack.tables.add(Table::Clusters, json!({"uuid": ids::of(name), "name": name, "state": "Enabled"}));
    }
    for (name, address, place) in HOSTS {
        let row = json!({
            "uuid": ids::of(name),
            "name": name,
            "managementIp": address,
            "clusterUuid": cluster(place),
            "status": "Connected",
            "state": "Enabled",
            "hypervisorType": "KVM",
        });
        zstack.tables.add(Table::Hosts, row);
        for nic in ["ens5f0", "ens5f1"] {
            let row = json!({
                "uuid": ids::of(&format!("{name} {nic}")),
                "hostUuid": ids::of(name),
                "interfaceName": nic,
                "carrierActive": true,
            });
            zstack.tables.add(Table::Nics, row);
        }
    }
    for (name, address, place) in VMS {
        let row = json!({
            "uuid": ids::of(name),
            "name": name,
            "ip": address,
            "clusterUuid": cluster(place),
            "hostUuid": ids::of(HOSTS[place].0),
            "state": "Running",
        });
        zstack.tables.add(Table::Vms, row);
    }
    for (table, name) in [
        (Table::PrimaryStorages, "主存储-甲"),
        (Table::PrimaryStorages, "ps-hdd-2"),
        (Table::BackupStorages, "镜像仓库"),
        (Table::BackupStorages, "remote-vault"),
        (Table::VirtualRouters, "vr-edge-1"),
    ] {
        let row = json!({"uuid": ids::of(name), "name": name, "status": "Connected", "state": "Enabled"});
        zstack.tables.add(table, row);
    }
    for host in ["192.0.2.2", "192.0.2.3"] {
        let now = crate::clock::now();
        let row = json!({"uuid": ids::of(host), "hostName": host, "joinDate": now, "heartBeat": now});
        zstack.tables.add(Table::ManagementNodes, row);
    }
}

/// A rule of people that tells nobody, as the console makes it. `more` replaces members; null removes one.
fn alarm(owner: &str, name: &str, more: Value) -> Value {
    let mut row = json!({
        "uuid": ids::of(name),
        "name": name,
        "namespace": "ZStack/VM",
        "metricName": "CPUAverageUsedUtilization",
        "comparisonOperator": "GreaterThanOrEqualTo",
        "threshold": 80.0,
        "period": 300.0,
        "repeatInterval": 1800,
        "repeatCount": -1,
        "enableRecovery": false,
        "emergencyLevel": "Important",
        "status": "OK",
        "state": "Enabled",
        "labels": [],
        "actions": [],
        "accountUuid": owner,
    });
    if let Value::Object(more) = more {
        for (name, value) in more {
            row[name] = value;
        }
    }
    row
}

fn alarms(zstack: &mut ZStack) {
    let disk = json!({"namespace": "ZStack/Host", "metricName": "DiskUsedCapacityInPercent", "threshold": 90.0});
    let with = |mut row: Value, more: Value| {
        if let Value::Object(more) = more {
            for (name, value) in more {
                row[name] = value;
            }
        }
        row
    };
    let told = |name: &str| json!([action("alarmUuid", &ids::of(name), SYSTEM_TOPIC)]);
    let label = json!([{
        "uuid": ids::of("label"),
        "key": "VMUuid",
        "operator": "Equal",
        "value": ids::of("订单库-01"),
    }]);
    let level = json!({"emergencyLevel": "Emergent", "actions": told("云主机 CPU 过高"), "labels": label});
    for row in [
        alarm(ADMIN, "云主机 CPU 过高", level),
        alarm(ADMIN, "磁盘快满", disk.clone()),
        alarm(ADMIN, "Disk almost full", with(disk, json!({"enableRecovery": true, "threshold": 85.5}))),
        alarm(ADMIN, "CPU \"big\" = 80%", json!({"emergencyLevel": null})),
        alarm(ADMIN, "夜间备份延迟", json!({"period": 3600.0, "emergencyLevel": "Normal"})),
        alarm(ADMIN, "已停用的报警器", json!({"state": "Disabled"})),
        alarm(ADMIN, "Active-主机 CPU", json!({"namespace": "ZStack/Host"})),
        alarm(&ids::of(&format!("account {OTHER_ACCOUNT}")), "a project's own", json!({})),
    ] {
        zstack.tables.add(Table::Alarms, row);
    }
}

fn subscriptions(zstack: &mut ZStack) {
    for (event, namespace, state) in
        [("VmCrash", "ZStack/VM", "Enabled"), ("HostStatusChanged", "ZStack/Host", "Disabled")]
    {
        let row = json!({
            "uuid": ids::of(event),
            "namespace": namespace,
            "eventName": event,
            "emergencyLevel": "Emergent",
            "state": state,
            "labels": [],
            "actions": null,
            "accountUuid": ADMIN,
        });
        zstack.tables.add(Table::Subscriptions, row);
    }
}

/// The alarms of the option `alarms`.
pub(super) fn more_alarms(zstack: &mut ZStack) {
    for number in 1..=zstack.options.alarms {
        let row = alarm(ADMIN, &format!("报警器 {number:04}"), json!({}));
        zstack.tables.add(Table::Alarms, row);
    }
}
