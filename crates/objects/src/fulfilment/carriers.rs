//! Carriers: companies that take parcels.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject};
use entity::prelude::CarrierId;
use iam::access::kind;
use inventory::{
    fulfilment::{
        core::{self, CarrierProblem, NewCarrier},
        events::CARRIER_SET,
        rows,
        shell::{CarrierRefusal, CarrierUpsert, carrier_upsert},
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::{paging::Key, path, storage::idempotency::check_key};

use super::loaders::load;
use crate::{
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter},
        nested::read_nested,
        refusal::{ErrorCode, Path, UserError},
        scalars::{Cursor, DateTime, Long},
    },
    payload,
    periods::resolve_filter_periods,
    short_lists::{IdAndTextFilter, ShortList, is_within, short_sort},
    stock::clear_levels,
};

/// A carrier of the tenant.
#[derive(Clone)]
pub struct ShippingCarrier(pub Arc<core::ShippingCarrier>);

/// Company that takes parcels to their addresses.
#[resolvers(name = "Carrier")]
impl ShippingCarrier {
    /// ID of the carrier.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Code of the carrier, unique in the tenant without regard to case.
    async fn code(&self) -> &str {
        &self.0.code
    }
    /// Name of the carrier.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Services that parcels can name; empty when any can be named.
    async fn services(&self) -> &[String] {
        &self.0.services
    }
    /// URL of the page that tracks a parcel, with {number} in the place of its number; null when
    /// there is none.
    async fn tracking_url_template(&self) -> Option<&str> {
        self.0.url_template.as_deref()
    }
    /// Form of the carrier's numbers: # is a digit, @ a letter, * either, and other characters are themselves. Null when any
    /// number is accepted.
    async fn number_pattern(&self) -> Option<&str> {
        self.0.number_pattern.as_deref()
    }
    /// True if new parcels can name the carrier.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }
    /// Version of the carrier, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the carrier.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the carrier was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// The carrier of an id.
pub async fn find_carrier(ctx: &Context<'_>, id: CarrierId) -> Answer<Option<ShippingCarrier>> {
    ctx.permit::<kind::FulfilmentRead>()?;
    Ok(load(ctx, id).await?.map(ShippingCarrier))
}

payload!(CarrierPayload, carrier: ShippingCarrier, "carrier");

/// Carrier to create or change, found by its code. All of its fields are set.
#[derive(Debug, Clone, InputObject)]
pub struct CarrierUpsertInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Version of the carrier that you saw, 0 for a new one; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Code of the carrier; at most 64 characters; case is ignored.
    pub code: String,
    /// Name of the carrier; at most 200 characters.
    pub name: String,
    /// Services that parcels can name, at most 50 of at most 64 characters; any when it is empty. Empty by default.
    #[graphql(default)]
    pub services: Vec<String>,
    /// URL of the page that tracks a parcel: https, with {number} once, in the place of its number. Null for none.
    pub tracking_url_template: Option<String>,
    /// Form of the carrier's numbers, at most 64 characters: # is a digit, @ a letter, * either, and other characters are
    /// themselves. Null for any.
    pub number_pattern: Option<String>,
    /// True if new parcels can name the carrier. Default true.
    #[graphql(default = true)]
    pub is_active: bool,
}

crate::connection!(counted CarrierConnection, CarrierEdge, ShippingCarrier, "carriers");

/// Filter of carriers. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct CarrierFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<CarrierFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<CarrierFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<CarrierFilter>>,
    /// Condition on the carrier's ID.
    pub id: Option<IdFilter>,
    /// Part of the code or the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// True for carriers that new parcels can name, false for the others, null for both.
    pub is_active: Option<bool>,
    /// Time at which the carrier was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the carrier last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(CarrierFilter);
crate::dated_filter!(CarrierFilter, [] "createdAt" created_at, "updatedAt" updated_at);

short_sort!(CarrierSort, CarrierSortField of core::ShippingCarrier, "carriers" by "ID", |carrier| {
    Code, "CODE", "Code of the carrier; case is ignored." => Key::Text(carrier.code.to_lowercase());
    Name, "NAME", "Name of the carrier; the case of the letters A to Z is ignored." => Key::Text(carrier.name.to_ascii_lowercase());
    CreatedAt, "CREATED_AT", "Time at which the carrier was created." => Key::Int(carrier.created_at.micros());
    UpdatedAt, "UPDATED_AT", "Time at which the carrier last changed." => Key::Int(carrier.updated_at.micros());
});

/// The root fields that read carriers.
#[derive(Default)]
pub struct CarrierQuery;

