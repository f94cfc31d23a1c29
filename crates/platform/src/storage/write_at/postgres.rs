//! One statement: a gate that moves the counters of the tenants whose heads are unchanged, and all
//! other writes behind it.

use entity::prelude::TenantId;
use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, Arguments, AssertSqlSafe, Row, error::BoxDynError, postgres::PgArguments},
};

use super::rows::{Link, TenantWrites, WriteOutcome};
use crate::storage::{
    Database, Fault,
    bulk::{ParameterForm, SharedBulk},
    sessions::Bound,
};

/// A head that no tenant has.
const NO_HEAD: i64 = -1;

/// Returns the statement and its arguments without the last, the heads.
pub(super) fn statement(mut own_writes: Vec<TenantWrites>) -> Result<(String, PgArguments), BoxDynError> {
    match own_writes.pop() {
        Some(own) if own_writes.is_empty() => single_statement(own),
        Some(last) => {
            own_writes.push(last);
            shared_statement(own_writes)
        }
        None => Err("a statement for nobody".into()),
    }
}

/// Returns the statement for a single tenant, which is a constant to the planner.
fn single_statement(own: TenantWrites) -> Result<(String, PgArguments), BoxDynError> {
    let TenantWrites { tenant, epoch, want, rows, link } = own;
    // Only for a single command: a batch of several would have another text for each table that
    // happens to have one row.
    let is_lone = link.as_ref().is_some_and(|link| link.rows.len() == 1);
    let given = if is_lone { ParameterForm::Values } else { ParameterForm::Arrays };
    let mut arguments = PgArguments::default();
    arguments.add(tenant.uuid())?;
    let mut set = Vec::new();
    for (column, count) in want.columns() {
        arguments.add(count)?;
        set.push(format!("{column} = {column} + ${}", arguments.len()));
    }
    arguments.add(epoch)?;
    let (epoch, mut parts) = (arguments.len(), String::new());
    for (index, bulk) in rows.into_iter().enumerate() {
        let part = bulk.gated_part("gate", given, &mut arguments)?;
        parts += &format!(", part{index} AS ({part})");
    }
    parts += &match link {
        None => " SELECT 1 FROM gate".to_owned(),
        Some(link) => chain_part(link, given, &mut arguments)?,
    };
    let (set, head) = (set.join(", "), arguments.len() + 1);
    let gate =
        format!("UPDATE tenant_counter SET {set} WHERE tenant_id = $1 AND head = ${head} AND epoch = ${epoch} RETURNING 1");
    Ok((format!("WITH gate AS ({gate}){parts}"), arguments))
}

/// Returns the rest of the statement if a chain grows with it. The chain's head moves before
/// anything is appended: all code that extends the chain locks the head first. A head that has
/// moved fails the whole statement, by a division by zero.
fn chain_part(link: Link, given: ParameterForm, arguments: &mut PgArguments) -> Result<String, BoxDynError> {
    let Link { table, from, to, hash, rows } = link;
    let first = arguments.len() + 1;
    arguments.add(to)?;
    arguments.add(hash)?;
    arguments.add(from)?;
    let rows = rows.gated_part("link", given, arguments)?;
    let (to, hash, from) = (first, first + 1, first + 2);
    Ok(format!(
        ", link AS (UPDATE {table} SET seq = ${to}, hash = ${hash} FROM gate WHERE tenant_id = $1 AND seq = ${from} RETURNING 1),
         behind AS ({rows}) SELECT 1 / (SELECT count(*) FROM link) FROM gate"
    ))
}

