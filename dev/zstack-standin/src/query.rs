//! Queries: `GET /<path>?q=…` and `GET /<path>/{uuid}`.

use std::cmp::Ordering;

use serde_json::{Value, json};
use time::UtcOffset;

use crate::clock;
use crate::refusal::Refusal;
use crate::tables::{Row, Table};

/// The signs, in the order in which ZStack looks for them. A value that holds an earlier one is cut wrongly.
const SIGNS: [&str; 10] = ["!=", ">=", "<=", "!?=", "!~=", "~=", "?=", "=", ">", "<"];
/// Signs without a value. Their place in the order is not known: inferred.
const UNARY: [&str; 2] = [" is null", " not null"];
const DEFAULT_LIMIT: usize = 1_000;

/// What a query asks for.
#[derive(Debug, Default)]
pub(crate) struct Query {
    conditions: Vec<Condition>,
    limit: Option<usize>,
    start: usize,
    sort: Option<(bool, String)>,
    fields: Option<Vec<String>>,
    count: bool,
    reply_with_count: bool,
}

#[derive(Debug)]
struct Condition {
    name: String,
    sign: &'static str,
    value: String,
}

impl Query {
    /// Reads the parameters of a URL. An error is plain text: the call is malformed.
    pub(crate) fn read(parameters: &[(String, String)]) -> Result<Self, String> {
        let mut query = Self::default();
        for (name, value) in parameters {
            match name.as_str() {
                "q" => query.conditions.push(condition(value)?),
                "limit" => query.limit = Some(number(name, value)?),
                "start" => query.start = number(name, value)?,
                // An unencoded `+` arrives as a blank. That a sign is needed is inferred.
                "sort" => {
                    let sort = value.split_at_checked(1).filter(|(sign, _)| ["+", "-"].contains(sign));
                    let (sign, field) = sort.ok_or("sort must begin with + (as %2B) or -")?;
                    query.sort = Some((sign == "+", field.to_owned()));
                }
                // Only the first is read.
                "fields" if query.fields.is_none() => {
                    query.fields = Some(value.split(',').map(str::to_owned).collect());
                }
                "fields" => {}
                "count" => query.count = boolean(name, value)?,
                "replyWithCount" => query.reply_with_count = boolean(name, value)?,
                _ => return Err(format!("the stand-in knows no query parameter {name}")),
            }
        }
        Ok(query)
    }

    /// A query for one row.
    pub(crate) fn of_uuid(uuid: &str) -> Self {
        let condition = Condition { name: "uuid".to_owned(), sign: "=", value: uuid.to_owned() };
        Self { conditions: vec![condition], ..Self::default() }
    }

    /// Answers the query from `rows`. `unknown` are the members that this version does not know.
    pub(crate) fn answer<'a>(
        &self,
        table: Table,
        rows: impl Iterator<Item = &'a Row>,
        unknown: &[String],
        zone: UtcOffset,
    ) -> Result<Value, Refusal> {
        let known = |field: &str| table.fields().contains(&field) && !unknown.iter().any(|it| it == field);
        for condition in &self.conditions {
            let (first, rest) = condition.name.split_once('.').unwrap_or((&condition.name, ""));
            if !known(first) || (!rest.is_empty() && !table.crossing().contains(&first)) {
                return Err(no_field(table, &condition.name));
            }
        }
        let asked = self.fields.iter().flatten().chain(self.sort.iter().map(|(_, field)| field));
        for field in asked {
            if !known(field) {
                return Err(no_field(table, field));
            }
        }
        let mut found: Vec<&Row> = rows.filter(|row| self.conditions.iter().all(|it| it.holds(row))).collect();
        if self.count {
            return Ok(json!({"total": found.len()}));
        }
        if let Some((ascending, field)) = &self.sort {
            found.sort_by(|a, b| {
                let order = compare(a.get(field), b.get(field));
                if *ascending { order } else { order.reverse() }
            });
        }
        let total = found.len();
        let page = found.into_iter().skip(self.start).take(self.limit.unwrap_or(DEFAULT_LIMIT));
        let wanted =
            |field: &str| known(field) && self.fields.as_ref().is_none_or(|it| it.iter().any(|it| it == field));
        let inventories: Vec<Value> = page.map(|row| shown(row, wanted, zone)).collect();
        let total = self.reply_with_count.then_some(total);
        Ok(json!({"inventories": inventories, "total": total}))
    }
}

