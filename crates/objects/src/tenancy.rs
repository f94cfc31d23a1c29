//! GraphQL of a tenant's settings.

use async_graphql::{ComplexObject, Context, InputObject, MaybeUndefined, SimpleObject};
use iam::{
    access::{Caller, kind},
    identity::Identity,
    tenancy::{Change, Field, PatternChange, Rejection, Settings, UpdateOutcome, events::TENANT_UPDATED, settings, update},
};
use macros::resolvers;
use platform::{clock::local_day, path};
use services::anomalies::shell;

use crate::{
    catalog::{Money, MoneyInput},
    costing::CostingMethod,
    graphql::{
        context::ContextExt,
        fault::Answer,
        once::{EarlierCall, ReplayablePayload},
        reading::InputErrors,
        refusal::{ErrorCode, UserError},
        scalars::{CurrencyCode, Date, Long},
    },
    identity::{Tenant, find_own_tenant},
    nodes::Node,
};

/// Settings of a tenant, in addition to the tenant's own fields.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct TenantSettings {
    /// Time zone of the tenant, in which its last days are computed.
    #[graphql(skip)]
    time_zone: String,
    /// Version of the settings, +1 for each change; expected by tenantUpdate.
    pub version: Long,
    /// Time for which a PENDING order holds its stock, in seconds: 60 to 2,592,000 (30 days).
    pub reservation_seconds: Long,
    /// A session that is not used for so many seconds ends; null is the deployment's own limit.
    pub session_idle_seconds: Option<Long>,
    /// A session ends after so many seconds, used or not; null is the deployment's own limit.
    pub session_seconds: Option<Long>,
    /// Characters that members' passwords have at least; null is the deployment's own limit.
    pub password_length: Option<Long>,
    /// Amount above which a purchase must be approved by another member than the one who submits
    /// it. Null for no limit.
    pub approval_limit: Option<Money>,
    /// Method by which the cost of goods that leave stock is computed.
    pub costing_method: CostingMethod,
    /// Whole units in the largest line of a day from which the day is an anomaly of stock. Null for
    /// the default, 50.
    pub anomaly_size: Option<Long>,
    /// Most days between equal receipts of goods that are an anomaly, RECEIVED_TWICE. Null for the
    /// default, 3.
    pub duplicate_receipt_days: Option<Long>,
    /// Whole units of an order line below its cost from which the line is an anomaly, BELOW_COST. Null for the default, 5.
    pub anomaly_loss_units: Option<Long>,
    /// Whole units of its currency that an order line below its cost loses, from which the line is an anomaly whatever its quantity, BELOW_COST. Null for
    /// the default, 5.
    pub anomaly_loss_amount: Option<Long>,
    /// Returns and cancellations of a member or an integration in 28 days from which they can be an anomaly, REVERSALS. Null for the default, 10.
    pub anomaly_reversals: Option<Long>,
    /// Counts of a product in a row that all miss units, from which they are an anomaly, COUNTS_SHORT. Null for the default, 3.
    pub anomaly_short_counts: Option<Long>,
    /// Most minutes between equal orders of a customer that are an anomaly, DUPLICATE. Null for the default, 10.
    pub anomaly_duplicate_minutes: Option<Long>,
    /// Days without a movement or a count from which stock is an anomaly, UNMOVED. Null for the default, 180.
    pub anomaly_unmoved_days: Option<Long>,
}

impl From<Settings> for TenantSettings {
    fn from(settings: Settings) -> Self {
        let approval_limit = settings.approval_limit().map(Money::from);
        Self {
            time_zone: settings.time_zone,
            version: Long(settings.version),
            reservation_seconds: Long(settings.reservation_seconds),
            session_idle_seconds: settings.session_idle_seconds.map(Long),
            session_seconds: settings.session_seconds.map(Long),
            password_length: settings.password_length.map(Long),
            approval_limit,
            costing_method: settings.costing_method.into(),
            anomaly_size: settings.anomaly_size.map(Long),
            duplicate_receipt_days: settings.duplicate_receipt_days.map(Long),
            anomaly_loss_units: settings.patterns.loss_units.map(Long),
            anomaly_loss_amount: settings.patterns.loss_amount.map(Long),
            anomaly_reversals: settings.patterns.reversals.map(Long),
            anomaly_short_counts: settings.patterns.short_counts.map(Long),
            anomaly_duplicate_minutes: settings.patterns.duplicate_minutes.map(Long),
            anomaly_unmoved_days: settings.patterns.unmoved_days.map(Long),
        }
    }
}

