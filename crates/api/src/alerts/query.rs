//! Reading alerts and rules.

use async_graphql::{Context, InputObject};
use entity::{
    id::kind as ids,
    prelude::{AlertId, AlertRuleId},
};
use iam::access::kind;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::paging::CursorSigner;
use services::alerts::{
    Alerts,
    rows::{self, Test},
};

use super::{
    alert::{Alert, AlertConnection},
    enums::{AlertKind, AlertStatus},
    rule::AlertRule,
};
use crate::{
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter},
        scalars::Cursor,
    },
    orders::links::MOST_A_PAGE,
};

/// Filter of alerts. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AlertListFilter {
    /// Kinds of alerts to include; an empty list matches nothing.
    pub kind: Option<Vec<AlertKind>>,
    /// States to include; an empty list matches nothing.
    pub state: Option<Vec<AlertStatus>>,
    /// Condition on the alert's store.
    pub store: Option<IdFilter>,
    /// Condition on the alert's product.
    pub product: Option<IdFilter>,
    /// Handed to these members.
    pub assignee: Option<IdFilter>,
    /// Opened then.
    pub opened_at: Option<DateTimeFilter>,
}

impl AlertListFilter {
    /// The tests for the rows. Ids of another kind are refused with their path.
    pub(super) fn read(self) -> Answer<Vec<Test>> {
        let mut all = Vec::new();
        all.extend(self.kind.map(|list| Test::Kind(list.into_iter().map(Into::into).collect())));
        all.extend(self.state.map(|list| Test::State(list.into_iter().map(Into::into).collect())));
        if let Some(filter) = self.store {
            all.extend(filter.ids::<ids::StoreId>(&["filter", "store"])?.map(Test::Store));
        }
        if let Some(filter) = self.product {
            all.extend(filter.ids::<ids::ProductId>(&["filter", "product"])?.map(Test::Product));
        }
        if let Some(filter) = self.assignee {
            all.extend(filter.ids::<ids::MemberId>(&["filter", "assignee"])?.map(Test::Assignee));
        }
        if let Some((from, before)) = self.opened_at.as_ref().map(DateTimeFilter::range) {
            all.push(Test::Opened { from, before });
        }
        Ok(all)
    }
}

/// The root fields that read alerts.
#[derive(Default)]
pub struct AlertQuery;

/// What can be asked about alerts.
#[resolvers]
impl AlertQuery {
    /// Alerts of stores of yours, and of no store if yours are all, the newest first.
    #[field(permit = AlertRead, paged)]
    async fn alerts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the alerts; all alerts by default.")] filter: Option<AlertListFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<AlertConnection> {
        let signer = ctx.given::<CursorSigner>()?;
        let request = PageArgs { first, after, last, before }.check(rows::ALERTS, signer, MOST_A_PAGE)?;
        let tests = filter.unwrap_or_default().read()?;
        let listed = ctx.given::<Alerts>()?.page(&permit, tests, &request).await?;
        let nodes = listed.rows.into_iter().map(|alert| {
            let keys = rows::keys(&alert);
            (Alert::from(alert), keys)
        });
        let scope = permit.scope(ctx.given::<Ledger>()?.database());
        Ok(Page::build(nodes.collect(), &request, rows::ALERTS, signer).counted(scope, listed.source).into())
    }

    /// The rules for alerts that you may change, at most 500: those of your stores, and those of no store if yours are all.
    #[field(permit = AlertRuleWrite)]
    async fn alert_rules(&self, ctx: &Context<'_>) -> Answer<Vec<AlertRule>> {
        Ok(ctx.given::<Alerts>()?.rules(&permit).await?.into_iter().map(Into::into).collect())
    }
}

/// The alert of an id, if the caller may see it.
pub async fn load_alert(ctx: &Context<'_>, id: AlertId) -> Answer<Option<Alert>> {
    let permit = ctx.permit::<kind::AlertRead>()?;
    Ok(ctx.given::<Alerts>()?.find(&permit, id).await?.map(Into::into))
}

/// The rule of an id, if the caller may change it.
pub async fn load_rule(ctx: &Context<'_>, id: AlertRuleId) -> Answer<Option<AlertRule>> {
    let permit = ctx.permit::<kind::AlertRuleWrite>()?;
    Ok(ctx.given::<Alerts>()?.rule(&permit, id).await?.map(Into::into))
}
