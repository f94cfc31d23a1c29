//! Data of a company about the value of its stock.

use std::collections::BTreeMap;

use entity::{prelude::*, tables::stock_anomaly};
use entrepot::{
    forecasting::{self, core::FactorFields},
    liquidation,
    orders::{
        core::{HoldRule, MoreConditions, RuleFields},
        rows as order_rows,
    },
    replenishment::{
        core::{Basis, LeadTimes, LevelState, Plan, PlanScope, Policy, PolicyScope, ProductState, Rule, plan_product},
        rows,
    },
    saved_views::{
        self,
        core::{Link, Schedule, ScheduleFields, ScheduleRule, View},
    },
};
use serde_json::json;

use super::{
    Needs::{self, May, SignIn},
    also::KEPT_RULE,
    world::{Company, World, text},
};

/// Root fields of costs, and the permissions that they need.
pub const CASES: &[(&str, Needs)] = &[
    ("stockValue", May("product.cost.read")),
    ("costReport", May("product.cost.read")),
    ("costSummary", May("product.cost.read")),
    ("stockValueSummary", May("product.cost.read")),
    ("demandFacts", May("report.read")),
    ("stockAgeing", May("product.cost.read")),
    ("stockPerformance", May("report.read")),
    ("forecast", May("report.read")),
    ("forecastAccuracy", May("report.read")),
    ("forecastRun", May("report.read")),
    ("forecastSum", May("report.read")),
    ("factorSeries", May("stock.policy")),
    ("factorSeriesSet", May("stock.policy")),
    ("factorSeriesRemove", May("stock.policy")),
    ("stockSimulate", May("report.read")),
    ("abcXyz", May("report.read")),
    ("boughtTogether", May("report.read")),
    ("countAccuracy", May("report.read")),
    ("customerCohorts", May("report.read")),
    ("customerScores", May("report.read")),
    ("dashboard", May("report.read")),
    ("dashboardChanged", May("report.read")),
    ("expiryRisk", May("report.read")),
    ("fulfilmentReport", May("report.read")),
    ("lostSales", May("report.read")),
    ("marginReport", May("report.read")),
    ("report", May("report.read")),
    ("reportCatalog", May("report.read")),
    ("shrinkage", May("report.read")),
    ("stockProductivity", May("report.read")),
    ("stockAnomalies", May("report.read")),
    ("stockAnomalyAccept", May("alert.write")),
    ("replenishmentPolicies", May("stock.policy")),
    ("replenishmentPolicySet", May("stock.policy")),
    ("replenishmentPolicyRemove", May("stock.policy")),
    ("replenishmentRule", May("stock.policy")),
    ("replenishmentRuleSet", May("stock.policy")),
    ("replenishmentBudget", May("stock.policy")),
    ("replenishmentBudgets", May("stock.policy")),
    ("replenishmentBudgetSet", May("stock.policy")),
    ("replenishmentScore", May("purchase.read")),
    ("replenishmentPlans", May("purchase.read")),
    ("replenishmentPlan", May("purchase.read")),
    ("replenishmentPlanCreate", May("purchase.write")),
    ("replenishmentPlanApprove", May("purchase.read")),
    ("deadStock", May("report.read")),
    ("liquidationSettings", May("report.read")),
    ("liquidationSettingsSet", May("stock.policy")),
    ("liquidationScore", May("purchase.read")),
    ("liquidationPlans", May("purchase.read")),
    ("liquidationPlan", May("purchase.read")),
    ("liquidationPlanCreate", May("purchase.write")),
    ("liquidationPlanApprove", May("purchase.read")),
    ("liquidationPlanAdvance", May("purchase.read")),
    ("history", SignIn),
    ("notes", SignIn),
    ("noteAdd", SignIn),
    ("attachments", SignIn),
    ("attachmentAdd", SignIn),
    ("attachmentRemove", SignIn),
    ("noteUpdate", SignIn),
    ("papers", SignIn),
    ("paperCreate", SignIn),
    ("invoices", May("order.read")),
    ("invoice", May("order.read")),
    ("invoiceIssue", May("invoice.issue")),
    ("creditNoteIssue", May("invoice.issue")),
    ("holdRules", May("tenant.write")),
    ("holdRuleUpsert", May("tenant.write")),
    ("holdRuleArchive", May("tenant.write")),
    ("legalEntities", May("tenant.write")),
    ("legalEntityUpsert", May("tenant.write")),
    ("savedViews", May("view.read")),
    ("savedView", May("view.read")),
    ("savedViewResult", May("view.read")),
    ("savedViewChanged", May("view.read")),
    ("savedViewCreate", May("view.manage")),
    ("savedViewUpdate", May("view.manage")),
    ("savedViewDelete", May("view.manage")),
    ("savedViewLinkCreate", May("view.manage")),
    ("savedViewLinkRevoke", May("view.manage")),
    ("savedViewScheduleSet", May("view.manage")),
    ("savedViewScheduleDelete", May("view.manage")),
    ("exportSchedules", May("exchange.run")),
    ("exportScheduleSet", May("exchange.run")),
    ("exportScheduleRun", May("exchange.run")),
    ("exportScheduleDelete", May("exchange.run")),
    ("productCost", May("product.cost.read")),
    ("stockRevaluations", May("product.cost.read")),
    ("productCategorySuggestions", May("product.read")),
    ("productDuplicates", May("product.read")),
    ("productNameCleanups", May("product.read")),
    ("productTextModel", May("product.read")),
    ("productTagModel", May("product.read")),
    ("productTextAccept", May("product.write")),
    ("productSuggestionRefuse", May("product.write")),
    ("stockRevalue", May("cost.write")),
    ("revaluationReverse", May("cost.write")),
    ("exchangeRate", May("rate.read")),
    ("exchangeRates", May("rate.read")),
    ("exchangeRateSet", May("rate.write")),
    ("exchangeRatesImport", May("rate.write")),
];

