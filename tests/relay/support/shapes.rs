//! Every format in which ZStack sends a message, made from the plain one by `docs/protocols/zstack.md`.
//!
//! Templates insert values without escaping them, so a quotation mark in a value breaks the JSON.

use serde_json::{Map, Value, json};

use super::facts::{self, Row};

/// The language of the server, and of the console when the template was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Chinese,
}

/// How a template prints event labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// `[name:value, name:value]`, unescaped
    Groovy,
    /// One text with a JSON object
    Json,
    /// A list of texts, `name: value` each
    List,
    /// One text with lines, `name: value` each
    Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Without a template.
    Plain,
    /// A JSON string that contains the whole object.
    Everything,
    /// [`Shape::Everything`] as the console saves it.
    WrappedEverything,
    /// A template with a member for each variable.
    Named(Language, Labels),
    /// The template that the console fills in, saved by a call of the API.
    Console(Language),
    /// [`Shape::Console`] as the console saves it.
    WrappedConsole(Language),
    /// Facts as in ZStack's own template for Feishu.
    Feishu(Language),
    /// The card of ZStack's own template for Teams.
    Teams(Language),
}

use Language::{Chinese, English};

pub const ALL: [Shape; 19] = [
    Shape::Plain,
    Shape::Everything,
    Shape::WrappedEverything,
    Shape::Named(English, Labels::Groovy),
    Shape::Named(English, Labels::Json),
    Shape::Named(English, Labels::List),
    Shape::Named(English, Labels::Lines),
    Shape::Named(Chinese, Labels::Groovy),
    Shape::Named(Chinese, Labels::Json),
    Shape::Named(Chinese, Labels::List),
    Shape::Named(Chinese, Labels::Lines),
    Shape::Console(English),
    Shape::Console(Chinese),
    Shape::WrappedConsole(English),
    Shape::WrappedConsole(Chinese),
    Shape::Feishu(English),
    Shape::Feishu(Chinese),
    Shape::Teams(English),
    Shape::Teams(Chinese),
];

impl Shape {
    /// Whether it has event labels.
    pub fn has_labels(self) -> bool {
        !matches!(self, Self::Console(_) | Self::WrappedConsole(_))
    }

    /// Whether it inserts values without escaping them.
    pub fn can_break(self) -> bool {
        !matches!(self, Self::Plain | Self::Everything | Self::WrappedEverything)
    }
}

/// A message without a template. The other shapes are made from it.
#[derive(Clone, Debug)]
pub struct Message(pub Map<String, Value>);

impl Message {
    pub fn of(fields: Value) -> Self {
        let Value::Object(fields) = fields else { panic!("{fields}") };
        Self(fields)
    }

