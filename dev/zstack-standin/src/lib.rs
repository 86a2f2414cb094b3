//! A strict local stand-in for ZStack's REST API, and for the messages that ZStack sends to webhooks.
//!
//! It is made from facts that were read in ZStack's code and documents, and was never compared with a real ZStack. What
//! is not known is marked "inferred" in the code. It listens on 127.0.0.1 only.
//!
//! Nothing happens by itself, except with [`Options::stories`]: then one problem of the small world after the other begins
//! and is over. Like everything else, it is sent only to endpoints that are subscribed. And a change that reloads an alarm,
//! such as that of `enableRecovery`, has everything told again that it has in problem.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use zstack_standin::{Options, Standin};
//!
//! let standin = Standin::start(Options::default()).await?;
//! // Log in at `standin.api()` as `admin` with the password `password`.
//! # Ok(())
//! # }
//! ```
//!
//! # The API
//!
//! The root is `/zstack/v1`. [`Logged::call`] and [`InjectedFault::call`] have these names:
//!
//! | what | calls |
//! | --- | --- |
//! | at once, without a session | `GetVersion`, `LogInByAccount`, `LogOut`, `Poll` |
//! | queries of what sends | `QuerySNSHttpEndpoint`, `QuerySNSTopic`, `QuerySNSTopicSubscriber`, `QuerySNSTextTemplate` |
//! | queries of rules | `QueryAlarm`, `QueryEventSubscription` |
//! | queries of records | `QueryAlarmRecord`, `QueryEventRecord`, `QueryThirdpartyAlert` |
//! | queries of resources | `QueryHost`, `QueryHostNic`, `QueryVmInstance`, `QueryVirtualRouterVm`, `QueryCluster` |
//! | | `QueryPrimaryStorage`, `QueryBackupStorage`, `QueryManagementNode` |
//! | other reads | `QueryAccount`, `QueryQuota`, `GetAccountQuotaUsage`, `GetResourceNames` |
//! | | `GetAllEventMetadata`, `GetAlarmData`, `GetEventData` |
//! | changes of endpoints | `CreateSNSHttpEndpoint`, `UpdateSNSHttpEndpoint`, `ChangeSNSApplicationEndpointState` |
//! | | `DeleteSNSApplicationEndpoint`, `SNSHttpTestConnection` |
//! | changes of topics | `CreateSNSTopic`, `ChangeSNSTopicState`, `DeleteSNSTopic` |
//! | | `SubscribeSNSTopic`, `UnsubscribeSNSTopic` |
//! | changes of alarms | `AddActionToAlarm`, `RemoveActionFromAlarm`, `UpdateAlarm`, `ChangeAlarmState` |
//! | changes of subscriptions | `SubscribeEvent`, `UnsubscribeEvent`, `AddActionToEventSubscription` |
//! | | `RemoveActionFromEventSubscription`, `UpdateSubscribeEvent`, `ChangeEventSubscriptionState` |
//! | other changes | `CreateAccessKey`, `UpdateSNSTextTemplate` |
//!
//! All changes are jobs. Where ZStack would silently ignore what a caller wrote wrongly, the stand-in answers 400 and says
//! so: for parameters that no version knows, and for a `sort` whose `+` is not encoded.
//!
//! There are two accounts with the password of the options: `admin`, and `project`, which owns one rule and has ZStack's
//! quotas. The access key `standinKeyEnabled` of `admin` has the secret `delbanEyeKnidnats`; `standinKeyDisabled` is
//! disabled (`delbasiDyeKnidnats`).
//!
//! # The control endpoints
//!
//! Requests and answers are JSON (`Content-Type: application/json`). These requests are not logged, and faults do not
//! apply to them. The last column is the method of the class `ZStack` in dev/local/zstack.py.
//!
//! | request | does | in Python |
//! | --- | --- | --- |
//! | `GET /standin/health` | 200 `"ok"` | |
//! | `GET /standin/calls` | every [`Logged`] call, oldest first; passwords are masked | `calls(*names)` |
//! | `DELETE /standin/calls` | forgets the calls | `forget_calls()` |
//! | `GET /standin/state` | all rows but records, in a fixed order, without dates | `state()` |
//! | `GET /standin/records` | `{"alarms": […], "events": […]}`, oldest first | `records()` |
//! | `GET /standin/sessions` | how many sessions are open | `sessions()` |
//! | `DELETE /standin/sessions` | ends all sessions | `end_sessions()` |
//! | `POST /standin/faults` | adds an [`InjectedFault`] | `fault(fault, call, after, times)` |
//! | `DELETE /standin/faults` | removes all faults | `clear_faults()` |
//! | `PUT /standin/lacks` | becomes a version that [`Lacks`] something | `lacks(calls, fields, …)` |
//! | `POST /standin/fire` | an alarm fires for a resource | `fire(alarm, resource, …)` |
//! | `POST /standin/recover` | a resource recovers | `recover(alarm, resource, …)` |
//! | `POST /standin/repeat` | tells again what the alarm `"UUID or name"` has in problem | `repeat(alarm)` |
//! | `POST /standin/event` | an event happens | `event(name, resource, …)` |
//! | `POST /standin/forget` | forgets open problems, as a restart does | `forget()` |
//! | `GET /standin/rows/{table}` | the rows; dates are epoch milliseconds | `rows(table)` |
//! | `POST /standin/rows/{table}` | adds a row, past the API, and returns it | `add(table, **row)` |
//! | `PATCH /standin/rows/{table}/{uuid}` | changes members; null removes one | `change(table, uuid, **members)` |
//! | `DELETE /standin/rows/{table}/{uuid}` | removes a row | `remove(table, uuid)` |
//!
//! The tables: `accounts`, `alarm-records`, `alarms`, `backup-storage`, `clusters`, `endpoints`, `event-records`,
//! `hosts`, `management-nodes`, `nics`, `primary-storage`, `quotas`, `subscribers`, `subscriptions`, `templates`,
//! `third-party-alerts`, `topics`, `virtual-routers`, `vm-instances`. Rows have the members that the API shows; endpoints
//! have their `password` as well, VMs an `ip`, and rows that belong to somebody an `accountUuid`.
//!
//! `fire` and `recover` take these members; only `alarm` is required:
//!
//! | member | meaning |
//! | --- | --- |
//! | `alarm`, `resource` | a UUID or a name; without a resource the rule watches none |
//! | `value` | the current value; by default 5 beyond the threshold, on the right side |
//! | `context` | an object that names one device of the resource |
//! | `at` | the time, in epoch milliseconds |
//! | `previous` | the status before, such as `InsufficientData` |
//! | `held_back` | true: the problem begins or ends between two repeats, and is neither recorded nor told |
//! | `deliver` | false: the record is written, and the messages are lost |
//!
//! `event` takes `name`, `namespace` (the event's first by default), `resource` (any text is an id), `labels`, `error`
//! (replaces the labels), `at`, `deliver`, and `always` (true: it is told whatever is remembered of earlier problems).
//!
//! They answer when all messages are delivered or lost, with
//! `{"records": [{"dataUuid", "rule", "messages": [{"topic", "endpoint", "body", "posted"}]}], "why_not"}`. `body` is
//! the text that was posted, `posted` is `{"status", "tries", "answer"}`, and `why_not` says why nothing was recorded.
//!
//! While a default template for webhooks exists (`templates`, with `"applicationPlatformType": "HTTP"`,
//! `"type": "alarm"` or `"event"`, `"defaultTemplate": true`), messages have its shape; only `${NAME}` is filled.

mod access;
mod answer;
mod api;
mod args;
mod calls;
mod clock;
mod control;
mod events;
mod fault;
mod found;
mod ids;
mod jobs;
mod log;
mod messages;
mod options;
mod query;
mod refusal;
mod shared;
mod standin;
mod stories;
mod tables;
mod world;
mod zstack;

pub use fault::{Fault, InjectedFault};
pub use log::Logged;
pub use options::{Options, World};
pub use refusal::Refusal;
pub use standin::Standin;
pub use zstack::Lacks;
