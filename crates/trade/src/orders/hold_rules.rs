//! Rules that set holds, as clients see them.

use std::sync::Arc;

use async_graphql::{Context, InputObject};
use inventory::orders::{
    core::{self, MoreConditions, RuleFields, RuleProblem},
    events::{HOLD_RULE_ARCHIVED, HOLD_RULE_UPDATED},
    shell::{self, RuleRefusal, RuleStop},
};
use macros::resolvers;
use platform::{paging::Key, path, storage::idempotency::CallResult};

use super::{
    links::{Money, MoneyInput},
    payload::ledger,
};
use crate::{
    graphql::{
        connection::PageArgs,
        fault::Answer,
        filters::DateTimeFilter,
        nested::read_nested,
        reading::{InputErrors, read},
        refusal::{ErrorCode, Path, UserError, user_errors_of},
        scalars::{Cursor, DateTime, Long},
    },
    payload,
    periods::resolve_filter_periods,
    short_lists::{SearchText, ShortList, is_within, matches_archived, short_sort},
    stock,
};

/// A rule's row.
#[derive(Debug, Clone)]
pub struct HoldRule(Arc<core::HoldRule>);

/// Rule that sets a hold by itself on each order that is confirmed, and that is changed or paid from then on, of which all that the rule says is true.
#[resolvers]
impl HoldRule {
    /// Code of the rule, unique in the tenant. It never changes.
    async fn code(&self) -> &str {
        &self.0.fields.code
    }
    /// Kind of the hold that the rule sets.
    async fn kind(&self) -> &str {
        &self.0.fields.kind
    }
    /// Reason of the hold that the rule sets.
    async fn reason(&self) -> &str {
        &self.0.fields.reason
    }
    /// Least total of an order that matches, with its currency; null where any total matches.
    async fn total_at_least(&self) -> Option<Money> {
        self.0.fields.total_at_least.map(Money::from)
    }
    /// True if the rule matches only orders that are neither paid nor authorised in full.
    async fn is_unpaid(&self) -> bool {
        self.0.fields.is_unpaid
    }
    /// True if the rule matches only orders that are shipped and say no shipping address.
    #[field(was("lacksAddress", "2026-11-27"))]
    async fn is_address_missing(&self) -> bool {
        self.0.fields.lacks_address
    }
    /// Countries of which an order that matches goes to one, at most 100; empty where any country matches.
    async fn countries(&self) -> &[String] {
        &self.0.fields.countries
    }
    /// True if the rule matches only orders whose bill goes to another country than their goods.
    async fn is_billed_elsewhere(&self) -> bool {
        self.0.fields.more.is_billed_elsewhere
    }
    /// True if the rule matches only orders of which the customer has got nothing yet by another order.
    async fn is_new_customer(&self) -> bool {
        self.0.fields.more.is_new_customer
    }
    /// Tags of which the customer of an order that matches has one, at most 50; empty where any customer matches.
    async fn customer_tags(&self) -> &[String] {
        &self.0.fields.more.customer_tags
    }
    /// Tags of which a product of an order that matches has one, at most 50; empty where any product matches.
    async fn product_tags(&self) -> &[String] {
        &self.0.fields.more.product_tags
    }
    /// True if the rule takes its hold off once the order does not match any more.
    #[field(was("liftsItself", "2026-11-27"))]
    async fn is_hold_lifted_automatically(&self) -> bool {
        self.0.fields.more.lifts_itself
    }
    /// Time since which the rule sets no holds; null while it is in force.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the rule, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the rule was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// A rule that sets holds, as it is to be. Its conditions are joined by "and"; at least one is needed.
#[derive(Debug, Clone, InputObject)]
#[expect(clippy::struct_excessive_bools, reason = "each is a condition of its own")]
pub struct HoldRuleUpsertInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Code, 1 to 64 characters: the rule with this code is changed, or a new one is created.
    pub code: String,
    /// Kind of the hold: CREDIT, FRAUD, ADDRESS, PAYMENT, or a text of your own; 1 to 64 characters in one line.
    pub kind: String,
    /// Reason of the hold, shown with it; 1 to 1,000 characters in one line.
    pub reason: String,
    /// Least total of an order that matches, above 0. Orders in other currencies do not match. Null for any total.
    pub total_at_least: Option<MoneyInput>,
    /// True if the rule matches only orders that are neither paid nor authorised in full. Default false.
    #[graphql(default)]
    pub is_unpaid: bool,
    /// True if the rule matches only orders that are shipped and say no shipping address. Default false.
    #[graphql(default)]
    pub is_address_missing: bool,
    /// Deprecated name of `isAddressMissing`.
    #[graphql(default, deprecation = "2026-11-27: use isAddressMissing. Removed after 2027-11-27.")]
    pub lacks_address: bool,
    /// Countries of which an order that matches goes to one: codes of ISO 3166, or names, as orders say them; at most 100 of 64 characters. Empty for any
    /// country. Empty by default.
    #[graphql(default)]
    pub countries: Vec<String>,
    /// True if the rule matches only orders whose billing address says another country than their goods go to. Orders that say neither do not match.
    /// Default false.
    #[graphql(default)]
    pub is_billed_elsewhere: bool,
    /// True if the rule matches only orders of which the customer, with all customers merged with it, has got nothing yet by another order:
    /// none of which anything has left. Orders without a customer match. Default false.
    #[graphql(default)]
    pub is_new_customer: bool,
    /// Tags of which the customer of an order that matches has one, at most 50 of 64 characters; case is ignored. Empty for any customer, and for none.
    /// Empty by default.
    #[graphql(default)]
    pub customer_tags: Vec<String>,
    /// Tags of which a product of an order that matches has one, at most 50 of 64 characters; case is ignored. Empty for any product.
    /// Empty by default.
    #[graphql(default)]
    pub product_tags: Vec<String>,
    /// True if the rule takes its hold off once the order does not match any more. Default false.
    #[graphql(default)]
    pub is_hold_lifted_automatically: bool,
    /// Deprecated name of `isHoldLiftedAutomatically`.
    #[graphql(default, deprecation = "2026-11-27: use isHoldLiftedAutomatically. Removed after 2027-11-27.")]
    pub lifts_itself: bool,
}

