//! Reading alerts and rules.

use async_graphql::{Context, Enum, InputObject};
use entity::{
    id::kind as ids,
    prelude::{AlertId, AlertRuleId, StoreId},
};
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::paging::{CursorSigner, Key};
use services::alerts::{
    Alerts,
    core::Rule,
    rows::{AlertSort as By, AlertsSorted, Test},
};

use super::{
    alert::{Alert, AlertConnection},
    enums::{AlertKind, AlertStatus},
    rule::{AlertRule, AlertRuleConnection},
};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter},
        nested::{NestedFilter, field_path, first_present_field, read_nested},
        refusal::Path,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    orders::links::MAX_PAGE_SIZE,
    short_lists::{IdAndTextFilter, ShortList, is_within, short_sort},
};

/// Filter of alerts. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AlertListFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<AlertListFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<AlertListFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<AlertListFilter>>,
    /// Kinds of alerts to include; an empty list matches nothing.
    pub kind: Option<Vec<AlertKind>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<AlertStatus>>,
    /// Deprecated name of `status`.
    #[graphql(deprecation = "2026-11-26: use status. Removed after 2027-11-26.")]
    pub state: Option<Vec<AlertStatus>>,
    /// Condition on the alert's store.
    pub store: Option<IdFilter>,
    /// Condition on the alert's product.
    pub product: Option<IdFilter>,
    /// Member to whom the alert is assigned; isNull is true for alerts without an assignee.
    pub assignee: Option<IdFilter>,
    /// Time at which the alert was opened.
    pub opened_at: Option<DateTimeFilter>,
    /// Time at which the alert last changed. Refused by `alertChanged`.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(AlertListFilter);
crate::keyed_filter!(
    AlertListFilter, "store" store StoreCode, "product" product ProductSku, "assignee" assignee MemberEmail;
    [store] "openedAt" opened_at, "updatedAt" updated_at
);

impl AlertListFilter {
    /// The tests for the rows. IDs of another kind are refused with their path.
    pub fn read(self) -> Answer<Vec<Test>> {
        let mut filter = read_nested(self, &mut Self::tests)?;
        let mut own_tests = std::mem::take(&mut filter.own);
        if !filter.is_plain() {
            own_tests.push(Test::Nested(Box::new(filter)));
        }
        Ok(own_tests)
    }

    /// The path of the first condition, in this filter or in one inside it, that cannot be
    /// evaluated from events of alerts: an alert that leaves such a range would leave without an
    /// event.
    pub fn path_not_streamable(&self) -> Option<Vec<String>> {
        self.find_path(&["filter".to_owned()], &|part: &Self| first_present_field(&[(part.updated_at.is_some(), &["updatedAt"])]))
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, at: &Path) -> Answer<Vec<Test>> {
        let mut conditions = Vec::new();
        conditions.extend(self.kind.map(|list| Test::Kind(list.into_iter().map(Into::into).collect())));
        let states = [self.status, self.state].into_iter().flatten();
        conditions.extend(states.map(|list| Test::State(list.into_iter().map(Into::into).collect())));
        if let Some(filter) = self.store {
            conditions.extend(filter.ids::<ids::StoreId>(&field_path(at, "store"))?.map(Test::Store));
        }
        if let Some(filter) = self.product {
            conditions.extend(filter.ids::<ids::ProductId>(&field_path(at, "product"))?.map(Test::Product));
        }
        if let Some(mut filter) = self.assignee {
            conditions.extend(filter.is_null.take().map(|is_null| Test::IsAssigned(!is_null)));
            conditions.extend(filter.ids::<ids::MemberId>(&field_path(at, "assignee"))?.map(Test::Assignee));
        }
        if let Some((from, before)) = self.opened_at.as_ref().map(DateTimeFilter::range) {
            conditions.push(Test::Opened { from, before });
        }
        if let Some((from, before)) = self.updated_at.as_ref().map(DateTimeFilter::range) {
            conditions.push(Test::Updated { from, before });
        }
        Ok(conditions)
    }
}

/// Sort order of a list of alerts; alerts with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct AlertSort {
    /// Field by which the alerts are sorted.
    pub field: AlertSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which alerts can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AlertSortField {
    /// Time at which the alert was opened.
    OpenedAt,
    /// Time at which the alert last changed.
    UpdatedAt,
}

crate::sorts::rows_sorted!(AlertSort => AlertsSorted);

/// Filter of rules for alerts. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AlertRuleFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<AlertRuleFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<AlertRuleFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<AlertRuleFilter>>,
    /// Condition on the rule's ID.
    pub id: Option<IdFilter>,
    /// Kinds of alerts to which the rules apply; an empty list matches nothing.
    pub kind: Option<Vec<AlertKind>>,
    /// Condition on the store that a rule names. Rules for all stores do not match it.
    pub store: Option<IdFilter>,
    /// True for enabled rules only, false for disabled ones, null for both.
    pub is_enabled: Option<bool>,
    /// Time at which the rule was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the rule last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(AlertRuleFilter);
crate::keyed_filter!(AlertRuleFilter, "store" store StoreCode; [store] "createdAt" created_at, "updatedAt" updated_at);

