//! The parameters of a call.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// A parameter that a call has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    required: bool,
    kind: Kind,
}

/// What a parameter must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Text of at most this many characters.
    Text(usize),
    Integer,
    Number,
    Boolean,
    OneOf(&'static [&'static str]),
    /// A list of objects.
    Objects,
    /// A regular UUID, chosen by the caller.
    Uuid,
}

impl Param {
    pub(crate) const fn required(name: &'static str, kind: Kind) -> Self {
        Self { name, required: true, kind }
    }

    pub(crate) const fn optional(name: &'static str, kind: Kind) -> Self {
        Self { name, required: false, kind }
    }

    /// An outer error is a malformed call: the type is wrong, which Gson notices. The status is inferred.
    fn check(&self, value: Option<&Value>) -> Result<Result<(), Refusal>, String> {
        let name = self.name;
        let Some(value) = value.filter(|it| !it.is_null()) else {
            return Ok(if self.required { Err(Refusal::argument(format!("{name} is mandatory"))) } else { Ok(()) });
        };
        let text = || value.as_str().ok_or_else(|| format!("{name} must be text"));
        let right = match self.kind {
            Kind::Text(most) => {
                if text()?.chars().count() > most {
                    return Ok(Err(Refusal::argument(format!("{name} is longer than {most} characters"))));
                }
                true
            }
            Kind::Integer => value.is_i64(),
            Kind::Number => value.is_number(),
            Kind::Boolean => value.is_boolean(),
            Kind::OneOf(words) => {
                if !words.contains(&text()?) {
                    return Ok(Err(Refusal::argument(format!("{name} must be one of {}", words.join(", ")))));
                }
                true
            }
            Kind::Objects => value.as_array().is_some_and(|it| it.iter().all(Value::is_object)),
            Kind::Uuid => {
                if !crate::ids::is_regular(text()?) {
                    return Ok(Err(Refusal::argument(format!("{name} is no uuid of version 1 to 5"))));
                }
                true
            }
        };
        if right { Ok(Ok(())) } else { Err(format!("{name} has the wrong type")) }
    }
}

/// The values of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args {
    path: Vec<(&'static str, String)>,
    query: Vec<(String, String)>,
    body: Map<String, Value>,
    /// The `systemTags` beside the parameters.
    tags: Vec<Value>,
}

impl Args {
    pub(crate) fn new(
        path: Vec<(&'static str, String)>,
        query: Vec<(String, String)>,
        body: Map<String, Value>,
        tags: Vec<Value>,
    ) -> Self {
        Self { path, query, body, tags }
    }

    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|it| it == tag)
    }

    /// Checks the body. A parameter that no version knows is a mistake of the caller: ZStack ignores it, the stand-in
    /// does not.
    pub(crate) fn check(&self, params: &[Param]) -> Result<Result<(), Refusal>, String> {
        for name in self.body.keys() {
            if !params.iter().any(|it| it.name == name) {
                return Err(format!("the stand-in knows no parameter {name} of this call"));
            }
        }
        for param in params {
            if let Err(refusal) = param.check(self.body.get(param.name))? {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(()))
    }

    /// A variable of the path.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value)
    }

    /// The parameters of the URL.
    pub(crate) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.body.get(name).filter(|it| !it.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Text that is not blank.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|it| !it.trim().is_empty())
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Value> {
        self.body.remove(name)
    }
}
