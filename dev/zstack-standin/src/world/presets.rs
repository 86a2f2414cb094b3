//! The rules and subscriptions that every ZStack has, with ZStack's own UUIDs. Some of these are odd.
//!
//! `ZSphere` is one before 4.10.3, which has the odd ones. Names and metrics are the stand-in's own.

use serde_json::{Value, json};

use crate::access::ADMIN;
use crate::tables::Table;
use crate::world::{DATA_FOLDER_ALARM, SYSTEM_TOPIC};
use crate::zstack::ZStack;

/// UUID, name, namespace, metric, threshold.
type Alarm = (&'static str, &'static str, &'static str, &'static str, f64);

const FREE: &str = "AvailableCapacityInPercent";
const USED: &str = "UsedCapacityInPercent";
const CPU: &str = "CPUAverageUsedUtilization";
const MEMORY: &str = "MemoryUsedInPercent";

const ALARMS: &[Alarm] = &[
    (
        DATA_FOLDER_ALARM,
        "Data Folder of the Management Node",
        "ZStack/System",
        "DiskDataFolderUsedCapacityInPercent",
        70.0,
    ),
    ("5d3bb9d271a349b283893317f531f723", "Host Root Volume", "ZStack/Host", "DiskRootUsedCapacityInPercent", 80.0),
    ("44e6f054a59a451fb1b535accff64fc2", "Backup Storage Free Space", "ZStack/BackupStorage", FREE, 20.0),
    ("66dfdee6fd314aac96ca3779774ad977", "Primary Storage Free Space", "ZStack/PrimaryStorage", FREE, 20.0),
    (
        "ded02f9786444c6296e9bc3efb8eb484",
        "Primary Storage Physical Free Space",
        "ZStack/PrimaryStorage",
        "AvailablePhysicalCapacityInPercent",
        20.0,
    ),
    ("4123f054a59a451fb1b535accff61232", "Disaster Recovery Storage", "ZStack/BackupStorage", USED, 80.0),
    ("065f9609dce141bb952c80f729f58af4", "Fencer IP Unreachable", "ZStack/System", "FencerIpUnreachable", 1.0),
    ("712c3dec6aa94ed2b3bcd32192c22f69", "Database Sync Behind", "ZStack/System", "DatabaseSyncDelay", 1.0),
    ("5z6gsgkc5kccpylj9ocgbd647p2700b7", "Host CPU", "ZStack/Host", CPU, 80.0),
    ("d0b35ac37c58e358cb74e664532f1044", "Host Memory", "ZStack/Host", MEMORY, 80.0),
    ("uhgfoh0soh6e1qai005elfa9c6h2s2y0", "VM CPU", "ZStack/VM", CPU, 80.0),
    ("fuz2p4fa71urf4fd7cknoxsalvj60ynk", "VM Memory", "ZStack/VM", MEMORY, 80.0),
    (
        "00dbd80dbac0494d8f351bfb640a4d11",
        "VM CPU by Guest Tools",
        "ZStack/VM",
        "OperatingSystemCPUUsedUtilization",
        80.0,
    ),
    (
        "00d550dd83e14bbdaf111ae087d34b11",
        "VM Memory by Guest Tools",
        "ZStack/VM",
        "OperatingSystemMemoryUsedPercent",
        80.0,
    ),
    ("10908b6b7b8741139a5efc2b1d461a16", "Host CPU Temperature", "ZStack/Host", "CPUTemperature", 90.0),
    ("a3905b37d5e8477dbe0fb75a30b8f21c", "SSD Life", "ZStack/Host", "SSDLifeLeftInPercent", 20.0),
    ("33198a88f22e4d19b5ff8ebaebb6ujm7", "SSD Temperature", "ZStack/Host", "SSDTemperature", 70.0),
    ("5z6gsgkc5kccpylj9234fd647p2700b7", "GPU Temperature", "ZStack/Host", "GPUTemperature", 80.0),
];

const CLOUD_ALARMS: &[Alarm] = &[
    ("65e8f1a4892231b692cc7a881581f3da", "License", "ZStack/License", "LicenseEnabledDays", 15.0),
    ("369eef54655548eab2a4d2d7ef061c79", "Virtual Router CPU", "ZStack/VRouter", CPU, 80.0),
    ("582ea79cb57d45a8bfd4d2030244c1c4", "Virtual Router Memory", "ZStack/VRouter", MEMORY, 80.0),
    ("f3389a28b7d64e35875992d254ff4f96", "Virtual Router Disk", "ZStack/VRouter", USED, 80.0),
    ("66898fa836694f7665d49b74dedf7631", "CDP Storage", "ZStack/CdpTask", USED, 80.0),
    ("78898fa836694f769ed89b74ded006f1", "CDP Task Latency", "ZStack/CdpTask", "CdpTaskLatency", 60.0),
    ("ue0x30t7wfyuba87nwk6ywu3ub5svtwk", "Host Memory (Cloud)", "ZStack/Host", "MemoryUsedInPercent", 80.0),
];

/// Periods that are not 300 seconds.
const PERIODS: [(&str, f64); 2] =
    [("4123f054a59a451fb1b535accff61232", 1800.0), ("712c3dec6aa94ed2b3bcd32192c22f69", 3600.0)];

/// The metrics of hardware are repeated every 300 seconds, and not every 1,800.
const HARDWARE: [&str; 4] = ["CPUTemperature", "SSDLifeLeftInPercent", "SSDTemperature", "GPUTemperature"];

/// Metrics that are bad when they are low.
const LOW: [&str; 4] = [FREE, "AvailablePhysicalCapacityInPercent", "SSDLifeLeftInPercent", "LicenseEnabledDays"];

