//! The functions' configuration: environment variables, read once at the start.

use std::time::Duration;

use crate::flashduty::TitleRule;
use crate::language::Language;
use crate::sources::AllowedSources;

/// The default of [`SETTINGS_TTL_SECONDS`].
const DEFAULT_TTL: Duration = Duration::from_mins(5);

/// The default of [`DELIVERIES_PER_MINUTE`]: below Flashduty's older limit of 1,000 events a minute for an integration,
/// of which the relay needs a part.
const DEFAULT_DELIVERIES: u32 = 800;

/// Name of the SSM parameter (`SecureString`) with Flashduty's push URL.
pub const FLASHDUTY_PUSH_URL_PARAMETER: &str = "FLASHDUTY_PUSH_URL_PARAMETER";
/// Name of the SSM parameter (`SecureString`) with the secret that callers must show.
pub const WEBHOOK_TOKEN_PARAMETER: &str = "WEBHOOK_TOKEN_PARAMETER";
/// `true` allows that [`WEBHOOK_TOKEN_PARAMETER`] is absent, so that everybody may call.
pub const ALLOW_UNAUTHENTICATED: &str = "ALLOW_UNAUTHENTICATED";
/// The networks that callers may come from; empty if they may come from everywhere.
pub const ALLOWED_SOURCE_CIDRS: &str = "ALLOWED_SOURCE_CIDRS";
/// How long values from SSM are kept, in seconds.
pub const SETTINGS_TTL_SECONDS: &str = "SETTINGS_TTL_SECONDS";
/// Flashduty's title rule.
pub const TITLE_RULE: &str = "TITLE_RULE";
/// The language of alerts and answers: `en` or `zh-CN`.
pub const LANGUAGE: &str = "LANGUAGE";

/// URL of the SQS FIFO queue for alerts that could not be pushed in time.
pub const RETRY_QUEUE_URL: &str = "RETRY_QUEUE_URL";
/// URL of the SQS FIFO queue for alerts that Flashduty refuses for good.
pub const DEAD_LETTER_QUEUE_URL: &str = "DEAD_LETTER_QUEUE_URL";

/// How many alerts a minute all processes of `redeliver` together push to one integration at most.
pub const DELIVERIES_PER_MINUTE: &str = "DELIVERIES_PER_MINUTE";

/// Lambda's own variable with the function's name.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// A function's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Name of the parameter with the push URL.
    pub push_url_parameter: String,
    /// Name of the parameter with the webhook token; `None` if everybody may call.
    pub token_parameter: Option<String>,
    /// The networks that callers may come from.
    pub allowed_sources: AllowedSources,
    /// How long values from SSM are kept.
    pub settings_ttl: Duration,
    /// Flashduty's title rule for all events.
    pub title_rule: TitleRule,
    /// The language of alerts and answers.
    pub language: Language,
    /// The queues; `None` if the relay works without them.
    pub queues: Option<QueueUrls>,
    /// How many alerts a minute all processes of `redeliver` together push to one integration at most.
    pub deliveries_per_minute: u32,
    /// The Lambda function's name; `None` outside of Lambda.
    pub function_name: Option<String>,
}

/// Where the queues are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueUrls {
    /// URL of the queue for alerts that could not be pushed in time.
    pub retry: String,
    /// URL of the queue for alerts that Flashduty refuses for good.
    pub dead_letter: String,
}

/// The function that reads its configuration: they need different variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The function behind API Gateway. It needs a webhook token.
    Relay,
    /// The function behind the retry queue. It needs the queues.
    Redeliver,
}

/// Every mistake in the environment, one on each line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Mistakes(pub Vec<String>);

