//! Requests without the token, in every format of Lambda's events, and requests with it.

use fastrand::Rng;
use serde_json::{Value, json};

use super::figures::Figures;
use crate::support::journey::Journey;
use crate::support::{TOKEN, base64, code, sample};

/// Random tokens of a round. Each is sent in every way.
const RANDOM: usize = 25;

/// The service that invokes the function.
#[derive(Clone, Copy, Debug)]
enum Format {
    HttpApi,
    RestApi,
    FunctionUrl,
}

const FORMATS: [Format; 3] = [Format::HttpApi, Format::RestApi, Format::FunctionUrl];

/// The headers of a request, and the parameters of its query before they are encoded.
#[derive(Clone, Debug, Default)]
struct Shown {
    headers: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_token_opens_the_relay() {
    super::once("chaos::access", round).await;
}

pub async fn round(seed: u64) -> Figures {
    let mut rng = Rng::with_seed(seed);
    let mut journey = Journey::new().await;
    let mut figures = Figures { rounds: 1, ..Figures::default() };
    let mut attempts: Vec<Shown> = odd_ways();
    for token in wrong_tokens(&mut rng) {
        assert_ne!(token, TOKEN);
        attempts.extend(ways(&token));
    }
    for attempt in &attempts {
        for format in FORMATS {
            let (status, body) = journey.send(&event(format, attempt)).await;
            assert_eq!((status, code(&body)), (401, "Unauthorized"), "{format:?} {attempt:?}");
            figures.sent += 1;
        }
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "post"] {
        for format in FORMATS {
            let mut event = event(format, &ways(TOKEN)[0]);
            event["httpMethod"] = json!(method);
            event["requestContext"]["http"]["method"] = json!(method);
            let (status, body) = journey.send(&event).await;
            assert_eq!((status, code(&body)), (405, "MethodNotAllowed"), "{format:?} {method}");
            figures.sent += 1;
        }
    }
    assert!(journey.world.flashduty.received().is_empty(), "a request reached Flashduty");
    assert!(journey.queued().is_empty() && journey.dead().is_empty(), "a request reached a queue");

    for shown in right_ways() {
        for format in FORMATS {
            journey.world.flashduty.clear();
            let (status, body) = journey.send(&event(format, &shown)).await;
            assert_eq!((status, journey.world.pushed().len()), (200, 1), "{format:?} {shown:?} {body}");
            figures.sent += 1;
            figures.pushes += 1;
        }
    }
    figures.requests = figures.sent;
    journey.end();
    figures
}

/// The token with something wrong about it.
fn wrong_tokens(rng: &mut Rng) -> Vec<String> {
    let (first, last) = TOKEN.split_at(TOKEN.len() / 2);
    let [upper, twice] = [TOKEN.to_uppercase(), TOKEN.repeat(2)];
    let mut wrong: Vec<String> = [
        "",
        " ",
        "\0",
        "null",
        "undefined",
        "*",
        "%",
        "' OR '1'='1",
        "../",
        "true",
        first,
        last,
        &upper,
        &twice,
        &base64(TOKEN),
        &base64(&base64(TOKEN)),
        &hex(TOKEN),
    ]
    .map(str::to_owned)
    .to_vec();
    for pad in [" ", "\t", "\n", "\r\n", "\0", "\u{a0}", "\u{feff}", "\u{200b}", ":", "=", "/", "x", "*"] {
        wrong.extend([format!("{TOKEN}{pad}"), format!("{pad}{TOKEN}")]);
    }
    for quote in ["\"", "'", "`"] {
        wrong.push(format!("{quote}{TOKEN}{quote}"));
    }
    // Look-alikes: Cyrillic, full width, another dash, a character with the same lower case.
    for (own, other) in [("a", "\u{430}"), ("e", "\u{435}"), ("o", "\u{ff4f}"), ("-", "\u{2010}"), ("s", "\u{17f}")] {
        wrong.push(TOKEN.replace(own, other));
    }
    for n in 0..TOKEN.len() {
        wrong.push([&TOKEN[..n], &TOKEN[n + 1..]].concat());
        wrong.push(TOKEN[..n].to_owned() + &TOKEN[n..].to_uppercase());
        wrong.push(TOKEN[..n].to_owned());
    }
    for _ in 0..RANDOM {
        let mut token: Vec<char> = TOKEN.chars().collect();
        for _ in 0..rng.usize(1..4) {
            let place = rng.usize(..token.len());
            match rng.u8(..3) {
                0 => token[place] = rng.char(..),
                1 => token.insert(place, rng.char('!'..'~')),
                _ => drop(token.remove(place)),
            }
        }
        wrong.push(token.into_iter().collect());
    }
    // A plus may mean a blank: tests/relay/answers.rs has these cases.
    wrong.retain(|token| token != TOKEN && !token.contains('+'));
    wrong.sort();
    wrong.dedup();
    wrong
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Both ways in which ZStack can send a token.
fn ways(token: &str) -> [Shown; 2] {
    [basic(&format!("zstack:{token}")), query(&[("token", token)])]
}

fn basic(credentials: &str) -> Shown {
    header("authorization", &format!("Basic {}", base64(credentials)))
}

fn header(name: &'static str, value: &str) -> Shown {
    Shown { headers: vec![(name, value.to_owned())], ..Shown::default() }
}

fn query(parameters: &[(&str, &str)]) -> Shown {
    let query = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Shown { query, ..Shown::default() }
}

/// The right token where it does not count, and several wrong ones at once.
fn odd_ways() -> Vec<Shown> {
    let right = base64(&format!("zstack:{TOKEN}"));
    let mut odd = vec![Shown::default()];
    for scheme in ["", "Bearer ", "Digest ", "Token ", "Basic", "Basic\t", "Basic:", "Basic =", "BasicBasic ", "Bäsic "]
    {
        odd.push(header("authorization", &format!("{scheme}{right}")));
    }
    for scheme in ["", "Bearer ", "Digest ", "Basic ", "token="] {
        odd.push(header("authorization", &format!("{scheme}{TOKEN}")));
    }
    // The token as the user name, without a colon, and encoded twice.
    for credentials in [
        format!("{TOKEN}:"),
        format!("{TOKEN}:x"),
        TOKEN.to_owned(),
        format!("zstack:{TOKEN}:"),
        format!("zstack::{TOKEN}"),
        format!("zstack: {TOKEN}"),
        format!("zstack%3A{TOKEN}"),
        right.clone(),
    ] {
        odd.push(basic(&credentials));
    }
    for encoded in [right.to_uppercase(), right.replace('=', "\u{ff1d}"), right[1..].to_owned(), format!("{right} x")] {
        odd.push(header("authorization", &format!("Basic {encoded}")));
    }
    for name in
        ["proxy-authorization", "x-authorization", "x-api-key", "cookie", "token", "x-amzn-remapped-authorization"]
    {
        for value in [format!("Basic {right}"), TOKEN.to_owned(), format!("token={TOKEN}")] {
            odd.push(header(name, &value));
        }
    }
    for name in
        ["Token", "TOKEN", " token", "token ", "token[]", "tokens", "access_token", "t", "", "webhook-token", "tоken"]
    {
        odd.push(query(&[(name, TOKEN)]));
    }
    odd.push(query(&[("token", ""), ("token", "x"), ("token", &TOKEN[1..])]));
    odd.push(query(&[("a", &format!("&token={TOKEN}")), ("token", "x")]));
    odd.push(query(&[(&format!("token={TOKEN}"), "")]));
    let two = ["Basic x".to_owned(), format!("Basic {}", base64("zstack:x"))];
    odd.push(Shown { headers: two.map(|value| ("authorization", value)).to_vec(), ..query(&[("token", "x")]) });
    odd
}

fn right_ways() -> Vec<Shown> {
    let right = base64(&format!("zstack:{TOKEN}"));
    let mut ways = vec![query(&[("token", TOKEN)]), query(&[("cloud", "a&b"), ("token", TOKEN), ("zone", "=")])];
    for user in ["zstack", "", "某人", "token"] {
        ways.push(basic(&format!("{user}:{TOKEN}")));
    }
    for scheme in ["basic", "BASIC", "bASiC"] {
        ways.push(header("authorization", &format!("{scheme} {right}")));
    }
    // Of several tokens, one that is right suffices.
    ways.push(query(&[("token", "x"), ("token", TOKEN), ("token", "")]));
    ways.push(Shown { headers: basic("zstack:x").headers, ..query(&[("token", TOKEN)]) });
    ways.push(Shown { query: query(&[("token", "x")]).query, ..basic(&format!("zstack:{TOKEN}")) });
    ways
}

/// The event of a request, in the format of a service.
fn event(format: Format, shown: &Shown) -> Value {
    let mut event = sample(match format {
        Format::HttpApi => "alarm",
        Format::RestApi => "alarm-rest-api",
        Format::FunctionUrl => "alarm-function-url",
    });
    let of_name = |pairs: &[(String, String)], name: &str| -> Vec<String> {
        pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect()
    };
    let headers: Vec<_> = shown.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    if let Format::RestApi = format {
        // A REST API keeps the case of header names. ZStack's begin with a capital.
        for map in ["headers", "multiValueHeaders"] {
            event[map].as_object_mut().unwrap().remove("Authorization");
        }
        for (name, value) in &headers {
            let written = if name == "authorization" { "AUTHORIZATION" } else { name };
            event["headers"][written] = json!(value);
            event["multiValueHeaders"][written] = json!(of_name(&headers, name));
        }
        (event["queryStringParameters"], event["multiValueQueryStringParameters"]) = (json!({}), json!({}));
        for (name, value) in &shown.query {
            event["queryStringParameters"][name] = json!(value);
            event["multiValueQueryStringParameters"][name] = json!(of_name(&shown.query, name));
        }
        return event;
    }
    event["headers"].as_object_mut().unwrap().remove("authorization");
    for (name, _) in &headers {
        event["headers"][name] = json!(of_name(&headers, name).join(","));
    }
    let pairs = &shown.query;
    event["rawQueryString"] = json!(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish());
    event["queryStringParameters"] = json!({});
    for (name, _) in pairs {
        event["queryStringParameters"][name] = json!(of_name(pairs, name).join(","));
    }
    event
}