/// A rule that is to set no more holds.
#[derive(Debug, Clone, InputObject)]
pub struct HoldRuleArchiveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Code of the rule.
    pub code: String,
}

impl HoldRuleUpsertInput {
    fn read(self, reader: &mut InputErrors) -> shell::HoldRuleUpsert {
        let fields = RuleFields {
            code: self.code,
            kind: self.kind,
            reason: self.reason,
            total_at_least: reader.money(self.total_at_least.as_ref(), || path!["input", "totalAtLeast"]),
            is_unpaid: self.is_unpaid,
            lacks_address: self.is_address_missing || self.lacks_address,
            countries: self.countries,
            more: MoreConditions {
                is_billed_elsewhere: self.is_billed_elsewhere,
                is_new_customer: self.is_new_customer,
                customer_tags: self.customer_tags,
                product_tags: self.product_tags,
                lifts_itself: self.is_hold_lifted_automatically || self.lifts_itself,
            },
        };
        shell::HoldRuleUpsert { idempotency_key: self.idempotency_key, fields }
    }
}

payload!(HoldRulePayload, hold_rule: HoldRule, "rule that sets holds");

impl HoldRulePayload {
    fn of(outcome: Result<CallResult<core::HoldRule>, RuleStop>) -> Answer<Self> {
        Ok(match outcome {
            Ok(CallResult { value: rule, seq, is_replayed }) => Self {
                hold_rule: Some(HoldRule(Arc::new(rule))),
                user_errors: Vec::new(),
                replayed: is_replayed,
                seq: seq.map(Long),
            },
            Err(stop) => user_errors_of(stop, rule_error)?.into(),
        })
    }
}

fn rule_error(refusal: RuleRefusal) -> UserError {
    let input = |name: &str| -> Path { path!["input", name] };
    match refusal {
        RuleRefusal::BadKey(reason) => UserError::invalid_key(reason, input("idempotencyKey")),
        RuleRefusal::Field(problem) => rule_field_error(problem),
        RuleRefusal::NotFound => UserError::not_found("hold rule", input("code")),
        RuleRefusal::TooMany => {
            let message = format!("at most {} rules are kept", core::MAX_RULES);
            UserError::new(ErrorCode::LimitExceeded, message, path!["input"])
        }
        RuleRefusal::KeyReused => UserError::key_reused(input("idempotencyKey")),
    }
}

fn rule_field_error(problem: RuleProblem) -> UserError {
    match problem {
        RuleProblem::Missing { at } => UserError::new(ErrorCode::Required, "a text is needed", stock::path(at)),
        RuleProblem::Invalid { message, at } => UserError::new(ErrorCode::Invalid, message, stock::path(at)),
        RuleProblem::OutOfRange { message, at } => UserError::new(ErrorCode::OutOfRange, message, stock::path(at)),
        RuleProblem::TooLong { most, at } => {
            UserError::new(ErrorCode::TooLong, format!("at most {most} are taken"), stock::path(at))
        }
        RuleProblem::OwnKind => {
            UserError::new(ErrorCode::Invalid, "SHORT and SOURCING are the platform's own", path!["input", "kind"])
        }
        RuleProblem::NoCondition => {
            let message = "a rule without a condition would hold every order: say totalAtLeast, isUnpaid, isAddressMissing, countries, \
                isBilledElsewhere, isNewCustomer, customerTags or productTags";
            UserError::new(ErrorCode::Invalid, message, path!["input"])
        }
    }
}

crate::connection!(counted HoldRuleConnection, HoldRuleEdge, HoldRule, "rules that set holds");