impl Config {
    /// Reads the variables through `get`. An empty variable counts as absent, because templates pass it like that.
    ///
    /// # Errors
    ///
    /// All mistakes at once. An invalid value is never replaced by the default.
    pub fn read(function: Function, get: impl Fn(&str) -> Option<String>) -> Result<Self, Mistakes> {
        let get = |name| get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let mut mistakes = Vec::new();

        let push_url_parameter = get(FLASHDUTY_PUSH_URL_PARAMETER).unwrap_or_else(|| {
            mistakes.push(format!(
                "{FLASHDUTY_PUSH_URL_PARAMETER} is not set: set it to the name of the SSM parameter that holds Flashduty's push URL"
            ));
            String::new()
        });

        let allow_unauthenticated = match get(ALLOW_UNAUTHENTICATED).as_deref() {
            Some("true") => true,
            None | Some("false") => false,
            Some(other) => {
                mistakes.push(format!("{ALLOW_UNAUTHENTICATED} is {other:?}: it takes true or false"));
                false
            }
        };
        let token_parameter = get(WEBHOOK_TOKEN_PARAMETER).filter(|_| function == Function::Relay);
        if token_parameter.is_none() && !allow_unauthenticated && function == Function::Relay {
            mistakes.push(format!(
                "{WEBHOOK_TOKEN_PARAMETER} is not set: set it to the name of the SSM parameter that holds the webhook token, \
                 or set {ALLOW_UNAUTHENTICATED}=true to let anybody who knows the URL send alerts"
            ));
        }
        if token_parameter.as_ref() == Some(&push_url_parameter) {
            mistakes.push(format!(
                "{WEBHOOK_TOKEN_PARAMETER} and {FLASHDUTY_PUSH_URL_PARAMETER} both name {push_url_parameter}: they are two secrets"
            ));
        }

        let allowed_sources = get(ALLOWED_SOURCE_CIDRS).unwrap_or_default().parse().unwrap_or_else(|wrong: Vec<_>| {
            mistakes.extend(wrong.into_iter().map(|mistake| format!("{ALLOWED_SOURCE_CIDRS}: {mistake}")));
            AllowedSources::default()
        });

        let settings_ttl = match get(SETTINGS_TTL_SECONDS).map(|value| value.parse::<u32>().map_err(|_| value)) {
            None => DEFAULT_TTL,
            Some(Ok(seconds)) => Duration::from_secs(seconds.into()),
            Some(Err(value)) => {
                mistakes.push(format!("{SETTINGS_TTL_SECONDS} is {value:?}: it takes a whole number of seconds"));
                DEFAULT_TTL
            }
        };

        let deliveries_per_minute = get(DELIVERIES_PER_MINUTE).map_or(DEFAULT_DELIVERIES, |value| {
            value.parse().ok().filter(|deliveries| *deliveries > 0).unwrap_or_else(|| {
                mistakes.push(format!("{DELIVERIES_PER_MINUTE} is {value:?}: it takes a whole number from 1 on"));
                DEFAULT_DELIVERIES
            })
        });

        let title_rule = get(TITLE_RULE).map_or_else(TitleRule::default, |rule| {
            TitleRule::new(rule).unwrap_or_else(|| {
                mistakes.push(format!("{TITLE_RULE} is too long: Flashduty takes {} characters", TitleRule::MAX));
                TitleRule::default()
            })
        });

        let language = get(LANGUAGE).map_or_else(Language::default, |tag| {
            Language::read(&tag).unwrap_or_else(|| {
                mistakes
                    .push(format!("{LANGUAGE} is {tag:?}: it takes {}", Language::ALL.map(Language::tag).join(" or ")));
                Language::default()
            })
        });

        let queues = match (get(RETRY_QUEUE_URL), get(DEAD_LETTER_QUEUE_URL)) {
            (Some(retry), Some(dead_letter))
                if [&retry, &dead_letter].iter().any(|url| url.rsplit('.').next() != Some("fifo")) =>
            {
                mistakes
                    .push(format!("{RETRY_QUEUE_URL} and {DEAD_LETTER_QUEUE_URL} take the URLs of SQS FIFO queues"));
                None
            }
            (Some(retry), Some(dead_letter)) if retry == dead_letter => {
                mistakes.push(format!("{RETRY_QUEUE_URL} and {DEAD_LETTER_QUEUE_URL} both name {retry}"));
                None
            }
            (Some(retry), Some(dead_letter)) => Some(QueueUrls { retry, dead_letter }),
            (None, None) if function == Function::Relay => None,
            _ => {
                mistakes.push(format!(
                    "{RETRY_QUEUE_URL} and {DEAD_LETTER_QUEUE_URL} go together: set both to the URLs of SQS FIFO queues{}",
                    if function == Function::Relay { ", or neither" } else { "" }
                ));
                None
            }
        };

        if mistakes.is_empty() {
            let function_name = get(FUNCTION_NAME);
            Ok(Self {
                push_url_parameter,
                token_parameter,
                allowed_sources,
                settings_ttl,
                title_rule,
                language,
                queues,
                deliveries_per_minute,
                function_name,
            })
        } else {
            Err(Mistakes(mistakes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let get = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Config::read(Function::Relay, get).map_err(|mistakes| mistakes.to_string())
    }

    const PUSH_URL: (&str, &str) = (FLASHDUTY_PUSH_URL_PARAMETER, "/zf/push-url");
    const TOKEN: (&str, &str) = (WEBHOOK_TOKEN_PARAMETER, "/zf/token");

    #[test]
    fn two_names_are_enough() {
        let expected = Config {
            push_url_parameter: "/zf/push-url".into(),
            token_parameter: Some("/zf/token".into()),
            allowed_sources: AllowedSources::default(),
            settings_ttl: DEFAULT_TTL,
            title_rule: TitleRule::default(),
            language: Language::English,
            queues: None,
            deliveries_per_minute: DEFAULT_DELIVERIES,
            function_name: None,
        };
        assert_eq!(read(&[PUSH_URL, TOKEN]), Ok(expected.clone()));
        let empty = [(TITLE_RULE, ""), (LANGUAGE, ""), (SETTINGS_TTL_SECONDS, " "), (ALLOW_UNAUTHENTICATED, "")];
        assert_eq!(read(&[&[PUSH_URL, TOKEN][..], &empty].concat()), Ok(expected));
    }

    #[test]
    fn the_queues_go_together() {
        let (retry, dead) = ((RETRY_QUEUE_URL, "https://sqs/a.fifo"), (DEAD_LETTER_QUEUE_URL, "https://sqs/b.fifo"));
        let queues = QueueUrls { retry: retry.1.into(), dead_letter: dead.1.into() };
        assert_eq!(read(&[PUSH_URL, TOKEN, retry, dead]).unwrap().queues, Some(queues));
        assert!(read(&[PUSH_URL, TOKEN, retry]).is_err() && read(&[PUSH_URL, TOKEN, dead]).is_err());
        assert!(read(&[PUSH_URL, TOKEN, retry, (DEAD_LETTER_QUEUE_URL, retry.1)]).is_err());
        assert!(read(&[PUSH_URL, TOKEN, retry, (DEAD_LETTER_QUEUE_URL, "https://sqs/standard")]).is_err());
        // The function behind the queue needs them, and no token.
        let redeliver = |variables: &[(&str, &str)]| {
            let get = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
            Config::read(Function::Redeliver, get)
        };
        assert!(redeliver(&[PUSH_URL]).is_err());
        assert_eq!(redeliver(&[PUSH_URL, TOKEN, retry, dead]).unwrap().token_parameter, None);
    }

    #[test]
    fn nobody_is_let_in_by_accident() {
        assert!(read(&[PUSH_URL]).unwrap_err().contains("WEBHOOK_TOKEN_PARAMETER is not set"));
        assert!(read(&[PUSH_URL, (WEBHOOK_TOKEN_PARAMETER, "")]).is_err());
        assert!(read(&[PUSH_URL, (ALLOW_UNAUTHENTICATED, "false")]).is_err());
        assert!(read(&[PUSH_URL, (ALLOW_UNAUTHENTICATED, "yes")]).unwrap_err().contains("\"yes\""));
        assert_eq!(read(&[PUSH_URL, (ALLOW_UNAUTHENTICATED, "true")]).unwrap().token_parameter, None);
        // If a token is configured, callers must send it.
        let both = read(&[PUSH_URL, TOKEN, (ALLOW_UNAUTHENTICATED, "true")]).unwrap();
        assert_eq!(both.token_parameter.as_deref(), Some("/zf/token"));
    }

    #[test]
    fn only_a_known_language_is_taken() {
        for (tag, language) in [("en", Language::English), (" zh-CN ", Language::Chinese)] {
            assert_eq!(read(&[PUSH_URL, TOKEN, (LANGUAGE, tag)]).unwrap().language, language);
        }
        for tag in ["zh", "zh-cn", "EN", "de", "中文"] {
            let mistake = read(&[PUSH_URL, TOKEN, (LANGUAGE, tag)]).unwrap_err();
            assert_eq!(mistake, format!("LANGUAGE is {tag:?}: it takes en or zh-CN"));
        }
    }

    #[test]
    fn a_pace_is_a_number_from_1_on() {
        assert_eq!(read(&[PUSH_URL, TOKEN, (DELIVERIES_PER_MINUTE, "1800")]).unwrap().deliveries_per_minute, 1_800);
        for wrong in ["0", "-1", "8e2", "4294967296"] {
            let mistake = read(&[PUSH_URL, TOKEN, (DELIVERIES_PER_MINUTE, wrong)]).unwrap_err();
            assert_eq!(mistake, format!("DELIVERIES_PER_MINUTE is {wrong:?}: it takes a whole number from 1 on"));
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let long = "题".repeat(TitleRule::MAX + 1);
        let mistakes = read(&[
            (SETTINGS_TTL_SECONDS, "5m"),
            (TITLE_RULE, &long),
            (ALLOW_UNAUTHENTICATED, "TRUE"),
            (ALLOWED_SOURCE_CIDRS, "192.0.2.0/24, office, 192.0.2.1/24"),
            (DELIVERIES_PER_MINUTE, "many"),
        ])
        .unwrap_err();
        assert_eq!(mistakes.lines().count(), 8, "{mistakes}");
        assert!(read(&[PUSH_URL, (WEBHOOK_TOKEN_PARAMETER, "/zf/push-url")]).unwrap_err().contains("both name"));
        assert!(read(&[PUSH_URL, TOKEN, (TITLE_RULE, &"题".repeat(TitleRule::MAX))]).is_ok());
        assert_eq!(read(&[PUSH_URL, TOKEN, (SETTINGS_TTL_SECONDS, "0")]).unwrap().settings_ttl, Duration::ZERO);
    }
}
