//! Entering exchange rates.

use async_graphql::{Context, InputObject};
use entity::prelude::Currency;
use iam::access::kind;
use inventory::{
    currency::{
        core::{NewRate, RateProblem},
        events::EXCHANGE_RATE_SET,
        shell::{self, MAX_RATES, Outcome, SetRates, SetRefusal},
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::{clock, path};

use super::rate::ExchangeRate;
use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        reading::{InputErrors, read},
        refusal::{ErrorCode, Path, UserError, truncate_errors},
        scalars::{CurrencyCode, Date, Decimal, Long},
    },
    purchasing::check_key,
    seen_payload,
};

/// An exchange rate to enter.
#[derive(Debug, Clone, InputObject)]
pub struct ExchangeRateSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Currency of which one unit is converted.
    pub base_code: CurrencyCode,
    /// Currency in which `rate` is counted; another one than `baseCode`.
    pub quote_code: CurrencyCode,
    /// Units of `quoteCode` for one unit of `baseCode`: above 0, at most 12 significant digits.
    pub rate: Decimal,
    /// Day from which the rate is used; not after today in the tenant's time zone.
    pub day: Date,
    /// Name of the source, 1 to 64 characters. A rate of the same pair, day and source is replaced.
    pub source: String,
    /// True if a rate is accepted that is more than a factor of two from the newest rate of the pair in either direction, which is the mark of an inverted
    /// one. Default false.
    #[graphql(default)]
    pub is_unusual: bool,
    /// Deprecated name of `isUnusual`.
    #[graphql(default, deprecation = "2026-11-27: use isUnusual. Removed after 2027-11-27.")]
    pub unusual: bool,
}

/// A file of exchange rates to enter.
#[derive(Debug, Clone, InputObject)]
pub struct ExchangeRatesImportInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Content of a CSV file of the European Central Bank, `eurofxref.csv` or `eurofxref-hist.csv` cut to at most 5,000 rates: a column a currency, a row a day.
    /// Null with `ecbXml`.
    pub ecb_csv: Option<String>,
    /// Content of an XML file of the European Central Bank, `eurofxref-daily.xml`, `eurofxref-hist-90d.xml`, or `eurofxref-hist.xml` with at most 5,000
    /// rates left in it. A file that ends in the middle, or that has entities, is refused. Null with `ecbCsv`.
    pub ecb_xml: Option<String>,
    /// True if rates are accepted that are more than a factor of two from the newest rate of their pair in either direction. Default false.
    #[graphql(default)]
    pub is_unusual: bool,
    /// Deprecated name of `isUnusual`.
    #[graphql(default, deprecation = "2026-11-27: use isUnusual. Removed after 2027-11-27.")]
    pub unusual: bool,
}

seen_payload! {
    /// Result of changing an exchange rate.
    ExchangeRatePayload(exchange_rate: Option<ExchangeRate>) {
        /// The exchange rate as it is in force; null exactly when there are userErrors.
        async fn exchange_rate(&self, ctx: &Context<'_>) -> Option<Answer<ExchangeRate>> {
            let rate = self.exchange_rate.clone()?;
            Some(ctx.permit::<kind::RateRead>().map(|_| rate))
        }
    }
}

/// Result of an import of exchange rates.
#[derive(Default)]
pub struct Imported {
    rates: Vec<ExchangeRate>,
    created: i32,
    unchanged: i32,
    skipped: i32,
}

seen_payload! {
    /// Result of an import of exchange rates.
    ExchangeRatesImportPayload(imported: Imported) {
        /// Rates of the file as they are in force: the first ones, at most ten. `created` and `unchanged` add up to the number of all.
        async fn exchange_rates(&self, ctx: &Context<'_>) -> Answer<Vec<ExchangeRate>> {
            if !self.imported.rates.is_empty() {
                ctx.permit::<kind::RateRead>()?;
            }
            Ok(self.imported.rates.clone())
        }
        /// Number of rates that are new or replace another.
        async fn created(&self) -> i32 {
            self.imported.created
        }
        /// Number of rates that were stored with the same value before; zeros at the end make no difference.
        async fn unchanged(&self) -> i32 {
            self.imported.unchanged
        }
        /// Number of cells without a rate, which are empty or `N/A`, and of cells with a rate of a currency that ended, such as BGN and HRK.
        async fn skipped(&self) -> i32 {
            self.imported.skipped
        }
    }
}

