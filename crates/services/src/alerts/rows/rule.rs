//! Rules.

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row, Work};
use sea_orm::{QueryResult, Value};

use crate::alerts::core::{Quiet, Rule, Scope};

const COLUMNS: &str = "r.id, r.kind, r.store_id, r.category_id, r.product_id, r.is_enabled, r.threshold, r.days, r.emails, r.members, r.quiet_from, r.quiet_to, \
    r.time_zone, r.digest, r.digest_hour, r.version, r.created_at, r.updated_at";

fn read(row: &QueryResult) -> Result<Rule, Fault> {
    let mut row = Row::new(row);
    let (id, kind) = (row.take()?, row.word("alert_rule", AlertKind::parse)?);
    let scope = Scope { store: row.take()?, category: row.take()?, product: row.take()? };
    let (is_enabled, threshold, days): (i32, _, _) = (row.take()?, row.take()?, row.take()?);
    let emails =
        serde_json::from_str(&row.take::<String>()?).map_err(|_| Fault::corrupt("alert_rule", "emails is a list of texts"))?;
    let members =
        serde_json::from_str(&row.take::<String>()?).map_err(|_| Fault::corrupt("alert_rule", "members is a list of ids"))?;
    let (from, to): (Option<i32>, Option<i32>) = (row.take()?, row.take()?);
    Ok(Rule {
        id,
        kind,
        scope,
        is_enabled: is_enabled != 0,
        threshold,
        days,
        emails,
        members,
        quiet: from.zip(to).map(|(from, to)| Quiet { from, to }),
        time_zone: row.take()?,
        digest: row.word("alert_rule", AlertDigest::parse)?,
        digest_hour: row.take()?,
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

/// All rules of a tenant, by kind and scope.
pub async fn rules(reads: &impl Reads) -> Result<Vec<Rule>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM alert_rule r WHERE r.tenant_id = $1 ORDER BY r.kind, r.scope");
    reads.rows(&sql, vec![]).await?.iter().map(read).collect()
}

pub async fn rules_by_id(reads: &impl Reads, ids: &[AlertRuleId]) -> Result<Vec<Rule>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT {COLUMNS} FROM alert_rule r WHERE r.tenant_id = $1 AND {}", backend.in_ids("r.id", 2));
    reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?.iter().map(read).collect()
}

/// The rule of a kind and scope, locked until the transaction ends.
pub async fn lock_rule_of(work: &Work, kind: AlertKind, scope: &Scope) -> Result<Option<Rule>, Fault> {
    let lock = work.backend().for_change("r");
    let sql = format!("SELECT {COLUMNS} FROM alert_rule r WHERE r.tenant_id = $1 AND r.kind = $2 AND r.scope = $3{lock}");
    work.rows(&sql, vec![kind.as_str().into(), scope.text().into()]).await?.first().map(read).transpose()
}

/// The rule of an id, locked until the transaction ends.
pub async fn lock_rule(work: &Work, id: AlertRuleId) -> Result<Option<Rule>, Fault> {
    let lock = work.backend().for_update("r");
    let sql = format!("SELECT {COLUMNS} FROM alert_rule r WHERE r.tenant_id = $1 AND r.id = $2{lock}");
    work.rows(&sql, vec![id.into()]).await?.first().map(read).transpose()
}

pub async fn count_rules(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM alert_rule WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), |row| Row::new(row).take())
}

fn list(items: &impl serde::Serialize) -> Result<Value, Fault> {
    Ok(serde_json::to_string(items).map_err(|err| Fault::Broken(err.to_string()))?.into())
}

/// What follows a rule's scope, in the order of the columns.
fn values(rule: &Rule) -> Result<Vec<Value>, Fault> {
    Ok(vec![
        rule.id.into(),
        i32::from(rule.is_enabled).into(),
        rule.threshold.map(Quantity::get).into(),
        rule.days.into(),
        list(&rule.emails)?,
        list(&rule.members)?,
        rule.quiet.map(|quiet| quiet.from).into(),
        rule.quiet.map(|quiet| quiet.to).into(),
        rule.time_zone.clone().into(),
        rule.digest.as_str().into(),
        rule.digest_hour.into(),
        rule.version.into(),
        rule.updated_at.micros().into(),
    ])
}

pub async fn add_rule(work: &Work, rule: &Rule) -> Result<(), Fault> {
    let sql = "INSERT INTO alert_rule (tenant_id, id, is_enabled, threshold, days, emails, members, quiet_from, quiet_to, time_zone, digest, digest_hour, version,
               updated_at, created_at, kind, scope, store_id, category_id, product_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16, $17, $18, $19)";
    let scope = &rule.scope;
    let mut all = values(rule)?;
    all.extend([rule.kind.as_str().into(), scope.text().into(), scope.store.into(), scope.category.into(), scope.product.into()]);
    work.execute(sql, all).await.map(drop)
}

pub async fn change_rule(work: &Work, rule: &Rule) -> Result<(), Fault> {
    let sql = "UPDATE alert_rule SET is_enabled = $3, threshold = $4, days = $5, emails = $6, members = $7, quiet_from = $8, quiet_to = $9, time_zone = $10,
               digest = $11, digest_hour = $12, version = $13, updated_at = $14 WHERE tenant_id = $1 AND id = $2";
    work.execute(sql, values(rule)?).await.map(drop)
}

pub async fn remove_rule(work: &Work, id: AlertRuleId) -> Result<u64, Fault> {
    work.execute("DELETE FROM alert_rule WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}
