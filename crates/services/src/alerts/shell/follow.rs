//! From the journal to alerts: opened and closed alerts and the read position are written in one
//! transaction. The position is the fence: of two workers that process the same events, one finds
//! that it has moved.

use std::collections::BTreeMap;

use entity::prelude::*;
use inventory::{
    catalog::events::{PRODUCT, ProductMoved},
    counts::events::{COUNT_COMPLETED, CountEvent},
    stock::{
        core::{LevelKey, available},
        events::{LevelState, PolicyMoved, STOCK_CHANGED, STOCK_POLICY_SET, StockChanged},
        rows::list::{LevelRow, levels_by_key, levels_of_product_at},
    },
};
use platform::{
    clock,
    storage::{
        Fault, TenantScope, Work,
        events::AnyEventType,
        journal::{self, Event, Kinds},
        replicas::Freshness,
    },
};

use super::{
    history::{DatedStep, alert_history, load_rules},
    service::Alerts,
};
use crate::alerts::AlertEvent;
use crate::alerts::{
    core::{
        Alert, AlertChangeSet, AlertScope, AlertValues, Level, LevelView, LocalMinute, Opening, Rule, Rules, Step, Subject,
        Trigger, apply_steps, crossings, is_quiet, next_daily, quiet_end,
    },
    rows::{self, LaggingTenant, Zones},
};

/// Maximum events of a transaction; events of kinds without effect on alerts are not read.
const PAGE: u32 = 2_000;
/// Pages of a tenant before the next tenant is processed.
const MAX_PAGES: usize = 5;
/// Page size of tenants.
const TENANT_PAGE_SIZE: i64 = 500;
/// Steps after which a transaction processes no further event: a single one may have thousands.
pub(super) const MAX_STEPS: usize = 5_000;
/// Maximum steps of a page. At most half of a level's steps open something, and most close alerts
/// that do not exist: `PAGE` movements of a level have 6,000.
const MAX_OF_PAGE: usize = 2 * MAX_STEPS;

/// Returns the view of a level's row.
fn view(row: &LevelRow) -> LevelView {
    LevelView {
        key: row.key,
        category: row.category,
        available: row.available(),
        point: row.reorder_point.or(row.low_stock_threshold),
        maximum: row.maximum,
    }
}

/// Returns the level before and after an event.
fn views(state: &LevelState) -> (LevelView, LevelView) {
    let after = LevelView {
        key: LevelKey { product: state.product, store: state.store },
        category: state.category,
        available: available(state.on_hand, state.unavailable, state.reserved),
        point: state.reorder_point.or(state.low_stock_threshold),
        maximum: state.maximum,
    };
    let [on_hand, reserved, unavailable] = state.before;
    (LevelView { available: on_hand - reserved - unavailable, ..after }, after)
}

impl Alerts {
    /// Processes the new events of every tenant; returns the number of opened alerts. A tenant
    /// whose events cannot be read does not delay the others.
    pub async fn follow_all(&self) -> Result<usize, Fault> {
        let (mut opened_count, mut after, mut last_fault) = (0, TenantId::NIL, None);
        loop {
            let page = rows::lagging_tenants(&self.0.db.global(), after, TENANT_PAGE_SIZE).await?;
            for lagging_tenant in &page {
                match self.follow(*lagging_tenant).await {
                    Ok(count) => opened_count += count,
                    Err(fault) => {
                        tracing::warn!(tenant = %lagging_tenant.tenant, %fault, "a tenant's journal could not be checked for alerts");
                        last_fault = Some(fault);
                    }
                }
                after = lagging_tenant.tenant;
            }
            if page.len() < TENANT_PAGE_SIZE as usize {
                return last_fault.map_or(Ok(opened_count), Err);
            }
        }
    }

    async fn follow(&self, lagging_tenant: LaggingTenant) -> Result<usize, Fault> {
        let LaggingTenant { tenant, seq: mut from, head } = lagging_tenant;
        // A page ends at a `seq`, and a replica may not have all events up to it.
        let scope = self.0.db.tenant(tenant).with_freshness(Freshness::Primary);
        let (rules, kinds) = (load_rules(&scope).await?, kinds());
        let mut opened_count = 0;
        for _ in 0..MAX_PAGES {
            if from >= head {
                break;
            }
            let last_seq = head.min(from.saturating_add(i64::from(PAGE)));
            let page = journal::page_of_kinds(&scope, &kinds, from, last_seq, PAGE).await?;
            let last_seq = page.last_read_seq(last_seq);
            let (through_seq, steps) = if page.events.is_empty() {
                (position_after_gap(&scope, last_seq).await?, Vec::new())
            } else {
                self.steps(&scope, &rules, &page.events, last_seq).await?
            };
            let Some(count) = self.write(tenant, &rules, Some((from, through_seq)), &steps).await? else { break };
            opened_count += count;
            from = through_seq;
        }
        Ok(opened_count)
    }

