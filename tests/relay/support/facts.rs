//! The facts of message templates, from `docs/protocols/zstack.md`, "Facts".
//!
//! Each list has the documented order. Its first entry is its heading. The other entries have a value, with variables in
//! braces, and the names in English and Chinese.

/// One fact: value, English name, Chinese name.
pub type Row = (&'static str, &'static str, &'static str);

/// The template that the console fills in.
pub const CONSOLE_ALARM: &[Row] = &[
    ("", "Alarm Details", "报警器详情"),
    ("{ALARM_UUID}", "UUID", "UUID"),
    ("{ALARM_NAMESPACE}", "Resource Type", "资源类型"),
    ("{ALARM_METRIC} {ALARM_COMPARISON_OPERATOR} {ALARM_THRESHOLD}", "Trigger Condition", "触发条件"),
    ("{ALARM_DURATION} seconds", "Trigger Condition Duration", "触发条件持续时间"),
    ("{ALARM_PREVIOUS_STATUS}", "Previous Status", "先前状态"),
    ("{ALARM_CURRENT_VALUE}", "Current Value", "当前值"),
    ("{ALARM_RESOURCE_ID}", "Alarm Resource UUID", "报警资源UUID"),
    ("{ALARM_TIME}", "Alarm Trigger Time", "报警触发时间"),
    ("{ALARM_RESOURCE_NAME}", "Alarm Resource Name", "报警资源名称"),
    ("{ALARM_EMERGENCY_LEVEL}", "Severity", "报警级别"),
    ("{ALARM_LABELS}", "Tag", "标签"),
    ("{ALARM_RESOURCE_IP}", "Alarm Resource IP", "报警资源IP"),
    ("{ALARM_RESOURCE_CLUSTER_UUID}", "Cluster UUID", "所属集群UUID"),
    ("{ALARM_RESOURCE_CLUSTER_NAME}", "Cluster Name", "所属集群名称"),
];

pub const CONSOLE_RECOVERY: &[Row] = &[
    ("", "Alarm Recovery Details", "报警恢复详情"),
    ("{ALARM_UUID}", "UUID", "UUID"),
    ("{ALARM_NAMESPACE}", "Resource Type", "资源类型"),
    ("{ALARM_METRIC} {ALARM_COMPARISON_OPERATOR_REVERSE} {ALARM_THRESHOLD}", "Recovery Condition", "恢复条件"),
    ("{ALARM_PREVIOUS_STATUS}", "Previous Status", "先前状态"),
    ("{ALARM_CURRENT_VALUE}", "Current Value", "当前值"),
    ("{ALARM_RESOURCE_ID}", "Alarm Resource UUID", "报警资源UUID"),
    ("{ALARM_TIME}", "Alarm Trigger Time", "报警触发时间"),
    ("{ALARM_EMERGENCY_LEVEL}", "Severity", "报警级别"),
    ("{ALARM_RESOURCE_NAME}", "Alarm Resource Name", "报警资源名称"),
    ("{ALARM_RESOURCE_IP}", "Alarm Resource IP", "报警资源IP"),
    ("{ALARM_RESOURCE_CLUSTER_UUID}", "Cluster UUID", "所属集群UUID"),
    ("{ALARM_RESOURCE_CLUSTER_NAME}", "Cluster Name", "所属集群名称"),
];

pub const CONSOLE_EVENT: &[Row] = &[
    ("", "Event Details", "事件详情"),
    ("{EVENT_NAME}", "Name", "名称"),
    ("{EVENT_NAMESPACE}", "Resource Type", "资源类型"),
    ("{EVENT_EMERGENCY_LEVEL}", "Severity", "报警级别"),
    ("{EVENT_RESOURCE_ID}", "Alarm Resource UUID", "报警资源UUID"),
    ("{EVENT_RESOURCE_NAME}", "Alarm Resource Name", "报警资源名称"),
    ("{EVENT_TIME}", "Alarm Trigger Time", "报警触发时间"),
    ("{EVENT_SUBSCRIPTION_UUID}", "Event Subscription UUID", "事件订阅UUID"),
    ("{EVENT_ERROR}", "Error", "错误"),
    ("{EVENT_RESOURCE_IP}", "Alarm Resource IP", "报警资源IP"),
    ("{EVENT_RESOURCE_CLUSTER_UUID}", "Cluster UUID", "所属集群UUID"),
    ("{EVENT_RESOURCE_CLUSTER_NAME}", "Cluster Name", "所属集群名称"),
];

/// ZStack's own templates for Feishu and Teams. They differ in headings and in [`TEAMS_ENGLISH_ALARM`].
pub const FEISHU_ALARM: &[Row] = &[
    ("", "Alarm Details:", "报警器详情:"),
    ("{ALARM_UUID}", "UUID", "UUID"),
    ("{ALARM_NAMESPACE}", "ResourceType", "资源类型"),
    ("{ALARM_METRIC} {ALARM_COMPARISON_OPERATOR} {ALARM_THRESHOLD}", "Condition", "触发条件"),
    ("{ALARM_DURATION} seconds", "Duration", "触发条件持续时间"),
    ("{ALARM_PREVIOUS_STATUS}", "Previous Status", "先前状态"),
    ("{ALARM_CURRENT_VALUE}", "Current Metric Value", "当前值"),
    ("{ALARM_RESOURCE_ID}", "Alarm Resource UUID", "报警资源UUID"),
    ("{ALARM_TIME}", "Alarm Trigger Time", "报警触发时间"),
    ("{ALARM_RESOURCE_NAME}", "Alarm Resource Name", "报警资源名称"),
    ("{ALARM_EMERGENCY_LEVEL}", "Emergency Level", "报警级别"),
    ("{ALARM_LABELS}", "Labels", "标签"),
    ("{ALARM_RESOURCE_IP}", "Resource IP", "报警资源IP"),
    ("{ALARM_RESOURCE_CLUSTER_UUID}", "Cluster UUID", "报警集群UUID"),
    ("{ALARM_RESOURCE_CLUSTER_NAME}", "Cluster Name", "报警集群名称"),
];

pub const TEAMS_CHINESE_ALARM_HEAD: &str = "报警详情:";

/// The facts of Teams' English alarm with another name than Feishu's. One is a mistake of ZStack, one another spelling.
pub const TEAMS_ENGLISH_ALARM: &[Row] =
    &[("{ALARM_EMERGENCY_LEVEL}", "Current Metric Value", ""), ("{ALARM_RESOURCE_CLUSTER_NAME}", "Cluster NAME", "")];

/// A recovery has no level.
pub const FEISHU_RECOVERY: &[Row] = &[
    ("", "Recovery Details:", "报警恢复详情:"),
    ("{ALARM_UUID}", "UUID", "UUID"),
    ("{ALARM_NAMESPACE}", "ResourceType", "资源类型"),
    ("{ALARM_METRIC} {ALARM_COMPARISON_OPERATOR_REVERSE} {ALARM_THRESHOLD}", "Condition", "恢复条件"),
    ("{ALARM_PREVIOUS_STATUS}", "Previous Status", "先前状态"),
    ("{ALARM_CURRENT_VALUE}", "Current Metric Value", "当前值"),
    ("{ALARM_RESOURCE_ID}", "Alarm Resource UUID", "报警资源UUID"),
    ("{ALARM_TIME}", "Alarm Trigger Time", "报警触发时间"),
    ("{ALARM_RESOURCE_NAME}", "Alarm Resource Name", "报警资源名称"),
    ("{ALARM_RESOURCE_IP}", "Resource IP", "报警资源IP"),
    ("{ALARM_RESOURCE_CLUSTER_UUID}", "Cluster UUID", "报警集群UUID"),
    ("{ALARM_RESOURCE_CLUSTER_NAME}", "Cluster Name", "报警集群名称"),
];

pub const FEISHU_EVENT: &[Row] = &[
    ("", "Event Details:", "事件详情:"),
    ("{EVENT_NAME}", "Name", "名称"),
    ("{EVENT_NAMESPACE}", "ResourceType", "资源类型"),
    ("{EVENT_EMERGENCY_LEVEL}", "Emergency Level", "报警级别"),
    ("{EVENT_RESOURCE_ID}", "Resource UUID", "资源UUID"),
    ("{EVENT_RESOURCE_NAME}", "Resource Name", "资源名称"),
    ("{EVENT_LABELS}", "Labels", "标签"),
    ("{EVENT_TIME}", "Alarm Trigger Time", "报警触发时间"),
    ("{EVENT_SUBSCRIPTION_UUID}", "Subscription UUID", "事件订阅UUID"),
    ("{EVENT_ERROR}", "Error(empty if no error)", "错误（如果没有错误时为空）"),
    ("{EVENT_RESOURCE_IP}", "Resource IP", "报警资源IP"),
    ("{EVENT_RESOURCE_CLUSTER_UUID}", "Cluster UUID", "报警集群UUID"),
    ("{EVENT_RESOURCE_CLUSTER_NAME}", "Cluster Name", "报警集群名称"),
];
