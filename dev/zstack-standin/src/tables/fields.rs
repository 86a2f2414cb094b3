//! The members that the queries know and show.

pub(super) const ACCOUNTS: &[&str] = &["uuid", "name", "type", "createDate", "lastOpDate"];
pub(super) const ALARM_RECORDS: &[&str] = &[
    "id",
    "createTime",
    "alarmUuid",
    "alarmName",
    "alarmStatus",
    "resourceUuid",
    "namespace",
    "metricName",
    "metricValue",
    "threshold",
    "comparisonOperator",
    "period",
    "emergencyLevel",
    "labels",
    "context",
    "dataUuid",
    "accountUuid",
    "readStatus",
];
pub(super) const ALARMS: &[&str] = &[
    "uuid",
    "name",
    "description",
    "namespace",
    "metricName",
    "comparisonOperator",
    "threshold",
    "period",
    "repeatInterval",
    "repeatCount",
    "enableRecovery",
    "emergencyLevel",
    "status",
    "state",
    "labels",
    "actions",
    "createDate",
    "lastOpDate",
];
pub(super) const ENDPOINTS: &[&str] = &[
    "uuid",
    "name",
    "description",
    "type",
    "state",
    "platformUuid",
    "url",
    "username",
    "connectionStatus",
    "createDate",
    "lastOpDate",
];
pub(super) const EVENT_RECORDS: &[&str] = &[
    "id",
    "createTime",
    "namespace",
    "name",
    "emergencyLevel",
    "resourceId",
    "error",
    "dataUuid",
    "subscriptionUuid",
    "accountUuid",
    "readStatus",
    "labels",
];
pub(super) const TOPICS: &[&str] = &["uuid", "name", "description", "state", "locale", "createDate", "lastOpDate"];
pub(super) const SUBSCRIBERS: &[&str] = &["topicUuid", "endpointUuid", "createDate", "lastOpDate"];
pub(super) const SUBSCRIPTIONS: &[&str] = &[
    "uuid",
    "name",
    "namespace",
    "eventName",
    "emergencyLevel",
    "state",
    "actions",
    "labels",
    "createDate",
    "lastOpDate",
];
pub(super) const TEMPLATES: &[&str] = &[
    "uuid",
    "name",
    "applicationPlatformType",
    "type",
    "template",
    "subject",
    "recoveryTemplate",
    "recoverySubject",
    "defaultTemplate",
    "createDate",
    "lastOpDate",
];
pub(super) const THIRDPARTY_ALERTS: &[&str] = &[
    "uuid",
    "product",
    "service",
    "metric",
    "alertLevel",
    "alertTime",
    "dimensions",
    "message",
    "dataSource",
    "readStatus",
    "createDate",
];
pub(super) const QUOTAS: &[&str] = &["name", "identityUuid", "identityType", "value"];
pub(super) const HOSTS: &[&str] = &[
    "uuid",
    "name",
    "description",
    "managementIp",
    "clusterUuid",
    "status",
    "state",
    "hypervisorType",
    "createDate",
    "lastOpDate",
];
pub(super) const VMS: &[&str] =
    &["uuid", "name", "description", "state", "status", "hostUuid", "clusterUuid", "createDate", "lastOpDate"];
pub(super) const PRIMARY_STORAGES: &[&str] =
    &["uuid", "name", "description", "type", "url", "status", "state", "createDate", "lastOpDate"];
pub(super) const CLUSTERS: &[&str] = &["uuid", "name", "description", "state", "createDate", "lastOpDate"];
pub(super) const NICS: &[&str] =
    &["uuid", "hostUuid", "interfaceName", "interfaceType", "carrierActive", "createDate", "lastOpDate"];
pub(super) const MANAGEMENT_NODES: &[&str] = &["uuid", "hostName", "joinDate", "heartBeat"];