    /// Returns the steps that follow from the events, and the last event that was processed:
    /// `last_seq`, or an earlier one if the events yield too many steps.
    async fn steps(
        &self,
        scope: &TenantScope,
        rules: &Rules,
        events: &[Event],
        last_seq: i64,
    ) -> Result<(i64, Vec<DatedStep>), Fault> {
        let (mut through_seq, mut steps) = (last_seq, Vec::new());
        // Only the last event of a product counts, because prices are read in their current state.
        let mut priced: BTreeMap<ProductId, (Timestamp, i64)> = BTreeMap::new();
        for event in events {
            let event_steps = if let Some(stock_changed) = STOCK_CHANGED.read(event)? {
                stock_change_steps(rules, &stock_changed)
            } else if let Some(product) = PRODUCT.read(event)? {
                priced.insert(product.id, (event.recorded_at, event.seq));
                product_change_steps(scope, rules, &product, event.seq).await?
            } else if let Some(policies) = STOCK_POLICY_SET.read(event)? {
                policy_change_steps(scope, rules, &policies.levels).await?
            } else if let Some(count) = COUNT_COMPLETED.read(event)? {
                count_steps(scope, rules, &count).await?
            } else {
                Vec::new()
            };
            steps.extend(event_steps.into_iter().map(|step| (step, event.recorded_at, Some(event.seq))));
            if steps.len() >= MAX_OF_PAGE {
                through_seq = event.seq;
                break;
            }
        }
        let products: Vec<ProductId> = priced.keys().copied().collect();
        for (product, category, margin) in rows::margins(scope, &products).await? {
            let Some((at, seq)) = priced.get(&product) else { continue };
            let (kind, subject) = (AlertKind::NegativeMargin, Subject::Product(product));
            let open = |margin| {
                let values = AlertValues { margin: Some(margin), ..AlertValues::default() };
                Step::Open(Opening { kind, subject, figures: values, category, trigger: Trigger::Standing })
            };
            steps.push((margin.map_or(Step::Close(kind, subject), open), *at, Some(*seq)));
        }
        Ok((through_seq, steps))
    }

    /// Opens and closes alerts by the steps, and moves the tenant's position if `advance` has one.
    /// Returns the number of opened alerts; `None` if another worker has processed the events, or
    /// the tenant has been erased.
    pub(super) async fn write(
        &self,
        tenant: TenantId,
        rules: &Rules,
        advance: Option<(i64, i64)>,
        steps: &[DatedStep],
    ) -> Result<Option<usize>, Fault> {
        let mut work = self.0.db.global().maintenance_for(tenant).await?;
        if !lock_follower_at(&work, advance).await? {
            work.rollback().await?;
            return Ok(None);
        }
        let change_set = apply_steps(rules, alert_history(&work, steps).await?, steps, || self.0.clock.id());
        // Closed alerts are written first: a kind and subject has one active alert, and one step
        // may close it and a later one open another.
        rows::change(&work, &change_set.closed).await?;
        rows::add(&work, change_set.opened.iter().map(|(alert, _)| alert)).await?;
        let now = self.0.clock.now();
        let emails = emails_for(&work, rules, &change_set, now).await?;
        rows::insert_emails(&work, &emails).await?;
        let events: Vec<_> = change_set.events.iter().map(|(event, alert)| event.event(&AlertEvent::of(alert))).collect();
        let count = events.len();
        journal::append_other(&mut work, events, now).await?;
        self.commit(work, count).await?;
        Ok(Some(change_set.opened.len()))
    }
}

