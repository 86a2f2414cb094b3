//! Events of routers, management nodes, schedulers and the rest of the platform.

use super::{Entry, event};

pub(super) const EVENTS: &[Entry] = &[
    event("MasterVpcRouterChanged", "路由器高可用组主备发生切换", "").labels(&["Error"]),
    event("VRouterAbnormalFilesExists", "VPC路由器磁盘空间被异常文件占用", "").labels(&[
        "DiskTotal",
        "DiskUsed",
        "DisKUsage",
        "AbnormalFiles",
    ]),
    event("VRouterConnected", "路由器已连接", "")
        .labels(&["OldStatus", "NewStatus"])
        .undoes(&["VRouterDisconnected", "VRouterPaused"]),
    event("VRouterDisconnected", "路由器失联", "").labels(&["Error"]),
    event("VRouterHealthy", "路由器状态正常", "").labels(&["NewStatus"]).undoes(&["VRouterUnhealthy"]),
    event("VRouterPaused", "路由器异常停机", "").labels(&["OldState", "NewState", "ApplianceVmType"]),
    event("VRouterUnhealthy", "路由器状态异常", "").labels(&["Error"]),
    event("ManagementNodeJoin", "管理节点已连接", "Management Node Connected")
        .labels(&["ManagementNodeIP"])
        .undoes(&["ManagementNodeLeft"]),
    event("ManagementNodeLeft", "管理节点失联", "Management Node Disconnected").labels(&["ManagementNodeIP"]),
    event("ManagementNodeTemporalRegression", "管理节点时间回溯", "").labels(&["ManagementNodeIP"]),
    event("DatabaseBackupScheduler", "数据库备份定时任务", "")
        .labels(&["DatabaseSchedulerName", "DatabaseSchedulerExecutedResult", "isSuccess"])
        .state("isSuccess", &["false"], &["true"], &[]),
    event("JobGroupFailure", "定时任务组结果失败", "Job Failed").labels(&[
        "SchedulerJobGroupName",
        "TotalExecutionJobCount",
        "FailedExecutionJobCount",
        "SchedulerJobGroupErrors",
    ]),
    event("VMRebootScheduler", "虚拟机重启定时任务", "")
        .labels(&["VMSchedulerName", "VMSchedulerExecutedResult", "isSuccess"])
        .state("isSuccess", &["false"], &["true"], &[]),
    event("VMStartScheduler", "虚拟机启动定时任务", "")
        .labels(&["VMSchedulerName", "VMSchedulerExecutedResult", "isSuccess"])
        .state("isSuccess", &["false"], &["true"], &[]),
    event("VMStopScheduler", "虚拟机停止定时任务", "")
        .labels(&["VMSchedulerName", "VMSchedulerExecutedResult", "isSuccess"])
        .state("isSuccess", &["false"], &["true"], &[]),
    event("VolumeBackupScheduler", "硬盘备份定时任务", "")
        .labels(&["VMSchedulerName", "VMSchedulerExecutedResult", "isSuccess"])
        .state("isSuccess", &["false"], &["true"], &[]),
    event("VolumeSnapshotScheduler", "硬盘快照定时任务", "")
        .labels(&["VMSchedulerName", "VMSchedulerExecutedResult", "isSuccess"])
        .state("isSuccess", &["false"], &["true"], &[]),
    event(
        "ClusterQemuVersionMismatch",
        "集群内主机Qemu版本未更新",
        "QEMU Version of Hosts in Cluster Needs to be Updated",
    )
    .labels(&["HostCount"]),
    event(
        "MigrateVMFailedWithHostMaintain",
        "主机进入维护模式触发虚拟机迁移失败",
        "VM Migration Failed as Host in Maintenance Mode",
    )
    .labels(&["hostUuid", "vmUuid", "Error"]),
    event("SessionForceLogout", "Session强制退出", "").labels(&["accountUuid", "userUuid"]),
    event("ThirdpartyAlert", "第三方平台报警", "")
        .labels(&[
            "Uuid",
            "PlatformUuid",
            "Product",
            "Service",
            "Message",
            "DataSource",
            "Metric",
            "AlertLevel",
            "AlertTime",
            "Dimensions",
        ])
        .told_apart_by(&["Product", "Service", "Metric", "Dimensions"]),
];