/// Filter of rules that set holds. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct HoldRuleFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<HoldRuleFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<HoldRuleFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<HoldRuleFilter>>,
    /// Part of the code, the kind or the reason, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// True for archived rules only, false for those in force, null for both.
    pub is_archived: Option<bool>,
    /// Time at which the rule was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the rule last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(HoldRuleFilter);
crate::dated_filter!(HoldRuleFilter, [] "createdAt" created_at, "updatedAt" updated_at);

short_sort!(HoldRuleSort, HoldRuleSortField of core::HoldRule, "rules that set holds" by "code", |rule| {
    Code, "CODE", "Code of the rule." => Key::Text(rule.fields.code.clone());
    CreatedAt, "CREATED_AT", "Time at which the rule was created." => Key::Int(rule.created_at.micros());
    UpdatedAt, "UPDATED_AT", "Time at which the rule last changed." => Key::Int(rule.updated_at.micros());
});

/// Root fields that read rules.
#[derive(Default)]
pub struct HoldRuleQuery;

#[resolvers]
impl HoldRuleQuery {
    /// Rules that set holds on orders, by their codes, with those that are archived; at most 100.
    #[field(
        permit = TenantWrite,
        list_size(assumed = 10),
        deprecation = "2026-11-26: use holdRulesList, which has pages. Removed after 2027-11-26."
    )]
    async fn hold_rules(&self, ctx: &Context<'_>) -> Answer<Vec<HoldRule>> {
        let rules = shell::hold_rules(ledger(ctx)?, &permit).await?;
        Ok(rules.into_iter().map(|rule| HoldRule(Arc::new(rule))).collect())
    }

    /// Rules that set holds on orders, by their codes unless another order is asked for, with those that are archived.
    #[field(permit = TenantWrite, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn hold_rules_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the rules; all rules by default.")] filter: Option<HoldRuleFilter>,
        #[graphql(desc = "Sort of the rules. Null for CODE, ASC.")] sort: Option<HoldRuleSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<HoldRuleConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "holdRules", sort.map(HoldRuleSort::name_and_direction), &args)?;
        let filter =
            read_nested(resolve_filter_periods(ctx, filter).await?.unwrap_or_default(), &mut |filter: HoldRuleFilter, at| {
                Ok((SearchText::read_at(filter.search, at)?, filter.is_archived, filter.created_at, filter.updated_at))
            })?;
        let rules = shell::hold_rules(ledger(ctx)?, &permit).await?.into_iter();
        let is_sought = |rule: &core::HoldRule| {
            filter.holds(&|(search, is_archived, created, updated)| {
                matches_archived(rule.archived_at, *is_archived)
                    && search.matches_row(&[&rule.fields.code, &rule.fields.kind, &rule.fields.reason])
                    && is_within(created.as_ref(), rule.created_at)
                    && is_within(updated.as_ref(), rule.updated_at)
            })
        };
        let nodes = rules.filter(is_sought).map(|rule| {
            let first = sort.map(|sort| sort.key(&rule));
            let keys: Vec<Key> = first.into_iter().chain([Key::Text(rule.fields.code.clone())]).collect();
            (HoldRule(Arc::new(rule)), keys)
        });
        Ok(list.page(nodes).into())
    }
}

/// The root fields that change rules.
#[derive(Default)]
pub struct HoldRuleMutation;

#[resolvers]
impl HoldRuleMutation {
    /// Creates a rule that sets holds, or changes the one with the code; an archived one is in force again. It is asked when an order becomes CONFIRMED (by
    /// orderCreate, an import, or orderConfirm), and with each orderUpdate and each payment while anything is left to fulfil. A hold that was lifted by a person
    /// is set again only where more of the order matches. Orders that do not change stay as they are.
    #[mutation(permit = TenantWrite, emits(HOLD_RULE_UPDATED), dry_run)]
    async fn hold_rule_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rule.")] input: HoldRuleUpsertInput,
    ) -> Answer<HoldRulePayload> {
        let input = match read(|reader| input.read(reader)) {
            Ok(input) => input,
            Err(errors) => return Ok(errors.into()),
        };
        HoldRulePayload::of(Box::pin(shell::hold_rule_upsert(ledger(ctx)?, permit, input, dry_run)).await)
    }

    /// Archives a rule: it sets no more holds. Those that it has set stay until they are lifted.
    #[mutation(permit = TenantWrite, emits(HOLD_RULE_ARCHIVED), dry_run)]
    async fn hold_rule_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rule to archive.")] input: HoldRuleArchiveInput,
    ) -> Answer<HoldRulePayload> {
        let archive = shell::HoldRuleArchive { idempotency_key: input.idempotency_key, code: input.code };
        HoldRulePayload::of(Box::pin(shell::hold_rule_archive(ledger(ctx)?, permit, archive, dry_run)).await)
    }
}
