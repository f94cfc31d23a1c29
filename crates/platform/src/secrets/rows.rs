//! The master keys that a database has used, and iteration over the values sealed under them.

use std::collections::BTreeMap;

use entity::{prelude::*, secret_key};
use sea_orm::{EntityTrait, QueryOrder, Value};
use uuid::Uuid;

use super::core::{Loss, SealedColumn};
use crate::storage::{Fault, Global, Reads, Row, Work};

/// Returns all keys that were ever used to seal, the oldest first.
pub async fn recorded_keys(global: &Global) -> Result<Vec<secret_key::Model>, Fault> {
    global.all(secret_key::Entity::find().order_by_asc(secret_key::Column::Serial)).await
}

pub async fn retire(work: &Work, id: &str, at: Timestamp) -> Result<(), Fault> {
    let values = vec![Value::from(id), at.into()];
    work.execute_global("UPDATE secret_key SET retired_at = $2 WHERE id = $1 AND retired_at IS NULL", values).await?;
    Ok(())
}

/// Takes the lock on changes of the keys until the transaction ends.
pub async fn lock(work: &Work) -> Result<(), Fault> {
    work.execute_global("UPDATE secret_key SET serial = serial WHERE serial = 1", vec![]).await.map(drop)
}

/// A sealed value and the primary key of its row.
pub struct StoredValue {
    pub ids: Vec<Uuid>,
    pub value: Vec<u8>,
}

/// Returns the next `limit` values of the column after a row, in the order of the primary key.
pub async fn values_after(
    global: &Global,
    column: &SealedColumn,
    after: Option<&[Uuid]>,
    limit: u64,
) -> Result<Vec<StoredValue>, Fault> {
    let keys = column.keys.join(", ");
    let mut values: Vec<Value> = Vec::new();
    let after_condition = after.map_or_else(String::new, |after| {
        values.extend(after.iter().map(|id| Value::from(*id)));
        let placeholders: Vec<String> = (1..=after.len()).map(|n| format!("${n}")).collect();
        format!(" AND ({keys}) > ({})", placeholders.join(", "))
    });
    let (table, name) = (column.table, column.column);
    let sql =
        format!("SELECT {keys}, {name} FROM {table} WHERE {name} IS NOT NULL{after_condition} ORDER BY {keys} LIMIT {limit}");
    let rows = global.rows(&sql, values).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let ids = column.keys.iter().map(|_| row.take()).collect::<Result<_, _>>()?;
            Ok(StoredValue { ids, value: row.take()? })
        })
        .collect()
}

/// Groups values by tenant: row security lets a transaction change only rows of its own tenant.
/// Values in tables of the deployment are under the nil tenant.
pub fn by_tenant<'a>(column: &SealedColumn, values: Vec<&'a StoredValue>) -> BTreeMap<TenantId, Vec<&'a StoredValue>> {
    let is_of_tenants = column.keys.first() == Some(&"tenant_id");
    let mut tenants: BTreeMap<TenantId, Vec<&StoredValue>> = BTreeMap::new();
    for stored in values {
        let tenant = stored.ids.first().filter(|_| is_of_tenants).map_or(TenantId::NIL, |id| TenantId::from_uuid(*id));
        tenants.entry(tenant).or_default().push(stored);
    }
    tenants
}

/// A resealed value, and its blind index.
pub struct Resealed {
    pub value: Vec<u8>,
    pub blind: Option<Vec<u8>>,
}

/// Handling of a row that another transaction has locked: wait for it, or skip it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockedRows {
    Awaited,
    PassedOver,
}

/// Replaces a value if it is unchanged since it was read; returns whether it was.
pub async fn replace(
    work: &Work,
    column: &SealedColumn,
    stored: &StoredValue,
    sealed: &Resealed,
    held: LockedRows,
) -> Result<bool, Fault> {
    let mut values: Vec<Value> = vec![sealed.value.clone().into(), stored.value.clone().into()];
    let mut assignments = format!("{} = $1", column.column);
    if let (Some(name), Some(blind)) = (column.blind, &sealed.blind) {
        values.push(blind.clone().into());
        assignments.push_str(&format!(", {name} = ${}", values.len()));
    }
    let mut condition = format!("{} = $2", column.column);
    for (name, id) in column.keys.iter().zip(&stored.ids) {
        values.push((*id).into());
        condition.push_str(&format!(" AND {name} = ${}", values.len()));
    }
    let table = column.table;
    if held == LockedRows::PassedOver {
        let (keys, free) = (column.keys.join(", "), work.backend().for_change_if_free(table));
        condition = format!("({keys}) IN (SELECT {keys} FROM {table} WHERE {condition}{free})");
    }
    Ok(work.execute_global(&format!("UPDATE {table} SET {assignments} WHERE {condition}"), values).await? == 1)
}

/// Gives up a value if it is unchanged since it was read; returns whether it was. `random` replaces
/// it if the column's `loss` requires that.
pub async fn discard_value(
    work: &Work,
    column: &SealedColumn,
    stored: &StoredValue,
    random: Option<Vec<u8>>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let (table, name) = (column.table, column.column);
    let mut values: Vec<Value> = vec![stored.value.clone().into()];
    let mut condition = format!("{name} = $1");
    for (key, id) in column.keys.iter().zip(&stored.ids) {
        values.push((*id).into());
        condition.push_str(&format!(" AND {key} = ${}", values.len()));
    }
    let extra_assignments = |text: &str| {
        if text.is_empty() { String::new() } else { format!(", {}", text.replace(":now", &now.micros().to_string())) }
    };
    let sql = match column.loss {
        Loss::Row => format!("DELETE FROM {table} WHERE {condition}"),
        Loss::Null(text) => format!("UPDATE {table} SET {name} = NULL{} WHERE {condition}", extra_assignments(text)),
        Loss::Random(_, text) => {
            values.push(random.unwrap_or_default().into());
            format!("UPDATE {table} SET {name} = ${}{} WHERE {condition}", values.len(), extra_assignments(text))
        }
    };
    Ok(work.execute_global(&sql, values).await? == 1)
}
