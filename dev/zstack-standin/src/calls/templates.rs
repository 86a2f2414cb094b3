//! Message templates.

use serde_json::Value;

use crate::access::Who;
use crate::args::{Args, Kind, Param};
use crate::clock;
use crate::refusal::Refusal;
use crate::tables::Table;
use crate::zstack::ZStack;

pub(super) const UPDATE: &[Param] = &[
    Param::optional("name", Kind::Text(255)),
    Param::optional("template", Kind::Text(65_535)),
    Param::optional("subject", Kind::Text(2048)),
    Param::optional("recoveryTemplate", Kind::Text(65_535)),
    Param::optional("recoverySubject", Kind::Text(2048)),
    Param::optional("defaultTemplate", Kind::Boolean),
];

pub(super) fn update(zstack: &mut ZStack, who: &Who, args: &Args) -> Result<Value, Refusal> {
    let uuid = args.path("uuid");
    let row = zstack.own(Table::Templates, uuid, who)?;
    for param in UPDATE {
        if let Some(value) = args.get(param.name) {
            row.insert(param.name.to_owned(), value.clone());
        }
    }
    row.insert("lastOpDate".to_owned(), clock::now().into());
    zstack.inventory(Table::Templates, uuid, &[])
}
