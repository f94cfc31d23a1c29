//! Paths in an input: the schema's names of the fields that rejections refer to.

use inventory::stock::core::{At, Field};

use crate::graphql::refusal::Path;

/// The path from the input's root to a place; empty if no field is meant.
pub fn path(at: At) -> Path {
    let mut path = Path::new();
    if at.is_input {
        path.push("input".to_owned());
    }
    for (list, index) in at.row.into_iter().chain(at.part).chain(at.item.map(|(list, index)| (list, index as usize))) {
        path.extend(names(list).iter().map(|name| (*name).to_owned()));
        path.push(index.to_string());
    }
    path.extend(at.field.iter().flat_map(|field| names(*field)).map(|name| (*name).to_owned()));
    path
}

/// Returns the name of a field in the schema; several names if it is in an object of its own.
#[expect(clippy::too_many_lines, reason = "a table, one line a field")]
const fn names(field: Field) -> &'static [&'static str] {
    match field {
        Field::AbcClass => &["abcClass"],
        Field::AddLines => &["addLines"],
        Field::Amount => &["amount"],
        Field::Basis => &["basis"],
        Field::BlanketOrder => &["blanketOrder"],
        Field::CallOffMinimum => &["callOffMinimum"],
        Field::CallOffMultiple => &["callOffMultiple"],
        Field::BillingAddress => &["billingAddress"],
        Field::CancelLines => &["cancelLines"],
        Field::Carrier => &["carrierId"],
        Field::Category => &["categoryId"],
        Field::Changes => &["changes"],
        Field::Channel => &["channelId"],
        Field::Charges => &["charges"],
        Field::Code => &["code"],
        Field::Compare => &["compare"],
        Field::Contact => &["contact"],
        Field::Counted => &["counted"],
        Field::CountedAt => &["countedAt"],
        Field::Countries => &["countries"],
        Field::Customer => &["customerId"],
        Field::CustomerTags => &["customerTags"],
        Field::DeliveredAt => &["deliveredAt"],
        Field::Delta => &["delta"],
        Field::DeliveryNote => &["deliveryNote"],
        Field::Discount => &["discount"],
        Field::Document => &["documentId"],
        Field::ExpectedVersion => &["expectedVersion"],
        Field::ExpiresOn => &["expiresOn"],
        Field::ExternalRef => &["externalRef"],
        Field::FailedAt => &["failedAt"],
        Field::FixedRate => &["fixedRate"],
        Field::FromStore => &["fromStore"],
        Field::Id => &["id"],
        Field::Ids => &["ids"],
        Field::IdempotencyKey => &["idempotencyKey"],
        Field::Items => &["items"],
        Field::Kind => &["kind"],
        Field::LineId => &["lineId"],
        Field::Lines => &["lines"],
        Field::Lot => &["lot"],
        Field::LotCode => &["lot", "code"],
        Field::LotExpiresOn => &["lot", "create", "expiresOn"],
        Field::Lots => &["lots"],
        Field::Matches => &["matches"],
        Field::Method => &["method"],
        Field::Metadata => &["metadata"],
        Field::Movement => &["movementId"],
        Field::Name => &["name"],
        Field::Note => &["note"],
        Field::NoteForCustomer => &["noteForCustomer"],
        Field::NoteForStaff => &["noteForStaff"],
        Field::OccurredAt => &["occurredAt"],
        Field::OnHand => &["onHand"],
        Field::OnShortage => &["onShortage"],
        Field::OnUncounted => &["onUncounted"],
        Field::OpeningStock => &["openingStock"],
        Field::Order => &["order"],
        Field::OrderId => &["orderId"],
        Field::OrderLine => &["orderLineId"],
        Field::OverPercent => &["overDeliveryPercent"],
        Field::Parcels => &["parcels"],
        Field::Parent => &["parentId"],
        Field::PaymentReference => &["reference"],
        Field::Payments => &["payments"],
        Field::PlacedAt => &["placedAt"],
        Field::Product => &["product"],
        Field::ProductTags => &["productTags"],
        Field::Products => &["products"],
        Field::PurchaseOrderLine => &["purchaseOrderLineId"],
        Field::Quantity => &["quantity"],
        Field::Reason => &["reason"],
        Field::Reference => &["referenceId"],
        Field::Refund => &["refund"],
        Field::Register => &["register"],
        Field::Reservations => &["reservationIds"],
        Field::Return => &["returnId"],
        Field::Resourcing => &["resourcing"],
        Field::ResourcingDestination => &["resourcing", "destination"],
        Field::Service => &["service"],
        Field::SetLines => &["setLines"],
        Field::ShippingAddress => &["shippingAddress"],
        Field::ShippingCountry => &["shippingCountry"],
        Field::Sourcing => &["sourcing"],
        Field::SourcingDestination => &["sourcing", "destination"],
        Field::Status => &["status"],
        Field::Store => &["store"],
        Field::Supplier => &["supplier"],
        Field::Tags => &["tags"],
        Field::TagsAdd => &["tagsAdd"],
        Field::TagsRemove => &["tagsRemove"],
        Field::Tax => &["tax"],
        Field::TaxRate => &["taxRate"],
        Field::To => &["to"],
        Field::ToStore => &["toStore"],
        Field::TotalAtLeast => &["totalAtLeast"],
        Field::TrackingNumber => &["trackingNumber"],
        Field::TtlSeconds => &["ttlSeconds"],
        Field::UnderPercent => &["underDeliveryPercent"],
        Field::UnitCost => &["unitCost"],
        Field::UnitCredit => &["unitCredit"],
        Field::UnitPrice => &["unitPrice"],
        Field::UnitPriceCurrency => &["unitPrice", "currencyCode"],
        Field::ValidFrom => &["validFrom"],
        Field::ValidTo => &["validTo"],
        Field::Weight => &["weight"],
        Field::WrongItems => &["wrongItems"],
    }
}
