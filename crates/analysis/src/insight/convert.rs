//! Conversions between values of the API and those of reports.

use entity::prelude::{self, Currency};
use services::insight::shell::ReportError;

use crate::graphql::{
    fault::{Answer, TopError},
    scalars::{CurrencyCode, Quantity},
};

/// Converts the reason for a missing report to an error of its field.
pub(crate) fn report_error(error: ReportError) -> TopError {
    match error {
        ReportError::Fault(fault) => fault.into(),
        ReportError::TooLarge => TopError::bad_input(error.to_string(), Vec::new()),
    }
}

/// The shell gives no sum beyond ±(2^53 − 1).
pub(super) fn units(sum: i64) -> Quantity {
    prelude::Quantity::new(sum).unwrap_or_default().into()
}

pub(crate) fn checked_currency(code: Option<CurrencyCode>) -> Answer<Option<Currency>> {
    let Some(code) = code else { return Ok(None) };
    let currency = Currency::parse(&code.0).map(Some);
    currency
        .ok_or_else(|| TopError::bad_input("an ISO 4217 code in upper case is expected, as in GBP", vec!["currency".to_owned()]))
}
