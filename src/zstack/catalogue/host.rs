//! Events of hosts: `ZStack/Host`, `ZStack/KVMHost` and so on.

use super::{Entry, event};

pub(super) const EVENTS: &[Entry] = &[
    event("FaultMountPointOnHost", "主机上挂载路径错误", "Host Mount Path Faulted")
        .labels(&["FaultMountPoint"])
        .told_apart_by(&["FaultMountPoint"]),
    event("HostCheckAlive", "主机连通性检测", "").labels(&["CheckProcess", "Details"]).state(
        "CheckProcess",
        &["judgeDead"],
        &["judgeAlive"],
        &["checking"],
    ),
    event("HostConnected", "主机已连接", "Host Connected")
        .labels(&["OldStatus", "NewStatus"])
        .undoes(&["HostDisconnected"]),
    event("HostDisconnected", "主机失联", "Host Disconnected").labels(&["Error"]),
    event("HostHardwareChanged", "主机硬件发生变化", "Host Hardware Changed").labels(&["Error"]),
    event("HostHbaPortStateAbnormal", "主机HBA卡异常", "HBA port state abnormal event alarm")
        .labels(&["Name", "HbaPortName", "OldStatus", "NewStatus"])
        .told_apart_by(&["Name", "HbaPortName"]),
    event("HostPhysicalCpuStatusAbnormal", "主机CPU状态异常", "Host CPU Status Abnormal")
        .labels(&["CpuName", "NewStatus"])
        .told_apart_by(&["CpuName"]),
    event("HostPhysicalDiskInsertTriggered", "主机硬盘插入", "Host Disk Plugged In")
        .labels(&["SerialNumber", "EnclosureId", "SlotNumber"])
        .told_apart_by(&["EnclosureId", "SlotNumber"])
        .undoes(&["HostPhysicalDiskRemoveTriggered"]),
    event("HostPhysicalDiskRemoveTriggered", "主机硬盘拔出", "Host Disk Removed")
        .labels(&["SerialNumber", "EnclosureId", "SlotNumber"])
        .told_apart_by(&["EnclosureId", "SlotNumber"]),
    event("HostPhysicalDiskStatusAbnormal", "主机硬盘状态异常", "Host Physical Disk Status Abnormal")
        .labels(&["SerialNumber", "EnclosureId", "SlotNumber", "NewStatus"])
        .told_apart_by(&["EnclosureId", "SlotNumber"]),
    event("HostPhysicalFanStatusAbnormal", "主机风扇状态异常", "")
        .labels(&["FanName", "NewStatus"])
        .told_apart_by(&["FanName"]),
    event("HostPhysicalGpuRemoveTriggered", "物理GPU拔出或失联", "Physical GPU Removed or Disconnected")
        .labels(&["PciDeviceAddress"])
        .told_apart_by(&["PciDeviceAddress"]),
    event("HostPhysicalGpuStatusAbnormal", "主机物理GPU异常状态", "Host Physical Gpu Status Abnormal")
        .labels(&["PciDeviceAddress", "NewStatus"])
        .told_apart_by(&["PciDeviceAddress", "NewStatus"]),
    event("HostPhysicalMemoryEccErrorTriggered", "主机内存ECC告警", "Host Memory ECC Error").labels(&["Details"]),
    event("HostPhysicalMemoryStatusAbnormal", "主机内存状态异常", "Host Memory Status Abnormal")
        .labels(&["Locator", "NewStatus"])
        .told_apart_by(&["Locator"]),
    event("HostPhysicalNicStatusDown", "主机网络链路离线", "Host NIC Disconnected")
        .labels(&[
            "PhysicalNicFromBond",
            "PhysicalNicName",
            "PhysicalNicAddr",
            "PhysicalNicStatus",
            "PhysicalNicHostUuid",
        ])
        .told_apart_by(&["PhysicalNicName"]),
    event("HostPhysicalNicStatusUp", "主机网络链路上线", "Host NIC Connected")
        .labels(&[
            "PhysicalNicFromBond",
            "PhysicalNicName",
            "PhysicalNicAddr",
            "PhysicalNicStatus",
            "PhysicalNicHostUuid",
        ])
        .told_apart_by(&["PhysicalNicName"])
        .undoes(&["HostPhysicalNicStatusDown"]),
    event("HostPhysicalPowerSupplyStatusAbnormal", "主机电源插槽状态异常", "Host Power Supply Slot Status Abnormal")
        .labels(&["Name", "NewStatus"])
        .told_apart_by(&["Name"]),
    event("HostPhysicalRaidStateAbnormal", "主机raid卡异常", "Host Physical Raid Status Abnormal")
        .labels(&["TargetId", "NewStatus"])
        .told_apart_by(&["TargetId"]),
    event("HostPhysicalVGpuStatusAbnormal", "主机vGPU异常状态", "Host vGPU Status Abnormal")
        .labels(&["Name", "NewStatus"])
        .told_apart_by(&["Name", "NewStatus"]),
    event(
        "HostProcessPhysicalMemoryUsageAbnormal",
        "主机进程物理内存使用量异常",
        "Host Process Physical Memory Usage Abnormal",
    )
    .labels(&["Name", "Pid", "MemoryUsage"])
    .told_apart_by(&["Name"]),
    event("HostSharedBlockStateAbnormal", "主机共享块多路径健康状态异常", "Host Lun Multipath State Abnormal")
        .labels(&["HostUuid", "Wwid", "Disk", "State"])
        .told_apart_by(&["Wwid", "Disk"]),
    event("HostStatusChanged", "主机状态发生变化", "").labels(&["OldStatus", "NewStatus"]).state(
        "NewStatus",
        &["Disconnected"],
        &["Connected"],
        &["Connecting"],
    ),
    event("HostUnknownVMDetected", "主机上发现了未受系统管控的虚拟机", "Unknown VM Detected On Host")
        .labels(&["UnknownVMIdentity"])
        .told_apart_by(&["UnknownVMIdentity"]),
    event("HostVMOperateErrorDetected", "对主机上虚拟机操作失败", "")
        .labels(&["VmUuidsString", "ErrorVMOperation", "Details"])
        .told_apart_by(&["VmUuidsString", "ErrorVMOperation"]),
    event("VMHAHostSelfFencerTriggered", "主机上高可用虚拟机自我仲裁已触发", "")
        .labels(&["PrimaryStorageUuid", "VmUuidsString", "Reason"])
        .told_apart_by(&["PrimaryStorageUuid"]),
];
