"""The relay's catalogue of events: what decides which alert an event opens or closes.

`GOLDEN=write cargo test --test relay resync` writes this file from src/zstack/catalogue/.
"""

import json

EVENTS = json.loads(r"""
{
  "BackupStorageConnected": {
    "undoes": [
      "BackupStorageDisconnected"
    ]
  },
  "BackupStorageDisconnected": {},
  "CdpTaskFailed": {},
  "CdpTaskStatusAbnormallyChanged": {},
  "ClusterQemuVersionMismatch": {},
  "DatabaseBackupScheduler": {
    "state": {
      "label": "isSuccess",
      "over": [
        "true"
      ],
      "steps": [],
      "trouble": [
        "false"
      ]
    }
  },
  "FaultMountPointOnHost": {
    "told_apart_by": [
      "FaultMountPoint"
    ]
  },
  "HostCheckAlive": {
    "state": {
      "label": "CheckProcess",
      "over": [
        "judgeAlive"
      ],
      "steps": [
        "checking"
      ],
      "trouble": [
        "judgeDead"
      ]
    }
  },
  "HostConnected": {
    "undoes": [
      "HostDisconnected"
    ]
  },
  "HostDisconnected": {},
  "HostHardwareChanged": {},
  "HostHbaPortStateAbnormal": {
    "told_apart_by": [
      "Name",
      "HbaPortName"
    ]
  },
  "HostPhysicalCpuStatusAbnormal": {
    "told_apart_by": [
      "CpuName"
    ]
  },
  "HostPhysicalDiskInsertTriggered": {
    "told_apart_by": [
      "EnclosureId",
      "SlotNumber"
    ],
    "undoes": [
      "HostPhysicalDiskRemoveTriggered"
    ]
  },
  "HostPhysicalDiskRemoveTriggered": {
    "told_apart_by": [
      "EnclosureId",
      "SlotNumber"
    ]
  },
  "HostPhysicalDiskStatusAbnormal": {
    "told_apart_by": [
      "EnclosureId",
      "SlotNumber"
    ]
  },
  "HostPhysicalFanStatusAbnormal": {
    "told_apart_by": [
      "FanName"
    ]
  },
  "HostPhysicalGpuRemoveTriggered": {
    "told_apart_by": [
      "PciDeviceAddress"
    ]
  },
  "HostPhysicalGpuStatusAbnormal": {
    "told_apart_by": [
      "PciDeviceAddress",
      "NewStatus"
    ]
  },
  "HostPhysicalMemoryEccErrorTriggered": {},
  "HostPhysicalMemoryStatusAbnormal": {
    "told_apart_by": [
      "Locator"
    ]
  },
  "HostPhysicalNicStatusDown": {
    "told_apart_by": [
      "PhysicalNicName"
    ]
  },
  "HostPhysicalNicStatusUp": {
    "told_apart_by": [
      "PhysicalNicName"
    ],
    "undoes": [
      "HostPhysicalNicStatusDown"
    ]
  },
  "HostPhysicalPowerSupplyStatusAbnormal": {
    "told_apart_by": [
      "Name"
    ]
  },
  "HostPhysicalRaidStateAbnormal": {
    "told_apart_by": [
      "TargetId"
    ]
  },
  "HostPhysicalVGpuStatusAbnormal": {
    "told_apart_by": [
      "Name",
      "NewStatus"
    ]
  },
  "HostProcessPhysicalMemoryUsageAbnormal": {
    "told_apart_by": [
      "Name"
    ]
  },
  "HostSharedBlockStateAbnormal": {
    "told_apart_by": [
      "Wwid",
      "Disk"
    ]
  },
  "HostStatusChanged": {
    "state": {
      "label": "NewStatus",
      "over": [
        "Connected"
      ],
      "steps": [
        "Connecting"
      ],
      "trouble": [
        "Disconnected"
      ]
    }
  },
  "HostUnknownVMDetected": {
    "told_apart_by": [
      "UnknownVMIdentity"
    ]
  },
  "HostVMOperateErrorDetected": {
    "told_apart_by": [
      "VmUuidsString",
      "ErrorVMOperation"
    ]
  },
  "IAM2ProjecRetire": {},
  "JobGroupFailure": {},
  "ManagementNodeJoin": {
    "undoes": [
      "ManagementNodeLeft"
    ]
  },
  "ManagementNodeLeft": {},
  "ManagementNodeTemporalRegression": {},
  "MasterVpcRouterChanged": {},
  "MigrateVMFailedWithHostMaintain": {},
  "PrimaryStorageConnected": {
    "undoes": [
      "PrimaryStorageDisconnected"
    ]
  },
  "PrimaryStorageDisconnected": {},
  "PrimaryStorageHostDisconnected": {
    "told_apart_by": [
      "HostUuid"
    ]
  },
  "SecretResourcePoolStatusChange": {},
  "SecurityMachineStateChange": {},
  "SessionForceLogout": {},
  "SharedBlockStateAbnormal": {
    "told_apart_by": [
      "HostUuid",
      "Wwid",
      "Disk"
    ]
  },
  "SlbVmInstanceAbnormalFilesExists": {},
  "SlbVmInstanceConnected": {
    "undoes": [
      "SlbVmInstanceDisconnected"
    ]
  },
  "SlbVmInstanceDisconnected": {},
  "ThirdpartyAlert": {
    "told_apart_by": [
      "Product",
      "Service",
      "Metric",
      "Dimensions"
    ]
  },
  "VCenterHostWrongDateTime": {},
  "VCenterResourceEvent": {},
  "VMFailedRecoverFaultTolerance": {},
  "VMHAHostSelfFencerTriggered": {
    "told_apart_by": [
      "PrimaryStorageUuid"
    ]
  },
  "VMHAProcess": {
    "state": {
      "label": "HAProcess",
      "over": [
        "success",
        "noNeed"
      ],
      "steps": [
        "checking",
        "starting"
      ],
      "trouble": [
        "failure"
      ]
    }
  },
  "VMHAStarted": {
    "error_is_state": [
      "DestinationHostUuid"
    ]
  },
  "VMInternalIpChanged": {
    "told_apart_by": [
      "L3NetworkUuid"
    ]
  },
  "VMInternalIpDuplicate": {
    "told_apart_by": [
      "L3NetworkUuid",
      "internalIp"
    ]
  },
  "VMInternalIpRangeConflict": {
    "told_apart_by": [
      "L3NetworkUuid",
      "internalIp"
    ]
  },
  "VMRebootScheduler": {
    "state": {
      "label": "isSuccess",
      "over": [
        "true"
      ],
      "steps": [],
      "trouble": [
        "false"
      ]
    }
  },
  "VMRequestRecoverFaultTolerance": {},
  "VMStartScheduler": {
    "state": {
      "label": "isSuccess",
      "over": [
        "true"
      ],
      "steps": [],
      "trouble": [
        "false"
      ]
    }
  },
  "VMStateChangedOnHost": {
    "state": {
      "label": "NewState",
      "over": [
        "Running"
      ],
      "steps": [
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
        "Registering"
      ],
      "trouble": [
        "Stopped",
        "Unknown",
        "Crashed",
        "NoState",
        "Paused"
      ]
    },
    "undoes": [
      "VMHAStarted"
    ]
  },
  "VMStateInShutdown": {},
  "VMStopScheduler": {
    "state": {
      "label": "isSuccess",
      "over": [
        "true"
      ],
      "steps": [],
      "trouble": [
        "false"
      ]
    }
  },
  "VRouterAbnormalFilesExists": {},
  "VRouterConnected": {
    "undoes": [
      "VRouterDisconnected",
      "VRouterPaused"
    ]
  },
  "VRouterDisconnected": {},
  "VRouterHealthy": {
    "undoes": [
      "VRouterUnhealthy"
    ]
  },
  "VRouterPaused": {},
  "VRouterUnhealthy": {},
  "VmAbnormalLifeCycleDetected": {},
  "VmCrash": {},
  "VolumeBackupScheduler": {
    "state": {
      "label": "isSuccess",
      "over": [
        "true"
      ],
      "steps": [],
      "trouble": [
        "false"
      ]
    }
  },
  "VolumeSnapshotScheduler": {
    "state": {
      "label": "isSuccess",
      "over": [
        "true"
      ],
      "steps": [],
      "trouble": [
        "false"
      ]
    }
  },
  "YunshanNSPInforEvents": {}
}
""")
