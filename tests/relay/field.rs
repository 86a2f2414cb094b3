//! Bodies as ZStack sends them, `tests/relay/field/`, and the alert that each must become.
//!
//! The bodies are made from facts about ZStack's engine and console, and from public reports. All names and ids in them
//! are invented.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{World, post};

/// The alert that a message must become.
struct Expected {
    file: &'static str,
    status: &'static str,
    key: &'static str,
    resource: &'static str,
    check: &'static str,
    /// Lines that the description must contain.
    description_lines: &'static [&'static str],
}

const HOST: &str = "2a3b4c5d6e7f8091a2b3c4d5e6f70811";
const NEVER_OVER: &str =
    "ZStack never says when this is over: close it by hand, or let the auto-close of Flashduty's channel do it.";

const fn expected(
    file: &'static str,
    status: &'static str,
    key: &'static str,
    resource: &'static str,
    check: &'static str,
    description_lines: &'static [&'static str],
) -> Expected {
    Expected { file, status, key, resource, check, description_lines }
}

const ZH: &str = "zstack:alarm:b1c2d3e4f5061728394a5b6c7d8e9f01:0f1e2d3c4b5a69788796a5b4c3d2e1f7";
const DISK_RULE: &str = "zstack:alarm:c2d3e4f5061728394a5b6c7d8e9f01b1:2a3b4c5d6e7f8091a2b3c4d5e6f70811";
const SLB: &str = "zstack:event:SlbVmInstanceDisconnected:68117495c543ebf26f6b222b61c441a3";
const BACKUP: &str = "zstack:event:BackupStorageDisconnected:7c9df801238abe28cae2675fd3166a1a";
const JOB: &str = "zstack:event:VolumeBackupScheduler:9dddd5ce1b1375bc497feeb871842d4b";
const HA: &str = "zstack:event:VMHAStarted:0f1e2d3c4b5a69788796a5b4c3d2e1f7";
const REMOVED: &str = "zstack:event:HostPhysicalDiskRemoveTriggered:2a3b4c5d6e7f8091a2b3c4d5e6f70811:252:7";

