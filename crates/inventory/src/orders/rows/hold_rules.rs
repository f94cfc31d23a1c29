//! Rules that set holds.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::hold_rule,
};
use platform::storage::{Fault, Finds, Reads, Work};
use sea_orm::Value;

use super::load::currency_of;
use crate::orders::core::{HoldRule, MoreConditions, RuleFields};

#[derive(Record)]
#[record(of = hold_rule, alias = "r")]
struct RuleRow {
    code: String,
    kind: String,
    reason: String,
    total_minor: Option<i64>,
    currency: Option<String>,
    is_unpaid: bool,
    lacks_address: bool,
    countries: String,
    archived_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    is_billed_elsewhere: i32,
    is_new_customer: i32,
    customer_tags: String,
    product_tags: String,
    lifts_itself: i32,
}

/// Splits a text that is stored with one entry a line.
fn split_lines(lines: &str) -> Vec<String> {
    lines.lines().map(str::to_owned).collect()
}

impl RuleRow {
    fn rule(self) -> Result<HoldRule, Fault> {
        let total_at_least = match (self.total_minor, self.currency) {
            (None, None) => None,
            (Some(minor), Some(code)) => Some(Money::new(minor, currency_of("hold_rule", &code)?)),
            (None, Some(_)) | (Some(_), None) => return Err(Fault::corrupt("hold_rule", "an amount has a currency")),
        };
        Ok(HoldRule {
            fields: RuleFields {
                code: self.code,
                kind: self.kind,
                reason: self.reason,
                total_at_least,
                is_unpaid: self.is_unpaid,
                lacks_address: self.lacks_address,
                countries: split_lines(&self.countries),
                more: MoreConditions {
                    is_billed_elsewhere: self.is_billed_elsewhere == 1,
                    is_new_customer: self.is_new_customer == 1,
                    customer_tags: split_lines(&self.customer_tags),
                    product_tags: split_lines(&self.product_tags),
                    lifts_itself: self.lifts_itself == 1,
                },
            },
            archived_at: self.archived_at,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

fn to_rule_model(tenant_id: TenantId, rule: &HoldRule) -> hold_rule::Model {
    let fields = &rule.fields;
    hold_rule::Model {
        tenant_id,
        code: fields.code.clone(),
        kind: fields.kind.clone(),
        reason: fields.reason.clone(),
        total_minor: fields.total_at_least.map(|total| total.minor),
        currency: fields.total_at_least.map(|total| total.currency.to_string()),
        is_unpaid: fields.is_unpaid,
        lacks_address: fields.lacks_address,
        countries: fields.countries.join("\n"),
        archived_at: rule.archived_at,
        version: rule.version,
        created_at: rule.created_at,
        updated_at: rule.updated_at,
        is_billed_elsewhere: i32::from(fields.more.is_billed_elsewhere),
        is_new_customer: i32::from(fields.more.is_new_customer),
        customer_tags: fields.more.customer_tags.join("\n"),
        product_tags: fields.more.product_tags.join("\n"),
        lifts_itself: i32::from(fields.more.lifts_itself),
    }
}

async fn select(reads: &impl Reads, sql_suffix: &str, values: Vec<Value>) -> Result<Vec<HoldRule>, Fault> {
    let sql = format!("SELECT {} FROM hold_rule r WHERE r.tenant_id = $1{sql_suffix}", RuleRow::SELECT);
    reads.records::<RuleRow>(&sql, values).await?.into_iter().map(RuleRow::rule).collect()
}

/// Returns all rules, by their codes.
pub async fn hold_rules(reads: &impl Reads) -> Result<Vec<HoldRule>, Fault> {
    select(reads, " ORDER BY r.code", Vec::new()).await
}
/// Returns the rules in force, by their codes; reads nothing unless `is_asked`.
pub async fn rules_in_force(reads: &impl Reads, is_asked: bool) -> Result<Vec<HoldRule>, Fault> {
    if !is_asked {
        return Ok(Vec::new());
    }
    select(reads, " AND r.archived_at IS NULL ORDER BY r.code", Vec::new()).await
}
pub async fn hold_rule(reads: &impl Reads, code: &str) -> Result<Option<HoldRule>, Fault> {
    Ok(select(reads, " AND r.code = $2", vec![code.into()]).await?.pop())
}

pub async fn insert_rule(work: &Work, rule: &HoldRule) -> Result<(), Fault> {
    work.insert::<hold_rule::Entity>(to_rule_model(work.tenant(), rule)).await
}
pub async fn change_rule(work: &Work, rule: &HoldRule) -> Result<(), Fault> {
    work.update::<hold_rule::Entity>(to_rule_model(work.tenant(), rule)).await
}
