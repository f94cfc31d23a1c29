//! Digests of the rows that two databases have of a table and a tenant: equal if the rows are.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use entity::{prelude::TenantId, tables::Description};
use sea_orm::Value;
use uuid::Uuid;

use super::{
    batch::tenant_column_index,
    encoded,
    page::{MAX_ROWS, Pages},
    plan::copied_tables,
};
use crate::storage::{Database, Fault, Reads};

/// Number of rows, and SHA-256 over their columns in the order of the primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub rows: u64,
    pub sha256: Vec<u8>,
}

/// Digests by tenant; the nil ID is the deployment's, for the rows of global tables.
pub type Digests = BTreeMap<Uuid, Digest>;

/// A table and a tenant whose rows are not the same in both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub table: &'static str,
    pub tenant: Uuid,
    pub source_rows: u64,
    pub target_rows: u64,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, tenant, source_rows, target_rows } = self;
        write!(
            f,
            "the table {table} of the tenant {tenant} has {source_rows} rows in the source and {target_rows} in the target"
        )?;
        if source_rows == target_rows { f.write_str(", with other values") } else { Ok(()) }
    }
}

/// Returns the digests of a table as `reads` sees it.
pub(super) async fn of(table: &'static Description, reads: &impl Reads) -> Result<Digests, Fault> {
    let (pages, tenant_index) = (Pages::of(table), tenant_column_index(table));
    let mut digests = Digests::new();
    let mut open: Option<(Uuid, Context, u64)> = None;
    let (mut key, mut page_rows, mut bytes) = (Vec::new(), 512, Vec::new());
    loop {
        let page = pages.after(reads, &key, page_rows).await?;
        for row in page.rows() {
            let tenant = match tenant_index.map(|tenant_index| &row[tenant_index]) {
                Some(Value::Uuid(Some(id))) => *id,
                _ => Uuid::nil(),
            };
            if open.as_ref().is_none_or(|(open_tenant, ..)| *open_tenant != tenant) {
                close(&mut digests, open.take());
                open = Some((tenant, Context::new(&SHA256), 0));
            }
            if let Some((_, context, rows)) = &mut open {
                bytes.clear();
                row.iter().try_for_each(|value| encoded::append(value, &mut bytes))?;
                context.update(&bytes);
                *rows += 1;
            }
        }
        if page.len() < page_rows {
            close(&mut digests, open);
            return Ok(digests);
        }
        key = page.rows().next_back().map_or_else(Vec::new, |row| pages.key(row));
        page_rows = page.next().min(MAX_ROWS);
    }
}

fn close(digests: &mut Digests, open: Option<(Uuid, Context, u64)>) {
    if let Some((tenant, context, rows)) = open {
        digests.insert(tenant, Digest { rows, sha256: context.finish().as_ref().to_vec() });
    }
}

/// Returns the first tenant whose rows differ.
pub(super) fn difference(table: &'static Description, source: &Digests, target: &Digests) -> Option<Difference> {
    let tenant = source.keys().chain(target.keys()).find(|tenant| source.get(*tenant) != target.get(*tenant))?;
    let rows = |digests: &Digests| digests.get(tenant).map_or(0, |digest| digest.rows);
    Some(Difference { table: table.name, tenant: *tenant, source_rows: rows(source), target_rows: rows(target) })
}

/// Returns the digests of every copied table, by its name.
pub async fn of_all(db: &Database) -> Result<BTreeMap<&'static str, Digests>, Fault> {
    let snapshot = db.global().snapshot_for(TenantId::NIL).await?;
    let mut digests = BTreeMap::new();
    for table in copied_tables() {
        digests.insert(table.name, of(table, &snapshot).await?);
    }
    Ok(digests)
}