const EXPECTED: [Expected; 26] = [
    expected(
        "01-facts-alarm-zh",
        "Critical",
        ZH,
        "订单库-01",
        "CPU平均使用率 >= 80.00%",
        &[
            "CPU平均使用率 >= 80.00% triggered",
            "Condition: CPU平均使用率 >= 80.00% for 300s",
            "Current value: 91.40%",
            "Resource: 订单库-01 (192.0.2.31)",
            "Cluster: 集群-甲",
        ],
    ),
    expected("02-facts-recovery-zh", "Ok", ZH, "订单库-01", "CPU平均使用率 >= 80.00%", &["Current value: 22.10%"]),
    expected(
        "03-facts-alarm-en",
        "Warning",
        DISK_RULE,
        "node-07",
        "Memory used >= 90.00%",
        &["Condition: Memory used >= 90.00% for 600s"],
    ),
    expected(
        "04-facts-event-en",
        "Critical",
        "zstack:event:HostDisconnected:2a3b4c5d6e7f8091a2b3c4d5e6f70811",
        "node-07",
        "HostDisconnected",
        &["HostDisconnected (Host Disconnected)"],
    ),
    expected("06-event-slb-disconnected", "Critical", SLB, "slb-edge-1", "SlbVmInstanceDisconnected", &[]),
    expected(
        "07-event-slb-connected",
        "Ok",
        SLB,
        "slb-edge-1",
        "SlbVmInstanceDisconnected",
        &["SlbVmInstanceDisconnected is over: SlbVmInstanceConnected (Slb Vm Instance Connected)"],
    ),
    expected(
        "08-disk-abnormal-slot3",
        "Critical",
        "zstack:event:HostPhysicalDiskStatusAbnormal:2a3b4c5d6e7f8091a2b3c4d5e6f70811:252:3",
        "node-07",
        "HostPhysicalDiskStatusAbnormal",
        &["SlotNumber: 3", NEVER_OVER],
    ),
    expected(
        "09-disk-abnormal-slot7",
        "Critical",
        "zstack:event:HostPhysicalDiskStatusAbnormal:2a3b4c5d6e7f8091a2b3c4d5e6f70811:252:7",
        "node-07",
        "HostPhysicalDiskStatusAbnormal",
        &["SlotNumber: 7", NEVER_OVER],
    ),
    expected(
        "10-backup-disconnected-dr-namespace",
        "Critical",
        BACKUP,
        "remote-vault",
        "BackupStorageDisconnected",
        &[],
    ),
    expected("11-backup-connected-own-namespace", "Ok", BACKUP, "remote-vault", "BackupStorageDisconnected", &[]),
    expected(
        "12-scheduler-backup-failed",
        "Warning",
        JOB,
        "nightly-db",
        "VolumeBackupScheduler",
        &["VMSchedulerExecutedResult: no space left on the target", "isSuccess: false"],
    ),
    expected(
        "13-scheduler-backup-succeeded",
        "Ok",
        JOB,
        "nightly-db",
        "VolumeBackupScheduler",
        &["VolumeBackupScheduler is over: isSuccess is true"],
    ),
    expected(
        "14-host-status-changed-connected",
        "Ok",
        "zstack:event:HostStatusChanged:2a3b4c5d6e7f8091a2b3c4d5e6f70811",
        "node-07",
        "HostStatusChanged",
        &["HostStatusChanged is over: NewStatus is Connected"],
    ),
    expected(
        "15-third-party-xsky",
        "Warning",
        "zstack:event:ThirdpartyAlert:1380afebc7ce22de7b3450f8cab86d2c:Ceph 企业版:sds:pool%3A%3Aused capacity:\
         {'resource_name'%3A'pool-hdd-2'}",
        "pool-hdd-2",
        "pool::used capacity",
        &["存储池 pool-hdd-2 已用 86%", NEVER_OVER],
    ),
    expected(
        "16-template-operator-and-time-zh",
        "Warning",
        DISK_RULE,
        "node-07",
        "磁盘快满",
        &["Condition: 磁盘已用容量百分比 >= 90.00% for 300s"],
    ),
    expected("17-alarm-excluded-resources", "Warning", DISK_RULE, "node-07", "Disk almost full", &[]),
    expected(
        "18-mn-alarm-without-resource",
        "Warning",
        "zstack:alarm:ba066b54c0a283266046638c7431dd51:-",
        "ZStack/License",
        "License about to end",
        &[],
    ),
    expected(
        "19-broken-quote-recovery",
        "Ok",
        DISK_RULE,
        "node-07",
        "磁盘 \"data\" 快满",
        &[
            "磁盘 \"data\" 快满 recovered",
            "The message template breaks its JSON in ALARM_NAME; \
         the values were found by their names.",
        ],
    ),
    expected(
        "20-vm-ha-start-failed",
        "Critical",
        HA,
        "订单库-01",
        "VMHAStarted",
        &["Error: no host of the cluster has enough memory"],
    ),
    expected(
        "21-vm-ha-started",
        "Ok",
        HA,
        "订单库-01",
        "VMHAStarted",
        &["VMHAStarted is over: it came without an error"],
    ),
    expected(
        "22-sections-own-field-names",
        "Warning",
        "zstack:raw:*",
        "ZStack",
        "alertname: CPU high, uuid: b1c2d3e4f5061728394a5b6c7d8e9f01, status: Alarm, lev…",
        &[
            "alertname: CPU high",
            "status: Alarm",
            "level: Emergent",
            "resource: 订单库-01",
            "current_value: 91.40%",
            "alert_time: 07-05 10:00",
        ],
    ),
    expected(
        "23-recovery-without-alarm",
        "Ok",
        "zstack:alarm:c7561db7a418dd39b2201dfe110ab4a4:2a3b4c5d6e7f8091a2b3c4d5e6f70811",
        "node-07",
        "Disk almost full",
        &[],
    ),
    expected("24-disk-removed", "Critical", REMOVED, "node-07", "HostPhysicalDiskRemoveTriggered", &[]),
    expected("25-disk-inserted", "Ok", REMOVED, "node-07", "HostPhysicalDiskRemoveTriggered", &[]),
    expected("26-one-rule-two-disks-second-recovers", "Ok", DISK_RULE, "node-07", "Disk almost full", &[]),
    expected(
        "27-nic-down-none-address",
        "Critical",
        "zstack:event:HostPhysicalNicStatusDown:2a3b4c5d6e7f8091a2b3c4d5e6f70811:ens5f1",
        "node-07",
        "HostPhysicalNicStatusDown",
        &["PhysicalNicName: ens5f1"],
    ),
];