#[resolvers(complex)]
impl TenantSettings {
    /// 99th percentile of the largest order lines of days, in whole units and rounded up, to choose `anomalySize` by: one of 100 is larger. Each is the
    /// `largestLineUnits` that demandFacts has of a product in a store and a channel on a day. The last 90 days count, today included, and of their lines the
    /// newest 100,000. Null if there is none, for callers of one channel, and without report.read for all stores.
    // The figure covers all stores, so a caller with the right for some of them does not see it.
    #[field(mask(ReportRead, in_body), cost = "5")]
    async fn p99_line_units(&self, ctx: &Context<'_>) -> Answer<Option<Long>> {
        let Ok(permit) = ctx.permit::<kind::ReportRead>() else { return Ok(None) };
        let identity = ctx.required_data::<Identity>()?;
        let today = local_day(identity.clock().now(), &self.time_zone);
        Ok(shell::p99_line_units(&permit, identity.database(), today).await?.map(Long))
    }
}

#[ComplexObject]
impl Tenant {
    /// Settings of the tenant; null for another tenant than the session's.
    async fn settings(&self, ctx: &Context<'_>) -> Option<Answer<TenantSettings>> {
        let caller = ctx.data_opt::<Caller>().filter(|caller| caller.tenant.to_string() == *self.id)?;
        let found = async {
            let scope = ctx.required_data::<Identity>()?.database().tenant(caller.tenant);
            Ok(settings(&scope).await?.into())
        };
        Some(found.await)
    }
}

/// Changes of a tenant; a field that is omitted stays as it is.
#[derive(Debug, Clone, InputObject)]
pub struct TenantUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.
    pub idempotency_key: Option<String>,
    /// Version of the settings that you saw, from Tenant.settings.version; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Name of the tenant, at most 200 characters. Null leaves it as it is.
    pub name: Option<String>,
    /// Currency of the tenant's books. Fixed once stock has moved, a charge of a purchase order or an invoice was converted, or an order
    /// has an agreed rate, because values are in it. Null leaves it as it is.
    pub default_currency: Option<CurrencyCode>,
    /// IANA time zone of the tenant. Past business days keep their dates. Null leaves it as it is.
    pub time_zone: Option<String>,
    /// True if members must use a second factor. Null leaves it as it is.
    pub is_mfa_required: Option<bool>,
    /// Deprecated name of `isMfaRequired`.
    #[graphql(deprecation = "2026-11-27: use isMfaRequired. Removed after 2027-11-27.")]
    pub mfa_required: Option<bool>,
    /// Time for which a PENDING order holds its stock, in seconds: 60 to 2,592,000 (30 days). Null leaves it as it is. Every node
    /// applies a change within a minute.
    pub reservation_seconds: Option<Long>,
    /// A session that is not used for so many seconds ends: from 300 to 43,200; null is the deployment's own limit.
    pub session_idle_seconds: MaybeUndefined<Long>,
    /// A session ends after so many seconds, used or not: from 900 to 1,209,600; null is the deployment's own limit.
    pub session_seconds: MaybeUndefined<Long>,
    /// Smallest length of members' passwords, a multiple of four from 12 to 64 characters. Null for
    /// the deployment's own limit. Members with a shorter password cannot log in with it, and their
    /// sessions end with the access token.
    pub password_length: MaybeUndefined<Long>,
    /// Amount above which a purchase must be approved by another member than the one who submits
    /// it, in the currency of the books; to be set again when that changes. Null for no limit.
    pub approval_limit: MaybeUndefined<MoneyInput>,
    /// Method by which the cost of goods that leave stock is computed. Both methods are recorded from the first movement on: reports of the
    /// past use the new one too. Null leaves it as it is.
    pub costing_method: Option<CostingMethod>,
    /// Closes the books through a day that is over: nothing that happened on it or before can be booked any more. An earlier day, or null, opens them again.
    pub closed_through: MaybeUndefined<Date>,
    /// Whole units in the largest line of a day from which the day is an anomaly of stock, 1 to
    /// 1,000,000. Null for the default, 50.
    pub anomaly_size: MaybeUndefined<Long>,
    /// Most days between equal receipts of goods that are an anomaly, RECEIVED_TWICE, 1 to 30. Null
    /// for the default, 3.
    pub duplicate_receipt_days: MaybeUndefined<Long>,
    /// Whole units of an order line below its cost from which the line is an anomaly, BELOW_COST, 1 to 1,000,000. Null for the default, 5.
    pub anomaly_loss_units: MaybeUndefined<Long>,
    /// Whole units of its currency that an order line below its cost loses, from which the line is an anomaly whatever its quantity, BELOW_COST, 1 to
    /// 1,000,000. Null for the default, 5.
    pub anomaly_loss_amount: MaybeUndefined<Long>,
    /// Returns and cancellations of a member or an integration in 28 days from which they can be an anomaly, REVERSALS, 2 to 10,000. Null for the default, 10.
    pub anomaly_reversals: MaybeUndefined<Long>,
    /// Counts of a product in a row that all miss units, from which they are an anomaly, COUNTS_SHORT, 2 to 20. Null for the default, 3.
    pub anomaly_short_counts: MaybeUndefined<Long>,
    /// Most minutes between equal orders of a customer that are an anomaly, DUPLICATE, 1 to 1,440. Null for the default, 10.
    pub anomaly_duplicate_minutes: MaybeUndefined<Long>,
    /// Days without a movement or a count from which stock is an anomaly, UNMOVED, 30 to 730. Null for the default, 180.
    pub anomaly_unmoved_days: MaybeUndefined<Long>,
}

