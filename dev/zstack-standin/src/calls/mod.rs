//! The calls that the stand-in knows, with their parameters.

mod accounts;
mod alarms;
mod endpoints;
mod history;
mod subscriptions;
mod templates;
mod topics;

use crate::access::Who;
use crate::args::{Args, Kind, Param};
use crate::refusal::Refusal;
use crate::tables::Table;
use crate::zstack::ZStack;
use serde_json::Value;

pub(crate) use endpoints::{PLATFORM, Tested};

/// Reads something. An outer error is a malformed call.
type Read = fn(&ZStack, &Who, &Args) -> Result<Result<Value, Refusal>, String>;
/// Changes something.
type Change = fn(&mut ZStack, &Who, &Args) -> Result<Value, Refusal>;

/// A call of the API.
#[derive(Debug)]
pub(crate) struct Call {
    /// ZStack's own name.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// Below `/zstack/v1`; `{name}` is any segment.
    pub(crate) path: &'static str,
    pub(crate) body: Body,
    pub(crate) params: &'static [Param],
    pub(crate) run: Run,
}

/// What the body must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// It is not read.
    None,
    /// `{"params": {…}}`.
    Params,
    /// `{"<action>": {…}}`.
    Action(&'static str),
}

/// How a call is answered.
#[derive(Debug)]
pub(crate) enum Run {
    /// Rows of a table.
    Query(Table),
    /// Something else, at once.
    Get(Read),
    /// At once, and without a session.
    Open(fn(&mut ZStack, &Args) -> Result<Value, Refusal>),
    /// By a job.
    Job(Change),
    /// By a job that sends the test message.
    Test,
    /// The state of a job, without a session.
    Poll,
}

const LEVEL: Kind = Kind::OneOf(&["Emergent", "Important", "Normal"]);
const SWITCH: Kind = Kind::OneOf(&["enable", "disable"]);
const OPERATOR: Kind = Kind::OneOf(&["GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"]);

const fn query(name: &'static str, path: &'static str, table: Table) -> Call {
    Call { name, method: "GET", path, body: Body::None, params: &[], run: Run::Query(table) }
}

const fn get(name: &'static str, path: &'static str, run: Read) -> Call {
    Call { name, method: "GET", path, body: Body::None, params: &[], run: Run::Get(run) }
}

const fn post(name: &'static str, path: &'static str, params: &'static [Param], run: Change) -> Call {
    Call { name, method: "POST", path, body: Body::Params, params, run: Run::Job(run) }
}

const fn put(
    name: &'static str,
    path: &'static str,
    action: &'static str,
    params: &'static [Param],
    run: Change,
) -> Call {
    Call { name, method: "PUT", path, body: Body::Action(action), params, run: Run::Job(run) }
}

const fn delete(name: &'static str, path: &'static str, run: Change) -> Call {
    Call { name, method: "DELETE", path, body: Body::None, params: &[], run: Run::Job(run) }
}

const HTTP: &str = "/sns/application-endpoints/http";
const HTTP_ACTIONS: &str = "/sns/application-endpoints/http/{uuid}/actions";
const HTTP_TEST: &str = "/sns/application-endpoints/http/test-connection";
const ENDPOINT_ACTIONS: &str = "/sns/application-endpoints/{uuid}/actions";
const TOPIC_ENDPOINT: &str = "/sns/topics/{topicUuid}/endpoints/{endpointUuid}";
const ALARM_ACTIONS: &str = "/zwatch/alarms/{uuid}/actions";
const ALARM_ACTION: &str = "/zwatch/alarms/{alarmUuid}/actions/{actionUuid}";
const SUBSCRIPTIONS: &str = "/zwatch/events/subscriptions";
const SUBSCRIPTION: &str = "/zwatch/events/subscriptions/{uuid}";
const SUBSCRIPTION_ACTIONS: &str = "/zwatch/events/subscriptions/{uuid}/actions";
const SUBSCRIPTION_ACTION: &str = "/zwatch/events/subscriptions/{subscriptionUuid}/actions/{actionUuid}";
const SUBSCRIPTION_STATE: &str = "/zwatch/change/eventSubscription/{uuid}/state";
const TEMPLATE_ACTIONS: &str = "/zwatch/alarms/sns/text-templates/{uuid}/actions";
const VIRTUAL_ROUTERS: &str = "/vm-instances/appliances/virtual-routers";

const ACTION: &[Param] =
    &[Param::required("actionUuid", Kind::Text(32)), Param::required("actionType", Kind::Text(255))];
const STATE_EVENT: &[Param] = &[Param::required("stateEvent", SWITCH)];

