//! `entrepot keys abandon`: operation without a key that is lost for good. The values that it
//! sealed are given up, so that the key is no longer required.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use iam::identity::{OldKeyPolicy, memberships, remove_factors, rotate_signing_key};
use inventory::catalog::rows::email_index;
use platform::{
    audit::{self, AuditWriter, Target},
    clock::Clock,
    secrets::{self, KeySource, SealedValueCount},
    storage::{Database, Fault},
};
use serde_json::json;
use uuid::Uuid;

use super::super::{
    StartError,
    emergency::{find_tenants, record},
    open_migrated, print_stdout,
};
use super::columns::sealed_columns;
use crate::config::AbandonArgs;

/// The table of second factors.
const FACTORS_TABLE: &str = "totp";

/// Treatment of second factors whose secrets are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostFactors {
    /// They are required as before, but only backup codes are accepted.
    Keep,
    Remove,
}

/// Runs the command.
pub(super) async fn run(args: &AbandonArgs, clock: &Clock) -> Result<(), StartError> {
    let (url, id) = (&args.of.database.database_url, args.id.as_str());
    let db = open_migrated(url, args.of.database.options()).await?;
    let source = args.of.keys.source(url);
    secrets::verify_without(&db, &source, id, clock).await?;
    let lost_values = secrets::count_sealed_under(&db, id, &sealed_columns()).await?;
    for values in &lost_values {
        let column = values.column;
        print_stdout(&format!(
            "{id}\t{}.{}\t{} values\t{}",
            column.table,
            column.column,
            values.count(),
            consequence(column.table)
        ))?;
    }
    if !args.yes {
        let sum: u64 = lost_values.iter().map(SealedValueCount::count).sum();
        return Err(Fault::Broken(format!(
            "{sum} value(s) would be lost permanently: search for the key {id} again, stop all nodes and workers, copy the database, then repeat it with --yes"
        ))
        .into());
    }
    let factors = if args.remove_second_factors { LostFactors::Remove } else { LostFactors::Keep };
    let abandoned_count = abandon(&db, &source, clock, id, factors).await?;
    print_stdout(&format!("{abandoned_count} value(s) are given up, and the key {id} is retired: start nodes and workers"))?;
    db.close().await?;
    Ok(())
}

/// Returns the consequence for the rows of a table, in words.
fn consequence(table: &str) -> &'static str {
    match table {
        "subject" => "personal data of customers, orders and invoices reads as lost",
        "subject_history" => "personal values in the audit log can no longer be compared",
        FACTORS_TABLE => "users log in with a backup code and enrol another second factor",
        "webhook_endpoint" => "endpoints are disabled: rotate their secrets, then enable them",
        "export_schedule" => "schedules are paused: set them with their secrets again",
        "description_endpoint" => "endpoints of language models are disabled: set them with their keys again",
        "signing_key" => "a new key signs: access tokens have to be refreshed",
        "server_secret" => "earlier cursors are not accepted, and the file store gets a new mark",
        _ => "they are removed",
    }
}

/// Gives up all values that a key sealed, in the whole deployment, records it in the tenants' audit
/// logs and retires the key; returns the number of values. After an interruption the next call
/// continues.
///
/// # Errors
/// The key is given, another one is missing, a node still seals with it, or the database fails.
pub async fn abandon(db: &Database, source: &KeySource, clock: &Clock, id: &str, factors: LostFactors) -> Result<u64, Fault> {
    let ring = secrets::open_without(db, source, id, clock).await?;
    let columns = sealed_columns();
    let lost_values = secrets::count_sealed_under(db, id, &columns).await?;
    let all_tenants = find_tenants(db, None).await?;
    record_lost_values(db, &AuditWriter::new(ring.clone(), clock.clone()), (id, factors), &lost_values, &all_tenants).await?;
    // Before the old ones go: tokens are signed at every moment.
    if lost_values.iter().any(|values| values.column.table == "signing_key") {
        rotate_signing_key(db, &ring, clock, 0, OldKeyPolicy::Retire).await?;
    }
    if factors == LostFactors::Remove {
        let users: Vec<UserId> = users_of(&lost_values).into_iter().map(UserId::from_uuid).collect();
        remove_factors(db, clock, &users, |seed| secrets::key_of(seed) == Some(id)).await?;
    }
    let abandoned_count = secrets::abandon(db, &ring, clock, id, &columns).await?;
    // A node that was not stopped has the key in memory, and values that it sealed after the walk
    // had passed them would be unreadable without a report.
    if let Some(SealedValueCount { column, .. }) = secrets::count_sealed_under(db, id, &columns).await?.first() {
        let column_name = format!("{}.{}", column.table, column.column);
        return Err(Fault::Broken(format!(
            "{column_name} has new values under the key {id}: a node or worker still runs with it. Stop all of them, and repeat the command"
        )));
    }
    for tenant in all_tenants {
        let work = db.tenant(tenant).begin().await?;
        email_index::rebuild_if_key_lost(&work, clock.now()).await?;
        work.commit().await?;
    }
    secrets::retire_lost_key(db, id, clock).await?;
    Ok(abandoned_count)
}

/// Records in the audit log of each tenant the values that it is about to lose, and chains the
/// entries that the key had signed.
async fn record_lost_values(
    db: &Database,
    audit_writer: &AuditWriter,
    (id, factors): (&str, LostFactors),
    lost_values: &[SealedValueCount],
    all_tenants: &[TenantId],
) -> Result<(), Fault> {
    let members = factors_by_tenant(db, lost_values).await?;
    for tenant in all_tenants.iter().copied() {
        let mut values: BTreeMap<String, u64> = lost_values
            .iter()
            .filter_map(|sealed_count| {
                Some((
                    format!("{}.{}", sealed_count.column.table, sealed_count.column.column),
                    *sealed_count.owners.get(&tenant.uuid())?,
                ))
            })
            .collect();
        values.extend(members.get(&tenant).map(|count| (FACTORS_TABLE.to_owned(), *count)));
        let are_factors_removed = factors == LostFactors::Remove && members.contains_key(&tenant);
        let work = db.global().maintenance_for(tenant).await?;
        audit::chain_entries_of_lost_key(&work, id).await?;
        if !values.is_empty() {
            let changes = json!({ "key": id, "lost": values, "secondFactorsRemoved": are_factors_removed });
            record(audit_writer, &work, "key.abandon", Target::of(tenant), &changes).await?;
        }
        work.commit().await?;
    }
    let work = db.global().maintenance_for(TenantId::NIL).await?;
    audit::chain_entries_of_lost_key(&work, id).await?;
    work.commit().await
}

/// Users whose second factor is lost; one whose enrolment alone is lost has the former.
fn users_of(lost_values: &[SealedValueCount]) -> BTreeSet<Uuid> {
    let factors = lost_values.iter().filter(|values| (values.column.table, values.column.column) == (FACTORS_TABLE, "seed"));
    factors.flat_map(|values| values.owners.keys().copied()).collect()
}

/// Returns the number of members of each tenant who lose their second factor.
async fn factors_by_tenant(db: &Database, lost_values: &[SealedValueCount]) -> Result<BTreeMap<TenantId, u64>, Fault> {
    let mut factors: BTreeMap<TenantId, u64> = BTreeMap::new();
    for user in users_of(lost_values) {
        for membership in memberships(&db.global(), UserId::from_uuid(user)).await? {
            *factors.entry(membership.tenant).or_default() += 1;
        }
    }
    Ok(factors)
}