#[tokio::test]
async fn every_message_becomes_the_expected_alert() {
    let mut world = World::new().await;
    for Expected { file, status, key, resource, check, description_lines } in EXPECTED {
        let event = push(&mut world, &body(file)).await;
        assert_eq!(event["event_status"], status, "{file}: {event:#}");
        let pushed = event["alert_key"].as_str().unwrap();
        assert!(
            pushed == key || key.strip_suffix('*').is_some_and(|begin| pushed.starts_with(begin)),
            "{file}: {pushed}"
        );
        assert_eq!(
            (&event["labels"]["resource"], &event["labels"]["check"]),
            (&resource.into(), &check.into()),
            "{file}"
        );
        let description = event["description"].as_str().unwrap();
        for line in description_lines {
            assert!(description.lines().any(|it| it == *line), "{file}: {line:?} is missing in {description:?}");
        }
        // Empty values are left out, and so is the list of excluded resources, which is for ZStack only.
        assert!(!event.to_string().contains("ALARM_EXCLUDE_RESOURCE_LABEL"), "{event:#}");
        for (name, value) in event["labels"].as_object().unwrap() {
            assert!(!["-", "None", "null", "[]", "{}"].contains(&value.as_str().unwrap()), "{file}: {name} is {value}");
        }
    }
    assert_eq!(fs::read_dir(folder()).unwrap().count(), EXPECTED.len(), "a body without an expected alert");
    world.end();
}

#[tokio::test]
async fn a_recovery_closes_its_own_alert_and_no_other() {
    let mut world = World::new().await;
    for (opens, closes) in [
        ("01-facts-alarm-zh", "02-facts-recovery-zh"),
        ("06-event-slb-disconnected", "07-event-slb-connected"),
        ("10-backup-disconnected-dr-namespace", "11-backup-connected-own-namespace"),
        ("12-scheduler-backup-failed", "13-scheduler-backup-succeeded"),
        ("16-template-operator-and-time-zh", "19-broken-quote-recovery"),
        ("17-alarm-excluded-resources", "26-one-rule-two-disks-second-recovers"),
        ("20-vm-ha-start-failed", "21-vm-ha-started"),
        ("24-disk-removed", "25-disk-inserted"),
    ] {
        world.flashduty.clear();
        push(&mut world, &body("09-disk-abnormal-slot7")).await;
        push(&mut world, &body(opens)).await;
        push(&mut world, &body(closes)).await;
        let open: BTreeMap<_, _> =
            world.flashduty.alerts().into_iter().map(|alert| (alert.alert_key, alert.open)).collect();
        assert_eq!(open.values().filter(|open| **open).count(), 1, "{opens} {closes}: {open:?}");
        assert_eq!(open.len(), 2, "{opens} {closes}: {open:?}");
    }
    world.end();
}

/// The console puts every template that is saved in it into `sections`.
#[tokio::test]
async fn a_message_in_the_consoles_sections_becomes_the_same_alert() {
    let mut world = World::new().await;
    for Expected { file, .. } in EXPECTED.iter().filter(|it| !it.file.starts_with("22")) {
        let plain = push(&mut world, &body(file)).await;
        let wrapped = push(&mut world, &format!("{{\"sections\":[{}]}}", body(file))).await;
        assert_eq!(plain, wrapped, "{file}");
    }
    world.end();
}

#[tokio::test]
async fn a_plain_recovery_has_the_key_of_an_event_that_came_as_facts() {
    let mut world = World::new().await;
    let facts = push(&mut world, &body("04-facts-event-en")).await;
    let connected =
        format!(r#"{{"EVENT_NAME":"HostConnected","EVENT_NAMESPACE":"ZStack/KVMHost","EVENT_RESOURCE_ID":"{HOST}"}}"#);
    let plain = push(&mut world, &connected).await;
    assert_eq!((&plain["event_status"], &plain["alert_key"]), (&"Ok".into(), &facts["alert_key"]));
    world.end();
}

/// Sends a body, and returns the one event that is pushed.
async fn push(world: &mut World, body: &str) -> Value {
    let before = world.pushed().len();
    let (status, answer) = world.send(&post(body)).await;
    assert_eq!(status, 200, "{answer}");
    let mut pushed = world.pushed().split_off(before);
    assert_eq!(pushed.len(), 1, "{pushed:#?}");
    pushed.remove(0)
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay/field")
}

fn body(file: &str) -> String {
    fs::read_to_string(folder().join(file).with_extension("json")).unwrap()
}
