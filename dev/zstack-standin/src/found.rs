//! Which call a request is.

use axum::http::Uri;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::api::ROOT;
use crate::calls::{self, Body, CALLS, Call};

/// The call of a request, with the variables of its path and the parameters of its body.
pub(crate) struct Found {
    pub(crate) call: &'static Call,
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) tags: Vec<Value>,
}

pub(crate) fn find(method: &str, uri: &Uri, body: &str) -> Result<Found, Answer> {
    let no_path = || Answer::plain(404, "there is no such path");
    let path = uri.path().strip_prefix(ROOT).ok_or_else(no_path)?;
    let mut matching: Vec<_> = CALLS.iter().filter_map(|it| Some((it, calls::variables(it, path)?))).collect();
    // `/hosts/nics` is no host.
    let fewest = matching.iter().map(|(_, it)| it.len()).min().ok_or_else(no_path)?;
    matching.retain(|(_, it)| it.len() == fewest);
    matching.retain(|(it, _)| it.method == method);
    let Some((first, _)) = matching.first() else {
        return Err(Answer::plain(405, format!("{method} is not allowed here")));
    };
    let (mut parameters, mut tags) = (Map::new(), Vec::new());
    if first.body != Body::None {
        let Ok(Value::Object(members)) = serde_json::from_str(body) else {
            return Err(Answer::plain(400, "the body is no JSON object"));
        };
        let key = |call: &Call| match call.body {
            Body::Action(action) => action,
            _ => "params",
        };
        if let Some(Value::Array(given)) = members.get("systemTags") {
            tags.clone_from(given);
        }
        if let Some(place) = matching.iter().position(|(it, _)| members.contains_key(key(it))) {
            matching.swap(0, place);
            match &members[key(matching[0].0)] {
                Value::Object(given) => parameters.clone_from(given),
                _ => return Err(Answer::plain(400, "the parameters are no JSON object")),
            }
        } else if first.body == Body::Params || calls::is_shared(first) {
            // That a POST without `params` is refused is inferred.
            return Err(Answer::plain(400, "the body has no action that this path knows"));
        }
    }
    let (call, variables) = matching.swap_remove(0);
    Ok(Found { call, variables, parameters, tags })
}
