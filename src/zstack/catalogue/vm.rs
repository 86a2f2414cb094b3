//! Events of virtual machines: `ZStack/VM`.

use super::{Entry, event};

pub(super) const EVENTS: &[Entry] = &[
    event("VMHAProcess", "虚拟机高可用进程", "").labels(&["HAProcess", "HADetails"]).state(
        "HAProcess",
        &["failure"],
        &["success", "noNeed"],
        &["checking", "starting"],
    ),
    event("VMHAStarted", "虚拟机在主机HA启动", "VM HA Started On Host")
        .labels(&["DestinationHostUuid"])
        .with_error_as_state(),
    event("VMInternalIpChanged", "虚拟机内部IP发生变化", "VM NIC IP Changed (GuestTools Is Required)")
        .labels(&["L3NetworkUuid", "oldInternalIp", "newInternalIp", "relateResourceUuid"])
        .told_apart_by(&["L3NetworkUuid"]),
    event(
        "VMInternalIpDuplicate",
        "虚拟机内部IP已被占用",
        "NIC IP Configured in VM has been Occupied or in the Reserved Range (GuestTools Is Required)",
    )
    .labels(&["L3NetworkUuid", "internalIp", "relateResourceUuid"])
    .told_apart_by(&["L3NetworkUuid", "internalIp"]),
    event(
        "VMInternalIpRangeConflict",
        "虚拟机内部IP与端口组网络段冲突",
        "NIC IP Configured in VM Not in Port Group IP Range (GuestTools Is Required)",
    )
    .labels(&["L3NetworkUuid", "internalIp"])
    .told_apart_by(&["L3NetworkUuid", "internalIp"]),
    event("VMStateChangedOnHost", "虚拟机在主机上的状态发生变化", "VM State Changed On Host")
        .labels(&["OldState", "NewState", "SourceHostUuid", "DestinationHostUuid"])
        .state(
            "NewState",
            &["Stopped", "Unknown", "Crashed", "NoState", "Paused"],
            &["Running"],
            // Steps, or ends on purpose. `Error` is neither.
            &[
                "Created",
                "Starting",
                "Stopping",
                "Rebooting",
                "Destroying",
                "Destroyed",
                "Migrating",
                "Expunging",
                "Pausing",
                "Resuming",
                "VolumeMigrating",
                "VolumeRecovering",
                "Registering",
            ],
        )
        .undoes(&["VMHAStarted"]),
    event("VMStateInShutdown", "虚拟机已关闭", "VM in Shutdown State for a Long Time").labels(&["Error"]),
    event("VmAbnormalLifeCycleDetected", "发现虚拟机异常生命周期变化", "VM Host Abnormally Changed").labels(&[
        "OldState",
        "NewState",
        "SourceHostUuid",
        "DestinationHostUuid",
        "VmAbnormalLifeCycleOperation",
    ]),
    event("VmCrash", "虚拟机崩溃", "VM Crashed").labels(&["Error"]),
];