/// The kinds of events that `Alerts::steps` reads.
fn kinds() -> Kinds {
    let other_events: [&'static dyn AnyEventType; 3] = [&STOCK_CHANGED, &STOCK_POLICY_SET, &COUNT_COMPLETED];
    let declared: Vec<&'static dyn AnyEventType> = PRODUCT.events().iter().copied().chain(other_events).collect();
    Kinds::of(&declared)
}

/// Returns the position after a page without such events: its end, or the last deleted event if the
/// tenant was not followed for longer than the retention of events.
async fn position_after_gap(scope: &TenantScope, last_seq: i64) -> Result<i64, Fault> {
    let low = scope.head().await?.low;
    if low <= last_seq {
        return Ok(last_seq);
    }
    // Those up to `low` may be gone, and need not.
    let next = journal::headers_after(scope, last_seq, 1).await?.first().map(|event| event.seq - 1);
    Ok(next.unwrap_or(low))
}

/// Locks the tenant's row, and moves its position if `advance` has one; returns whether the
/// position was `from`. False also for an erased tenant.
async fn lock_follower_at(work: &Work, advance: Option<(i64, i64)>) -> Result<bool, Fault> {
    let Some((from, to)) = advance else { return rows::lock_follower(work).await };
    // Moving the position locks the row. Nothing is moved if another worker has moved it, or there
    // is no row yet.
    if rows::advance(work, from, to).await? {
        return Ok(true);
    }
    Ok(rows::lock_follower(work).await? && rows::advance(work, from, to).await?)
}

/// Returns the recipients of newly opened alerts, with the due time of each e-mail.
async fn emails_for(
    work: &Work,
    rules: &Rules,
    change_set: &AlertChangeSet,
    now: Timestamp,
) -> Result<Vec<(AlertId, String, Timestamp)>, Fault> {
    if change_set.opened.is_empty() || rules.rules.iter().all(|rule| rule.recipients().next().is_none()) {
        return Ok(Vec::new());
    }
    let zones = rows::zones(work).await?;
    let emails_of_alert = |(alert, category): &(Alert, Option<CategoryId>)| {
        let alert_scope = AlertScope { store: alert.subject.store(), product: alert.subject.product(), category: *category };
        let rule_by_recipient = rules.recipients_of(alert.kind, alert_scope).into_iter();
        rule_by_recipient
            .map(|(recipient, rule)| (alert.id, recipient.text(), due_at(now, rule, &zones, alert_scope.store)))
            .collect::<Vec<_>>()
    };
    Ok(change_set.opened.iter().flat_map(emails_of_alert).collect())
}

/// Steps of the levels of a movement.
fn stock_change_steps(rules: &Rules, stock_changed: &StockChanged) -> Vec<Step> {
    let steps_of_level = |state: &LevelState| {
        let (before, after) = views(state);
        let level_kind = if state.version > state.entries { Level::Known } else { Level::New };
        crossings(rules, &before, &after, level_kind)
    };
    stock_changed.levels.iter().flat_map(steps_of_level).collect()
}

/// Steps after a change of a product's threshold or category, which has other rules: for its levels
/// as they were then.
async fn product_change_steps(scope: &TenantScope, rules: &Rules, product: &ProductMoved, seq: i64) -> Result<Vec<Step>, Fault> {
    if !product.changes_filters() {
        return Ok(Vec::new());
    }
    let levels = levels_of_product_at(scope, product.id, seq).await?;
    let steps_of_level = |level: LevelRow| {
        let (before, after) = product.before_and_after(level);
        crossings(rules, &view(&before), &view(&after), Level::Known)
    };
    Ok(levels.into_iter().flat_map(steps_of_level).collect())
}

/// Steps of levels with changed reorder points and maxima. The available quantity is the current
/// one: later movements have events of their own.
async fn policy_change_steps(scope: &TenantScope, rules: &Rules, policies: &[PolicyMoved]) -> Result<Vec<Step>, Fault> {
    let keys: Vec<LevelKey> = policies.iter().map(PolicyMoved::key).collect();
    let levels: BTreeMap<LevelKey, LevelRow> =
        levels_by_key(scope, &keys).await?.into_iter().map(|level| (level.key, level)).collect();
    let steps_of_policy = |(key, policy): (&LevelKey, &PolicyMoved)| {
        let (before, after) = policy.before_and_after(levels.get(key)?.clone());
        Some(crossings(rules, &view(&before), &view(&after), Level::Known))
    };
    Ok(keys.iter().zip(policies).filter_map(steps_of_policy).flatten().collect())
}

/// Steps of a posted count whose difference reaches the threshold.
async fn count_steps(scope: &TenantScope, rules: &Rules, count: &CountEvent) -> Result<Vec<Step>, Fault> {
    let difference = rows::count_difference(scope, count.count).await?;
    let (kind, subject) = (AlertKind::CountDifference, Subject::Count(count.count, count.store));
    let values = AlertValues { quantity: Some(difference), ..AlertValues::default() };
    let mut opening = Opening { kind, subject, figures: values, category: None, trigger: Trigger::Crossing };
    let limit = rules.setting(kind, opening.alert_scope()).threshold.map_or(1, |limit| limit.get().max(1));
    opening.figures.threshold = Some(limit);
    Ok(if difference >= limit { vec![Step::Open(opening)] } else { Vec::new() })
}

/// Returns the due time of an e-mail under a rule: now or the next digest, and in both cases after
/// the quiet hours.
fn due_at(now: Timestamp, rule: &Rule, zones: &Zones, store: Option<StoreId>) -> Timestamp {
    const HOUR: i64 = 3_600_000_000;
    let zone = rule.time_zone.as_deref().unwrap_or_else(|| zones.of(store));
    let local = |at| {
        let (day, minute) = clock::local_minute(at, zone);
        LocalMinute { day, minute }
    };
    let moment = |local: LocalMinute, not_before| clock::resolve_local_time((local.day, local.minute), zone, not_before);
    let at = match rule.digest {
        AlertDigest::None => now,
        AlertDigest::Hourly => Timestamp((now.micros().div_euclid(HOUR) + 1).saturating_mul(HOUR)),
        AlertDigest::Daily => moment(next_daily(rule.digest_hour, local(now)), now),
    };
    match rule.quiet {
        Some(quiet) if is_quiet(quiet, local(at).minute) => moment(quiet_end(quiet, local(at)), at),
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::core::{Quiet, Scope};
    use platform::clock::{parse_rfc3339, rfc3339};

    fn due(now: &str, quiet: Option<(i32, i32)>, digest: AlertDigest) -> String {
        let rule = Rule {
            id: AlertRuleId::NIL,
            kind: AlertKind::LowStock,
            scope: Scope::default(),
            is_enabled: true,
            threshold: None,
            days: None,
            emails: Vec::new(),
            members: Vec::new(),
            quiet: quiet.map(|(from, to)| Quiet { from, to }),
            time_zone: None,
            digest,
            digest_hour: 8,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let zones = Zones { tenant: "Europe/London".to_owned(), stores: std::collections::HashMap::default() };
        rfc3339(due_at(parse_rfc3339(now).unwrap(), &rule, &zones, None))[..16].to_owned()
    }
    const NIGHT: Option<(i32, i32)> = Some((22 * 60, 7 * 60));

    #[test]
    fn what_is_told_at_once_waits_for_the_end_of_the_quiet_hours() {
        assert_eq!(due("2026-06-10T12:34:00Z", NIGHT, AlertDigest::None), "2026-06-10T12:34");
        assert_eq!(due("2026-06-10T21:00:00Z", NIGHT, AlertDigest::None), "2026-06-11T06:00", "22:00 in London");
        assert_eq!(due("2026-06-10T20:59:00Z", NIGHT, AlertDigest::None), "2026-06-10T20:59");
        assert_eq!(due("2026-06-11T05:59:00Z", NIGHT, AlertDigest::None), "2026-06-11T06:00");
        assert_eq!(due("2026-06-11T06:00:00Z", NIGHT, AlertDigest::None), "2026-06-11T06:00");
    }

    #[test]
    fn quiet_hours_end_by_the_clocks_on_the_wall_when_those_are_changed() {
        assert_eq!(due("2026-03-28T22:30:00Z", NIGHT, AlertDigest::None), "2026-03-29T06:00", "7:00 of summer time");
        assert_eq!(due("2026-10-24T22:30:00Z", NIGHT, AlertDigest::None), "2026-10-25T07:00", "7:00 of winter time");
        // The night ends at 01:30, which occurs twice, or not at all.
        let short = Some((22 * 60, 90));
        assert_eq!(due("2026-10-25T00:15:00Z", short, AlertDigest::None), "2026-10-25T00:30");
        assert_eq!(due("2026-10-25T01:15:00Z", short, AlertDigest::None), "2026-10-25T01:30");
        assert_eq!(due("2026-03-29T00:30:00Z", short, AlertDigest::None), "2026-03-29T01:30");
    }

    #[test]
    fn digests_leave_by_the_hour_and_by_the_day_and_not_at_night() {
        assert_eq!(due("2026-06-10T12:00:00Z", None, AlertDigest::Hourly), "2026-06-10T13:00");
        assert_eq!(due("2026-06-10T20:30:00Z", NIGHT, AlertDigest::Hourly), "2026-06-11T06:00");
        assert_eq!(due("2026-06-10T06:59:00Z", None, AlertDigest::Daily), "2026-06-10T07:00", "8:00 in London");
        assert_eq!(due("2026-06-10T07:00:00Z", None, AlertDigest::Daily), "2026-06-11T07:00");
        assert_eq!(due("2026-10-24T12:00:00Z", None, AlertDigest::Daily), "2026-10-25T08:00");
        assert_eq!(due("2026-06-10T12:00:00Z", Some((7 * 60, 9 * 60)), AlertDigest::Daily), "2026-06-11T08:00");
    }
}
