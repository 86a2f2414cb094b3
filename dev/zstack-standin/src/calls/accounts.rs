//! Version, log in, access keys, quotas.

use serde_json::{Value, json};

use crate::access::Who;
use crate::args::{Args, Kind, Param};
use crate::refusal::Refusal;
use crate::tables::{Table, member, text};
use crate::zstack::ZStack;
use crate::{clock, ids};

/// The quotas that a set-up can reach, and what each counts.
const QUOTAS: [(&str, Table); 3] = [
    ("zwatch.alarm.num", Table::Alarms),
    ("zwatch.event.num", Table::Subscriptions),
    ("sns.endpoint.num", Table::Endpoints),
];
/// Each of them, unless the control interface changes it.
pub(crate) const QUOTA: usize = 20;

#[expect(clippy::unnecessary_wraps, reason = "the type of a call")]
pub(super) fn version(zstack: &mut ZStack, _: &Args) -> Result<Value, Refusal> {
    Ok(json!({"version": zstack.options.version}))
}

pub(super) fn log_in(zstack: &mut ZStack, args: &Args) -> Result<Value, Refusal> {
    if let Some(code) = &zstack.options.second_factor
        && !args.has_tag(&format!("twofatoken::{code}"))
    {
        // The error's code is not known: inferred.
        return Err(Refusal::new("SYS.1000", "the second factor is missing or wrong"));
    }
    let (name, password) = (args.text("accountName"), args.text("password"));
    let (session, account, ends) = zstack.access.log_in(name.unwrap_or_default(), password.unwrap_or_default())?;
    let zone = zstack.options.zone;
    Ok(json!({"inventory": {
        "uuid": session,
        "accountUuid": account,
        "expiredDate": clock::text(ends, zone),
        "createDate": clock::text(clock::now(), zone),
    }}))
}

/// A session that is not known is no error: inferred.
#[expect(clippy::unnecessary_wraps, reason = "the type of a call")]
pub(super) fn log_out(zstack: &mut ZStack, args: &Args) -> Result<Value, Refusal> {
    zstack.access.log_out(args.path("sessionUuid"));
    Ok(json!({}))
}

pub(super) const CREATE_KEY: &[Param] = &[
    Param::required("accountUuid", Kind::Text(32)),
    Param::required("userUuid", Kind::Text(32)),
    Param::optional("description", Kind::Text(2048)),
    Param::optional("resourceUuid", Kind::Uuid),
];

/// The names of the parameters and of the answer's members are inferred.
pub(super) fn create_key(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    if args.text("accountUuid") != Some(who.0.as_str()) {
        return Err(Refusal::new("ID.1002", "an access key of another account"));
    }
    let (id, secret) = (ids::random(), ids::random());
    zstack.access.add_key(&id, &secret, &who.0, true);
    Ok(json!({"inventory": {
        "uuid": ids::random(),
        "accountUuid": who.0,
        "AccessKeyID": id,
        "AccessKeySecret": secret,
        "state": "Enabled",
    }}))
}

/// The members are inferred.
#[expect(clippy::unnecessary_wraps, reason = "the type of a call")]
pub(super) fn quota_usage(zstack: &ZStack, _: &Who, args: &Args) -> Result<Result<Value, Refusal>, String> {
    let account = args.path("uuid");
    let usages = QUOTAS.map(|(name, table)| {
        json!({"name": name, "total": quota(zstack, account, name), "used": used(zstack, account, table)})
    });
    Ok(Ok(json!({"usages": usages})))
}

/// Refuses one row more when the account has reached its quota. `admin` has none.
pub(super) fn check_quota(zstack: &ZStack, who: &Who, table: Table) -> Result<(), Refusal> {
    let quotas = QUOTAS.iter().filter(|(_, counted)| !who.is_admin() && *counted == table);
    for (name, _) in quotas {
        let (most, used) = (quota(zstack, &who.0, name), used(zstack, &who.0, table));
        if used >= most {
            return Err(Refusal::new("ID.1003", format!("the quota {name} of {most} is reached")));
        }
    }
    Ok(())
}

fn quota(zstack: &ZStack, account: &str, name: &str) -> usize {
    let own = zstack
        .tables
        .rows(Table::Quotas)
        .iter()
        .find(|it| text(it, "identityUuid") == Some(account) && text(it, "name") == Some(name));
    own.and_then(|it| member(it, "value").as_u64()).map_or(QUOTA, |value| usize::try_from(value).unwrap_or(usize::MAX))
}

fn used(zstack: &ZStack, account: &str, table: Table) -> usize {
    zstack.tables.rows(table).iter().filter(|it| text(it, "accountUuid") == Some(account)).count()
}