    /// The message with another value.
    pub fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        let mut fields = self.0.clone();
        fields.insert(name.to_owned(), value.into());
        Self(fields)
    }

    pub fn is_event(&self) -> bool {
        self.0.contains_key("EVENT_NAME")
    }

    pub fn is_recovery(&self) -> bool {
        self.0.get("ALARM_CURRENT_STATUS").is_some_and(|status| status == "OK")
    }

    /// The body of the request.
    pub fn body(&self, shape: Shape) -> String {
        let plain = Value::from(self.0.clone());
        match shape {
            Shape::Plain => plain.to_string(),
            Shape::Everything => Value::from(plain.to_string()).to_string(),
            Shape::WrappedEverything => json!({"sections": [{"message": plain.to_string()}]}).to_string(),
            Shape::Named(language, labels) => self.in_words(language).named(labels),
            Shape::Console(language) => self.facts(language, self.console()),
            Shape::WrappedConsole(language) => {
                format!(r#"{{"sections":[{}]}}"#, self.facts(language, self.console()))
            }
            Shape::Feishu(language) => self.facts(language, self.feishu()),
            Shape::Teams(language) => self.card(language),
        }
    }

    /// The message as a server with this language writes it.
    fn in_words(&self, language: Language) -> Self {
        const WORDS: [(&str, &str); 10] = [
            ("Emergent", "紧急"),
            ("Important", "严重"),
            ("Normal", "提示"),
            ("OK", "监控中"),
            ("Alarm", "已触发"),
            ("InsufficientData", "数据不足"),
            ("GreaterThan", "大于"),
            ("GreaterThanOrEqualTo", "大于等于"),
            ("LessThan", "小于"),
            ("LessThanOrEqualTo", "小于等于"),
        ];
        let mut message = self.clone();
        for (name, value) in &mut message.0 {
            let is_word = ["_LEVEL", "_STATUS", "OPERATOR", "REVERSE"].iter().any(|end| name.ends_with(end));
            let word = WORDS.iter().find(|(id, _)| *value == **id).filter(|_| is_word && language == Chinese);
            if let Some((_, word)) = word {
                *value = json!(word);
            }
            if name.ends_with("_TIME") {
                *value = json!("07-05 10:00");
            }
        }
        message
    }

    fn named(&self, labels: Labels) -> String {
        let members = self.0.iter().map(|(name, value)| {
            let value = match (value, labels) {
                (Value::Object(map), Labels::Json) => json!(Value::from(map.clone()).to_string()).to_string(),
                (Value::Object(map), Labels::List) => json!(lines(map)).to_string(),
                (Value::Object(map), Labels::Lines) => json!(lines(map).join("\n")).to_string(),
                (value, _) => format!("\"{}\"", printed(value)),
            };
            format!("\"{name}\": {value}")
        });
        // One member on a line, as people write templates.
        format!("{{\n  {}\n}}", members.collect::<Vec<_>>().join(",\n  "))
    }

    fn console(&self) -> &'static [Row] {
        match (self.is_event(), self.is_recovery()) {
            (true, _) => facts::CONSOLE_EVENT,
            (_, true) => facts::CONSOLE_RECOVERY,
            _ => facts::CONSOLE_ALARM,
        }
    }

    fn feishu(&self) -> &'static [Row] {
        match (self.is_event(), self.is_recovery()) {
            (true, _) => facts::FEISHU_EVENT,
            (_, true) => facts::FEISHU_RECOVERY,
            _ => facts::FEISHU_ALARM,
        }
    }

    fn facts(&self, language: Language, rows: &[Row]) -> String {
        let words = self.in_words(language);
        let facts = rows.iter().map(|(value, english, chinese)| {
            let name = if language == English { english } else { chinese };
            let value = if value.is_empty() { "null".to_owned() } else { format!("\"{}\"", words.filled(value)) };
            format!(r#"{{"name":"{name}","value":{value}}}"#)
        });
        format!(r#"{{"facts":[{}]}}"#, facts.collect::<Vec<_>>().join(","))
    }

    fn card(&self, language: Language) -> String {
        let words = self.in_words(language);
        let is_alarm = !self.is_event() && !self.is_recovery();
        let mut rows = self.feishu().to_vec();
        for row in &mut rows {
            let (value, english, chinese) = *row;
            let own = facts::TEAMS_ENGLISH_ALARM.iter().find(|(own, ..)| *own == value);
            *row = match own {
                Some((_, own, _)) if is_alarm && language == English => (value, own, chinese),
                _ if is_alarm && value.is_empty() => (value, english, facts::TEAMS_CHINESE_ALARM_HEAD),
                // Teams has two blanks before the threshold.
                _ if value.ends_with("{ALARM_THRESHOLD}") && self.is_recovery() => {
                    ("{ALARM_METRIC} {ALARM_COMPARISON_OPERATOR_REVERSE}  {ALARM_THRESHOLD}", english, chinese)
                }
                _ if value.ends_with("{ALARM_THRESHOLD}") => {
                    ("{ALARM_METRIC} {ALARM_COMPARISON_OPERATOR}  {ALARM_THRESHOLD}", english, chinese)
                }
                _ => *row,
            };
        }
        let summary = if language == English { rows[0].1 } else { rows[0].2 };
        let title = words.filled(match (language, self.is_event(), is_alarm) {
            (English, true, _) => "Event {EVENT_NAME} Happened",
            (Chinese, true, _) => "事件 {EVENT_NAME} 发生了",
            (English, _, true) => "Alarm {ALARM_NAME} changes status to {ALARM_CURRENT_STATUS}",
            (English, ..) => {
                "Alarm {ALARM_NAME} Resource {ALARM_RESOURCE_NAME} changes status to {ALARM_CURRENT_STATUS}"
            }
            (Chinese, ..) => "报警器 {ALARM_NAME} 中资源 {ALARM_RESOURCE_NAME} 状态改变成 {ALARM_CURRENT_STATUS}",
        });
        let facts = self.facts(language, &rows);
        let facts = facts.strip_prefix('{').and_then(|facts| facts.strip_suffix('}')).unwrap();
        format!(
            r#"{{"@type":"MessageCard","themeColor":"0076D7","summary":"{}","sections":[{{"activityTitle":"{title}",{facts},"markdown":true}}]}}"#,
            summary.trim_end_matches(':')
        )
    }

    /// Replaces the variables of a text by their values.
    fn filled(&self, template: &str) -> String {
        let mut filled = String::new();
        let mut parts = template.split('{');
        filled += parts.next().unwrap();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            filled += &match self.0.get(name).unwrap_or(&Value::Null) {
                Value::Array(items) => items.iter().map(printed).collect::<Vec<_>>().join(","),
                // Teams removes these characters.
                Value::Object(labels) => {
                    let labels = labels.iter().map(|(name, value)| format!("{name} = {}", printed(value)));
                    labels.collect::<Vec<_>>().join(", ").replace(['"', '\\', '\r', '\n'], "")
                }
                value => printed(value),
            };
            filled += rest;
        }
        filled
    }
}

/// A value as Groovy prints it.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "[:]".to_owned(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}:{}", printed(value)));
            format!("[{}]", members.collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}

fn lines(labels: &Map<String, Value>) -> Vec<String> {
    labels.iter().map(|(name, value)| format!("{name}: {}", printed(value))).collect()
}