/// UUID, namespace, event, level.
type Subscription = (&'static str, &'static str, &'static str, &'static str);

const SUBSCRIPTIONS: &[Subscription] = &[
    ("4a3cb114b10d41e19545ab693222c134", "ZStack/Host", "HostDisconnected", "Emergent"),
    ("1a7a3eb433904df89f5c42a1fa4e0716", "ZStack/Host", "HostConnected", "Normal"),
    ("9a593ad138bf44138b72e0f0dd989f27", "ZStack/Host", "HostPhysicalNicStatusDown", "Emergent"),
    ("d1d122f95c194c958ba1be4a3568ebd0", "ZStack/Host", "HostPhysicalNicStatusUp", "Normal"),
    ("226da68a97b94b7f9f918f8ac7138873", "ZStack/Host", "HostPhysicalDiskRemoveTriggered", "Emergent"),
    ("4c230269620e4e739ebc5ab2a6b0f0a4", "ZStack/Host", "HostPhysicalDiskInsertTriggered", "Normal"),
    ("00db0c53c1e24b8c870ab01367478c11", "ZStack/Host", "HostHbaPortStateAbnormal", "Important"),
    ("5e75230bd2ea4f47abf6ff92fa816a20", "ZStack/PrimaryStorage", "PrimaryStorageDisconnected", "Emergent"),
    ("f56795b8c34b452f84bcf25cb89bded2", "ZStack/PrimaryStorage", "PrimaryStorageConnected", "Normal"),
    ("98f9c802604e4852bd84716f66cf4f73", "ZStack/BackupStorage", "BackupStorageDisconnected", "Emergent"),
    ("55365763fed244c39b4642bef6c5daf9", "ZStack/BackupStorage", "BackupStorageConnected", "Normal"),
    ("8eca1096feb34419913087d2b281ecec", "ZStack/MN", "ManagementNodeLeft", "Emergent"),
    ("10d9c4e69fc2456bb8c6c6d456bb5038", "ZStack/MN", "ManagementNodeJoin", "Normal"),
    ("6nz3vn2e0rdwu5hzmuetzv37ak0nj248", "ZStack/VM", "VMHAStarted", "Normal"),
    ("3123bdfa2eaf42538931113ddaec1237", "ZStack/Scheduler", "JobGroupFailure", "Important"),
];

/// The two for disaster recovery, which have a label in ZStack. That they bear the namespace instead is inferred.
const DISASTER_RECOVERY: &[Subscription] = &[
    ("9123c802604e4852bd84716f66cf1233", "ZStack/DisasterRecoveryStorage", "BackupStorageDisconnected", "Emergent"),
    ("51235763fed244c39b4642bef6c51239", "ZStack/DisasterRecoveryStorage", "BackupStorageConnected", "Normal"),
];

const CLOUD_SUBSCRIPTIONS: &[Subscription] = &[
    ("d59397479d2548d7abfe4ad31a575390", "ZStack/VRouter", "VRouterDisconnected", "Emergent"),
    ("39d2b6689efa4e4a96c239716cb6f3ea", "ZStack/VRouter", "VRouterConnected", "Normal"),
    ("a3d9fd893fbb4468867a7880b6b91ba6", "ZStack/VRouter", "VRouterPaused", "Emergent"),
    ("842e20d7d9844ee3a3c2a4224235a7df", "ZStack/SlbVmInstance", "SlbVmInstanceDisconnected", "Emergent"),
    ("eef29da3aff8486093d6afabb05cddbf", "ZStack/SlbVmInstance", "SlbVmInstanceConnected", "Normal"),
];

pub(super) fn create(zstack: &mut ZStack) {
    let cloud = zstack.options.cloud;
    let more = if cloud { CLOUD_ALARMS } else { &[] };
    for (uuid, name, namespace, metric, threshold) in ALARMS.iter().chain(more) {
        let operator = if LOW.contains(metric) { "LessThan" } else { "GreaterThanOrEqualTo" };
        let row = json!({
            "uuid": uuid,
            "name": name,
            "namespace": namespace,
            "metricName": metric,
            "comparisonOperator": operator,
            "threshold": threshold,
            // Integers may come with a decimal point.
            "period": PERIODS.iter().find(|it| it.0 == *uuid).map_or(300.0, |it| it.1),
            "repeatInterval": if HARDWARE.contains(metric) { 300 } else { 1800 },
            "repeatCount": -1,
            "enableRecovery": false,
            "emergencyLevel": "Important",
            "status": "OK",
            "state": "Enabled",
            "labels": [],
            "actions": [action("alarmUuid", uuid, SYSTEM_TOPIC)],
            "accountUuid": ADMIN,
        });
        zstack.tables.add(Table::Alarms, row);
    }
    let more = if cloud { CLOUD_SUBSCRIPTIONS } else { &[] };
    for (uuid, namespace, event, level) in SUBSCRIPTIONS.iter().chain(DISASTER_RECOVERY).chain(more) {
        let row = json!({
            "uuid": uuid,
            "name": event,
            "namespace": namespace,
            "eventName": event,
            "emergencyLevel": level,
            "state": "Enabled",
            "labels": [],
            "actions": [action("subscriptionUuid", uuid, SYSTEM_TOPIC)],
            "accountUuid": ADMIN,
        });
        zstack.tables.add(Table::Subscriptions, row);
    }
}

/// An action of a rule or a subscription; `owner` is the member that names it.
pub(super) fn action(owner: &str, uuid: &str, topic: &str) -> Value {
    json!({owner: uuid, "actionType": "sns", "actionUuid": topic})
}