impl World {
    /// Creates a revaluation of the product's units.
    pub async fn revalued(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let word = company.word;
        let lines = json!([{ "product": { "id": ids["prd"] }, "unitCost": { "amount": "1.50", "currencyCode": "GBP" } }]);
        let input = json!({ "idempotencyKey": format!("{word}-worth"), "note": format!("{word} worth"), "lines": lines });
        let query = "mutation($input: StockRevalueInput!) { stockRevalue(input: $input) { revaluation { id } userErrors { code field message } } }";
        let rate = json!({ "idempotencyKey": format!("{word}-rate"), "baseCode": "EUR", "quoteCode": "SEK", "rate": "11.05", "day": "2020-01-02", "source": word });
        let set = "mutation($input: ExchangeRateSetInput!) { exchangeRateSet(input: $input) { exchangeRate { id } userErrors { code field message } } }";
        ids.insert("fxr", text(&self.must_mutate(company, set, json!({ "input": rate })).await["exchangeRate"]["id"]));
        ids.insert("rvl", text(&self.must_mutate(company, query, json!({ "input": input })).await["revaluation"]["id"]));
        self.flagged(company, ids).await;
        self.planned(company, ids).await;
        self.liquidated(company, ids).await;
        self.saved(company, ids).await;
        self.exporting(company, ids).await;
        self.ruled(company).await;
    }

