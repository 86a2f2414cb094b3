//! Events of storages: `ZStack/PrimaryStorage`, `ZStack/BackupStorage`, `ZStack/DisasterRecoveryStorage`.

use super::{Entry, event};

pub(super) const EVENTS: &[Entry] = &[
    event("PrimaryStorageConnected", "数据存储已连接", "Primary Storage Connected")
        .labels(&["OldStatus", "NewStatus"])
        .undoes(&["PrimaryStorageDisconnected"]),
    event("PrimaryStorageDisconnected", "数据存储失联", "Primary Storage Disconnected").labels(&["Error"]),
    event(
        "PrimaryStorageHostDisconnected",
        "数据存储到主机连接状态检查失败",
        "Failed to Detect Connection Between Primary Storage and Host",
    )
    .labels(&["Error", "HostUuid"])
    .told_apart_by(&["HostUuid"]),
    event("SharedBlockStateAbnormal", "存储共享块多路径健康状态异常", "PrimaryStorage Lun Multipath State Abnormal")
        .labels(&["HostUuid", "Wwid", "Disk", "State"])
        .told_apart_by(&["HostUuid", "Wwid", "Disk"]),
    event("BackupStorageConnected", "镜像存储已连接", "Backup Storage Connected")
        .labels(&["OldStatus", "NewStatus"])
        .undoes(&["BackupStorageDisconnected"]),
    event("BackupStorageDisconnected", "镜像存储失联", "Backup Storage Disconnected").labels(&["Error"]),
];
