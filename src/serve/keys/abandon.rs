//! `entrepot keys abandon`: going on after a key is lost for good. What it sealed is given up, so that nothing asks for the key any more.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use iam::identity::{OldKeys, memberships, remove_factors, rotate_signing_key};
use inventory::catalog::rows::email_index;
use platform::{
    audit::{self, AuditWriter, Target},
    clock::Clock,
    secrets::{self, KeySource, LostValues},
    storage::{Database, Fault},
};
use serde_json::json;
use uuid::Uuid;

use super::super::{
    StartError,
    emergency::{record, tenants},
    migrated, say,
};
use super::sealed_columns;
use crate::config::AbandonArgs;

/// The table of second factors.
const FACTORS: &str = "totp";

/// What becomes of second factors whose secrets are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostFactors {
    /// They are asked for as before: backup codes are accepted, and nothing else.
    Keep,
    Remove,
}

/// Runs the command.
pub(super) async fn run(args: &AbandonArgs, clock: &Clock) -> Result<(), StartError> {
    let (url, id) = (&args.of.database.database_url, args.id.as_str());
    let db = migrated(url, args.of.database.options()).await?;
    let source = args.of.keys.source(url);
    secrets::prove_without(&db, &source, id, clock).await?;
    let lost = secrets::lost_under(&db, id, &sealed_columns()).await?;
    for values in &lost {
        let column = values.column;
        say(&format!("{id}\t{}.{}\t{} values\t{}", column.table, column.column, values.count(), consequence(column.table)))?;
    }
    if !args.yes {
        let sum: u64 = lost.iter().map(LostValues::count).sum();
        return Err(Fault::Broken(format!(
            "{sum} value(s) would be lost for good: look for the key {id} once more, stop all nodes and workers, copy the database, then repeat it with --yes"
        ))
        .into());
    }
    let factors = if args.remove_second_factors { LostFactors::Remove } else { LostFactors::Keep };
    let given_up = abandon(&db, &source, clock, id, factors).await?;
    say(&format!("{given_up} value(s) are given up, and the key {id} is retired: start nodes and workers"))?;
    db.close().await?;
    Ok(())
}

/// What becomes of the rows of a table, in words.
fn consequence(table: &str) -> &'static str {
    match table {
        "subject" => "personal data of customers, orders and invoices reads as lost",
        "subject_history" => "personal values in the audit log can be compared with nothing",
        FACTORS => "users log in with a backup code and enrol another second factor",
        "webhook_endpoint" => "endpoints are disabled: rotate their secrets, then enable them",
        "export_schedule" => "schedules are paused: set them with their secrets again",
        "description_endpoint" => "endpoints of language models are disabled: set them with their keys again",
        "signing_key" => "a new key signs: access tokens have to be refreshed",
        "server_secret" => "cursors of before are not accepted, and the file store is marked anew",
        _ => "they are removed",
    }
}

/// Gives up all that a key sealed, of the whole deployment, writes it into the tenants' audit logs and retires the key; how many values that were. Ended anywhere,
/// it goes on when it is called again.
///
/// # Errors
/// The key is given, another one is missing, a node still seals with it, or the database fails.
pub async fn abandon(db: &Database, source: &KeySource, clock: &Clock, id: &str, factors: LostFactors) -> Result<u64, Fault> {
    let ring = secrets::open_without(db, source, id, clock).await?;
    let columns = sealed_columns();
    let lost = secrets::lost_under(db, id, &columns).await?;
    let all = tenants(db, None).await?;
    note(db, &AuditWriter::new(ring.clone(), clock.clone()), (id, factors), &lost, &all).await?;
    // Before the old ones go: tokens are signed at every moment.
    if lost.iter().any(|values| values.column.table == "signing_key") {
        rotate_signing_key(db, &ring, clock, 0, OldKeys::Retire).await?;
    }
    if factors == LostFactors::Remove {
        let users: Vec<UserId> = users_of(&lost).into_iter().map(UserId::from_uuid).collect();
        remove_factors(db, clock, &users, |seed| secrets::key_of(seed) == Some(id)).await?;
    }
    let given_up = secrets::abandon(db, &ring, clock, id, &columns).await?;
    // A node that was not stopped has the key in its memory, and what it sealed behind the walk would be unreadable without a word.
    if let Some(LostValues { column, .. }) = secrets::lost_under(db, id, &columns).await?.first() {
        let place = format!("{}.{}", column.table, column.column);
        return Err(Fault::Broken(format!(
            "{place} has new values under the key {id}: a node or worker still runs with it. Stop all of them, and repeat the command"
        )));
    }
    for tenant in all {
        let work = db.tenant(tenant).begin().await?;
        email_index::restore(&work, clock.now()).await?;
        work.commit().await?;
    }
    secrets::give_up_key(db, id, clock).await?;
    Ok(given_up)
}

/// Writes into the audit log of each tenant what it loses, before it does, and chains the entries that the key vouched for.
async fn note(
    db: &Database,
    audit_writer: &AuditWriter,
    (id, factors): (&str, LostFactors),
    lost: &[LostValues],
    all: &[TenantId],
) -> Result<(), Fault> {
    let members = factors_by_tenant(db, lost).await?;
    for tenant in all.iter().copied() {
        let mut values: BTreeMap<String, u64> = lost
            .iter()
            .filter_map(|of| Some((format!("{}.{}", of.column.table, of.column.column), *of.owners.get(&tenant.uuid())?)))
            .collect();
        values.extend(members.get(&tenant).map(|count| (FACTORS.to_owned(), *count)));
        let are_factors_removed = factors == LostFactors::Remove && members.contains_key(&tenant);
        let work = db.global().maintenance_for(tenant).await?;
        audit::adopt_waiting(&work, id).await?;
        if !values.is_empty() {
            let changes = json!({ "key": id, "lost": values, "secondFactorsRemoved": are_factors_removed });
            record(audit_writer, &work, "key.abandon", Target::of(tenant), &changes).await?;
        }
        work.commit().await?;
    }
    let work = db.global().maintenance_for(TenantId::NIL).await?;
    audit::adopt_waiting(&work, id).await?;
    work.commit().await
}

/// Users whose second factor is lost; one whose enrolment alone is lost has the former.
fn users_of(lost: &[LostValues]) -> BTreeSet<Uuid> {
    let factors = lost.iter().filter(|values| (values.column.table, values.column.column) == (FACTORS, "seed"));
    factors.flat_map(|values| values.owners.keys().copied()).collect()
}

/// How many members of each tenant lose their second factor.
async fn factors_by_tenant(db: &Database, lost: &[LostValues]) -> Result<BTreeMap<TenantId, u64>, Fault> {
    let mut factors: BTreeMap<TenantId, u64> = BTreeMap::new();
    for user in users_of(lost) {
        for membership in memberships(&db.global(), UserId::from_uuid(user)).await? {
            *factors.entry(membership.tenant).or_default() += 1;
        }
    }
    Ok(factors)
}