/// Checked conditions on rules; None is no condition, and an empty list matches nothing.
struct RuleTests {
    sought: IdAndTextFilter<ids::AlertRuleId>,
    kinds: Option<Vec<AlertKind>>,
    stores: Option<Vec<StoreId>>,
    is_enabled: Option<bool>,
    created: Option<DateTimeFilter>,
    updated: Option<DateTimeFilter>,
}

impl AlertRuleFilter {
    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, at: &Path) -> Answer<RuleTests> {
        Ok(RuleTests {
            sought: IdAndTextFilter::read_at(self.id.as_ref(), None, at)?,
            kinds: self.kind,
            stores: self.store.map(|filter| filter.ids(&field_path(at, "store"))).transpose()?.flatten(),
            is_enabled: self.is_enabled,
            created: self.created_at,
            updated: self.updated_at,
        })
    }
}

impl RuleTests {
    /// Whether a rule passes.
    fn holds(&self, rule: &Rule) -> bool {
        let is_in_stores = |stores: &Vec<StoreId>| rule.scope.store.is_some_and(|store| stores.contains(&store));
        self.sought.matches_row(rule.id, &[])
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&rule.kind.into()))
            && self.stores.as_ref().is_none_or(is_in_stores)
            && self.is_enabled.is_none_or(|expected| rule.is_enabled == expected)
            && is_within(self.created.as_ref(), rule.created_at)
            && is_within(self.updated.as_ref(), rule.updated_at)
    }
}

short_sort!(AlertRuleSort, AlertRuleSortField of Rule, "rules for alerts" by "ID", |rule| {
    Kind, "KIND", "Kind of the rule, in the order of the alphabet." => Key::Text(rule.kind.as_str().to_owned());
    CreatedAt, "CREATED_AT", "Time at which the rule was created." => Key::Int(rule.created_at.micros());
    UpdatedAt, "UPDATED_AT", "Time at which the rule last changed." => Key::Int(rule.updated_at.micros());
});

/// The root fields that read alerts.
#[derive(Default)]
pub struct AlertQuery;

/// Queries of alerts.
#[resolvers]
impl AlertQuery {
    /// Alerts of stores of yours, and of no store if yours are all, the newest first unless another order is asked for.
    #[field(permit = AlertRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn alerts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the alerts; all alerts by default.")] filter: Option<AlertListFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the alerts. Null for OPENED_AT, DESC.")] sort: Option<AlertSort>,
    ) -> Answer<AlertConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = AlertSort::sorted(sort);
        let kind = sorted.kind("alerts");
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let tests = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let listing = ctx.required_data::<Alerts>()?.page(&permit, tests, sorted, &request).await?;
        let nodes = listing.rows.into_iter().map(|alert| {
            let keys = sorted.keys(&alert);
            (Alert::from(alert), keys)
        });
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, listing.source).into())
    }

    /// The rules for alerts that you may change, at most 500: those of your stores, and those of no store if yours are all.
    #[field(permit = AlertRuleWrite, deprecation = "2026-11-26: use alertRulesList, which has pages. Removed after 2027-11-26.")]
    async fn alert_rules(&self, ctx: &Context<'_>) -> Answer<Vec<AlertRule>> {
        Ok(ctx.required_data::<Alerts>()?.rules(&permit).await?.into_iter().map(Into::into).collect())
    }

    /// Rules for alerts that you may change, by kind unless another order is asked for: those of your stores, and those of no store if yours are all.
    #[field(permit = AlertRuleWrite, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn alert_rules_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the rules; all rules by default.")] filter: Option<AlertRuleFilter>,
        #[graphql(desc = "Sort of the rules. Null for KIND, ASC, and the store and product that they are for.")] sort: Option<
            AlertRuleSort,
        >,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<AlertRuleConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "alertRules", sort.map(AlertRuleSort::name_and_direction), &args)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
        let filter = read_nested(filter, &mut AlertRuleFilter::tests)?;
        let all_rules = ctx.required_data::<Alerts>()?.rules(&permit).await?.into_iter();
        let nodes = all_rules.filter(|rule| filter.holds(&|tests| tests.holds(rule))).map(|rule| {
            let keys = match sort {
                None => vec![Key::Text(rule.kind.as_str().to_owned()), Key::Text(rule.scope.text()), Key::from(rule.id)],
                Some(sort) => vec![sort.key(&rule), Key::from(rule.id)],
            };
            (AlertRule::from(rule), keys)
        });
        Ok(list.page(nodes).into())
    }
}

/// The alert of an id, if the caller may see it.
pub async fn load_alert(ctx: &Context<'_>, id: AlertId) -> Answer<Option<Alert>> {
    let permit = ctx.permit::<kind::AlertRead>()?;
    Ok(ctx.required_data::<Alerts>()?.find(&permit, id).await?.map(Into::into))
}

/// The rule of an id, if the caller may change it.
pub async fn load_rule(ctx: &Context<'_>, id: AlertRuleId) -> Answer<Option<AlertRule>> {
    let permit = ctx.permit::<kind::AlertRuleWrite>()?;
    Ok(ctx.required_data::<Alerts>()?.rule(&permit, id).await?.map(Into::into))
}