/// Returns the statement for several tenants. A row contains its tenant's place in the list, and
/// gets the ID from the gate.
///
/// The gate takes only unlocked counters: a tenant that is being written elsewhere is left out
/// instead of delaying the others.
fn shared_statement(own_writes: Vec<TenantWrites>) -> Result<(String, PgArguments), BoxDynError> {
    let mut arguments = PgArguments::default();
    arguments.add(own_writes.iter().map(|own| own.tenant.uuid()).collect::<Vec<_>>())?;
    arguments.add(own_writes.iter().map(|own| own.epoch).collect::<Vec<_>>())?;
    let mut counts_by_column: Vec<(&'static str, Vec<i64>)> = Vec::new();
    let (mut bulks, mut links) = (Vec::new(), Vec::new());
    let tenants = own_writes.len();
    for (index, TenantWrites { want, rows, link, .. }) in own_writes.into_iter().enumerate() {
        for (column, count) in want.columns() {
            let existing = counts_by_column.iter().position(|(existing, _)| *existing == column);
            let slot = existing.unwrap_or_else(|| {
                counts_by_column.push((column, vec![0; tenants]));
                counts_by_column.len() - 1
            });
            counts_by_column[slot].1[index] = count;
        }
        let place = index as i32 + 1;
        for bulk in rows {
            SharedBulk::add(&mut bulks, place, bulk)?;
        }
        links.extend(link.map(|link| (place, link)));
    }
    let (mut wanted_columns, mut set) = (String::new(), Vec::new());
    for (index, (column, counts)) in counts_by_column.into_iter().enumerate() {
        arguments.add(counts)?;
        wanted_columns += &format!(", unnest(${}::bigint[]) AS want{index}", arguments.len());
        set.push(format!("{column} = c.{column} + w.want{index}"));
    }
    let mut parts = String::new();
    for (index, bulk) in bulks.into_iter().enumerate() {
        let part = bulk.gated_part("gate", &mut arguments)?;
        parts += &format!(", part{index} AS ({part})");
    }
    parts += &chains_part(links, tenants, &mut arguments)?;
    let (set, heads) = (set.join(", "), arguments.len() + 1);
    Ok((
        format!(
            "WITH wanted AS (SELECT unnest($1::uuid[]) AS tenant_id, generate_series(1, cardinality($1::uuid[])) AS place, unnest(${heads}::bigint[]) AS head, unnest($2::uuid[]) AS epoch{wanted_columns}),
             free AS (SELECT tenant_id FROM tenant_counter WHERE tenant_id = ANY ($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED),
             gate AS (UPDATE tenant_counter AS c SET {set} FROM wanted AS w JOIN free AS f ON f.tenant_id = w.tenant_id
                 WHERE c.tenant_id = w.tenant_id AND c.head = w.head AND c.epoch = w.epoch RETURNING c.tenant_id, w.place){parts}"
        ),
        arguments,
    ))
}

/// Returns the part that extends the tenants' chains; either all of them or none have one.
fn chains_part(links: Vec<(i32, Link)>, tenants: usize, arguments: &mut PgArguments) -> Result<String, BoxDynError> {
    let Some(table) = links.first().map(|(_, link)| link.table) else { return Ok(" SELECT place FROM gate".to_owned()) };
    if links.len() != tenants || links.iter().any(|(_, link)| link.table != table) {
        return Err("tenants with and without a chain in one statement".into());
    }
    let (mut to, mut hash, mut from, mut bulks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (place, link) in links {
        to.push(link.to);
        hash.push(link.hash);
        from.push(link.from);
        SharedBulk::add(&mut bulks, place, link.rows)?;
    }
    let first = arguments.len() + 1;
    arguments.add(to)?;
    arguments.add(hash)?;
    arguments.add(from)?;
    let (to, hash, from) = (first, first + 1, first + 2);
    let mut sql = format!(
        ", chain AS (SELECT unnest(${to}::bigint[]) AS seq, unnest(${hash}::bytea[]) AS hash, unnest(${from}::bigint[]) AS since,
             generate_series(1, cardinality(${to}::bigint[])) AS place),
         link AS (UPDATE {table} AS t SET seq = v.seq, hash = v.hash FROM chain AS v JOIN gate AS g ON g.place = v.place
             WHERE t.tenant_id = g.tenant_id AND t.seq = v.since RETURNING t.tenant_id, g.place)"
    );
    for (index, bulk) in bulks.into_iter().enumerate() {
        sql += &format!(", behind{index} AS ({})", bulk.gated_part("link", arguments)?);
    }
    // All places are looked up in one list: a separate lookup for each would scan all chains once
    // for each tenant.
    Ok(sql + " SELECT g.place / (g.place IN (SELECT l.place FROM link AS l))::integer FROM gate AS g")
}

/// Returns the binding of a statement for these tenants' rows.
pub(super) fn bound_to(tenants: &[TenantId]) -> Bound {
    match tenants {
        [tenant] => Bound::Tenant(*tenant),
        several => Bound::Tenants(several.into()),
    }
}

impl Database {
    /// Runs the statement and returns the outcome of each tenant's rows.
    pub(super) async fn write_statement(
        &self,
        tenants: &[TenantId],
        heads: &[Option<i64>],
        sql: String,
        mut arguments: PgArguments,
    ) -> Result<Vec<WriteOutcome>, Fault> {
        let heads: Vec<i64> = heads.iter().map(|head| head.unwrap_or(NO_HEAD)).collect();
        let added = match &heads[..] {
            [head] => arguments.add(*head),
            _ => arguments.add(heads),
        };
        added.map_err(|err| Fault::Broken(err.to_string()))?;
        let _span = self.statements.count_one(&sql);
        let connection_pools =
            self.connection_pools.as_ref().ok_or_else(|| Fault::Broken("Postgres without connections".to_owned()))?;
        let rows = connection_pools.tenants.fetch(&bound_to(tenants), sqlx::query_with(AssertSqlSafe(sql), arguments)).await;
        let to_fault = |err: sqlx::Error| self.convert_write_error(DbErr::Exec(RuntimeErr::SqlxError(err.into())));
        let rows = match rows.map_err(to_fault) {
            // Only `chain_part` and `chains_part` divide: one of the chains has grown, and the error does
            // not tell which.
            Err(fault) if fault.is_division_by_zero() => return Ok(vec![WriteOutcome::ChainMoved; tenants.len()]),
            rows => rows?,
        };
        let mut outcomes = vec![WriteOutcome::Overtaken; tenants.len()];
        if tenants.len() == 1 {
            if !rows.is_empty() {
                outcomes[0] = WriteOutcome::Written;
            }
            return Ok(outcomes);
        }
        for row in &rows {
            let position: i32 = row.try_get(0).map_err(to_fault)?;
            if let Some(outcome) = usize::try_from(position - 1).ok().and_then(|index| outcomes.get_mut(index)) {
                *outcome = WriteOutcome::Written;
            }
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests {
    use entity::{record::Record, tables::store};
    use uuid::Uuid;

    use super::*;
    use crate::storage::{Bulk, Rows, journal::CounterRequest};

    #[derive(Record)]
    #[record(of = store)]
    struct Named {
        name: String,
    }

    /// Returns the statement's text for so many commands with so many lines in all.
    fn text(commands: usize, lines: usize) -> String {
        let tenant = TenantId::from_uuid(Uuid::from_u128(1));
        let rows = |count: usize| {
            let mut rows = Rows::<Named>::insert(tenant);
            rows.extend((0..count).map(|_| Named { name: "Shop".to_owned() }));
            Bulk::from(rows)
        };
        let link = Link { table: "audit_head", from: 0, to: 1, hash: Vec::new(), rows: rows(commands) };
        let rows = vec![rows(commands), rows(lines)];
        statement(vec![TenantWrites { tenant, epoch: Uuid::nil(), want: CounterRequest::events(1), rows, link: Some(link) }])
            .unwrap()
            .0
    }

    #[test]
    fn the_chains_of_many_tenants_are_gone_through_once() {
        let own = |n: u128| {
            let tenant = TenantId::from_uuid(Uuid::from_u128(n));
            let mut rows = Rows::<Named>::insert(tenant);
            rows.push(Named { name: "Shop".to_owned() });
            let link = Link { table: "audit_head", from: 0, to: 1, hash: Vec::new(), rows: rows.into() };
            TenantWrites { tenant, epoch: Uuid::nil(), want: CounterRequest::events(1), rows: Vec::new(), link: Some(link) }
        };
        let sql = statement((1..=3).map(own).collect()).unwrap().0;
        let proof = " SELECT g.place / (g.place IN (SELECT l.place FROM link AS l))::integer FROM gate AS g";
        assert!(sql.ends_with(proof), "{sql}");
        assert!(!sql.contains("count("), "a tenant's chain is not counted by itself: {sql}");
    }

    #[test]
    fn a_lone_command_is_written_by_values_and_several_by_arrays() {
        assert!(!text(1, 1).contains("unnest("), "{}", text(1, 1));
        assert_eq!(text(1, 3).matches("unnest(").count(), 1, "its lines are several: {}", text(1, 3));
        assert_eq!(text(1, 3), text(1, 500));
        assert_eq!(text(2, 1).matches("unnest(").count(), 3, "one row of a batch makes no text of its own: {}", text(2, 1));
        assert_eq!(text(2, 1), text(256, 512));
    }
}
