//! Charges that are added to purchase orders after their goods have come.

use async_graphql::{ID, InputObject};
use entity::prelude;
use inventory::costing::{
    core::{MAX_NOTE, MAX_REVALUED_PRODUCTS},
    shell::{ChargeAdd, ChargeProblem, MAX_ADDED_CHARGES},
};
use platform::path;

use crate::{
    catalog::MoneyInput,
    graphql::{
        reading::InputErrors,
        refusal::{ErrorCode, UserError},
        scalars::Long,
    },
    purchasing::{ChargeBasis, ChargeKind, PurchaseOrderRef, check_key, refusal::rate_missing},
    row_names,
};

/// Charge that is billed after the goods of a purchase order have come.
#[derive(Debug, Clone, InputObject)]
pub struct PurchaseOrderChargeAddInput {
    /// ID of the purchase order, of which something has been received. Needed unless `purchaseOrder` names it.
    pub id: Option<ID>,
    /// The purchase order, instead of `id`. Null where `id` is given.
    pub purchase_order: Option<PurchaseOrderRef>,
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The version that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Kind of the charge. A DEPOSIT is refused: it is no part of the cost of goods.
    pub kind: ChargeKind,
    /// Basis on which the charge is spread over the lines: over the goods received of each. Default VALUE.
    #[graphql(default_with = "ChargeBasis::Value")]
    pub basis: ChargeBasis,
    /// Name of the charge, 1 to 300 characters. Null takes the name of its kind.
    pub name: Option<String>,
    /// Amount of the charge, other than 0; below 0 for a credit, or where a bill is lower than the order's charge: then it is the difference. In another currency
    /// than the books it is converted at the exchange rate of the day in the store's time zone, and RATE_MISSING refuses it where there is none.
    pub amount: MoneyInput,
    /// Your own reference, as the number of the bill; unique among the tenant's revaluations, 1 to 200 characters. Null for none.
    pub external_ref: Option<String>,
    /// Reason for the charge, 1 to 1,000 characters.
    pub note: String,
}

row_names!("purchaseOrder": purchase_order of PurchaseOrderChargeAddInput);

impl PurchaseOrderChargeAddInput {
    pub(super) fn read(self) -> Result<ChargeAdd, Vec<UserError>> {
        let mut reader = InputErrors::default();
        check_key(&mut reader, &self.idempotency_key);
        let order = reader.row(self.id);
        let amount = reader.money(Some(&self.amount), || path!["input", "amount"]);
        // An amount that cannot be read has refused the call.
        let amount = amount.unwrap_or_else(|| prelude::Money::zero(prelude::Currency::GBP));
        reader.end(ChargeAdd {
            idempotency_key: self.idempotency_key,
            order,
            expected_version: self.expected_version.map(|version| version.0),
            kind: self.kind.into(),
            basis: self.basis.into(),
            name: self.name,
            amount,
            external_ref: self.external_ref,
            note: self.note,
        })
    }
}

pub(super) fn charge_error(problem: &ChargeProblem) -> UserError {
    let new = UserError::new;
    let path_of = |name: &str| path!["input", name];
    match problem {
        ChargeProblem::NoNote => new(ErrorCode::Required, "say why: a text is needed", path_of("note")),
        ChargeProblem::NoteTooLong => {
            UserError::new(ErrorCode::TooLong, format!("at most {MAX_NOTE} characters are kept"), path_of("note"))
        }
        ChargeProblem::Name => new(ErrorCode::Invalid, "a text of 1 to 300 characters is expected", path_of("name")),
        ChargeProblem::Reference => new(ErrorCode::Invalid, "a text of 1 to 200 characters is expected", path_of("externalRef")),
        ChargeProblem::Deposit => new(ErrorCode::Invalid, "a deposit is no part of what goods cost", path_of("kind")),
        ChargeProblem::Zero => new(ErrorCode::OutOfRange, "an amount other than 0 is expected", path_of("amount")),
        ChargeProblem::NoOrder => UserError::not_found("purchase order", path_of("id")),
        ChargeProblem::Version(actual) => UserError::version_conflict("order", *actual),
        ChargeProblem::NothingReceived => {
            let message = "nothing of the order has come: change its charges (purchaseOrderUpdate), or receive it first";
            new(ErrorCode::InvalidState, message, path_of("id"))
        }
        ChargeProblem::NothingToSpreadBy(basis) => {
            let message = format!("the received goods have no {}: choose another basis", basis.as_str().to_lowercase());
            UserError::new(ErrorCode::Invalid, message, path_of("basis"))
        }
        ChargeProblem::TooManyProducts => {
            let message = format!("goods of more than {MAX_REVALUED_PRODUCTS} products have come: revalue them (stockRevalue)");
            UserError::new(ErrorCode::LimitExceeded, message, path_of("id"))
        }
        ChargeProblem::TooManyCharges => {
            let message =
                format!("{MAX_ADDED_CHARGES} charges were added to the order, the most: revalue its products (stockRevalue)");
            UserError::new(ErrorCode::LimitExceeded, message, path_of("id"))
        }
        ChargeProblem::RateMissing { from, to, day } => {
            UserError::new(ErrorCode::RateMissing, rate_missing(*from, *to, *day), path_of("amount"))
        }
        ChargeProblem::Unconvertible => {
            let message = "it converts to 0 in the currency of the books, or to more than 2^53 − 1 minor units";
            new(ErrorCode::OutOfRange, message, path_of("amount"))
        }
        ChargeProblem::TooDearTogether => {
            let message = "all stock together would be worth more than 2^53 − 1 minor units, the largest exact number";
            new(ErrorCode::OutOfRange, message, path_of("amount"))
        }
        ChargeProblem::ReferenceTaken => {
            new(ErrorCode::Duplicate, "another revaluation has this reference", path_of("externalRef"))
        }
        ChargeProblem::KeyReused => UserError::key_reused(path_of("idempotencyKey")),
    }
}
