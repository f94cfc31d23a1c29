//! Rules.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::alert_rule,
};
use platform::storage::{Fault, Finds, Reads, Row, Work};
use sea_orm::Value;

use crate::alerts::core::{Quiet, Rule, Scope};

#[derive(Record)]
#[record(of = alert_rule, alias = "r")]
struct RuleRow {
    id: AlertRuleId,
    kind: AlertKind,
    store_id: Option<StoreId>,
    category_id: Option<CategoryId>,
    product_id: Option<ProductId>,
    is_enabled: i32,
    threshold: Option<Quantity>,
    days: Option<i32>,
    emails: String,
    members: String,
    quiet_from: Option<i32>,
    quiet_to: Option<i32>,
    time_zone: Option<String>,
    digest: AlertDigest,
    digest_hour: i32,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<RuleRow> for Rule {
    type Error = Fault;
    fn try_from(row: RuleRow) -> Result<Self, Fault> {
        let emails = serde_json::from_str(&row.emails).map_err(|_| Fault::corrupt("alert_rule", "emails is a list of texts"))?;
        let members = serde_json::from_str(&row.members).map_err(|_| Fault::corrupt("alert_rule", "members is a list of ids"))?;
        Ok(Self {
            id: row.id,
            kind: row.kind,
            scope: Scope { store: row.store_id, category: row.category_id, product: row.product_id },
            is_enabled: row.is_enabled != 0,
            threshold: row.threshold,
            days: row.days,
            emails,
            members,
            quiet: row.quiet_from.zip(row.quiet_to).map(|(from, to)| Quiet { from, to }),
            time_zone: row.time_zone,
            digest: row.digest,
            digest_hour: row.digest_hour,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Rules: conditions, order and lock are SQL over `r`, values from `$2`.
async fn rules_where(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Rule>, Fault> {
    let sql = format!("SELECT {} FROM alert_rule r WHERE r.tenant_id = $1{conditions}", RuleRow::SELECT);
    reads.records::<RuleRow>(&sql, values).await?.into_iter().map(Rule::try_from).collect()
}

/// All rules of a tenant, by kind and scope.
pub async fn rules(reads: &impl Reads) -> Result<Vec<Rule>, Fault> {
    rules_where(reads, " ORDER BY r.kind, r.scope", vec![]).await
}

pub async fn rules_by_id(reads: &impl Reads, ids: &[AlertRuleId]) -> Result<Vec<Rule>, Fault> {
    let backend = reads.backend();
    let condition = format!(" AND {}", backend.in_ids("r.id", 2));
    rules_where(reads, &condition, vec![backend.ids(ids.iter().copied())]).await
}

/// The rule of a kind and scope, locked until the transaction ends.
pub async fn lock_rule_of(work: &Work, kind: AlertKind, scope: &Scope) -> Result<Option<Rule>, Fault> {
    let lock = work.backend().for_change("r");
    let conditions = format!(" AND r.kind = $2 AND r.scope = $3{lock}");
    Ok(rules_where(work, &conditions, vec![kind.as_str().into(), scope.text().into()]).await?.into_iter().next())
}

/// The rule of an id, locked until the transaction ends.
pub async fn lock_rule(work: &Work, id: AlertRuleId) -> Result<Option<Rule>, Fault> {
    let lock = work.backend().for_update("r");
    Ok(rules_where(work, &format!(" AND r.id = $2{lock}"), vec![id.into()]).await?.into_iter().next())
}

pub async fn count_rules(reads: &impl Reads) -> Result<i64, Fault> {
    let rows = reads.rows("SELECT count(*) FROM alert_rule WHERE tenant_id = $1", vec![]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

fn list(items: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(items).map_err(|err| Fault::Broken(err.to_string()))
}

pub async fn add_rule(work: &Work, rule: &Rule) -> Result<(), Fault> {
    let row = alert_rule::Model {
        tenant_id: work.tenant(),
        id: rule.id,
        kind: rule.kind,
        scope: rule.scope.text(),
        store_id: rule.scope.store,
        category_id: rule.scope.category,
        product_id: rule.scope.product,
        is_enabled: rule.is_enabled.into(),
        threshold: rule.threshold,
        days: rule.days,
        emails: list(&rule.emails)?,
        members: list(&rule.members)?,
        quiet_from: rule.quiet.map(|quiet| quiet.from),
        quiet_to: rule.quiet.map(|quiet| quiet.to),
        time_zone: rule.time_zone.clone(),
        digest: rule.digest,
        digest_hour: rule.digest_hour,
        version: rule.version,
        created_at: rule.updated_at,
        updated_at: rule.updated_at,
    };
    work.insert::<alert_rule::Entity>(row).await
}

#[derive(Record)]
#[record(of = alert_rule)]
struct ChangedRule {
    id: AlertRuleId,
    is_enabled: i32,
    threshold: Option<Quantity>,
    days: Option<i32>,
    emails: String,
    members: String,
    quiet_from: Option<i32>,
    quiet_to: Option<i32>,
    time_zone: Option<String>,
    digest: AlertDigest,
    digest_hour: i32,
    version: i64,
    updated_at: Timestamp,
}

pub async fn change_rule(work: &Work, rule: &Rule) -> Result<(), Fault> {
    let row = ChangedRule {
        id: rule.id,
        is_enabled: rule.is_enabled.into(),
        threshold: rule.threshold,
        days: rule.days,
        emails: list(&rule.emails)?,
        members: list(&rule.members)?,
        quiet_from: rule.quiet.map(|quiet| quiet.from),
        quiet_to: rule.quiet.map(|quiet| quiet.to),
        time_zone: rule.time_zone.clone(),
        digest: rule.digest,
        digest_hour: rule.digest_hour,
        version: rule.version,
        updated_at: rule.updated_at,
    };
    work.update_row(row).await.map(drop)
}

pub async fn remove_rule(work: &Work, id: AlertRuleId) -> Result<u64, Fault> {
    work.execute("DELETE FROM alert_rule WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await
}