    /// A policy, and a plan that would buy one of the product.
    async fn planned(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let (tenant, now) = (company.owner.tenant, self.node.clock.now());
        let scope = PolicyScope { supplier: Some(ids["sup"].parse().unwrap()), ..PolicyScope::default() };
        let (policy, plan): (ReplenishmentPolicyId, ReplenishmentPlanId) = (self.node.clock.id(), self.node.clock.id());
        let work = self.node.db.tenant(tenant).begin().await.unwrap();
        let (rule, method) = (Rule::MinMax, SafetyStockMethod::Quantile);
        let kept = Policy { id: policy, scope, rule, method, version: 1, created_at: now, updated_at: now };
        rows::insert_policy(&work, &kept).await.unwrap();
        let drafted = Plan {
            id: plan,
            state: ReplenishmentPlanState::Draft,
            scope: PlanScope::default(),
            business_date: 20_000,
            is_nightly: false,
            made_at: now,
            seq: 0,
            forecast_week: None,
            budget: None,
            line_count: 1,
            cut_count: 0,
            left_out: 0,
            costs: Vec::new(),
            actor: Actor::SYSTEM,
            version: 1,
            updated_at: now,
        };
        rows::insert_plan(&work, &drafted).await.unwrap();
        let level = LevelState { reorder_point: Some(10), maximum: Some(20), ..LevelState::empty(ids["sto"].parse().unwrap()) };
        let product = ProductState {
            sellable_days: None,
            product: ids["prd"].parse().unwrap(),
            decimals: 0,
            price: None,
            cost: None,
            supplier: Some(ids["sup"].parse().unwrap()),
            supply: None,
            leads: LeadTimes::default(),
            levels: vec![level],
            open_lines: Vec::new(),
        };
        let mut lines = plan_product(&Basis::default(), &product);
        for (line, position) in lines.iter_mut().zip(1..) {
            (line.id, line.position) = (self.node.clock.id(), position);
        }
        assert_eq!(lines.len(), 1, "{lines:?}");
        rows::insert_lines(&work, plan, &lines).await.unwrap();
        work.commit().await.unwrap();
        ids.extend([("rpp", policy.to_string()), ("rpl", plan.to_string())]);
    }

    /// A plan for dead stock whose line is obsolete, so that it cannot be approved.
    async fn liquidated(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        use liquidation::core::{LineAction, LineFigures, LineState, Plan, PlanLine, PriceFloor, Recovery, Response};
        let (id, now): (LiquidationPlanId, Timestamp) = (self.node.clock.id(), self.node.clock.now());
        let plan = Plan {
            id,
            state: LiquidationPlanState::Draft,
            stores: Vec::new(),
            business_date: 20_000,
            made_at: now,
            seq: 0,
            forecast_week: None,
            currency: Currency::GBP,
            line_count: 1,
            left_out: 0,
            expected: Recovery::default(),
            value_minor: 0,
            actor: Actor::SYSTEM,
            version: 1,
            updated_at: now,
            advanced_by: None,
        };
        let line = PlanLine {
            id: self.node.clock.id(),
            position: 1,
            act: LineAction::Return { supplier: ids["sup"].parse().unwrap() },
            state: LineState::Refused(LiquidationIssue::Stale),
            product: ids["prd"].parse().unwrap(),
            store: ids["sto"].parse().unwrap(),
            quantity: 1,
            expected: Recovery::default(),
            until: 20_000,
            approved_on: None,
            steps_done: 0,
            figures: LineFigures {
                free: 1,
                target_free: 0,
                decimals: 0,
                weekly: 0.0,
                days_without_sale: None,
                days_of_supply: None,
                price_minor: None,
                value_minor: None,
                credit_minor: 0,
                freight_minor: 0,
                response: Response::NotShown,
                price_floor: PriceFloor::None,
            },
            reasons: Vec::new(),
            score: None,
        };
        let work = self.node.db.tenant(company.owner.tenant).begin().await.unwrap();
        liquidation::rows::insert_plan(&work, &plan).await.unwrap();
        liquidation::rows::insert_lines(&work, id, &[line]).await.unwrap();
        work.commit().await.unwrap();
        ids.insert("lqp", id.to_string());
    }

    /// A view of the company's stores, inserted directly: an engine for each world would take long to build.
    async fn saved(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let (id, now, maker): (SavedViewId, _, _) = (self.node.clock.id(), self.node.clock.now(), company.owner.actor);
        let fields = saved_views::core::Fields {
            name: "Stores".to_owned(),
            slug: "stores".to_owned(),
            document: "{ stores { nodes { id } } }".to_owned(),
            variables: saved_views::core::Variables::new(),
        };
        let view =
            View { id, fields, cost: 1, is_paused: false, maker, readers: None, version: 1, created_at: now, updated_at: now };
        let work = self.node.db.tenant(company.owner.tenant).begin().await.unwrap();
        saved_views::rows::insert_view(&work, &view).await.unwrap();
        let link = Link {
            id: self.node.clock.id(),
            view: id,
            variables: saved_views::core::Variables::new(),
            maker,
            key: None,
            expires_at: now.plus_seconds(3_600),
            created_at: now,
            last_used_at: None,
        };
        saved_views::rows::insert_link(&work, &link, "none".to_owned()).await.unwrap();
        let schedule = self.scheduled(company, id);
        saved_views::rows::insert_schedule(&work, &schedule).await.unwrap();
        work.commit().await.unwrap();
        ids.extend([("svw", id.to_string()), ("svl", link.id.to_string()), ("svs", schedule.id.to_string())]);
    }