/// A row as the API shows it: with the members that are `wanted`, and dates as text.
pub(crate) fn shown(row: &Row, wanted: impl Fn(&str) -> bool, zone: UtcOffset) -> Value {
    let members = row.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| {
        let date = value.as_i64().filter(|_| Table::is_date(name));
        (name.clone(), date.map_or_else(|| value.clone(), |millis| clock::text(millis, zone).into()))
    });
    Value::Object(members.collect())
}

fn no_field(table: Table, name: &str) -> Refusal {
    // The code is inferred.
    Refusal::argument(format!("{} have no queryable field {name}", table.name()))
}

fn condition(text: &str) -> Result<Condition, String> {
    for sign in SIGNS {
        if let Some((name, value)) = text.split_once(sign) {
            return Ok(Condition { name: name.to_owned(), sign, value: value.to_owned() });
        }
    }
    for sign in UNARY {
        if let Some(name) = text.strip_suffix(sign) {
            return Ok(Condition { name: name.to_owned(), sign, value: String::new() });
        }
    }
    Err(format!("invalid query condition {text}"))
}

impl Condition {
    fn holds(&self, row: &Row) -> bool {
        let values = members(row, &self.name);
        match self.sign {
            " is null" => values.is_empty(),
            " not null" => !values.is_empty(),
            // As SQL does: nothing holds for null.
            _ => values.iter().any(|it| self.holds_for(it)),
        }
    }

    fn holds_for(&self, value: &Value) -> bool {
        let order = || compare_text(value, &self.value);
        let one_of = || self.value.split(',').any(|it| compare_text(value, it) == Some(Ordering::Equal));
        match self.sign {
            "=" => order() == Some(Ordering::Equal),
            "!=" => order() != Some(Ordering::Equal),
            ">" => order() == Some(Ordering::Greater),
            ">=" => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
            "<" => order() == Some(Ordering::Less),
            "<=" => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
            "?=" => one_of(),
            "!?=" => !one_of(),
            "~=" => like(&as_text(value), &self.value),
            "!~=" => !like(&as_text(value), &self.value),
            _ => false,
        }
    }
}

/// The values of a name, which may cross into another table with a dot.
fn members<'a>(row: &'a Row, name: &str) -> Vec<&'a Value> {
    match name.split_once('.') {
        None => row.get(name).into_iter().collect(),
        Some((first, rest)) => {
            let items = row.get(first).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            items.iter().filter_map(|it| it.get(rest)).collect()
        }
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn compare_text(value: &Value, text: &str) -> Option<Ordering> {
    match value.as_f64() {
        Some(number) => number.partial_cmp(&text.parse().ok()?),
        None => Some(as_text(value).as_str().cmp(text)),
    }
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let number = |it: Option<&Value>| it.and_then(Value::as_f64);
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.map(as_text).cmp(&b.map(as_text)),
    }
}

/// SQL's `LIKE`, without regard to case as `MySQL` does: `%` is any text, `_` any character.
fn like(text: &str, pattern: &str) -> bool {
    fn matches(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|skipped| matches(&text[skipped..], rest)),
            Some((sign, rest)) => {
                text.split_first().is_some_and(|(first, text)| ['_', *first].contains(sign) && matches(text, rest))
            }
        }
    }
    let characters = |it: &str| it.to_lowercase().chars().collect::<Vec<_>>();
    matches(&characters(text), &characters(pattern))
}

pub(crate) fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} must be a number"))
}

pub(crate) fn boolean(name: &str, value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("{name} must be true or false"))
}