crate::payload!(TenantPayload, tenant: Tenant, "tenant");

#[derive(Default)]
pub struct TenancyMutation;

#[resolvers]
impl TenancyMutation {
    /// Changes the settings of the caller's tenant, all that are named or none.
    #[mutation(permit = TenantWrite, emits(TENANT_UPDATED), step_up, once, dry_run(rolled_back))]
    async fn tenant_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changes of the tenant's settings.")] input: TenantUpdateInput,
    ) -> Answer<TenantPayload> {
        let identity = ctx.required_data::<Identity>()?;
        let long = |value: MaybeUndefined<Long>| Option::from(value.map_value(|Long(number)| number));
        let mut reader = InputErrors::default();
        let approval_limit = match &input.approval_limit {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(limit) => Some(reader.money(Some(limit), || path!["input", "approvalLimit"])),
        };
        let change = Change {
            expected_version: input.expected_version.0,
            name: input.name,
            currency: input.default_currency.map(|code| code.0),
            time_zone: input.time_zone,
            mfa_required: input.is_mfa_required.or(input.mfa_required),
            reservation_seconds: input.reservation_seconds.map(|seconds| seconds.0),
            session_idle_seconds: long(input.session_idle_seconds),
            session_seconds: long(input.session_seconds),
            password_length: long(input.password_length),
            approval_limit,
            costing_method: input.costing_method.map(Into::into),
            closed_through: input.closed_through.map_value(|Date(day)| day).into(),
            anomaly_size: long(input.anomaly_size),
            duplicate_receipt_days: long(input.duplicate_receipt_days),
            patterns: PatternChange {
                loss_units: long(input.anomaly_loss_units),
                loss_amount: long(input.anomaly_loss_amount),
                reversals: long(input.anomaly_reversals),
                short_counts: long(input.anomaly_short_counts),
                duplicate_minutes: long(input.anomaly_duplicate_minutes),
                unmoved_days: long(input.anomaly_unmoved_days),
            },
        };
        let tenant = permit.tenant();
        let outcome = match reader.end(change) {
            Ok(change) => Ok(update(identity.database(), identity.clock(), permit, &change).await?),
            Err(user_errors) => Err(user_errors),
        };
        let current = find_own_tenant(ctx, tenant).await?;
        let (tenant, user_errors, seq) = match outcome {
            Ok(UpdateOutcome::Done(settings, seq)) => {
                (current.map(|tenant| with_settings(tenant, *settings)), Vec::new(), seq.map(Long))
            }
            Ok(UpdateOutcome::Refused(rejections)) => {
                (None, rejections.iter().map(|rejection| refuse(rejection, current.clone())).collect(), None)
            }
            Err(user_errors) => (current, user_errors, None),
        };
        Ok(TenantPayload { tenant, user_errors, replayed: false, seq })
    }
}