    /// A schedule of a view that is not run.
    fn scheduled(&self, company: &Company, view: SavedViewId) -> Schedule {
        let (now, time_zone) = (self.node.clock.now(), "UTC".to_owned());
        let rule = ScheduleRule { period: SchedulePeriod::Daily, hour: 7, day_of_week: 1, day_of_month: 1, time_zone };
        let fields = ScheduleFields {
            variables: saved_views::core::Variables::new(),
            rows: None,
            format: TableFormat::Csv,
            rule,
            emails: vec![format!("{}@example.com", company.word)],
            members: Vec::new(),
            only_if_changed: false,
            emits_event: false,
            locale: PaperLocale::English,
            keeps_file: false,
            tells_rows: false,
            bucket: None,
        };
        Schedule {
            id: self.node.clock.id(),
            view,
            fields,
            status: ScheduleStatus::Paused,
            maker: company.owner.actor,
            key: None,
            failures: 0,
            run: None,
            last_run_at: None,
            last_error: None,
            last_hash: None,
            next_run_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
            last_file: None,
            sealed: None,
        }
    }

    /// A rule that holds orders to a country without orders.
    async fn ruled(&self, company: &Company) {
        let now = self.node.clock.now();
        let fields = RuleFields {
            code: KEPT_RULE.to_owned(),
            kind: "FRAUD".to_owned(),
            reason: "far away".to_owned(),
            total_at_least: None,
            is_unpaid: false,
            lacks_address: false,
            countries: vec!["AQ".to_owned()],
            more: MoreConditions::default(),
        };
        let rule = HoldRule { fields, archived_at: None, version: 1, created_at: now, updated_at: now };
        let work = self.node.db.tenant(company.owner.tenant).begin().await.unwrap();
        order_rows::insert_rule(&work, &rule).await.unwrap();
        let factor = FactorFields {
            code: KEPT_RULE.to_owned(),
            kind: FactorKind::Holiday,
            name: "Midsummer".to_owned(),
            store: None,
            goods: forecasting::core::FactorGoods::All,
            country: Some("AQ".to_owned()),
            from: None,
            until: None,
            values: vec![(20_000, 1.0)],
        };
        forecasting::rows::insert_factor(&work, &factor.validate(1, now).unwrap()).await.unwrap();
        work.commit().await.unwrap();
    }

    /// A strange day, as the detector would have flagged it.
    async fn flagged(&self, company: &Company, ids: &mut BTreeMap<&'static str, String>) {
        let (tenant_id, id): (_, AnomalyId) = (company.owner.tenant, self.node.clock.id());
        let work = self.node.db.tenant(tenant_id).begin().await.unwrap();
        let row = stock_anomaly::Model {
            tenant_id,
            id,
            business_date: 20_000,
            product_id: ids["prd"].parse().unwrap(),
            store_id: ids["sto"].parse().unwrap(),
            kind: AnomalyKind::Return,
            rule: AnomalyRule::Unusual,
            units: 142,
            usual_milli: Some(6_000),
            z_milli: Some(8_600),
            largest_line: 142,
            unit_decimals: 0,
            state: AnomalyState::Open,
            detected_at: self.node.clock.now(),
            accepted_at: None,
            actor_kind: None,
            actor_id: None,
            note: None,
            value_minor: 1_360,
            value_currency: Some("GBP".to_owned()),
            times: None,
            who_kind: None,
            who_id: None,
            order_id: None,
            register: None,
        };
        work.insert::<stock_anomaly::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
        ids.insert("anm", id.to_string());
    }
}