/// Every call.
pub(crate) const CALLS: &[Call] = &[
    Call {
        name: "GetVersion",
        method: "PUT",
        path: "/management-nodes/actions",
        body: Body::Action("getVersion"),
        params: &[],
        run: Run::Open(accounts::version),
    },
    Call {
        name: "LogInByAccount",
        method: "PUT",
        path: "/accounts/login",
        body: Body::Action("logInByAccount"),
        params: &[Param::required("accountName", Kind::Text(255)), Param::required("password", Kind::Text(255))],
        run: Run::Open(accounts::log_in),
    },
    Call {
        name: "LogOut",
        method: "DELETE",
        path: "/accounts/sessions/{sessionUuid}",
        body: Body::None,
        params: &[],
        run: Run::Open(accounts::log_out),
    },
    Call { name: "Poll", method: "GET", path: "/api-jobs/{uuid}", body: Body::None, params: &[], run: Run::Poll },
    post("CreateAccessKey", "/accesskeys", accounts::CREATE_KEY, accounts::create_key),
    query("QueryAccount", "/accounts", Table::Accounts),
    query("QueryQuota", "/accounts/quotas", Table::Quotas),
    get("GetAccountQuotaUsage", "/accounts/quota/{uuid}/usages", accounts::quota_usage),
    get("GetResourceNames", "/resources/names", history::names),
    query("QuerySNSHttpEndpoint", HTTP, Table::Endpoints),
    post("CreateSNSHttpEndpoint", HTTP, endpoints::CREATE, endpoints::create),
    put("UpdateSNSHttpEndpoint", HTTP_ACTIONS, "updateSNSHttpEndpoint", endpoints::UPDATE, endpoints::update),
    Call {
        name: "SNSHttpTestConnection",
        method: "POST",
        path: HTTP_TEST,
        body: Body::Params,
        params: endpoints::TEST,
        run: Run::Test,
    },
    put(
        "ChangeSNSApplicationEndpointState",
        ENDPOINT_ACTIONS,
        "changeSNSApplicationEndpointState",
        STATE_EVENT,
        endpoints::change_state,
    ),
    delete("DeleteSNSApplicationEndpoint", "/sns/application-endpoints/{uuid}", endpoints::delete),
    query("QuerySNSTopic", "/sns/topics", Table::Topics),
    post("CreateSNSTopic", "/sns/topics", topics::CREATE, topics::create),
    put(
        "ChangeSNSTopicState",
        "/zwatch/topics/{uuid}/actions",
        "changeSNSTopicState",
        STATE_EVENT,
        topics::change_state,
    ),
    delete("DeleteSNSTopic", "/sns/topics/{uuid}", topics::delete),
    query("QuerySNSTopicSubscriber", "/sns/topics/subscribers", Table::Subscribers),
    post("SubscribeSNSTopic", TOPIC_ENDPOINT, &[], topics::subscribe),
    delete("UnsubscribeSNSTopic", TOPIC_ENDPOINT, topics::unsubscribe),
    query("QueryAlarm", "/zwatch/alarms", Table::Alarms),
    // The path's variable is the alarm, as in the calls that change it.
    post("AddActionToAlarm", ALARM_ACTIONS, ACTION, alarms::add_action),
    delete("RemoveActionFromAlarm", ALARM_ACTION, alarms::remove_action),
    put("UpdateAlarm", ALARM_ACTIONS, "updateAlarm", alarms::UPDATE, alarms::update),
    put("ChangeAlarmState", ALARM_ACTIONS, "changeAlarmState", STATE_EVENT, alarms::change_state),
    query("QueryEventSubscription", SUBSCRIPTIONS, Table::Subscriptions),
    post("SubscribeEvent", SUBSCRIPTIONS, subscriptions::SUBSCRIBE, subscriptions::subscribe),
    post("AddActionToEventSubscription", SUBSCRIPTION_ACTIONS, ACTION, subscriptions::add_action),
    delete("RemoveActionFromEventSubscription", SUBSCRIPTION_ACTION, subscriptions::remove_action),
    put(
        "UpdateSubscribeEvent",
        SUBSCRIPTION_ACTIONS,
        "updateSubscribeEvent",
        subscriptions::UPDATE,
        subscriptions::update,
    ),
    put(
        "ChangeEventSubscriptionState",
        SUBSCRIPTION_STATE,
        "changeEventSubscriptionState",
        subscriptions::STATE,
        subscriptions::change_state,
    ),
    delete("UnsubscribeEvent", SUBSCRIPTION, subscriptions::unsubscribe),
    get("GetAllEventMetadata", "/zwatch/events/meta-data", subscriptions::metadata),
    query("QuerySNSTextTemplate", "/zwatch/alarms/sns/text-templates", Table::Templates),
    put("UpdateSNSTextTemplate", TEMPLATE_ACTIONS, "updateSNSTextTemplate", templates::UPDATE, templates::update),
    query("QueryAlarmRecord", "/zwatch/alarm-records", Table::AlarmRecords),
    query("QueryEventRecord", "/zwatch/event-records", Table::EventRecords),
    query("QueryThirdpartyAlert", "/zwatch/third-party/alerts", Table::ThirdpartyAlerts),
    get("GetAlarmData", "/zwatch/alarm-histories", history::alarms),
    get("GetEventData", "/zwatch/events", history::events),
    query("QueryHost", "/hosts", Table::Hosts),
    query("QueryHostNic", "/hosts/nics", Table::Nics),
    query("QueryVmInstance", "/vm-instances", Table::Vms),
    query("QueryVirtualRouterVm", VIRTUAL_ROUTERS, Table::VirtualRouters),
    query("QueryPrimaryStorage", "/primary-storage", Table::PrimaryStorages),
    query("QueryBackupStorage", "/backup-storage", Table::BackupStorages),
    query("QueryCluster", "/clusters", Table::Clusters),
    query("QueryManagementNode", "/management-nodes", Table::ManagementNodes),
];

/// The path's variables, if the path is a call's.
pub(crate) fn variables(call: &Call, path: &str) -> Option<Vec<(&'static str, String)>> {
    let of_one_row = matches!(call.run, Run::Query(_)).then_some("{uuid}");
    matched(call.path.split('/'), path).or_else(|| matched(call.path.split('/').chain([of_one_row?]), path))
}

fn matched(pattern: impl Iterator<Item = &'static str>, path: &str) -> Option<Vec<(&'static str, String)>> {
    let (mut found, mut segments) = (Vec::new(), path.split('/'));
    for wanted in pattern {
        let segment = segments.next()?;
        match wanted.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => found.push((name, segment.to_owned())),
            None if wanted == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(found)
}

/// Whether several actions share the call's path, so that a wrong one is noticed.
pub(crate) fn is_shared(call: &Call) -> bool {
    CALLS.iter().filter(|it| (it.method, it.path) == (call.method, call.path)).count() > 1
}