/// The tenant with its settings, which a dry run has not written.
fn with_settings(tenant: Tenant, settings: Settings) -> Tenant {
    Tenant {
        name: settings.name,
        default_currency: CurrencyCode(settings.currency),
        time_zone: settings.time_zone,
        is_mfa_required: settings.mfa_required,
        mfa_required: settings.mfa_required,
        closed_through: settings.closed_through.map(Date),
        ..tenant
    }
}

impl ReplayablePayload for TenantPayload {
    async fn replay(ctx: &Context<'_>, earlier: EarlierCall) -> Answer<Self> {
        let tenant = find_own_tenant(ctx, ctx.caller()?.tenant).await?;
        Ok(Self { tenant, user_errors: Vec::new(), replayed: true, seq: earlier.seq().map(Long) })
    }
}

fn refuse(rejection: &Rejection, current: Option<Tenant>) -> UserError {
    let at = |field: &str| path!["input", field];
    match rejection {
        Rejection::Stale { actual } => UserError::stale(
            format!("the settings have changed: their version is {actual}"),
            at("expectedVersion"),
            *actual,
            current.map(Node::Tenant),
        ),
        Rejection::NoName => UserError::new(ErrorCode::Required, "a text is needed", at("name")),
        Rejection::NameTooLong { most } => {
            UserError::new(ErrorCode::TooLong, format!("at most {most} characters are kept"), at("name"))
        }
        Rejection::OddName => UserError::new(ErrorCode::Invalid, "a text without control characters is expected", at("name")),
        Rejection::Currency => {
            UserError::new(ErrorCode::Invalid, "an ISO 4217 code in use is expected, as in GBP", at("defaultCurrency"))
        }
        Rejection::CurrencyInUse => UserError::new(
            ErrorCode::InUse,
            "stock has moved, a charge of a purchase order or an invoice was converted, or an order has an agreed rate: values are in this currency",
            at("defaultCurrency"),
        ),
        Rejection::TimeZone => UserError::new(
            ErrorCode::Invalid,
            "a name of the IANA time zone database is expected, as in Europe/London",
            at("timeZone"),
        ),
        Rejection::PasswordLength => {
            UserError::new(ErrorCode::OutOfRange, "a multiple of four from 12 to 64 is expected", at("passwordLength"))
        }
        Rejection::ApprovalCurrency(code) => {
            let message = format!("the books are in {code}: the limit is said in it too, or taken away with null");
            UserError::new(ErrorCode::Invalid, message, at("approvalLimit"))
        }
        Rejection::DayNotOver => UserError::new(
            ErrorCode::OutOfRange,
            "a day that is over is expected, in the time zones of the tenant and of all its stores",
            at("closedThrough"),
        ),
        Rejection::ApprovalNegative => UserError::new(ErrorCode::OutOfRange, "zero or more is expected", at("approvalLimit")),
        Rejection::OutOfRange { field, least, most } => {
            let field = match field {
                Field::ReservationSeconds => "reservationSeconds",
                Field::SessionIdleSeconds => "sessionIdleSeconds",
                Field::SessionSeconds => "sessionSeconds",
                Field::AnomalySize => "anomalySize",
                Field::DuplicateReceiptDays => "duplicateReceiptDays",
                Field::AnomalyLossUnits => "anomalyLossUnits",
                Field::AnomalyLossAmount => "anomalyLossAmount",
                Field::AnomalyReversals => "anomalyReversals",
                Field::AnomalyShortCounts => "anomalyShortCounts",
                Field::AnomalyDuplicateMinutes => "anomalyDuplicateMinutes",
                Field::AnomalyUnmovedDays => "anomalyUnmovedDays",
            };
            UserError::new(ErrorCode::OutOfRange, format!("a number from {least} to {most} is expected"), at(field))
        }
    }
}