#[resolvers]
impl CarrierQuery {
    /// Carriers of the tenant by their codes.
    #[field(
        permit = FulfilmentRead,
        list_size(assumed = 20),
        deprecation = "2026-11-26: use carriersList, which has pages. Removed after 2027-11-26."
    )]
    async fn carriers(&self, ctx: &Context<'_>) -> Answer<Vec<ShippingCarrier>> {
        let found = rows::load_carriers(&permit.scope(ctx.required_data::<Ledger>()?.database())).await?;
        Ok(found.into_iter().map(|carrier| ShippingCarrier(Arc::new(carrier))).collect())
    }

    /// Carriers of the tenant, by their codes unless another order is asked for.
    #[field(permit = FulfilmentRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn carriers_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the carriers; all carriers by default.")] filter: Option<CarrierFilter>,
        #[graphql(desc = "Sort of the carriers. Null for CODE, ASC.")] sort: Option<CarrierSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<CarrierConnection> {
        let args = PageArgs { first, after, last, before };
        let list = ShortList::sorted(ctx, "carriers", sort.map(CarrierSort::name_and_direction), &args)?;
        let filter =
            read_nested(resolve_filter_periods(ctx, filter).await?.unwrap_or_default(), &mut |filter: CarrierFilter, at| {
                let sought = IdAndTextFilter::read_at(filter.id.as_ref(), filter.search, at)?;
                Ok((sought, filter.is_active, filter.created_at, filter.updated_at))
            })?;
        let all_carriers = rows::load_carriers(&permit.scope(ctx.required_data::<Ledger>()?.database())).await?.into_iter();
        let is_sought = |carrier: &core::ShippingCarrier| {
            filter.holds(&|(sought, is_active, created, updated)| {
                sought.matches_row(carrier.id, &[&carrier.code, &carrier.name])
                    && is_active.is_none_or(|expected| carrier.is_active == expected)
                    && is_within(created.as_ref(), carrier.created_at)
                    && is_within(updated.as_ref(), carrier.updated_at)
            })
        };
        let nodes = all_carriers.filter(is_sought).map(|carrier| {
            let first = sort.map_or_else(|| Key::Text(carrier.code.to_lowercase()), |sort| sort.key(&carrier));
            let keys = vec![first, Key::from(carrier.id)];
            (ShippingCarrier(Arc::new(carrier)), keys)
        });
        Ok(list.page(nodes).into())
    }
}

/// The root field that changes carriers.
#[derive(Default)]
pub struct CarrierMutation;

#[resolvers]
impl CarrierMutation {
    /// Makes a carrier, or changes the one of the code. A tenant with 500 carriers or more gets no further one.
    #[mutation(permit = StoreWrite, emits(CARRIER_SET), dry_run)]
    async fn carrier_upsert(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The carrier.")] input: CarrierUpsertInput,
    ) -> Answer<CarrierPayload> {
        if let Err(reason) = check_key(&input.idempotency_key) {
            return Ok(vec![UserError::invalid_key(reason, path!["input", "idempotencyKey"])].into());
        }
        let upsert = CarrierUpsert {
            idempotency_key: input.idempotency_key,
            expected_version: input.expected_version.map(|version| version.0),
            carrier: NewCarrier {
                code: input.code,
                name: input.name,
                services: input.services,
                url_template: input.tracking_url_template,
                number_pattern: input.number_pattern,
                is_active: input.is_active,
            },
        };
        match Box::pin(carrier_upsert(ctx.required_data::<Ledger>()?, permit, upsert, dry_run)).await? {
            Ok(outcome) => {
                clear_levels(ctx);
                let carrier = Some(ShippingCarrier(Arc::new(outcome.carrier)));
                Ok(CarrierPayload { carrier, user_errors: Vec::new(), replayed: outcome.is_replayed, seq: outcome.seq.map(Long) })
            }
            Err(refusals) => Ok(refusals.into_iter().map(carrier_error).collect::<Vec<_>>().into()),
        }
    }
}

fn carrier_error(refusal: CarrierRefusal) -> UserError {
    let invalid = |message: &str, field: &str| UserError::new(ErrorCode::Invalid, message, path!["input", field]);
    let required = |message: &str, field: &str| UserError::new(ErrorCode::Required, message, path!["input", field]);
    match refusal {
        CarrierRefusal::Invalid(CarrierProblem::NoCode) => required("a code is needed", "code"),
        CarrierRefusal::Invalid(CarrierProblem::NoName) => required("a name is needed", "name"),
        CarrierRefusal::Invalid(CarrierProblem::Code) => invalid("1 to 64 characters are expected", "code"),
        CarrierRefusal::Invalid(CarrierProblem::Name) => invalid("1 to 200 characters are expected", "name"),
        CarrierRefusal::Invalid(CarrierProblem::Services { most }) => {
            let field: Path = path!["input", "services"];
            UserError::new(ErrorCode::LimitExceeded, format!("at most {most} services are kept"), field)
        }
        CarrierRefusal::Invalid(CarrierProblem::Service) => invalid("a service has 1 to 64 characters", "services"),
        CarrierRefusal::Invalid(CarrierProblem::Template) => invalid(
            "an address that begins with https:// and has {number} once, behind its host, is expected",
            "trackingUrlTemplate",
        ),
        CarrierRefusal::Invalid(CarrierProblem::Pattern) => invalid("1 to 64 characters are expected", "numberPattern"),
        CarrierRefusal::Stale(version) => {
            let message = format!("the carrier has changed: its version is {version}");
            UserError::new(ErrorCode::VersionConflict, message, path!["input", "expectedVersion"])
        }
        CarrierRefusal::TooMany => {
            UserError::new(ErrorCode::LimitExceeded, format!("at most {} carriers are kept", rows::MAX_CARRIERS), path!["input"])
        }
        CarrierRefusal::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
    }
}