/// The root fields that enter exchange rates.
#[derive(Default)]
pub struct CurrencyMutation;

#[resolvers]
impl CurrencyMutation {
    /// Enters an exchange rate. Documents that froze an earlier one keep it.
    #[mutation(permit = RateWrite, emits(EXCHANGE_RATE_SET), dry_run)]
    async fn exchange_rate_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Exchange rate.")] input: ExchangeRateSetInput,
    ) -> Answer<ExchangeRatePayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let to_payload = |user_errors| ExchangeRatePayload { exchange_rate: None, user_errors, replayed: false, seq: None };
        let call = match input.read() {
            Ok(call) => call,
            Err(errors) => return Ok(to_payload(errors)),
        };
        Ok(match Box::pin(shell::set_rates(ledger.database(), ledger.clock(), permit, call, dry_run)).await? {
            Ok(Outcome { rates, is_replayed, seq, .. }) => ExchangeRatePayload {
                exchange_rate: rates.into_iter().next().map(Into::into),
                user_errors: Vec::new(),
                replayed: is_replayed,
                seq: seq.map(Long),
            },
            Err(refusals) => to_payload(truncate_errors(refusals.iter().map(|refusal| rate_error(refusal, |_| path!["input"])))),
        })
    }

    /// Enters the exchange rates of a file, all or none. Rates that are stored already stay as they are, so the same file changes nothing twice.
    #[mutation(permit = RateWrite, emits(EXCHANGE_RATE_SET), dry_run)]
    async fn exchange_rates_import(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "File of exchange rates.")] input: ExchangeRatesImportInput,
    ) -> Answer<ExchangeRatesImportPayload> {
        let ledger = ctx.required_data::<Ledger>()?;
        let file = input.field();
        let (rates, skipped_count) = match read(|reader| input.rates(reader)) {
            Ok(read) => read,
            Err(errors) => return Ok(ExchangeRatesImportPayload::from_errors(errors)),
        };
        let cells: Vec<String> = rates.iter().map(|rate| format!("{} of {}", rate.quote, clock::day_text(rate.day))).collect();
        let call = SetRates {
            mutation: "exchangeRatesImport",
            idempotency_key: input.idempotency_key,
            rates,
            is_unusual: input.is_unusual || input.unusual,
        };
        Ok(match Box::pin(shell::set_rates(ledger.database(), ledger.clock(), permit, call, dry_run)).await? {
            Ok(outcome) => ExchangeRatesImportPayload::of(outcome, skipped_count),
            Err(refusals) => {
                let to_cell_error = |refusal: &SetRefusal| {
                    let mut error = rate_error(refusal, |_| path!["input", file]);
                    if let (SetRefusal::Row(index, _), UserError::InputError(rate)) = (refusal, &mut error) {
                        rate.message = format!("{}: {}", cells.get(*index).map_or("", String::as_str), rate.message);
                    }
                    error
                };
                ExchangeRatesImportPayload::from_errors(truncate_errors(refusals.iter().map(to_cell_error)))
            }
        })
    }
}

impl ExchangeRateSetInput {
    fn read(self) -> Result<SetRates, Vec<UserError>> {
        let mut reader = InputErrors::default();
        check_key(&mut reader, &self.idempotency_key);
        let mut currency = |code: &CurrencyCode, name: &str| {
            let parsed = Currency::parse(&code.0);
            if parsed.is_none() {
                reader.invalid("a currency of ISO 4217 in use is expected, as in EUR", || path!["input", name]);
            }
            parsed.unwrap_or(Currency::GBP)
        };
        let (base, quote) = (currency(&self.base_code, "baseCode"), currency(&self.quote_code, "quoteCode"));
        let rate = NewRate { base, quote, rate: self.rate.0, day: self.day.0, source: self.source };
        reader.end(SetRates {
            mutation: "exchangeRateSet",
            idempotency_key: self.idempotency_key,
            rates: vec![rate],
            is_unusual: self.is_unusual || self.unusual,
        })
    }
}

