//! The control endpoints under `/standin/`; the crate's documentation lists them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use crate::fault::InjectedFault;
use crate::ids;
use crate::log::Logged;
use crate::messages::{self, AlarmAsked, Change, EventAsked, Told};
use crate::shared::Shared;
use crate::tables::{self, Row, Table, Tables, text};
use crate::zstack::Lacks;

type Wrong = (StatusCode, String);

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/health", get(async || Json("ok")))
        .route("/calls", get(calls).delete(forget_calls))
        .route("/state", get(state))
        .route("/records", get(records))
        .route("/sessions", get(sessions).delete(end_sessions))
        .route("/faults", post(add_fault).delete(clear_faults))
        .route("/lacks", put(lack))
        .route("/fire", post(fire))
        .route("/recover", post(recover))
        .route("/repeat", post(repeat))
        .route("/event", post(event))
        .route("/forget", post(forget))
        .route("/rows/{table}", get(rows).post(add_row))
        .route("/rows/{table}/{uuid}", delete(remove_row).patch(change_row))
        .fallback(async || StatusCode::NOT_FOUND)
}

async fn calls(State(shared): State<Shared>) -> Json<Vec<Logged>> {
    Json(shared.lock().calls.all())
}

async fn forget_calls(State(shared): State<Shared>) -> StatusCode {
    shared.lock().calls.clear();
    StatusCode::NO_CONTENT
}

/// Everything but records and dates, in a fixed order, so that two states can be compared.
async fn state(State(shared): State<Shared>) -> Json<Value> {
    let zstack = shared.lock();
    let mut all = Map::new();
    for table in tables::ALL {
        if !matches!(table, Table::AlarmRecords | Table::EventRecords) {
            let mut rows: Vec<Row> = zstack.tables.rows(table).to_vec();
            for row in &mut rows {
                row.retain(|name, _| !Table::is_date(name));
            }
            rows.sort_by_cached_key(|it| json!(it).to_string());
            rows.sort_by(|a, b| text(a, "uuid").cmp(&text(b, "uuid")));
            all.insert(table.name().to_owned(), json!(rows));
        }
    }
    Json(Value::Object(all))
}

async fn records(State(shared): State<Shared>) -> Json<Value> {
    let zstack = shared.lock();
    let rows = |table| zstack.tables.rows(table);
    Json(json!({"alarms": rows(Table::AlarmRecords), "events": rows(Table::EventRecords)}))
}

async fn sessions(State(shared): State<Shared>) -> Json<usize> {
    Json(shared.lock().access.sessions())
}

async fn end_sessions(State(shared): State<Shared>) -> StatusCode {
    shared.lock().access.end_sessions();
    StatusCode::NO_CONTENT
}

async fn add_fault(State(shared): State<Shared>, Json(fault): Json<InjectedFault>) -> StatusCode {
    shared.lock().faults.add(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.lock().faults.clear();
    StatusCode::NO_CONTENT
}

async fn lack(State(shared): State<Shared>, Json(lacks): Json<Lacks>) -> StatusCode {
    shared.lock().lacks = lacks;
    StatusCode::NO_CONTENT
}

async fn fire(State(shared): State<Shared>, Json(asked): Json<AlarmAsked>) -> Result<Json<Told>, Wrong> {
    let told = messages::tell_alarm(&mut shared.lock(), Change::Fires, &asked);
    delivered(&shared, told).await
}

async fn recover(State(shared): State<Shared>, Json(asked): Json<AlarmAsked>) -> Result<Json<Told>, Wrong> {
    let told = messages::tell_alarm(&mut shared.lock(), Change::Recovers, &asked);
    delivered(&shared, told).await
}

async fn repeat(State(shared): State<Shared>, Json(alarm): Json<String>) -> Result<Json<Told>, Wrong> {
    let told = messages::repeat_alarm(&mut shared.lock(), &alarm);
    delivered(&shared, told).await
}

async fn event(State(shared): State<Shared>, Json(asked): Json<EventAsked>) -> Result<Json<Told>, Wrong> {
    let told = messages::tell_event(&mut shared.lock(), &asked);
    delivered(&shared, told).await
}

async fn delivered(shared: &Shared, told: Result<Told, String>) -> Result<Json<Told>, Wrong> {
    let mut told = told.map_err(|wrong| (StatusCode::BAD_REQUEST, wrong))?;
    messages::deliver(shared, &mut told).await;
    Ok(Json(told))
}

/// What a restart of the management node forgets.
async fn forget(State(shared): State<Shared>) -> StatusCode {
    let mut zstack = shared.lock();
    zstack.problems.clear();
    zstack.remembered.clear();
    StatusCode::NO_CONTENT
}

fn named(table: &str) -> Result<Table, Wrong> {
    Table::named(table).ok_or_else(|| (StatusCode::NOT_FOUND, format!("there is no table {table}")))
}

async fn rows(State(shared): State<Shared>, Path(table): Path<String>) -> Result<Json<Vec<Row>>, Wrong> {
    let table = named(&table)?;
    Ok(Json(shared.lock().tables.rows(table).to_vec()))
}

async fn add_row(
    State(shared): State<Shared>,
    Path(table): Path<String>,
    Json(mut row): Json<Row>,
) -> Result<Json<Row>, Wrong> {
    let table = named(&table)?;
    if !matches!(table, Table::Subscribers | Table::AlarmRecords | Table::EventRecords | Table::Quotas) {
        row.entry("uuid").or_insert_with(|| ids::random().into());
    }
    if table.is_owned() {
        row.entry("accountUuid").or_insert_with(|| crate::access::ADMIN.into());
    }
    Ok(Json(shared.lock().tables.add(table, Value::Object(row))))
}

async fn remove_row(
    State(shared): State<Shared>,
    Path((table, uuid)): Path<(String, String)>,
) -> Result<StatusCode, Wrong> {
    let table = named(&table)?;
    with_row(&mut shared.lock().tables, |tables| tables.remove(table, &uuid), &uuid)
}

/// Null removes a member.
async fn change_row(
    State(shared): State<Shared>,
    Path((table, uuid)): Path<(String, String)>,
    Json(changes): Json<Row>,
) -> Result<StatusCode, Wrong> {
    let table = named(&table)?;
    let change = |tables: &mut Tables| {
        let row = tables.find_mut(table, &uuid)?;
        row.extend(changes);
        row.retain(|_, it| !it.is_null());
        Some(())
    };
    with_row(&mut shared.lock().tables, |tables| change(tables).is_some(), &uuid)
}

fn with_row(tables: &mut Tables, run: impl FnOnce(&mut Tables) -> bool, uuid: &str) -> Result<StatusCode, Wrong> {
    if run(tables) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err((StatusCode::NOT_FOUND, format!("there is no row {uuid}")))
    }
}