impl ExchangeRatesImportInput {
    /// The field that has the file.
    fn field(&self) -> &'static str {
        if self.ecb_xml.is_some() { "ecbXml" } else { "ecbCsv" }
    }

    fn rates(&self, reader: &mut InputErrors) -> (Vec<NewRate>, usize) {
        check_key(reader, &self.idempotency_key);
        let field = || path!["input", self.field()];
        let parsed = match (&self.ecb_csv, &self.ecb_xml) {
            (Some(csv), None) => shell::read_ecb_csv(csv),
            (None, Some(xml)) => shell::read_ecb_xml(xml),
            (None, None) => {
                reader.required("a file is expected: ecbCsv or ecbXml", field);
                return (Vec::new(), 0);
            }
            (Some(_), Some(_)) => {
                reader.invalid("one file is expected: ecbCsv or ecbXml", field);
                return (Vec::new(), 0);
            }
        };
        parsed.unwrap_or_else(|error| {
            reader.invalid(&error.to_string(), field);
            (Vec::new(), 0)
        })
    }
}

impl ExchangeRatesImportPayload {
    fn from_errors(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }

    fn of(outcome: Outcome, skipped: usize) -> Self {
        let imported = Imported {
            rates: outcome.rates.into_iter().map(Into::into).collect(),
            created: outcome.created as i32,
            unchanged: outcome.unchanged as i32,
            skipped: skipped as i32,
        };
        Self { imported, replayed: outcome.is_replayed, seq: outcome.seq.map(Long), ..Self::default() }
    }
}

fn rate_error(refusal: &SetRefusal, at: impl Fn(usize) -> Path) -> UserError {
    let field = |index: usize, name: &str| {
        let mut path = at(index);
        if path.len() == 1 {
            path.push(name.to_owned());
        }
        path
    };
    match refusal {
        SetRefusal::None => UserError::new(ErrorCode::Required, "The file has no rate.", field(0, "rate")),
        SetRefusal::TooMany => UserError::new(
            ErrorCode::LimitExceeded,
            format!("At most {MAX_RATES} rates are entered in one call."),
            field(0, "rate"),
        ),
        SetRefusal::KeyReused => UserError::key_reused(path!["input", "idempotencyKey"]),
        SetRefusal::Row(index, problem) => {
            let (code, message, name) = match problem {
                RateProblem::Rate => {
                    (ErrorCode::OutOfRange, "A rate is a decimal above 0 with at most 12 significant digits.".to_owned(), "rate")
                }
                RateProblem::SameCurrency => {
                    (ErrorCode::Invalid, "Base and quote are one currency: no rate is needed.".to_owned(), "quoteCode")
                }
                RateProblem::NoSource => (ErrorCode::Required, "The name of a source is needed.".to_owned(), "source"),
                RateProblem::Source => (ErrorCode::Invalid, "A source has 1 to 64 characters.".to_owned(), "source"),
                RateProblem::Future => (
                    ErrorCode::OutOfRange,
                    "The day is after today in the tenant's time zone. Enter the rate on its day.".to_owned(),
                    "day",
                ),
                RateProblem::Unusual { before, day } => (
                    ErrorCode::OutOfRange,
                    format!(
                        "The rate is more than a factor of two from {before} of {}. If it is not inverted, send isUnusual: true.",
                        clock::day_text(*day)
                    ),
                    "rate",
                ),
                RateProblem::UnusualInverse { other, day } => (
                    ErrorCode::OutOfRange,
                    format!(
                        "The rate is more than a factor of two from 1 / {other}, the inverse rate of {}. If it is not inverted, send isUnusual: true.",
                        clock::day_text(*day)
                    ),
                    "rate",
                ),
                RateProblem::Twice => (ErrorCode::Duplicate, "The pair, day and source occur twice.".to_owned(), "rate"),
            };
            UserError::new(code, message, field(*index, name))
        }
    }
}
